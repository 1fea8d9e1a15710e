"""The difference of two strategies on one task, seed by seed, with its interval and its p-value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, isnan, nan, sqrt
from statistics import fmean, stdev

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm, t

LEVEL = 0.95
GRID = np.linspace(-8, 8, 1601)
"""Values that stand for a normal variable, so dense and wide that p-values are right to two digits."""
SHARES = norm.pdf(GRID) / norm.pdf(GRID).sum()


@dataclass(frozen=True)
class Difference:
    """A mean difference over paired seeds on a task's test split, and the standard errors of its two sources.

    ``over_seeds`` is NaN with one seed: what is said then is of the test examples alone. Otherwise the truth
    is taken to lie around the mean as Student's t with seeds - 1 degrees of freedom times ``over_seeds`` plus
    a normal variable times ``over_examples``, which with few seeds, too, holds it 95 times of 100 or more.
    """

    mean: float
    over_seeds: float
    over_examples: float
    seeds: int

    @property
    def error(self) -> float:
        """The standard error of both sources, or of the one that is known."""
        return self.over_examples if isnan(self.over_seeds) else hypot(self.over_seeds, self.over_examples)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval."""
        tail = (1 + LEVEL) / 2
        # The sum of both reaches is beyond the reach of the sum; 1.01 spares the root its rounding.
        far = 1.01 * norm.ppf(tail) * self.over_examples
        if self.over_seeds > 0:
            far += 1.01 * t.ppf(tail, self.seeds - 1) * self.over_seeds
        reach = brentq(lambda x: self._beyond(x) - (1 - LEVEL), 0, far) if far else 0.0
        return self.mean - reach, self.mean + reach

    @property
    def p(self) -> float:
        """Two-sided, of no difference; NaN with one seed, which cannot tell how far others would lie."""
        return nan if self.seeds == 1 else self._beyond(abs(self.mean))

    def _beyond(self, reach: float) -> float:
        """How likely chance alone is to move the mean so far, up or down."""
        if self.over_seeds > 0:
            left = (reach - GRID * self.over_examples) / self.over_seeds
            return float(2 * SHARES @ t.sf(left, self.seeds - 1))
        return float(2 * norm.sf(reach / self.over_examples)) if self.over_examples else float(reach == 0)


def difference(per_seed: Sequence[float], over_examples: float = 0.0) -> Difference:
    """Of the differences at each seed. ``over_examples``: the standard error of their mean over examples."""
    over_seeds = stdev(per_seed) / sqrt(len(per_seed)) if len(per_seed) > 1 else nan
    return Difference(fmean(per_seed), over_seeds, over_examples, len(per_seed))
