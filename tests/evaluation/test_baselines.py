from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from rczoo.data.examples import Examples
from rczoo.data.preparation import load_examples
from rczoo.evaluation.baselines import (
    baseline_rows,
    kmer_counts,
    label_row,
    mean_training_profile,
    replicate_ceiling,
    replicates,
    summarise,
)
from rczoo.evaluation.metrics import profile_metrics, smooth
from rczoo.symmetry import dna
from rczoo.symmetry.rep import Rep
from tests.support.real import real_task


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
    row = baseline_rows(real_task(name), "test")["3-mer logistic regression"]
    assert low < row["auroc"] < high
    assert row["intervals"]["auroc"][0] < row["auroc"] < row["intervals"]["auroc"][1]


def test_words_of_both_strands_against_strings():
    texts = ["ACGTTGCAACGN", "GGGGCCCCATAT"]
    found = kmer_counts(np.stack([dna.encode(t) for t in texts]), 3)
    assert found.shape == (2, 32)
    for row, text in zip(found, texts, strict=True):
        both = [s[i : i + 3] for s in (text, dna.reverse_complement(text)) for i in range(len(text) - 2)]
        words = sorted({min(w, dna.reverse_complement(w)) for w in both if "N" not in w})
        counts = [both.count(w) for w in words]
        assert sorted(row[row > 0].tolist()) == sorted(counts)


def test_words_are_invariant():
    codes = np.random.default_rng(0).integers(0, 5, (7, 30), dtype=np.uint8)
    assert np.array_equal(kmer_counts(codes), kmer_counts(dna.complement_codes(codes)))


def test_intervals_cover_and_undefined_are_counted():
    rng = np.random.default_rng(0)
    row = summarise({"x": np.append(rng.normal(3, 1, 400), np.nan)})
    low, high = row["intervals"]["x"]
    assert low < 3 < high
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.2)
    assert row["undefined"] == {"x": 1}
    target = (rng.random((300, 1)) < 0.5).astype(float)
    perfect = label_row(target, target + 0.1)
    assert perfect["auroc"] == 1
    assert perfect["intervals"]["auroc"] == (1, 1)


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
