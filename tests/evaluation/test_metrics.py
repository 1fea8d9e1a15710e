"""Metrics: against slow transcriptions of their definitions, against scipy and scikit-learn, and under RC."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score

from rczoo.evaluation import metrics
from rczoo.symmetry.rep import Rep


def profiles(seed, n=3, strands=2, length=50):
    random = np.random.default_rng(seed)
    counts = random.poisson(random.gamma(0.5, 4.0, (n, strands, length))).astype(float)
    counts[..., length // 2] += 1
    return counts, random.dirichlet(np.ones(length), (n, strands))


def slow_smooth(values):
    kernel = [math.exp(-(k**2) / (2 * 3**2)) for k in range(-3, 4)]
    total, out = sum(kernel), []
    for i in range(len(values)):
        value = 0.0
        for k in range(-3, 4):
            j = i + k
            if j < 0:
                j = -1 - j
            if j >= len(values):
                j = 2 * len(values) - 1 - j
            value += kernel[k + 3] / total * values[j]
        out.append(value)
    return out


def slow_jsd(counts, predicted):
    strands = []
    for truth, guess in zip(counts, predicted, strict=True):
        p, q = slow_smooth(list(truth)), slow_smooth(list(guess))
        p, q = [v / sum(p) for v in p], [v / sum(q) for v in q]
        value = 0.0
        for a, b in zip(p, q, strict=True):
            value += 0.5 * a * math.log(a / ((a + b) / 2)) if a else 0.0
            value += 0.5 * b * math.log(b / ((a + b) / 2)) if b else 0.0
        strands.append(value)
    return sum(strands) / len(strands)


def slow_bins(profile, size):
    """One example (strand, position), length such that bins fit."""
    flat = [profile[s][t] for t in range(len(profile[0])) for s in range(len(profile))]
    return [max(flat[i : i + size]) for i in range(0, len(flat), size)]


def slow_ranks(values):
    return [sum(w < v for w in values) + (sum(w == v for w in values) + 1) / 2 for v in values]


def slow_pearson(a, b):
    ma, mb = sum(a) / len(a), sum(b) / len(b)
    top = sum((x - ma) * (y - mb) for x, y in zip(a, b, strict=True))
    return top / math.sqrt(sum((x - ma) ** 2 for x in a) * sum((y - mb) ** 2 for y in b))


@pytest.mark.parametrize("seed", range(3))
def test_jsd_is_the_definition(seed):
    counts, predicted = profiles(seed)
    expected = [slow_jsd(c, p) for c, p in zip(counts, predicted, strict=True)]
    np.testing.assert_allclose(metrics.jsd(counts, predicted), expected, rtol=1e-12)


def test_jsd_is_the_squared_distance_of_scipy():
    counts, predicted = profiles(7)
    distance = jensenshannon(metrics.smooth(counts), metrics.smooth(predicted), axis=-1)
    np.testing.assert_allclose(metrics.jsd(counts, predicted), (distance**2).mean(-1), rtol=1e-10)


def test_jsd_is_at_most_log_two_and_zero_for_itself():
    apart = np.zeros((1, 2, 40))
    apart[:, :, 5] = 3
    assert metrics.jsd(apart, apart[..., ::-1]) == pytest.approx(math.log(2))
    assert metrics.jsd(apart, 7 * apart) == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("seed", range(3))
def test_correlations_are_the_definition(seed):
    counts, predicted = profiles(seed)
    for i in range(len(counts)):
        bins = [(slow_bins(counts[i], b), slow_bins(predicted[i], b)) for b in (1, 5, 10)]
        linear = sum(slow_pearson(a, b) for a, b in bins) / 3
        ranked = sum(slow_pearson(slow_ranks(a), slow_ranks(b)) for a, b in bins) / 3
        assert metrics.pearson(counts, predicted)[i] == pytest.approx(linear, rel=1e-12)
        assert metrics.spearman(counts, predicted)[i] == pytest.approx(ranked, rel=1e-12)


def test_correlations_are_those_of_scipy():
    counts, predicted = profiles(5)
    bins = [(slow_bins(counts[0], b), slow_bins(predicted[0], b)) for b in (1, 5, 10)]
    assert metrics.pearson(counts, predicted)[0] == pytest.approx(np.mean([pearsonr(*b)[0] for b in bins]))
    assert metrics.spearman(counts, predicted)[0] == pytest.approx(np.mean([spearmanr(*b)[0] for b in bins]))


@pytest.mark.parametrize(
    ("length", "kept"), [(99, 95), (1000, 1000), (98, 90), (5, 5), (7, 5), (9, 5), (10, 10), (12, 10)]
)
def test_central_positions_fill_the_bins(length, kept):
    x = np.arange(2 * length, dtype=float).reshape(1, 2, length)
    found = metrics.central(x)
    assert found.shape[-1] == kept
    assert found[0, 0, 0] == (length - kept) / 2
    assert found[0, 0, -1] == length - 1 - (length - kept) / 2


def test_no_central_positions_is_explained():
    for length in (4, 6, 8):
        with pytest.raises(
            ValueError, match=rf"length {length} on 2 .*: use 5, 7, 9 or at least 10 positions$"
        ):
            metrics.pearson(np.ones((1, 2, length)), np.ones((1, 2, length)))
    with pytest.raises(ValueError, match=r"length 99 on 1 strand\(s\) .* an even length of at least 10"):
        metrics.central(np.ones((1, 1, 99)))


@pytest.mark.parametrize(("rep", "length"), [("1r", 4), ("1t", 99)])
def test_profiles_that_fill_no_bins_have_no_correlation(rep, length):
    counts = np.arange(1.0, 2 * Rep(rep).channels * length + 1).reshape(2, -1, length)
    found = metrics.profile_metrics(counts, counts, Rep(rep))
    assert found["jsd"] == 0
    assert math.isnan(found["pearson"])
    assert found["undefined"] == {"jsd": 0, "pearson": 2, "spearman": 2}


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), length=st.integers(10, 60), rep=st.sampled_from(["1r", "2r", "2r:halves"])
)
def test_profile_metrics_are_rc_symmetric(seed, length, rep):
    rep = Rep(rep)
    counts, predicted = profiles(seed, strands=rep.channels, length=length)
    straight = metrics.profile_metrics(counts, predicted, rep)
    turned = metrics.profile_metrics(rep.act(counts), rep.act(predicted), rep)
    for name in metrics.PROFILE_METRICS:
        assert straight[name] == pytest.approx(turned[name], rel=1e-9, abs=1e-12, nan_ok=True)


def test_padding_instead_of_cropping_would_not_be_symmetric():
    counts, predicted = profiles(0, n=1, length=99)

    def padded(x):
        flat = np.pad(x.swapaxes(1, 2).reshape(1, -1), ((0, 0), (0, 2)))
        return flat.reshape(1, -1, 10).max(-1)

    act = Rep("1r").act
    before = pearsonr(padded(counts)[0], padded(predicted)[0])[0]
    after = pearsonr(padded(act(counts))[0], padded(act(predicted))[0])[0]
    assert abs(before - after) > 1e-3


def test_undefined_examples_are_counted_and_left_out():
    counts, predicted = profiles(1, n=4)
    alone = metrics.profile_metrics(counts[1:], predicted[1:])
    counts[0, 1] = 0
    found = metrics.profile_metrics(counts, predicted)
    assert found["undefined"] == {"jsd": 1, "pearson": 0, "spearman": 0}
    assert found["jsd"] == pytest.approx(alone["jsd"])
    counts[0] = 1
    found = metrics.profile_metrics(counts, predicted)
    assert found["undefined"] == {"jsd": 0, "pearson": 1, "spearman": 1}
    assert found["pearson"] == pytest.approx(alone["pearson"])
    assert found["examples"] == 4


def test_factors_that_were_not_measured_are_left_out():
    counts, predicted = profiles(2, n=4, strands=4)
    counts[1:, 2:] = np.nan
    found = metrics.profile_metrics(counts, predicted, Rep("2r"))
    both = np.concatenate(
        [metrics.jsd(counts[:, :2], predicted[:, :2]), metrics.jsd(counts[:1, 2:], predicted[:1, 2:])]
    )
    assert found["jsd"] == pytest.approx(both.mean())
    assert found["undefined"] == {"jsd": 0, "pearson": 0, "spearman": 0}


def test_factors_of_a_rep():
    assert metrics.factors(Rep("2r")) == [[0, 1], [2, 3]]
    assert metrics.factors(Rep("2r:halves+1t")) == [[0, 2], [1, 3], [4]]


def test_label_metrics_are_macro_averages():
    random = np.random.default_rng(0)
    target, score = random.integers(0, 2, (200, 3)).astype(float), random.normal(size=(200, 3))
    found = metrics.label_metrics(target, score)
    assert found["auroc"] == pytest.approx(roc_auc_score(target, score, average="macro"))
    assert found["auprc"] == pytest.approx(average_precision_score(target, score, average="macro"))


def test_label_metrics_are_the_definition():
    random = np.random.default_rng(3)
    truth, score = random.integers(0, 2, 60), random.integers(0, 12, 60)
    pairs = [(p, n) for p in score[truth == 1] for n in score[truth == 0]]
    area = sum((p > n) + (p == n) / 2 for p, n in pairs) / len(pairs)
    precision, recalled = 0.0, 0
    for threshold in sorted(set(score), reverse=True):
        called = score >= threshold
        hits = int(truth[called].sum())
        precision += (hits - recalled) / truth.sum() * hits / called.sum()
        recalled = hits
    assert metrics.auroc(truth[:, None].astype(float), score[:, None])[0] == pytest.approx(area)
    assert metrics.auprc(truth[:, None].astype(float), score[:, None])[0] == pytest.approx(precision)


def test_resampled_examples_are_those_repeated():
    random = np.random.default_rng(4)
    target = random.integers(0, 2, (40, 3)).astype(float)
    target[:, 1], target[::3, 2] = 1, np.nan
    score = random.integers(0, 12, (40, 3))  # many ties
    draws = [random.integers(0, 40, 40) for _ in range(5)]
    found = metrics.resampled(target, score, (np.bincount(draw, minlength=40) for draw in draws))
    for name, function in (("auroc", metrics.auroc), ("auprc", metrics.auprc)):
        expected = [function(target[draw], score[draw]) for draw in draws]
        np.testing.assert_allclose(found[name], expected, rtol=1e-12)
    assert np.isnan(metrics.resampled(target * np.nan, score, [np.ones(40, int)])["auroc"]).all()


def test_a_label_of_one_class_is_counted_and_left_out():
    target = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, np.nan]])
    found = metrics.label_metrics(target, np.array([[2.0, 1.0], [1.0, 2.0], [3.0, 0.0]]))
    assert found["auroc"] == 1.0
    assert found["undefined"] == {"auroc": 1, "auprc": 1}


def test_nothing_defined_is_nan():
    assert math.isnan(metrics.label_metrics(np.zeros((3, 1)), np.ones((3, 1)))["auroc"])


def test_shapes_must_agree():
    with pytest.raises(ValueError, match=r"truth has shape \(3, 2, 50\) and the prediction \(3, 2, 48\)"):
        metrics.profile_metrics(*[x[..., : 50 - 2 * i] for i, x in enumerate(profiles(0))])
