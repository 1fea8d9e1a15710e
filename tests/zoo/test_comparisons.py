"""Comparisons: which seeds are paired, which way is better, and the sentences made of them."""

import numpy as np
import pytest

from rczoo.cli.demo.story import RECOMMENDED
from rczoo.training.strategies import STRATEGIES
from rczoo.training.trainer import SEEDS
from tests.support.zoo_tasks import write_pack
from zoo.results.comparisons import (
    AGAINST,
    AS_LARGE,
    COMPARISONS,
    DEFAULT,
    Pair,
    Scores,
    Verdict,
    compared_with,
    fits,
    on_test,
)
from zoo.results.findings import compared, fitted, overfitting, sentence
from zoo.results.paired import Difference, difference
from zoo.results.square import point, rankings, squares
from zoo.results.summary import tasks_of
from zoo.rows import RESULTS, Row, read_rows
from zoo.strategies import DERIVED, options

ABOUT = {"epochs": 3, "seconds": 1.0, "hardware": "a machine", "commit": "abc"}
PAIR = Pair("conjoined", AGAINST)


def row(task, strategy, seed, value, split="test", metric="auroc"):
    return Row(task, strategy, "model", "", "mean", seed, split, metric, value, **ABOUT)


def test_the_default_is_what_validation_chooses():
    rows = read_rows(RESULTS)
    kinds = {name: task.kind for name, task in tasks_of(rows).items()}
    ranked = rankings(rows, squares(rows, kinds), kinds)
    first = {kind: next(iter(means)) for kind, means in ranked.items()}
    assert first == {kind: point(default) for kind, default in DEFAULT.items()}
    assert options(DEFAULT["labels"]) == RECOMMENDED


def labels_pack(folder, values, size=300):
    """A pack whose models score better the larger their value; returns rows with these values."""
    rng = np.random.default_rng(0)
    target = rng.integers(0, 2, (size, 1)).astype(np.int8)
    noise = rng.standard_normal(target.shape)
    outputs = {f"{n}/{s}": (3 * v * target + noise).astype(np.float16) for (n, s), v in values.items()}
    write_pack(folder, {"target": target}, outputs)
    return [row(folder.name, name, seed, value) for (name, seed), value in values.items()]


def test_every_comparison_changes_one_thing():
    known = {*STRATEGIES, *(name for merges in DERIVED.values() for name in merges)}
    names = {name for c in COMPARISONS for name in c.pair if "-ensemble-" not in name}
    points = {name: p for name in names if (p := point(name))}
    other_networks = {name for name in names - known if {"architecture", "width"} & options(name).keys()}
    assert names - points.keys() - other_networks <= known
    for c in COMPARISONS:
        one, other = map(points.get, c.pair)
        if "two changes" in c.changes or "three changes" in c.changes:
            assert c.pair.other in (AGAINST, AS_LARGE)
        elif one and other:
            assert (one.mixing == other.mixing) != (one.agreement == other.agreement), c.name
    assert len({c.pair for c in COMPARISONS}) == len({c.name for c in COMPARISONS}) == len(COMPARISONS)
    assert Pair("rcps", "conjoined") not in {c.pair for c in COMPARISONS}, (
        "they differ in mixing and in merge"
    )


def test_seeds_are_paired_and_positive_is_better(tmp_path):
    rows = labels_pack(
        tmp_path / "sim-200",
        {("conjoined", 1): 0.7, ("conjoined", 2): 0.8, ("posthoc", 2): 0.9, ("posthoc", 1): 0.75},
    )
    rows += [row("sim-200", "posthoc", 9, 0.1)]  # of a seed that the other does not have
    profiles = {
        f"{n}/{s}": np.random.default_rng(s).uniform(0, 0.1, (3, 40, 1)) for n in PAIR for s in (1, 2)
    }
    write_pack(tmp_path / "gcn4", {}, profiles)
    rows += [row("gcn4", "conjoined", s, 0.1 * s, metric="jsd") for s in (1, 2)]
    rows += [row("gcn4", "posthoc", s, 0.2 * s, metric="jsd") for s in (1, 2)]
    scores = Scores(rows, {"gcn4": "profile", "sim-200": "labels"})
    labels, profile = on_test(scores, tmp_path, [PAIR])[PAIR]
    assert (labels.kind, profile.kind) == ("labels", "profile")
    found = labels.by_task["sim-200"]
    assert (found.mean, found.seeds) == (pytest.approx((-0.05 - 0.1) / 2), 2)
    assert found.over_seeds == pytest.approx(0.025)
    assert found.over_examples > 0
    assert profile.by_task["gcn4"].mean == pytest.approx(0.15), "lower jsd is better"


def test_models_of_one_training_are_compared_seed_by_seed(tmp_path):
    """Seeds differ by far more than the two do, but every seed says the same of them."""
    values = {("standard+aug", s): 0.1 * s - 0.01 for s in range(1, 5)}
    values |= {("posthoc", s): 0.1 * s for s in range(1, 5)}
    scores = Scores(labels_pack(tmp_path / "sim-200", values), {"sim-200": "labels"})
    pair = Pair("posthoc", "standard+aug")
    ((verdict,),) = on_test(scores, tmp_path, [pair]).values()
    assert verdict.by_task["sim-200"].over_seeds == pytest.approx(0, abs=1e-12)


def test_both_models_see_the_same_test_examples_in_their_blocks(tmp_path):
    """Outputs that differ by a constant vary alike; twins in a block say nothing new."""
    table = np.random.default_rng(0).uniform(0, 0.1, (3, 40, 1))
    shift = np.repeat(np.random.default_rng(1).uniform(0, 0.1, 20), 2)[:, None]
    rows = [row("gcn4", name, 1, 0.1, metric="jsd") for name in PAIR]
    scores = Scores(rows, {"gcn4": "profile"})
    spread = {}
    for name, other, targets in [
        ("constant", table + 0.01, {}),
        ("each", table + shift, {}),
        ("block", table + shift, {"block": np.arange(40) // 2}),
    ]:
        write_pack(tmp_path / "gcn4", targets, {"conjoined/1": table, "posthoc/1": other})
        ((verdict,),) = on_test(scores, tmp_path, [PAIR]).values()
        spread[name] = verdict.by_task["gcn4"].over_examples
    assert spread["constant"] == pytest.approx(0, abs=1e-12)
    assert spread["each"] == pytest.approx(np.std(shift, ddof=1) / np.sqrt(40))
    assert spread["block"] == pytest.approx(np.std(shift[::2], ddof=1) / np.sqrt(20))


def test_an_ensemble_stands_against_the_mean_of_its_members(tmp_path):
    one, two, other = SEEDS[:3]
    values = {("posthoc", one): 0.6, ("posthoc", two): 0.8, ("posthoc", other): 0.1}
    rows = labels_pack(tmp_path / "sim-200", values | {("standard+aug-ensemble-2", one): 0.9})
    pair = Pair("standard+aug-ensemble-2", AGAINST)
    scores = Scores(rows, {"sim-200": "labels"})
    ((verdict,),) = on_test(scores, tmp_path, [pair]).values()
    assert verdict.by_task["sim-200"].mean == pytest.approx(0.9 - 0.7)
    assert verdict.by_task["sim-200"].seeds == 1, "one ensemble is one seed"
    fewer = Scores([r for r in rows if r.seed != two], {"sim-200": "labels"})
    assert on_test(fewer, tmp_path, [pair]) == {}, "not all members"


def test_a_comparison_without_tasks_is_left_out(tmp_path):
    rows = labels_pack(tmp_path / "sim-200", {("conjoined", 1): 0.7, ("posthoc", 2): 0.9, ("rcps", 1): 0.8})
    scores = Scores(rows, {"sim-200": "labels"})
    assert on_test(scores, tmp_path, [c.pair for c in COMPARISONS]) == {}
    assert set(compared_with(scores)) == {"conjoined", "rcps"}
    assert not list(compared({}))
    assert on_test(Scores([], {}), tmp_path, [PAIR]) == {}


def test_scores_without_outputs_are_one_line(tmp_path):
    rows = [row("sim-200", name, 1, 0.7) for name in PAIR]
    with pytest.raises(ValueError, match=r"sim-200 has no outputs of (conjoined|posthoc)/1.*zoo collect"):
        on_test(Scores(rows, {"sim-200": "labels"}), tmp_path, [PAIR])


def test_training_and_test_are_compared_in_one_model(tmp_path):
    values = {"conjoined": ((0.9, 0.95), (0.7, 0.8)), "posthoc": ((0.8, 0.9), (0.7, 0.7))}
    rows = [
        row(task, name, seed, value, split)
        for task in ("sim-200", "reb1")
        for name, both in values.items()
        for split, of_seeds in zip(("train", "test"), both, strict=True)
        for seed, value in enumerate(of_seeds)
    ]
    rows += [row("sim-200", name, seed, 0.85, "train-clean") for name in values for seed in (0, 1)]
    rows += [row("abf1", name, 0, 0.5, split) for name in values for split in ("train", "test")]
    kinds = dict.fromkeys(("abf1", "reb1", "sim-200"), "labels")
    ((training, lost),) = fits(Scores(rows, kinds), PAIR)
    assert set(training.by_task) == {"reb1", "sim-200"}, "one seed says nothing of its spread"
    assert training.by_task["reb1"].mean == pytest.approx(0.075)
    assert lost.by_task["reb1"].mean == pytest.approx(((0.9 - 0.7 - 0.1) + (0.95 - 0.8 - 0.2)) / 2)
    assert training.by_task["sim-200"].mean == 0, "of clean labels"
    (said,) = overfitting(fitted(Scores(rows, kinds)))
    assert said.startswith("**In training**, `conjoined` against `posthoc`: +0.0")
    assert "Lost more than by `posthoc` from there to the test split: " in said
    profile = [r._replace(metric="jsd", task="gcn4") for r in rows if r.task == "reb1"]
    ((training, lost),) = fits(Scores(profile, {"gcn4": "profile"}), PAIR)
    assert training.by_task["gcn4"].mean == pytest.approx(-0.075)
    assert lost.by_task["gcn4"].mean == pytest.approx(-0.025)


def sure(mean, seeds=3):
    return Difference(mean, 1e-4, 1e-4, seeds)


def test_sentences_give_mean_interval_tasks_and_what_is_significant():
    verdict = Verdict(
        "labels", {"a": sure(0.1), "b": sure(-0.1), "c": sure(0.1), "d": difference([0.1, -0.1])}
    )
    text = sentence(verdict)
    assert text.startswith(f"{verdict.pooled.mean:+.4f} auroc ({verdict.pooled.low:+.4f} to ")
    assert text.endswith(" on 4 label tasks, significantly up on 2 and down on 1")
    assert (verdict.better, verdict.significant) == (2, (["a", "c"], ["b"]))
    assert verdict.sign_p == 1
    none = Verdict("profile", {"a": difference([0.1, -0.1]), "b": difference([0.1], 0.1)})
    assert sentence(none).endswith(
        " on 2 profile tasks, significant on none of the 1 with more than one seed"
    )


def test_one_task_speaks_for_itself_and_one_seed_for_its_examples():
    one = Verdict("profile", {"a": difference([0.1], 0.01)})
    assert sentence(one) == (
        "+0.1000 jsd (+0.0804 to +0.1196) on 1 profile task, with one seed each, of the test examples alone"
    )
    assert one.corrected == {}


def test_significance_is_corrected_over_tasks():
    """p = .03 is significant alone, not among three."""
    uncertain = Difference(0.0217, 0.0, 0.01, 5)
    assert uncertain.p == pytest.approx(0.03, abs=0.001)
    assert Verdict("labels", {"a": uncertain}).significant == (["a"], [])
    flat = difference([0.1, -0.1])
    assert Verdict("labels", {"a": uncertain, "b": flat, "c": flat}).significant == ([], [])


def test_comparisons_are_told_in_their_order():
    found = {c.pair: [Verdict("labels", {"a": sure(0.1)})] for c in COMPARISONS}
    told = list(compared(found))
    assert len(told) == len(COMPARISONS)
    assert told[0] == (
        "**Augmentation** (training also sees the reverse complement of every sequence), `standard+aug` "
        f"against `standard`: {sentence(Verdict('labels', {'a': sure(0.1)}))}."
    )
