"""What a check says: passed, failed, skipped, noted or unrun; where a law was broken; the likely cause."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch

from .calls.inputs import Problem
from .calls.outputs import Both, largest_error
from .tested_model import TestedModel

Status = Literal["passed", "failed", "skipped", "noted", "unrun"]


@dataclass(frozen=True)
class Violation:
    """Where a law was broken: a model in the state it was in, and the sequences (batches of base codes).

    ``off``: by how much, where that is known.
    """

    tested: TestedModel
    batches: list[np.ndarray]
    tolerance: float
    modes: str = "evaluation mode"
    off: float = float("inf")

    def both(
        self, tested: TestedModel | None = None, batches: Iterable[np.ndarray] | None = None
    ) -> list[Both]:
        """What came out and what the law demands, of another model or on other sequences where given."""
        chosen = self.tested if tested is None else tested
        return [chosen.both(codes, n) for n, codes in enumerate(batches or self.batches)]

    def error(self, tested: TestedModel | None = None, batches: Iterable[np.ndarray] | None = None) -> float:
        """The largest error of the law there."""
        return max(map(largest_error, self.both(tested, batches)))

    def holds(
        self,
        tested: TestedModel | None = None,
        batches: Iterable[np.ndarray] | None = None,
        leaving: float = 0.25,
    ) -> bool:
        """Whether the law holds there; a model that cannot run does not.

        Where little precision is asked for, what mends it must leave at most a share of what it was off by.
        Nor does a model that became the same for all sequences, which obeys every law.
        """
        try:
            found = self.both(tested, batches)
        except Problem:
            return False
        if not any(_varies(want) for both in found for _, want in both.values()):
            return False
        # what mends a model adds operations of its own
        return max(map(largest_error, found)) <= min(10 * self.tolerance, leaving * self.off)


def _varies(y: torch.Tensor) -> bool:
    """Whether an answer differs between the sequences of a batch; of one sequence it cannot be told."""
    return not y.ndim or len(y) < 2 or bool((y - y[:1]).abs().max() > 1e-12 * y.abs().max())


@dataclass(frozen=True)
class Counterexample:
    """The smallest sequence found that breaks a law, and the entry of the output that differs most."""

    sequence: str
    output: str
    channel: int | None
    strand: str | None
    position: int | None
    got: float
    expected: float

    def __str__(self) -> str:
        place = "".join(
            [
                f", channel {self.channel}" if self.channel is not None else "",
                f" (strand {self.strand})" if self.strand else "",
                f", position {self.position}" if self.position is not None else "",
            ]
        )
        return f"{self.sequence}: {self.output}{place} is {self.got:.6g}, the law demands {self.expected:.6g}"

    def as_dict(self) -> dict[str, object]:
        """Every field, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Result:
    """What one check found. ``noted``: a fact that neither passes nor fails; ``unrun``: no finding at all."""

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
    """A cause, in a sentence with its remedy; ``verified`` if the law held again once it was mended.

    ``conjoins``: whether conjoining is a repair, and then ``repair`` is what to mind; where not, ``repair``
    is what to type, None where only the model itself can be mended.
    """

    cause: str
    sentence: str
    verified: bool = True
    conjoins: bool = True
    repair: str | None = None

    def __str__(self) -> str:
        return f"{self.cause}: {self.sentence}" + ("" if self.verified else " (a hypothesis, not verified)")


def passed(detail: str = "", error: float | None = None) -> Result:
    """The check ran and its law holds."""
    return Result("passed", detail, error)


def failed(detail: str, error: float | None = None, **more: Any) -> Result:
    """The check ran and its law is broken."""
    return Result("failed", detail, error, **more)


def unrun(why: str) -> Result:
    """The check could not be run, which is no verdict on the model; nor is it a pass."""
    return Result("unrun", why)


def skipped(why: str) -> Result:
    """The check did not run."""
    return Result("skipped", why)


def noted(detail: str, error: float | None = None) -> Result:
    """A fact worth knowing."""
    return Result("noted", detail, error)
