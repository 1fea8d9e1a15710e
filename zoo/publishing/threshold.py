"""From which answer on a label is called: so that at most one call in ten is wrong, as validation has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

FDR = 0.1
"""The share of calls that may be wrong: what peak callers and the field's figures allow."""


class Threshold(NamedTuple):
    """The least logit that is called; on the test split, the shares of positives found and of calls wrong."""

    output: str
    logit: float
    found: float
    wrong: float


def threshold(target: np.ndarray, logits: np.ndarray) -> float | None:
    """The least logit from which on at most :data:`FDR` of the examples, (n,) each, are negative; or None.

    NaN in the target was not measured, and is left out.
    """
    measured = ~np.isnan(target.astype(np.float64))
    order = np.argsort(-logits[measured], kind="stable")
    given, positive = logits[measured][order], target[measured][order] > 0.5
    last_of_equals = np.append(given[1:] < given[:-1], True)[: len(given)]
    wrong = 1 - positive.cumsum() / np.arange(1, len(given) + 1)
    allowed = np.flatnonzero(last_of_equals & (wrong <= FDR))
    return float(given[allowed[-1]]) if len(allowed) else None


def on_test(output: str, logit: float, target: np.ndarray, logits: np.ndarray) -> Threshold:
    """What a threshold finds of the test split, (n,) each, and how much of that is wrong."""
    measured = ~np.isnan(target.astype(np.float64))
    positive, called = target[measured] > 0.5, logits[measured] >= logit
    wrong = float((called & ~positive).sum() / called.sum()) if called.any() else 0.0
    return Threshold(output, logit, float(called[positive].mean()) if positive.any() else float("nan"), wrong)


def threshold_section(of: Sequence[Threshold], outputs: Sequence[str]) -> str:
    """Thresholds as a section of a card; of ``outputs`` that have none it says so."""
    lines = [f"| {one.output} | {one.logit:.3f} | {one.found:.1%} | {one.wrong:.1%} |" for one in of]
    head = ["| output | least logit | positives found | calls wrong |", "|---|---|---|---|"]
    missing = [name for name in outputs if name not in {one.output for one in of}]
    none = f"\n\nNo logit keeps {', '.join(missing)} to {FDR:.0%} on the validation split." if missing else ""
    return (
        f"## Threshold\n\nCalled from this logit on, at most {FDR:.0%} of the calls on the validation split "
        "are wrong. On the test split, whose share of positives it supposes:\n\n"
        + "\n".join([*head, *lines])
        + none
    )
