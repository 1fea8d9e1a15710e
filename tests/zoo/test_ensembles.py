"""Ensembles in the zoo: made of trainings, kept, published, pruned and verified without a copy of weights."""

import json
import shutil

import numpy as np
import pytest
import torch

import rczoo
from rczoo.data.task import load_task
from rczoo.evaluation.metrics import label_metrics
from rczoo.family.checkpoint import load_checkpoint, read_config
from rczoo.hub import published as hub
from tests.support.zoo_tasks import write_tiny
from zoo.answers import ENSEMBLES, answers, of_ensembles
from zoo.packs import Pack, collect, gather, left, member
from zoo.plan import DONE, RUNS, Job
from zoo.publishing.prune import prune
from zoo.publishing.publish import publish
from zoo.publishing.verify import verify
from zoo.results.comparisons import COMPARISONS
from zoo.rows import Row, read_rows
from zoo.strategies import derived, members, options, parts, source
from zoo.sweep.job import run
from zoo.sweep.pool import train_many
from zoo.sweep.scoring import score
from zoo.trained import model_of, trainings

SEEDS = (1535, 1780)
JOB = ("posthoc-ensemble-2", SEEDS[0])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a tiny task and the runs of an ensemble of two members, of which one was there before."""
    folder = tmp_path_factory.mktemp("ensembles")
    task = str(write_tiny(folder))
    run(Job(task, "standard+aug", SEEDS[1]), folder / "runs")
    before = read_rows(Job(task, "standard+aug", SEEDS[1]).folder(folder / "runs") / DONE)
    run(Job(task, *JOB), folder / "runs")
    assert read_rows(Job(task, "standard+aug", SEEDS[1]).folder(folder / "runs") / DONE) == before
    return folder


@pytest.fixture
def copy(made, tmp_path):
    return shutil.copytree(made, tmp_path / "zoo")


def job(folder, strategy=JOB[0], seed=JOB[1]):
    return Job(str(folder / "tiny.toml"), strategy, seed)


def test_names():
    assert members("rcps-gain-2-ensemble-3") == ("rcps-gain-2", (1535, 1780, 2143))
    assert (members("posthoc"), members("rcps-half")) == (None, None)
    assert source("posthoc-ensemble-2") == ("standard+aug", "mean")
    assert derived("standard+aug-ensemble-2", "labels") == {}
    assert parts("rcps-frozen-ensemble-2") == ("rcps", "-frozen-ensemble-2")
    for number in (0, 11):
        with pytest.raises(
            ValueError, match=f"rcps-ensemble-{number} has {number} members: there are seeds fo"
        ):
            members(f"rcps-ensemble-{number}")
    with pytest.raises(ValueError, match="rcps-ensemble-2 is not trained: its members are"):
        options("rcps-ensemble-2")


def test_a_job_trains_the_members_as_jobs_of_their_own(made):
    trained = trainings(job(made))
    assert [(one.strategy, one.seed) for one in trained] == [("standard+aug", seed) for seed in SEEDS]
    for one in trained:
        folder = one.folder(made / "runs")
        names = {row.strategy for row in read_rows(folder / DONE)}
        assert names == {"standard+aug", "posthoc", "posthoc-max", "posthoc-probability"}
    assert left([job(made), *trained], made / "runs") == []


def test_its_rows_and_examples_are_those_of_the_mean_of_the_members(made):
    folder, task = job(made).folder(made / "runs"), load_task(str(made / "tiny.toml"))
    parts = [load_checkpoint(one.folder(made / "runs")).remerge("mean") for one in trainings(job(made))]
    found, kept = score(rczoo.ensemble(parts), task)
    rows = read_rows(folder / DONE)
    assert {(r.split, r.metric): r.value for r in rows} == {
        (split, name): value for split, values in found.items() for name, value in values.items()
    }
    assert {(r.strategy, r.merge, r.seed, r.epochs, r.seconds) for r in rows} == {
        (*JOB[:1], "mean", 1535, 0, 0.0)
    }
    assert {row.split for row in rows} == {"train", "train-clean", "validation", "test"}
    with np.load(folder / "test-examples.npz") as examples:
        assert np.array_equal(examples[JOB[0]], kept)


def test_its_run_names_its_members_and_has_no_weights(made):
    folder = job(made).folder(made / "runs")
    assert {path.name for path in folder.iterdir()} == {
        "config.json",
        "metrics.csv",
        "test-examples.npz",
        ".lock",
    }
    config = read_config(folder)
    digests = [read_config(one.folder(made / "runs"))["sha256"] for one in trainings(job(made))]
    assert [member["sha256"] for member in config["members"]] == digests
    assert [member["epochs"] for member in config["members"]] == [2, 2]


def test_a_job_killed_before_its_end_trains_nothing_again(copy, monkeypatch):
    rows = read_rows(job(copy).folder(copy / "runs") / DONE)
    monkeypatch.setattr("zoo.sweep.job.train", lambda *_, **__: pytest.fail("trained again"))
    (job(copy).folder(copy / "runs") / DONE).unlink()
    run(job(copy), copy / "runs")
    assert [row[:9] for row in read_rows(job(copy).folder(copy / "runs") / DONE)] == [row[:9] for row in rows]
    gather(copy / "runs")
    run(Job(str(copy / "tiny.toml"), "standard+aug-ensemble-2", SEEDS[0]), copy / "runs")  # of packed runs


def test_a_job_killed_in_a_members_training_goes_on_with_it(made, tmp_path, monkeypatch):
    import zoo.sweep.job

    task, started = str(write_tiny(tmp_path)), []
    plain = zoo.sweep.job.train

    def killed(task, *, seed, **options):
        started.append(seed)
        if seed == SEEDS[1] and started.count(seed) == 1:
            raise KeyboardInterrupt
        return plain(task, seed=seed, **options)

    monkeypatch.setattr("zoo.sweep.job.train", killed)
    with pytest.raises(KeyboardInterrupt):
        run(Job(task, *JOB), tmp_path / "runs")
    run(Job(task, *JOB), tmp_path / "runs")
    assert started == [SEEDS[0], SEEDS[1], SEEDS[1]]
    one, other = gather(shutil.copytree(made / "runs", tmp_path / "a")), gather(tmp_path / "runs")
    assert [row[:9] for row in one] == [row[:9] for row in other]


def test_seeds_of_an_ensemble_are_its_own(made):
    with pytest.raises(ValueError, match=r"2 1780: its members have the seeds 1535, 1780: ask for seed 1535"):
        run(job(made, seed=1780), made / "runs")


@pytest.mark.slow
def test_only_training_trains_the_members(tmp_path):
    task = str(write_tiny(tmp_path))
    lines = list(
        train_many([Job(task, *JOB), Job(task, "standard+aug", SEEDS[0])], tmp_path / "runs", workers=1)
    )
    assert sorted(line.split(":")[0] for line in lines) == [f"tiny standard+aug {seed}" for seed in SEEDS]


def test_published_it_loads_by_name_and_is_verified(copy, monkeypatch):
    runs, models = copy / "runs", copy / "models"
    names = publish(gather(runs), runs, models, copy)
    assert f"tiny/{JOB[0]}" in names
    monkeypatch.setattr(hub, "bundled_folder", lambda: models)
    monkeypatch.delenv("RCZOO_HUB", raising=False)
    model = hub.load(f"tiny/{JOB[0]}")
    expected = model_of(Job("tiny", *JOB), runs, copy / "elsewhere")
    assert model.config == expected.config
    for name, value in expected.state_dict().items():
        assert torch.equal(model.state_dict()[name], value)
    verdicts = {verdict.name: verdict for verdict in verify("tiny/*", models, copy)}
    assert verdicts[f"tiny/{JOB[0]}"].problems == ()
    assert verdicts[f"tiny/{JOB[0]}"].metrics <= 1e-6
    index = json.loads((models / "index.json").read_text())["models"]
    assert index[f"tiny/{JOB[0]}"]["merge"] == "mean"


def test_its_card_says_members_seeds_and_cost(copy):
    publish(gather(copy / "runs"), copy / "runs", copy / "models", copy)
    text = (copy / "models" / "tiny" / JOB[0] / "README.md").read_text()
    assert "python -m zoo job tiny posthoc-ensemble-2 1535`: 4 epochs" in text
    assert "mean of 2 models: `standard+aug`, merge mean, seeds 1535, 1780" in text
    assert "costs 4 passes: 2 models, 2 strands each" in text
    assert "## Members" not in (copy / "models" / "tiny" / "posthoc" / "README.md").read_text()


def test_weights_of_its_members_are_kept_until_it_is_published(copy):
    runs, models, criterion = copy / "runs", copy / "models", {"tiny": "auroc"}
    rows = [row for row in gather(runs) if row.strategy in (JOB[0], "standard+aug")]
    weights = sorted(runs.rglob("model.safetensors"))
    assert len(weights) == 2
    assert prune(rows, runs, criterion, models) == [], "of both seeds, though one alone is best"
    publish(rows, runs, models, copy)
    before = {path: path.read_bytes() for path in models.rglob("*") if path.is_file()}
    assert prune(rows, runs, criterion, models) == weights
    publish(rows, runs, models, copy)
    assert {path: path.read_bytes() for path in models.rglob("*") if path.is_file()} == before


def test_lost_weights_of_a_member_are_named(copy):
    runs = copy / "runs"
    rows = gather(runs)
    for path in runs.rglob("model.safetensors"):
        path.unlink()
    with pytest.raises(
        ValueError, match=r"the weights of tiny/standard\+aug, seed 1535, are neither in .* nor"
    ):
        model_of(Job("tiny", *JOB), runs, copy / "models")
    assert prune(rows, runs, {"tiny": "auroc"}, copy / "models") == []


def test_a_pack_keeps_its_config(copy):
    gather(copy / "runs")
    config = Pack(copy / "runs" / "tiny").config(*JOB)
    assert [member["seed"] for member in config["members"]] == list(SEEDS)
    assert not job(copy).folder(copy / "runs").exists(), "nothing else was in it"


def test_answers_of_an_ensemble_are_the_mean_of_its_members(copy):
    """Those that were packed with it, and the same of the logits of its members alone."""
    rows, pack = gather(copy / "runs"), Pack(copy / "runs" / "tiny")
    content = pack.arrays()
    made = content.pop(member(*JOB))
    assert np.abs(answers(content, *JOB) - made).max() < 2e-3 * np.abs(made).max()
    assert np.array_equal(answers(pack.arrays(), *JOB), made)
    with pytest.raises(KeyError, match="posthoc/2143"):
        answers(content, "posthoc-ensemble-3", SEEDS[0])
    others = [row for row in rows if row.strategy != JOB[0]]
    found = {(row.strategy, row.metric): row for row in of_ensembles(others, copy / "runs")}
    assert {name for name, _ in found} == {JOB[0], "standard+aug-ensemble-2"}, "two members, no third"
    for row in rows:
        if row.strategy == JOB[0] and row.split == "test" and (JOB[0], row.metric) in found:
            assert found[JOB[0], row.metric].value == pytest.approx(row.value, abs=1e-3)
            same = ("mixing", "merge", "seed", "epochs", "seconds", "kind")
            assert all(getattr(found[JOB[0], row.metric], name) == getattr(row, name) for name in same)


@pytest.mark.parametrize("task", ["abf1", "rap1", "reb1"])
def test_kept_answers_give_the_scores_that_the_ensembles_of_the_zoo_had_as_models(task):
    pack = Pack(RUNS / task)
    rows = [row for row in pack.rows() if row.strategy in ENSEMBLES and row.split == "test"]
    assert {row.strategy for row in rows} >= {"standard+aug-ensemble-2", "posthoc-ensemble-2"}
    content = {name: kept for name, kept in pack.arrays().items() if "-ensemble-" not in name}
    for row in rows:
        if row.metric in ("auroc", "auprc"):
            found = label_metrics(content["target"], answers(content, row.strategy, row.seed))
            bound = 5e-5 if row.metric == "auroc" else 3e-4
            assert found[row.metric] == pytest.approx(row.value, abs=bound)


def test_the_table_has_ensembles_of_kept_answers_and_packs_only_models(copy):
    table = collect(copy / "runs", copy / "results.csv")
    assert read_rows(copy / "results.csv") == table == sorted(table)
    more = [row for row in table if row not in Pack(copy / "runs" / "tiny").rows()]
    assert {(row.strategy, row.seed, row.split) for row in more} == {
        ("standard+aug-ensemble-2", SEEDS[0], "test")
    }, "that of posthoc was made as a model"
    assert {row.metric for row in more} == {"auroc", "auprc"}
    assert collect(copy / "runs", copy / "results.csv") == table


def test_profiles_have_no_answers_to_average(tmp_path):
    """A pack has the metrics of their examples, and a metric of a mean is no mean of metrics."""
    about = {"kind": "model", "mixing": "0", "merge": "none", "split": "test", "metric": "jsd"}
    about |= {"value": 0.1, "epochs": 3, "seconds": 1.0, "hardware": "a machine", "commit": "abc"}
    rows = [Row(task="gcn4", strategy="standard+aug", seed=seed, **about) for seed in SEEDS]
    assert list(of_ensembles(rows, tmp_path)) == []


def test_all_ensembles_that_are_compared_are_had_from_answers():
    assert {name for c in COMPARISONS for name in c.pair if members(name)} == set(ENSEMBLES)
