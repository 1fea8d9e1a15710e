"""One job of the sweep: what it leaves behind, and what it does with what an earlier one left."""

from dataclasses import replace

import numpy as np
import pytest

from rczoo.data.preparation import load_examples
from rczoo.data.task import load_task
from rczoo.evaluation.losses import loss_of
from rczoo.evaluation.metrics import label_metrics
from rczoo.family.architectures import build
from rczoo.family.checkpoint import load_checkpoint
from rczoo.symmetry import TRIVIAL
from rczoo.training.strategies import network_of
from tests.support import tiny_tasks
from tests.support.zoo_tasks import write_tiny
from zoo.fingerprints import blocks, record
from zoo.packs import Pack
from zoo.plan import DONE, PLAN, Job, plan
from zoo.results.summary import best_seeds, summarise
from zoo.rows import read_rows
from zoo.strategies import derived, members, options, source
from zoo.studies import family
from zoo.sweep.job import asked, finished, run
from zoo.sweep.pool import begun
from zoo.sweep.scoring import score, strands_apart

SEED = 1535


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("job")
    job = Job(str(write_tiny(folder)), "standard+aug", SEED)
    run(job, folder / "runs")
    return job, folder / "runs"


def test_a_training_that_was_killed_is_not_finished(tmp_path):
    (tmp_path / "config.json").touch()
    assert finished(tmp_path)
    (tmp_path / "resume.safetensors").touch()
    assert not finished(tmp_path)


def test_the_rows_are_the_model_s(done):
    job, runs = done
    rows = read_rows(job.folder(runs) / DONE)
    assert {row.strategy for row in rows} == {"standard+aug", "posthoc", "posthoc-max", "posthoc-probability"}
    task = load_task(job.task)
    model = load_checkpoint(job.folder(runs))
    for strategy, merge in [("standard+aug", "none"), ("posthoc", "mean"), ("posthoc-max", "max")]:
        found, _ = score(model.remerge(merge), task)
        mine = {(r.split, r.metric): r.value for r in rows if r.strategy == strategy}
        assert mine == {(split, name): v for split, values in found.items() for name, v in values.items()}
        assert {row.merge for row in rows if row.strategy == strategy} == {merge}
    assert {row.split for row in rows} == {"train", "train-clean", "validation", "test"}
    assert {row.epochs for row in rows} == {2}


def test_clean_labels_are_other_labels_of_the_same_sequences(done):
    job, _ = done
    from zoo.splits import examples_of, splits

    task = load_task(job.task)
    found = {split: examples_of(task, split) for split in splits(task)}
    assert np.array_equal(found["train"].codes, found["train-clean"].codes)
    assert 0.1 < np.mean(np.asarray(found["train"].target) != found["train-clean"].target) < 0.3


def test_kept_outputs_give_the_metrics_of_the_rows(done):
    job, runs = done
    rows = summarise(read_rows(job.folder(runs) / DONE))
    target = Pack(runs / "tiny").targets()["target"].astype(np.float32)
    with np.load(job.folder(runs) / "test-examples.npz") as kept:
        for name in kept:
            found = label_metrics(target, kept[name].astype(np.float32))["auroc"]
            assert found == pytest.approx(rows["tiny", name, "test", "auroc"].mean, abs=2e-3)


def test_strands_apart_is_what_merging_takes_from_the_loss(done):
    job, runs = done
    task = load_task(job.task)
    model = load_checkpoint(job.folder(runs)).remerge("mean")
    X, _, y = load_examples(task, "test").batch(range(100))
    u0, u1 = model.strands(X)
    loss = loss_of("labels")
    (found,) = strands_apart(model, task, load_examples(task, "test")).values()
    assert found == pytest.approx(((loss(u0, y) + loss(u1, y)) / 2 - loss(model(X), y)).item(), rel=1e-4)
    rows = {(r.strategy, r.metric): r.value for r in read_rows(job.folder(runs) / DONE) if r.split == "test"}
    assert rows["posthoc", "strands_apart"] == pytest.approx(found)
    assert ("standard+aug", "strands_apart") not in rows
    assert ("posthoc-max", "strands_apart") not in rows


def test_done_work_is_not_done_again(done):
    job, runs = done
    before = {path: path.stat().st_mtime_ns for path in runs.rglob("*") if path.name != ".lock"}
    run(job, runs)
    assert {path: path.stat().st_mtime_ns for path in runs.rglob("*") if path.name != ".lock"} == before


def test_a_job_killed_after_training_only_scores(done, tmp_path, monkeypatch):
    import shutil

    job, runs = done
    copy = shutil.copytree(runs, tmp_path / "runs")
    (job.folder(copy) / DONE).unlink()
    monkeypatch.setattr("zoo.sweep.job.train", lambda *_, **__: pytest.fail("trained again"))
    run(job, copy)
    one, other = (read_rows(job.folder(place) / DONE) for place in (runs, copy))
    assert [row[:8] for row in one] == [row[:8] for row in other]


def test_other_data_than_the_earlier_runs_are_refused(done, tmp_path):
    _, runs = done
    other = load_task(write_tiny(tmp_path, size=101))
    with pytest.raises(
        ValueError, match=r"tiny: the train data are .* earlier runs saw .*: restore the data"
    ):
        record(other, runs / "tiny")


@pytest.mark.parametrize(
    ("name", "keywords"),
    [
        ("rcps", {"strategy": "rcps"}),
        ("mixing-0.5", {"mixing": 0.5}),
        ("mixing-0.25-0.75", {"mixing": [0.25, 0.75]}),
        ("wrap-2-1", {"wrap": (2, 1)}),
        ("irreps-0.75", {"irreps": 0.75}),
        ("irreps-0.5-agreement-2", {"irreps": 0.5, "agreement": 2.0}),
        ("rcps-gain-2", {"strategy": "rcps", "gain": 2.0}),
        ("mixing-1-agreement-2-subset-0.1", {"mixing": 1.0, "agreement": 2.0, "subset": 0.1}),
        ("standard-1-epoch", {"strategy": "standard", "epochs": 1}),
        ("rcps-160-epochs", {"strategy": "rcps", "epochs": 160}),
        ("mixing-0.5-frozen", {"mixing": 0.5, "batch_statistics": "frozen"}),
        ("mixing-1-agreement-2", {"mixing": 1.0, "agreement": 2.0}),
        ("mixing-1-agreement-8-narrow", {"mixing": 1.0, "agreement": 8.0, "width": 0.5**0.5}),
        ("mixing-0-0.5-agreement-0.5", {"mixing": [0.0, 0.5], "agreement": 0.5}),
        ("wrap-2-1-agreement-4", {"wrap": (2, 1), "agreement": 4.0}),
        (
            "rcps-mean-agreement-2-frozen",
            {"strategy": "rcps-mean", "agreement": 2.0, "batch_statistics": "frozen"},
        ),
        ("rcps-frozen-gain-2", {"strategy": "rcps", "batch_statistics": "frozen", "gain": 2.0}),
        (
            "standard+aug-motif-cnn-96",
            {"strategy": "standard+aug", "architecture": "motif-cnn", "filters": 96, "pool": "global"},
        ),
        (
            "mixing-0-agreement-8-legnet-32",
            {"mixing": 0.0, "agreement": 8.0, "architecture": "legnet", "filters": 32, "pool": None},
        ),
    ],
)
def test_names_of_strategies(name, keywords):
    assert options(name) == keywords


@pytest.mark.parametrize("task", ["gcn4", "gue-tf3"])
def test_wide_and_narrow_have_the_parameters_of_the_other_mixing(task):
    def parameters(strategy):
        task_asked, keywords = asked(Job(task, strategy, SEED), load_task(task))
        keywords.pop("agreement")
        return sum(p.numel() for p in build(**network_of(task_asked) | keywords).parameters())

    for usual, other in [
        ("mixing-1", "mixing-0-agreement-8-wide"),
        ("mixing-0", "mixing-1-agreement-8-narrow"),
    ]:
        assert parameters(other) == pytest.approx(parameters(f"{usual}-agreement-8"), rel=0.1)


def test_wide_widens_the_network_that_a_name_asks_for():
    _, keywords = asked(Job("gue-tf3", "mixing-0-agreement-8-wide-legnet-32", SEED), load_task("gue-tf3"))
    assert (keywords["architecture"], keywords["filters"]) == ("legnet", 45)


def test_names_that_mean_nothing():
    for name in ("rcsp", "mixing-x", "irreps-0.75-0.5", "wrap-0.5", "rcps-lagnet-32"):
        with pytest.raises(ValueError, match=rf"unknown strategy '{name}': use one of .*, mixing-0\.5"):
            options(name)
    assert source("posthoc") == ("standard+aug", "mean")
    assert source("rcps") == ("rcps", None)
    assert source("mixing-1-agreement-2-ensemble-3") == ("mixing-1-agreement-2", None)
    assert derived("mixing-0-agreement-1", "labels") == {}
    assert source("posthoc-frozen") == ("standard+aug-frozen", "mean")
    assert derived("standard-frozen", "labels") == {"posthoc-noaug-frozen": "mean"}
    assert source("posthoc-legnet-32") == ("standard+aug-legnet-32", "mean")


def test_a_strategy_may_have_another_architecture_than_its_task():
    config = begun(Job("myc", "mixing-0-agreement-8-legnet-4", SEED)).network.config
    assert (config.architecture, config.filters, config.length, config.merge) == ("legnet", 4, 101, "mean")


def test_every_job_of_the_zoo_s_plan_is_possible():
    jobs = plan(PLAN)
    assert len({(job.task, job.strategy, job.seed) for job in jobs}) == len(jobs)
    for task, strategy in {(job.task, job.strategy) for job in jobs}:
        load_task(task)
        made = members(strategy)
        assert options(made.strategy if made else strategy)
    assert [job.seed for job in plan(PLAN, tier=1, tasks=["gcn4"])[:18]] == [SEED] * 17 + [1780]


def test_a_plan_has_each_job_once(tmp_path):
    group = '[[group]]\ntier = {}\ntasks = ["gcn4"]\nseeds = {}\nstrategies = ["rcps"]\n'
    (tmp_path / "plan.toml").write_text(group.format(1, 1) + group.format(2, 3))
    assert [(job.tier, job.seed) for job in plan(tmp_path / "plan.toml")] == [(1, 1535), (2, 1780), (2, 2143)]


def test_plans_refuse_unknown_tasks_and_tiers():
    with pytest.raises(ValueError, match=r"no jobs for task 'sim-20' in sweep\.toml: it has .*sim-200"):
        plan(PLAN, tasks=["sim-20"])
    with pytest.raises(ValueError, match=r"tier 7 of sweep\.toml has no such jobs: its tiers are 1, 2, 3, 4"):
        plan(PLAN, tier=7)


def test_the_best_seed_is_chosen_on_validation_alone(done):
    job, runs = done
    row = read_rows(job.folder(runs) / DONE)[0]

    def scored(seed, split, value):
        return row._replace(seed=seed, split=split, metric="auroc", value=value)

    rows = [scored(1, "validation", 0.8), scored(2, "validation", 0.7), scored(2, "test", 0.99)]
    assert best_seeds(rows, {"tiny": "auroc"}) == {("tiny", row.strategy): 1}
    losses = [r._replace(metric="loss") for r in rows]
    assert best_seeds(losses, {"tiny": "loss"}) == {("tiny", row.strategy): 2}


def test_blocks_are_stretches_of_a_chromosome():
    chrom = np.array(["chr1", "chr1", "chr1", "chr2"])
    found = blocks(chrom, np.array([0, 49_999, 50_000, 0]))
    assert found[0] == found[1]
    assert len(set(found)) == 3


def tiny(name):
    """A few examples in place of those of a task that the study names."""
    if name == "gcn4":
        return tiny_tasks.profiles(8, length=445)
    task = tiny_tasks.labels(12, length=101)
    one = {
        split: replace(found, target=found.target[:, :1], rep_out=TRIVIAL)
        for split, found in task.in_memory.items()
    }
    return replace(task, model=task.model.model_copy(update={"outputs": 1}), in_memory=one)


def test_the_study_of_the_family_fills_its_table_and_goes_on(tmp_path, monkeypatch):
    """A network of each kind, trained and conjoined afterwards, and a published model, opened."""
    monkeypatch.setattr(family, "load_task", tiny)
    chosen = [
        family.Run("architectures", "gue-tf0", "danq", "0.5", 7),
        family.Run("architectures", "gue-tf0", "attentive", "posthoc", 7),
        family.Run("opened", "gcn4", "standard+aug", "before", 0),
        family.Run("opened", "gcn4", "standard+aug", "opened", 7),
    ]
    assert set(chosen) <= set(family.runs([7]))
    first = list(family.table(tmp_path, chosen[:3], quick=True))
    second = list(family.table(tmp_path, chosen, quick=True))
    assert [row.run for row in first + second] == chosen, "what is in the table is not done again"
    lines = (tmp_path / family.TABLE).read_text("utf-8").splitlines()
    assert lines[0] == ("study,task,model,how,seed,epochs,best_epoch,seconds,metric,validation,test")
    assert [line.split(",")[:5] for line in lines[1:]] == [list(map(str, run)) for run in chosen]
    assert [row.epochs for row in first + second] == [1, 1, 0, 1]
    assert all(0 <= score <= 1 for row in first + second for score in (row.validation, row.test))
    opened = family.start(chosen[3], 371)
    assert opened.config.mixing == (1.0,) * 6
    assert family.recipe(tiny("gcn4"), chosen[3], quick=False).training.learning_rate == pytest.approx(1e-4)
