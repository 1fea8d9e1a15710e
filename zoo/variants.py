"""What the names of strategies in the zoo ask for: keywords of training, and models made without it."""

from __future__ import annotations

import re
from typing import Any

from rczoo.recipes import NAMES

DERIVED = {
    "standard": {"posthoc-noaug": "mean"},
    "standard+aug": {"posthoc": "mean", "posthoc-max": "max", "posthoc-probability": "probability"},
}
"""Models that a trained one becomes by another merge alone."""


def options(strategy: str) -> dict[str, Any]:
    """Keywords of :func:`rczoo.training.train` for a strategy's name in the zoo.

    ``-gain-2`` at the end of a name doubles the gain of every convolution; ``-160-epochs`` trains for so many
    epochs without early stopping.

    >>> options("mixing-0.25-gain-2"), options("wrap-2-1")
    ({'mixing': 0.25, 'gain': 2.0}, {'wrap': (2, 1)})

    Raises ValueError for a name of no known form.
    """
    name, found = strategy, {}
    if match := re.fullmatch(r"(.+)-gain-([0-9.]+)", name):
        name, found["gain"] = match[1], float(match[2])
    if match := re.fullmatch(r"(.+)-([0-9]+)-epochs?", name):
        name, found["epochs"] = match[1], int(match[2])
    kind, _, numbers = name.partition("-")
    if name in NAMES:
        return {"strategy": name, **found}
    if kind == "mixing" and numbers:
        shares = [float(share) for share in numbers.split("-")]
        return {"mixing": shares[0] if len(shares) == 1 else shares, **found}
    if kind == "wrap" and numbers:
        return {"wrap": tuple(int(size) for size in numbers.split("-")), **found}
    raise ValueError(
        f"unknown strategy {strategy!r}: use one of {', '.join(NAMES)}, mixing-0.5, wrap-2-1, or one of "
        "these followed by -gain-2 or -160-epochs"
    )


def derived(strategy: str, kind: str) -> dict[str, str]:
    """Names and merges of the models that come from a trained one on a task of this kind."""
    merges = DERIVED.get(strategy, {})
    return {name: merge for name, merge in merges.items() if kind == "labels" or merge != "probability"}


def source(strategy: str) -> tuple[str, str | None]:
    """The trained strategy that a model comes from, and the merge that makes it (None: as trained)."""
    for trained, merges in DERIVED.items():
        if strategy in merges:
            return trained, merges[strategy]
    return strategy, None
