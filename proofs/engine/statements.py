"""What a theorem states: parts, each of them two quantities and a relation between them.

A quantity is words together with a measurement of the package, so that the words of a statement cannot be
turned round, weakened or strengthened without notice: on the cases tried the package must show every outcome
that the relation allows, and no other. "At most" fails where nothing is ever less, and where nothing is
ever equal; "only if" fails where the converse holds as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

ROUNDING = 1e-9
"""Relative; measurements are in float64, whose sums of some hundred terms are good to about 1e-13."""
SIMULATED = 0.02
"""Relative; four times the error of the means of 4,000 draws that are compared."""


class StatementError(Exception):
    """The package does not show what a part states, or shows more."""


@dataclass(frozen=True)
class Quantity:
    """Words, and what the package computes for them in a case."""

    words: str
    measure: Callable[[Any], Any]


@dataclass(frozen=True)
class Relation:
    """A sign between two quantities, and the outcomes of comparing them that it allows."""

    sign: str
    outcomes: frozenset[Any]
    compare: Callable[[Any, Any], Any]


def agree(left: Any, right: Any) -> Any:
    """``"equal"`` where two arrays, numbers or tuples of them agree, to rounding, else ``"different"``."""
    if isinstance(left, tuple):
        same = len(left) == len(right) and all(
            agree(u, v) == "equal" for u, v in zip(left, right, strict=True)
        )
        return "equal" if same else "different"
    import torch

    u, v = (torch.as_tensor(side, dtype=torch.float64) for side in (left, right))
    scale = max(1.0, *(float(w.abs().max()) for w in (u, v) if w.numel()))
    return "equal" if u.shape == v.shape and bool((u - v).abs().le(ROUNDING * scale).all()) else "different"


def ordered(left: Any, right: Any) -> str:
    """Which of two numbers is the smaller, to rounding."""
    left, right = float(left), float(right)
    if abs(left - right) <= ROUNDING * (1 + abs(left) + abs(right)):
        return "equal"
    return "less" if left < right else "greater"


def near(left: Any, right: Any) -> str:
    """Whether the mean of a simulation is the number that it estimates."""
    return "equal" if abs(left - right) <= SIMULATED * abs(right) else "different"


def both(left: bool, right: bool) -> tuple[bool, bool]:
    """Two truth values."""
    return bool(left), bool(right)


EQUALS = Relation("=", frozenset({"equal"}), agree)
NEAR = Relation("= (simulated)", frozenset({"equal"}), near)
AT_MOST = Relation("<=", frozenset({"less", "equal"}), ordered)
LESS = Relation("<", frozenset({"less"}), ordered)
IFF = Relation("iff", frozenset({(True, True), (False, False)}), both)


@dataclass(frozen=True)
class Part:
    """``left relation right``: a sentence of a theorem, the claims that carry it, and what is only words.

    ``by`` names the claims; ``cases`` are what the package is asked about; ``prose`` is the step from the
    claims to the sentence, where it is argued in words and not machine-checked.
    """

    left: Quantity
    relation: Relation
    right: Quantity
    by: tuple[str, ...]
    cases: Callable[[], Iterable[Any]]
    prose: str = ""

    @property
    def words(self) -> str:
        """The sentence."""
        return f"{self.left.words} {self.relation.sign} {self.right.words}"

    def check(self) -> None:
        """Raise StatementError unless the package shows exactly the outcomes that the relation allows."""
        seen: set[Any] = set()
        telling = False
        for case in self.cases():
            left, right = self.left.measure(case), self.right.measure(case)
            outcome = self.relation.compare(left, right)
            if outcome not in self.relation.outcomes:
                raise StatementError(f"{self.words}: the package says {outcome} at {case}")
            seen.add(outcome)
            telling = telling or not (_vanishes(left) and _vanishes(right))
        if missing := self.relation.outcomes - seen:
            raise StatementError(
                f"{self.words}: no case shows {min(missing, key=str)}: more holds than is said"
            )
        if not telling:
            raise StatementError(f"{self.words}: everything is zero in every case tried")


def _vanishes(value: Any) -> bool:
    """Whether a measurement is nothing but zeros."""
    if isinstance(value, tuple):
        return all(map(_vanishes, value))
    return not value.any() if hasattr(value, "any") else value == 0
