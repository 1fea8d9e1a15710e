"""What is measured on held-out examples: auROC and auPRC of labels; jsd, Pearson and Spearman of profiles.

Everything here is invariant: a metric of RC-ed truth and RC-ed prediction equals the metric. An example (or
label) for which a metric has no value is NaN in the per-example arrays, counted, and left out of averages.
A NaN in the truth means *not measured*: such entries are left out without being counted.
scipy and scikit-learn come with ``rczoo[training]``, so each function imports its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from ..symmetry.rep import Rep

SIGMA, RADIUS = 3, 3
"""Of the smoothing before jsd, in bases: Zhou et al. 2022, appendix."""
BINS = (1, 5, 10)
"""Bins over (position, strand) in which the correlations are taken, each by its maximum."""

Metrics = dict[str, float | int | dict[str, int]]


def auroc(target: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Area under the ROC curve per label: two (examples, labels) arrays -> (labels,), NaN for one class."""
    from sklearn.metrics import roc_auc_score

    return _per_label(roc_auc_score, target, score)


def auprc(target: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Average precision per label: two (examples, labels) arrays -> (labels,), NaN for one class."""
    from sklearn.metrics import average_precision_score

    return _per_label(average_precision_score, target, score)


def resampled(target: np.ndarray, score: np.ndarray, draws: Iterable[np.ndarray]) -> dict[str, np.ndarray]:
    """:func:`auroc` and :func:`auprc` of resampled examples: each (draws, labels), NaN for one class.

    A draw says how often it has each example: (examples,) whole numbers. Scores are sorted once, for all
    draws, which is what makes a bootstrap quick.
    """
    ranked = [_ranked(truth, guess) for truth, guess in zip(target.T, score.T, strict=True)]
    areas = [[_areas(truth, times[order], ends) for order, truth, ends in ranked] for times in draws]
    auroc, auprc = np.moveaxis(np.array(areas, np.float64), -1, 0)
    return {"auroc": auroc, "auprc": auprc}


def jsd(counts: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Jensen-Shannon divergence in nats, smoothed, mean over strands: two (n, strands, length) -> (n,).

    ``counts`` and ``predicted`` need no normalisation: both are smoothed (:func:`smooth`), then normalised.
    Undefined where a strand sums to zero. Zhou et al. 2022, appendix.
    """
    from scipy.special import rel_entr

    p, q = _distribution(counts), _distribution(predicted)
    middle = (p + q) / 2
    divergence = (rel_entr(p, middle) + rel_entr(q, middle)).sum(axis=-1) / 2
    over_strands: np.ndarray = divergence.mean(axis=-1)
    return over_strands


def pearson(counts: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Pearson correlation, averaged over bin sizes: two (n, strands, length) -> (n,).

    Both strands are flattened as (position, strand) and binned by maximum in bins of 1, 5 and 10, of the
    central positions that fill whole bins. Undefined where truth or prediction is constant.
    """
    pairs = zip(binned(counts), binned(predicted), strict=True)
    over_bins: np.ndarray = np.mean([_correlation(a, b) for a, b in pairs], axis=0)
    return over_bins


def spearman(counts: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Spearman correlation (ties share their mean rank), otherwise as :func:`pearson`."""
    from scipy.stats import rankdata

    pairs = zip(binned(counts), binned(predicted), strict=True)
    ranks = ((rankdata(a, axis=-1), rankdata(b, axis=-1)) for a, b in pairs)
    over_bins: np.ndarray = np.mean([_correlation(a, b) for a, b in ranks], axis=0)
    return over_bins


def smooth(x: np.ndarray) -> np.ndarray:
    """Gaussian of sigma 3 cut at radius 3 along the last axis, the ends reflected (edge value repeated)."""
    from scipy.ndimage import gaussian_filter1d

    values = np.asarray(x, np.float64)
    smoothed: np.ndarray = gaussian_filter1d(values, SIGMA, axis=-1, radius=RADIUS, mode="reflect")
    return smoothed


def binned(x: np.ndarray) -> Iterator[np.ndarray]:
    """(n, strands, length) -> for each bin size, (n, bins): maxima over neighbouring (position, strand)."""
    flat = central(np.asarray(x, np.float64)).swapaxes(1, 2).reshape(len(x), -1)
    for size in BINS:
        yield flat.reshape(len(x), -1, size).max(axis=-1)


def central(x: np.ndarray) -> np.ndarray:
    """The longest central stretch whose (position, strand) values fill bins of 10.

    Padding the last bin instead would treat the two ends, hence the two strands, differently.
    Raises ValueError when there is no such stretch.
    """
    strands, length = x.shape[1:]
    if kept := _fills_bins(strands, length):
        start = (length - kept) // 2
        return x[..., start : start + kept]
    fitting = "5, 7, 9 or at least 10 positions" if strands == 2 else "an even length of at least 10"
    raise ValueError(
        f"profiles of length {length} on {strands} strand(s) have no central stretch that fills bins of "
        f"{BINS[-1]}: use {fitting}"
    )


def _fills_bins(strands: int, length: int) -> int:
    """How many central positions fill bins of every size; 0 if none do."""
    return next((kept for kept in range(length, 0, -2) if kept * strands % BINS[-1] == 0), 0)


def label_metrics(target: np.ndarray, score: np.ndarray) -> Metrics:
    """Macro averages over labels: ``auroc``, ``auprc``, ``examples`` and how many labels were undefined."""
    _same_shape(target, score)
    values = {"auroc": auroc(target, score), "auprc": auprc(target, score)}
    return _average(values, len(target))


def profile_metrics(counts: np.ndarray, predicted: np.ndarray, rep: Rep | None = None) -> Metrics:
    """Averages over examples and factors: ``jsd``, ``pearson``, ``spearman``, ``examples``, ``undefined``.

    ``counts`` and ``predicted`` are (n, channels, length); ``predicted`` a probability over positions per
    channel. ``rep`` (default ``"1r"``) says which channels are the two strands of one factor.
    """
    values, measured = profile_values(counts, predicted, rep)
    return _average({name: found[measured] for name, found in values.items()}, len(counts))


def profile_values(
    counts: np.ndarray, predicted: np.ndarray, rep: Rep | None = None
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """What :func:`profile_metrics` averages: every metric, (n, factors), and where it was measured at all.

    Values are NaN where undefined or not measured; so are correlations of positions too few to fill bins.
    """
    _same_shape(counts, predicted)
    parts = factors(rep or Rep("1r"))
    measured = np.stack([~np.isnan(counts[:, strands]).any(axis=(1, 2)) for strands in parts], axis=1)
    values = {name: np.full(measured.shape, np.nan) for name in PROFILE_METRICS}
    for number, strands in enumerate(parts):
        rows = measured[:, number]
        for name, metric in PROFILE_METRICS.items():
            if name != "jsd" and not _fills_bins(len(strands), counts.shape[2]):
                continue
            values[name][rows, number] = metric(counts[rows][:, strands], predicted[rows][:, strands])
    return values, measured


def factors(rep: Rep) -> list[list[int]]:
    """The channels of each factor: a pair's two strands together, an unstranded track alone."""
    return [list(orbit) for orbit in rep.orbits]


PROFILE_METRICS: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "jsd": jsd,
    "pearson": pearson,
    "spearman": spearman,
}


def _distribution(x: np.ndarray) -> np.ndarray:
    smoothed = smooth(x)
    total = smoothed.sum(axis=-1, keepdims=True)
    shares = np.full_like(smoothed, np.nan)
    np.divide(smoothed, total, out=shares, where=total > 0)
    return shares


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = a - a.mean(axis=-1, keepdims=True), b - b.mean(axis=-1, keepdims=True)
    constant = (np.ptp(a, axis=-1) == 0) | (np.ptp(b, axis=-1) == 0)
    scale = np.sqrt((a**2).sum(axis=-1) * (b**2).sum(axis=-1))
    correlation = np.full(len(a), np.nan)
    np.divide((a * b).sum(axis=-1), scale, out=correlation, where=~constant & (scale > 0))
    return correlation


def _per_label(metric: Callable[..., float], target: np.ndarray, score: np.ndarray) -> np.ndarray:
    values = []
    for truth, guess in zip(target.T, score.T, strict=True):
        measured = ~np.isnan(truth)
        classes = np.unique(truth[measured])
        values.append(metric(truth[measured], guess[measured]) if len(classes) == 2 else np.nan)
    return np.array(values, dtype=np.float64)


def _ranked(truth: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The measured examples by falling score, which of them are positive, and where runs of ties end."""
    measured = np.flatnonzero(~np.isnan(truth))
    order = measured[np.argsort(-score[measured], kind="stable")]
    last_of_ties = np.diff(score[order], append=np.nan) != 0
    return order, truth[order] == 1, np.flatnonzero(last_of_ties)


def _areas(positive: np.ndarray, times: np.ndarray, ends: np.ndarray) -> tuple[float, float]:
    """Areas under both curves, of examples by falling score that are there ``times`` times each."""
    hits = np.cumsum(times * positive)[ends]
    alarms = np.cumsum(times * ~positive)[ends]
    if not hits.size or not hits[-1] or not alarms[-1]:
        return np.nan, np.nan
    found = np.diff(hits, prepend=0)
    trapezia = np.diff(alarms, prepend=0) @ (hits - found / 2)
    precision = hits / np.maximum(hits + alarms, 1)
    return trapezia / (hits[-1] * alarms[-1]), found @ precision / hits[-1]


def _average(values: Mapping[str, np.ndarray], examples: int) -> Metrics:
    result: Metrics = {}
    for name, found in values.items():
        defined = found[~np.isnan(found)]
        result[name] = float(defined.mean()) if defined.size else float("nan")
    result["examples"] = examples
    result["undefined"] = {name: int(np.isnan(found).sum()) for name, found in values.items()}
    return result


def _same_shape(target: np.ndarray, predicted: np.ndarray) -> None:
    if target.shape != predicted.shape:
        raise ValueError(
            f"metrics: the truth has shape {target.shape} and the prediction {predicted.shape}: "
            "give the same examples, channels and positions"
        )
