"""Differences of many tasks together: their random-effects mean, a sign test, Holm's correction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.stats import binomtest, t

from .paired import LEVEL

LEAST_ERROR = 1e-5
"""Scores are shown to four digits, and outputs are kept to three: a smaller standard error is none, and
would give one task all the weight."""


@dataclass(frozen=True)
class Pooled:
    """A mean over tasks, and its 95 % interval for tasks like these."""

    mean: float
    low: float
    high: float


def random_effects(means: Sequence[float], errors: Sequence[float]) -> Pooled:
    """The random-effects mean of two tasks or more with the interval of Hartung and Knapp (2001).

    Tasks differ in truth, not only by chance: hence Student's t over tasks. The factor on the variance is at
    least 1, as Knapp and Hartung (2003) have it, or tasks that agree by chance would give intervals narrower
    than if there were nothing but chance; of tasks that do not differ in truth it holds more than 95 %.
    """
    y, variances = np.asarray(means, float), np.maximum(errors, LEAST_ERROR) ** 2
    weights = 1 / (variances + paule_mandel(y, variances))
    mean = float(weights @ y / weights.sum())
    factor = max(1.0, float(weights @ (y - mean) ** 2) / (len(y) - 1))
    reach = float(t.ppf((1 + LEVEL) / 2, len(y) - 1)) * sqrt(factor / weights.sum())
    return Pooled(mean, mean - reach, mean + reach)


def paule_mandel(means: np.ndarray, variances: np.ndarray) -> float:
    """The variance between tasks at which the weighted squares are what they are expected to be (1982).

    Not DerSimonian and Laird's: theirs is this one's first step from weights without a variance between
    tasks, which lets the most exactly measured task decide where tasks differ much, as ours do.
    """

    def excess(between: float) -> float:
        weights = 1 / (variances + between)
        mean = weights @ means / weights.sum()
        return float(weights @ (means - mean) ** 2) - (len(means) - 1)

    # At the plain variance of the means the squares are at most expected, so the root lies below.
    return float(brentq(excess, 0, np.var(means, ddof=1))) if excess(0) > 0 else 0.0


def sign_test(means: Sequence[float]) -> float:
    """Two-sided exact binomial p-value of as many tasks up as down, of the tasks with a difference."""
    up, down = (sum(sign * mean > 0 for mean in means) for sign in (1, -1))
    return float(binomtest(up, up + down).pvalue) if up + down else 1.0


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """P-values corrected for their number by Holm (1979), the smallest first; NaN is no test."""
    tested = sorted((value, name) for name, value in p.items() if not isnan(value))
    corrected, least = {}, 0.0
    for rank, (value, name) in enumerate(tested):
        corrected[name] = least = max(least, min(1.0, (len(tested) - rank) * value))
    return corrected
