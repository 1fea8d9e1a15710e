"""What a check says: passed, failed, skipped or noted; where a law was broken; and the likely cause."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .counterexample import Counterexample
from .tested_model import Problem, TestedModel

Status = Literal["passed", "failed", "skipped", "noted"]


@dataclass(frozen=True)
class Violation:
    """Where a law was broken: a model in the state it was in, and the sequences (batches of base codes)."""

    tested: TestedModel
    batches: list[np.ndarray]
    tolerance: float
    modes: str = "evaluation mode"

    def error(self, tested: TestedModel | None = None, batches: Iterable[np.ndarray] | None = None) -> float:
        """The largest error of the law, of another model or on other sequences where given."""
        chosen = self.tested if tested is None else tested
        return max(chosen.error(codes, n) for n, codes in enumerate(batches or self.batches))

    def holds(self, tested: TestedModel | None = None, batches: Iterable[np.ndarray] | None = None) -> bool:
        """Whether the law holds there; a model that cannot run does not."""
        try:
            return self.error(tested, batches) <= self.tolerance
        except Problem:
            return False


@dataclass(frozen=True)
class Result:
    """What one check found. ``noted`` reports a fact that neither passes nor fails."""

    status: Status
    detail: str = ""
    error: float | None = None
    violation: Violation | None = None
    counterexample: Counterexample | None = None
    cause: str | None = None
    name: str = ""
    sentence: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Diagnosis:
    """A cause, in a sentence with its remedy; ``verified`` if the law held again once it was mended."""

    cause: str
    sentence: str
    verified: bool = True

    def __str__(self) -> str:
        return f"{self.cause}: {self.sentence}" + ("" if self.verified else " (a hypothesis, not verified)")


def passed(detail: str = "", error: float | None = None) -> Result:
    """The check ran and its law holds."""
    return Result("passed", detail, error)


def failed(detail: str, error: float | None = None, **more: Any) -> Result:
    """The check ran and its law is broken."""
    return Result("failed", detail, error, **more)


def skipped(why: str) -> Result:
    """The check did not run."""
    return Result("skipped", why)


def noted(detail: str, error: float | None = None) -> Result:
    """A fact worth knowing."""
    return Result("noted", detail, error)
