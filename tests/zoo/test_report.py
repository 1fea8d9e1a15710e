"""The report: its intervals against a slow bootstrap, its tables, and what it says of what was not run."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tests.support.zoo_tasks import write_pack
from zoo.plan import Job
from zoo.results import tables
from zoo.results.bootstrap import block_weights, effects, seed_weights, weighted_auroc
from zoo.results.figures import _panels
from zoo.results.findings import longer_trainings, loses_more, machines, share
from zoo.results.report import _ranks, report
from zoo.results.summary import PAPER, stand_in, summarise
from zoo.rows import Row

SEEDS = (1, 2, 3, 4)
ABOUT = {"epochs": 3, "seconds": 1.0, "hardware": "a machine", "commit": "abc"}


def row(strategy, seed, value, split="test", metric="auroc", task="sim-200", merge="mean", kind="model"):
    return Row(task, strategy, kind, "", merge, seed, split, metric, value, **ABOUT)


def test_weighted_auroc_is_scikit_learn_s():
    rng = np.random.default_rng(0)
    target = rng.integers(0, 2, 60)
    score = rng.integers(0, 12, 60).astype(np.float16)  # with ties
    weights = rng.integers(0, 4, (5, 60))
    expected = [roc_auc_score(np.repeat(target, w), np.repeat(score, w)) for w in weights]
    assert weighted_auroc(target, score, weights) == pytest.approx(expected)
    assert np.isnan(weighted_auroc(np.ones(60), score, weights)).all()


def test_blocks_are_drawn_whole():
    block = np.array([0, 0, 1, 2, 2, 2])
    weights = block_weights(block, 50)
    assert weights.shape == (51, 6)
    assert (weights[0] == 1).all()
    for members in ([0, 1], [3, 4, 5]):
        assert (weights[:, members] == weights[:, members[:1]]).all()
    assert set(weights[1:, [0, 2, 3]].sum(axis=1)) == {3}


@pytest.fixture
def runs(tmp_path):
    """Kept outputs of three strategies: one separates the classes, one is fair, one is noise."""
    rng = np.random.default_rng(0)
    target = rng.integers(0, 2, (200, 1)).astype(np.int8)
    outputs = {
        f"{name}/{seed}": (signal * target + rng.normal(size=target.shape)).astype(np.float16)
        for name, signal in [("rcps", 6.0), ("conjoined", 1.0), ("standard", 0.0)]
        for seed in SEEDS
    }
    write_pack(tmp_path / "sim-200", {"target": target}, outputs)
    return tmp_path


def test_what_is_lost_between_training_and_test():
    def scores(name, train, test, task="sim-200", metric="auroc"):
        return [row(name, 1, v, s, metric, task) for s, v in (("train", train), ("test", test))]

    labels = [*scores("conjoined", 0.9, 0.7), *scores("posthoc", 0.8, 0.7)]
    profiles = [*scores("conjoined", 0.1, 0.2, "gcn4", "jsd"), *scores("posthoc", 0.05, 0.2, "gcn4", "jsd")]
    kinds = {"sim-200": "labels", "gcn4": "profile", "reb1": "labels"}
    rows = [*labels, *profiles]
    found = loses_more(rows, kinds, "conjoined", "posthoc")
    assert found == {"sim-200": True, "gcn4": False}
    assert share(found) == "1 of 2 tasks (not gcn4)"
    assert loses_more(rows, kinds, "posthoc", "conjoined") == {"sim-200": False, "gcn4": True}
    noisy = [row(name, 1, v, "train-clean") for name, v in (("conjoined", 0.75), ("posthoc", 0.9))]
    assert not loses_more([*rows, *noisy], kinds, "conjoined", "posthoc")["sim-200"]


def test_machines_are_counted_by_training():
    rows = [row("standard", seed, 0.9, split) for seed in (1, 2) for split in ("train", "test")]
    rows += [row("posthoc-noaug", 1, 0.9), row("3-mer", 0, 0.8, kind="baseline")]
    rows += [row("rcps", 1, 0.9)._replace(hardware="a GPU")]
    assert machines(rows, "sim-200") == "Trained: 1 on a GPU, 2 on a machine."


def test_longer_trainings_say_what_they_took():
    rows = [row("rcps", seed, 0.9)._replace(epochs=epochs) for seed, epochs in ((1, 30), (2, 40))]
    long = row("rcps-160-epochs", 1, 0.9)._replace(epochs=160, seconds=2577.3)
    assert list(longer_trainings([*rows, long], "sim-200")) == [
        "`rcps-160-epochs`: 160 epochs in 2577 s on a machine; `rcps` stopped after 35 on average."
    ]
    assert not list(longer_trainings(rows, "sim-200"))


def test_frozen_statistics_stand_beside_the_others_and_the_paper():
    rows = [row("rcps", 1, 0.92), row("rcps-frozen-gain-2", 1, 0.96), row("posthoc", 1, 0.97)]
    *_, line = tables.frozen_table(rows, "sim-200", "labels").splitlines()
    assert line == "| rcps | 0.9200 (1) |  | 0.9600 (1) | 0.9609 ± 0.0101 |"
    assert set(tables.paper_gaps(rows, "sim-200", "labels")) == {"rcps", "rcps-frozen-gain-2", "posthoc"}


def test_gain_is_told_against_conjoined_here_and_in_the_paper():
    losses = [("conjoined", 200.0), ("rcps", 199.0), ("rcps-gain-2", 203.0)]
    rows = [row(name, 1, loss, "train", task="gcn4", metric="loss") for name, loss in losses]
    _, _, here, *paper = tables.gain_table(rows, ["gcn4"]).splitlines()
    assert here == "| gcn4 | -0.50% | +1.50% |  |  |"
    assert paper[1] == "| nanog, the paper |  | +0.11% |  | -0.28% |"
    assert len(paper) == 4


def test_effects_see_differences_and_their_absence(runs):
    seeds = {name: list(SEEDS) for name in ("rcps", "conjoined", "standard")}
    found = effects(runs / "sim-200", "labels", seeds, "conjoined", draws=200)
    assert found["rcps"].low > 0
    assert found["standard"].high < 0
    assert found["rcps"].low < found["rcps"].difference < found["rcps"].high
    assert found["rcps"].seeds == (4, 4)
    assert "conjoined" not in found


def holds_zero(drawn):
    low, high = np.percentile(drawn, [2.5, 97.5], axis=1)
    return np.mean((low < 0) & (high > 0))


@pytest.mark.parametrize("seeds", [2, 3, 10])
def test_intervals_hold_the_truth_as_often_as_they_say(seeds):
    rng = np.random.default_rng(0)
    one, other = (rng.standard_normal((900, n)) @ seed_weights(n, 900, rng) for n in (seeds, 10))
    assert holds_zero(one) == pytest.approx(0.95, abs=0.02)
    assert holds_zero(one - other) > 0.93


def test_weights_of_seeds_sum_to_one():
    rng = np.random.default_rng(0)
    for seeds in (1, 2, 5):
        assert seed_weights(seeds, 50, rng).sum(axis=0) == pytest.approx(np.ones(50))
    assert (seed_weights(1, 50, rng) == 1).all()


def test_models_of_one_training_are_compared_seed_by_seed(tmp_path):
    """Seeds differ by far more than the merges do, but every seed says the same of them."""
    rng = np.random.default_rng(0)
    outputs = {}
    for seed in SEEDS:
        table = rng.uniform(0, 0.1, (3, 50, 1)) + seed
        outputs |= {f"standard+aug/{seed}": table + 0.01, f"posthoc/{seed}": table, f"rcps/{seed}": table}
    write_pack(tmp_path, {}, outputs)
    seeds = {name: list(SEEDS) for name in ("standard+aug", "posthoc", "rcps")}
    found = effects(tmp_path, "profile", seeds, "posthoc", draws=200)
    assert (found["standard+aug"].low, found["standard+aug"].high) == pytest.approx((0.01, 0.01), abs=1e-6)
    assert found["rcps"].high - found["rcps"].low > 1, "another training has seeds of its own"


def test_effects_of_profiles_are_means_over_examples_and_factors(tmp_path):
    rng = np.random.default_rng(0)
    kept = {}
    for name, shift in [("rcps", 0.0), ("conjoined", 0.2)]:
        table = rng.uniform(0, 0.1, (3, 50, 2)).astype(np.float32)
        table[0] += shift
        table[0, :3, 1] = np.nan
        kept[name] = table
    outputs = {f"{name}/1": table for name, table in kept.items()}
    write_pack(tmp_path, {"block": np.arange(50) // 2}, outputs)
    found = effects(tmp_path, "profile", {"rcps": [1], "conjoined": [1]}, "conjoined", draws=100)["rcps"]
    expected = np.nanmean(kept["rcps"][0]) - np.nanmean(kept["conjoined"][0])
    assert found.difference == pytest.approx(expected, abs=1e-6)
    assert found.low < expected < found.high < -0.1


def test_means_and_deviations_over_seeds():
    stat = summarise([row("rcps", 1, 0.9), row("rcps", 2, 0.8)])["sim-200", "rcps", "test", "auroc"]
    assert stat.mean == pytest.approx(0.85)
    assert stat.std == pytest.approx(np.std([0.9, 0.8], ddof=1))
    assert stat.seeds == 2


def test_tables_stand_beside_the_paper():
    rows = [row("rcps", 1, 0.91), row("standard", 1, 0.9), row("3-mers", 0, 0.7, kind="baseline")]
    text = tables.results_table(rows, "sim-200", "labels")
    assert "| rcps | 0.9100 (1) | 0.9609 ± 0.0101 |" in text
    assert "| 3-mers | 0.7000 |  |" in text
    assert len({line.count("|") for line in text.splitlines()}) == 1
    gaps = tables.paper_gaps(rows, "sim-200", "labels")
    assert gaps == pytest.approx({"rcps": 0.91 - 0.96091, "standard": 0.9 - 0.91942})


def test_ranks_know_which_way_is_better():
    assert tables.ranked({"a": 0.1, "b": 0.2}, "jsd") == {"a": 1, "b": 2}
    assert tables.ranked({"a": 0.1, "b": 0.2}, "auroc") == {"b": 1, "a": 2}


def test_ranks_are_of_the_paper_s_strategies_where_all_six_are():
    scores = zip(PAPER, (0.8, 0.82, 0.83, 0.9, 0.86, 0.85), strict=True)
    rows = [row(name, seed, value) for name, value in scores for seed in (1, 2)]
    rows += [row("posthoc-max", 1, 0.99), row("posthoc", 1, 0.9, task="sim-1000")]
    text = "\n".join(_ranks(rows, {"sim-1000": "labels", "sim-200": "labels"}))
    assert "| posthoc | 1 | 1.0 |" in text
    assert "| rcps | 3 | 3.0 |" in text
    assert "sim-200 (2)" in text
    assert "`posthoc` is first on 1 of 1 and second on 0" in text
    assert "posthoc-max" not in text
    assert "sim-1000" not in text
    assert "No task has results of all" in "\n".join(_ranks(rows[2:], {"sim-200": "labels"}))


def test_what_is_missing_is_listed():
    jobs = [Job("sim-200", "rcps", seed, 1) for seed in (1, 2, 3)] + [Job("gcn4", "rcps", 1, 1)]
    text = tables.missing_table(jobs, {("sim-200", "rcps", 1), ("gcn4", "rcps", 1)})
    assert "| 1 | sim-200 | 2 of 3 | rcps (2) |" in text
    assert "gcn4" not in text


def test_a_report_of_nothing_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no results yet: run python -m zoo sweep"):
        report([row("3-mers", 0, 0.7, kind="baseline")], tmp_path)


def test_a_report_from_rows_and_kept_outputs(runs, tmp_path):
    rows = [
        row(name, seed, value + seed / 100, split)
        for name, value in [("standard", 0.8), ("rcps", 0.9), ("conjoined", 0.85)]
        for seed in SEEDS
        for split in ("train", "train-clean", "test")
    ] + [row("standard-1-epoch", 1, 0.6, task="mcm1")]
    text = report(rows, runs, tmp_path / "RESULTS.md").read_text()
    assert "beyond 0.012: standard" in text.lower()
    assert "## Not run" in text
    assert "yeast-tss" in text
    drawn = (tmp_path / "figures" / "strategies.svg").read_text()
    assert "<!-- sim-200 -->" in drawn
    assert "## mcm1" in text
    assert "mcm1" not in drawn, "one epoch is no result to compare"
    assert "**mcm1**" not in text
    assert "<!-- other strategies -->" in (tmp_path / "figures" / "train-test.svg").read_text()
    again = {path: path.read_bytes() for path in tmp_path.rglob("*.svg")}
    report(rows, runs, tmp_path / "RESULTS.md")
    assert again == {path: path.read_bytes() for path in tmp_path.rglob("*.svg")}, "figures are reproducible"


def test_a_report_of_nothing_but_trials_draws_them(tmp_path):
    rows = [row("standard-1-epoch", 1, 0.6, split, task="mcm1") for split in ("train", "test")]
    assert "## mcm1" in report(rows, tmp_path, tmp_path / "RESULTS.md").read_text()
    assert "<!-- mcm1 -->" in (tmp_path / "figures" / "strategies.svg").read_text()


def test_panels_stand_in_rows_of_three():
    figure, axes = _panels(4, 2.0, 1.0)
    assert tuple(figure.get_size_inches()) == (6, 2)
    figure.draw_without_rendering()
    corners = [ax.get_position().bounds[:2] for ax in axes]
    assert len(figure.axes) == len(axes) == 4, "no empty panels"
    assert corners[0][1] == corners[1][1] == corners[2][1] > corners[3][1]
    assert corners[3][0] == corners[0][0]


def test_stand_ins_are_called_so():
    assert "the paper's own simulation" in stand_in("sim-1000")
    assert "stand-in for the paper's Oct4" in stand_in("gcn4")
    assert "stand-in for the paper's CTCF" in stand_in("reb1")
