"""How much each test example moves a score, and so how far the score is from that of endless test data.

The spread that a bootstrap over test examples simulates, to first order and without its draws: DeLong et al.
1988 for auROC, Obuchowski 1997 where examples come in blocks. The influence on a difference of two models is
the difference of the influences: both models see the same examples.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rczoo.evaluation.metrics import PROFILE_METRICS

from .summary import HEADLINE

PROFILE_ROW = list(PROFILE_METRICS).index(HEADLINE["profile"])


def influence(kind: str, outputs: np.ndarray, targets: Mapping[str, np.ndarray]) -> np.ndarray:
    """The influence of each test example on a model's headline metric: (examples,), summing to zero.

    ``outputs`` and ``targets`` as a pack has them (:meth:`zoo.packs.Pack.examples`).
    """
    if kind == "labels":
        return auroc_influence(targets["target"], outputs)
    return mean_influence(outputs[PROFILE_ROW])


def auroc_influence(target: np.ndarray, score: np.ndarray) -> np.ndarray:
    """On the macro auROC: (examples, labels) twice -> (examples,). Labels of one class are left out.

    An example whose label was not measured (NaN) does not move that label's score.
    """
    pairs = zip(np.asarray(target, dtype=float).T, np.asarray(score, dtype=float).T, strict=True)
    both = ((truth, given) for truth, given in pairs if (truth > 0).any() and (truth == 0).any())
    return np.mean([_of_measured(truth, given) for truth, given in both], axis=0)


def _of_measured(truth: np.ndarray, score: np.ndarray) -> np.ndarray:
    """The influences of the examples whose label was measured, and 0 of the others."""
    measured, found = ~np.isnan(truth), np.zeros(len(truth))
    found[measured] = _of_label(truth[measured] > 0, score[measured])
    return found


def _of_label(positive: np.ndarray, score: np.ndarray) -> np.ndarray:
    """How far each example's share of pairs in the right order is from all pairs', over its class's size."""
    right = np.where(positive, _below(score, score[~positive]), 1 - _below(score, score[positive]))
    size = np.where(positive, positive.sum(), (~positive).sum())
    return (right - right[positive].mean()) / size


def _below(score: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The share of others below each score, ties counting half."""
    others = np.sort(others)
    left, right = (np.searchsorted(others, score, side) for side in ("left", "right"))
    return (left + right) / (2 * len(others))


def mean_influence(values: np.ndarray) -> np.ndarray:
    """On the mean of all defined values: (examples, factors), NaN where undefined -> (examples,)."""
    defined = ~np.isnan(values)
    centred = np.where(defined, values - values[defined].mean(dtype=float), 0)
    return centred.sum(axis=1) / defined.sum()


def standard_error(influences: np.ndarray, block: np.ndarray | None = None) -> float:
    """Over test examples, a block of them (:func:`zoo.fingerprints.blocks`) together: (examples,) -> ()."""
    if block is not None:
        influences = np.bincount(np.unique(block, return_inverse=True)[1], influences)
    return float(np.std(influences, ddof=1) * np.sqrt(len(influences)))
