"""Whether a model of labels means what it says: of examples that it gives .8, are eight of ten positive?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

BINS = 5
"""Of equally many examples each: enough for a curve, and of 1,000 examples 200 each, so known to some 3 %."""


class Bin(NamedTuple):
    """Examples whose answers lie together: their number, mean answer, and the share that is positive."""

    examples: int
    answered: float
    positive: float


def reliability(target: np.ndarray, logits: np.ndarray) -> list[Bin]:
    """The reliability curve of all labels together: (examples, labels) each, NaN where not measured."""
    measured = ~np.isnan(target.astype(np.float64))
    given = 1 / (1 + np.exp(-logits[measured].astype(np.float64)))
    order = np.argsort(given, kind="stable")
    parts = np.array_split(order, BINS)
    return [Bin(len(p), float(given[p].mean()), float(target[measured][p].mean())) for p in parts if len(p)]


def calibration_error(bins: list[Bin]) -> float:
    """The mean distance of answers and shares, over examples: 0 for a model that means what it says."""
    total = sum(one.examples for one in bins)
    return sum(one.examples * abs(one.answered - one.positive) for one in bins) / total


def calibration_section(bins: list[Bin]) -> str:
    """The curve as a section of a card."""
    rows = [f"| {one.answered:.3f} | {one.positive:.3f} | {one.examples:,} |" for one in bins]
    head = ["| mean answer | share positive | examples |", "|---|---|---|"]
    return (
        "## Calibration\n\nThe sigmoid of an output is a probability at the test split's share of positives. "
        f"In {len(bins)} bins of equally many test examples it is off by {calibration_error(bins):.3f} on "
        "average:\n\n" + "\n".join([*head, *rows])
    )
