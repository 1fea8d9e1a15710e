"""Each merge with each loss, in numbers: where T5 promises an inequality, and where there is none."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

Vector = tuple[float, ...]
Point = tuple[Vector, Vector, Vector]
"""Logits read from one strand, logits read from the other (both in one frame), and the target."""

PROMISES = {
    ("mean", "cross-entropy"): True,
    ("mean", "multinomial"): True,
    ("mean", "squared error"): True,
    ("mean", "squared error of probabilities"): False,
    ("probability", "cross-entropy"): True,
    ("probability", "squared error of probabilities"): True,
    ("sum", "cross-entropy"): False,
    ("sum", "multinomial"): False,
    ("sum", "squared error"): False,
    ("sum", "squared error of probabilities"): False,
    ("max", "cross-entropy"): False,
    ("max", "multinomial"): False,
    ("max", "squared error"): False,
    ("max", "squared error of probabilities"): False,
}
"""(merge, loss): whether merging never raises the loss averaged over both strands."""


def sigmoid(u: float) -> float:
    """1 / (1 + exp(-u))."""
    return 1 / (1 + math.exp(-u))


def cross_entropy(u: Vector, y: Vector) -> float:
    """Binary, on logits."""
    return sum(math.log1p(math.exp(a)) - b * a for a, b in zip(u, y, strict=True))


def multinomial(u: Vector, y: Vector) -> float:
    """Of counts y, with logits u over positions."""
    return sum(y) * math.log(sum(map(math.exp, u))) - sum(a * b for a, b in zip(u, y, strict=True))


def squared_error(u: Vector, y: Vector) -> float:
    """Of the prediction itself."""
    return sum((a - b) ** 2 for a, b in zip(u, y, strict=True))


LOSSES: dict[str, Callable[[Vector, Vector], float]] = {
    "cross-entropy": cross_entropy,
    "multinomial": multinomial,
    "squared error": squared_error,
    "squared error of probabilities": lambda u, y: squared_error(tuple(map(sigmoid, u)), y),
}


def _logit_of_mean(a: float, b: float) -> float:
    p = (sigmoid(a) + sigmoid(b)) / 2
    return math.log(p / (1 - p))


MERGES: dict[str, Callable[[float, float], float]] = {
    "mean": lambda a, b: (a + b) / 2,
    "sum": lambda a, b: a + b,
    "max": max,
    "probability": _logit_of_mean,
}


def points(loss: str) -> Callable[[], Iterator[Point]]:
    """Small whole logits from both strands, and targets: two positions for the multinomial, else a label."""
    width = 2 if loss == "multinomial" else 1

    def generate() -> Iterator[Point]:
        logits = list(itertools.product((-6, -3, -1, 0, 1, 3, 6), repeat=width))
        targets = itertools.product((0, 1, 3) if width == 2 else (0, 0.5, 1), repeat=width)
        for y, u, v in itertools.product(targets, logits, logits):
            yield u, v, y

    return generate


def counter_example(merge: str, loss: str) -> Callable[[Point], str | None]:
    """None where merging does not raise the loss averaged over the strands, else both numbers."""
    combine, measure = MERGES[merge], LOSSES[loss]

    def fails(point: Point) -> str | None:
        u, v, y = point
        before = (measure(u, y) + measure(v, y)) / 2
        after = measure(tuple(map(combine, u, v)), y)
        return f"loss {before:.3f} becomes {after:.3f}" if after > before + 1e-9 else None

    return fails


def verdict(case: tuple[tuple[str, str], bool]) -> str | None:
    """None if the numbers agree with the promise: a counter-example if and only if it is False."""
    (merge, loss), holds = case
    found = any(counter_example(merge, loss)(point) for point in points(loss)())
    return None if found != holds else f"promised {holds}"
