from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from rczoo.data.examples import Examples
from rczoo.data.preparation import load_examples
from rczoo.data.schema import Reference
from rczoo.data.task import load_task
from rczoo.evaluation import baselines, kmers
from rczoo.evaluation.baselines import (
    baseline_rows,
    kept_kmers,
    kmer_regression,
    label_row,
    mean_training_profile,
    motif_scan,
    replicate_ceiling,
    replicates,
    summarise,
    three_mer_regression,
)
from rczoo.evaluation.metrics import profile_metrics, smooth
from rczoo.symmetry.rep import Rep
from tests.support import tiny_tasks
from tests.support.real import real_task
from tests.support.zoo_tasks import write_tiny


@pytest.mark.realdata
def test_gcn4_rows_beside_every_model():
    task = real_task("gcn4")
    rows = baseline_rows(task, "test")
    assert list(rows) == ["mean training profile", "sampling floor"]
    mean = np.asarray(load_examples(task, "train").target, dtype=float).mean(0)
    truth = np.asarray(load_examples(task, "test").target, dtype=float)
    slow = [
        np.mean([jensenshannon(smooth(t), smooth(m)) ** 2 for t, m in zip(example, mean, strict=True)])
        for example in truth
    ]
    row = rows["mean training profile"]
    assert row["jsd"] == pytest.approx(np.mean(slow), rel=1e-5)
    assert row["jsd"] == pytest.approx(0.080, abs=0.0015)
    strands = np.broadcast_to(mean / mean.sum(-1, keepdims=True), truth.shape)
    assert row["pearson"] == pytest.approx(profile_metrics(truth, strands)["pearson"])
    low, high = row["intervals"]["jsd"]
    assert low < row["jsd"] < high < low + 0.02
    assert rows["sampling floor"]["jsd"] < row["jsd"] / 2


@pytest.mark.realdata
def test_replicates_add_up_to_the_target_and_bound_the_models():
    task = real_task("yeast-tss")
    examples = load_examples(task, "test")
    values = replicates(task, "test")
    assert values.shape == (3, len(examples), 2, 500)
    assert np.array_equal(values.sum(0), examples.target)
    assert (values.sum((2, 3)) >= 50).all()
    assert 0.1 < replicate_ceiling(task)["jsd"] < 0.14


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "low", "high"), [("abf1", 0.5, 0.62), ("mcm1", 0.66, 0.79)])
def test_three_mers_against_promoter_negatives(name, low, high):
    row = three_mer_regression(real_task(name), "test")
    assert low < row["auroc"] < high
    assert row["intervals"]["auroc"][0] < row["auroc"] < row["intervals"]["auroc"][1]


def test_profiles_are_compared_in_the_bins_of_a_model():
    task = tiny_tasks.binned_profiles(n=4)
    truth = np.asarray(task.in_memory["test"].target, dtype=float).reshape(4, -1, 10, 32).sum(-1)
    own = truth.mean(0) / truth.mean(0).sum(-1, keepdims=True)
    expected = profile_metrics(truth, np.broadcast_to(own, truth.shape), Rep("1r+1t"))
    row = baseline_rows(task, "test", resolution=32)["mean training profile"]
    assert row["jsd"] == pytest.approx(expected["jsd"])
    assert row["jsd"] < baseline_rows(task)["mean training profile"]["jsd"] / 2


def test_label_rows_by_name_and_what_was_chosen():
    task = tiny_tasks.labels(n=120)
    rows = baseline_rows(task)
    assert list(rows) == ["3-mer logistic regression", "k-mer logistic regression"], "no motif is known"
    chosen = kmers.choose(load_examples(task, "train"), load_examples(task, "validation"))
    row = rows["k-mer logistic regression"]
    assert (row["k"], row["C"]) == (chosen.k, chosen.C)
    assert row["auroc"] > 0.7
    assert kmer_regression(task, "validation")["auroc"] == pytest.approx(chosen.validation)
    known = replace(task, reference=Reference(motifs=("A", "C", "AAAA")))
    assert list(baselines.baselines(known)) == [*rows, "motif scan"]
    assert motif_scan(known)["examples"] == 120


def test_the_row_of_words_is_computed_once_for_the_examples_and_a_split(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    task, computed = load_task(write_tiny(tmp_path)), []

    def counted(task, split):
        computed.append(split)
        return {"auroc": len(computed) / 10, "intervals": {"auroc": (float("nan"), 1.0)}}

    monkeypatch.setattr(baselines, "kmer_regression", counted)
    first = [kept_kmers(task, split)["auroc"] for split in ("test", "validation")]
    again = [kept_kmers(task, split)["auroc"] for split in ("test", "validation")]
    assert first == again == [0.1, 0.2]
    assert computed == ["test", "validation"]
    monkeypatch.setattr(baselines, "KMERS", baselines.KMERS + 1)
    assert kept_kmers(task, "test")["auroc"] == 0.3, "another version"
    other = load_task(write_tiny(tmp_path, size=60))
    assert kept_kmers(other, "test")["auroc"] == 0.4, "other examples"


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.parametrize(("name", "known"), [("gue-tf2", 0.900), ("gue-tf4", 0.958)])
def test_words_reach_what_an_independent_recomputation_reached(name, known):
    """A regression on canonical 6- or 7-mers, written apart from this one, with C chosen on validation."""
    row = kmer_regression(real_task(name), "test")
    assert row["auroc"] == pytest.approx(known, abs=0.02)
    assert row["k"] in (6, 7)


@pytest.mark.realdata
def test_a_consensus_tells_what_a_factor_binds():
    for name, least in (("abf1", 0.85), ("rap1", 0.8)):
        assert motif_scan(real_task(name), "test")["auroc"] > least


def test_intervals_cover_and_undefined_are_counted():
    rng = np.random.default_rng(0)
    row = summarise({"x": np.append(rng.normal(3, 1, 400), np.nan)})
    low, high = row["intervals"]["x"]
    assert low < 3 < high
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.08)
    assert row["undefined"] == {"x": 1}
    target = (rng.random((300, 1)) < 0.5).astype(float)
    perfect = label_row(target, target + 0.1)
    assert perfect["auroc"] == 1
    assert perfect["intervals"]["auroc"] == (1, 1)


def test_each_replicate_stands_beside_the_sum_of_the_others(monkeypatch):
    def note(task, one, others):
        beside.append((one, others))
        return {"jsd": others.sum((1, 2))}

    beside, (a, b, c) = [], np.random.default_rng(0).random((3, 4, 2, 5))
    monkeypatch.setattr(baselines, "replicates", lambda task, split: np.stack([a, b, c]))
    monkeypatch.setattr(baselines, "_per_example", note)
    replicate_ceiling(None)
    assert np.allclose(beside, [(a, b + c), (b, a + c), (c, a + b)])


def test_what_was_not_measured_is_left_out():
    """Of two factors, the second is unknown at half of the events: its row is that of the other half."""
    known, random = np.arange(20) % 2 == 0, np.random.default_rng(0)
    target = random.poisson(5, (20, 4, 30)).astype(np.float32)
    target[~known, 2:] = np.nan

    def mean_row(target, rep):
        examples = Examples(np.zeros((len(target), 30), np.uint8), target, Rep(rep))
        in_memory = {"train": examples, "test": examples}
        task = SimpleNamespace(in_memory=in_memory, splits=tuple(in_memory), rep_out=[Rep(rep)])
        return mean_training_profile(task)

    both, first, second = (
        mean_row(*x) for x in ((target, "2r"), (target[:, :2], "1r"), (target[known, 2:], "1r"))
    )
    for name in ("jsd", "pearson", "spearman"):
        assert both[name] == pytest.approx((20 * first[name] + 10 * second[name]) / 30)
    assert both["undefined"] == dict.fromkeys(("jsd", "pearson", "spearman"), 0)


def test_nothing_defined_is_nan_without_a_warning():
    row = label_row(np.ones((5, 1)), np.arange(5.0)[:, None])
    assert np.isnan(row["auroc"])
    assert np.isnan(row["intervals"]["auroc"]).all()
    assert np.isnan(summarise({"jsd": np.full(3, np.nan)})["intervals"]["jsd"]).all()
