"""What a proof consists of: claims that can be proved, and false ones that the same machinery must refute."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .ranges import Index, UnsoundError
from .sums import Side, residual, total
from .worlds import World, assignments


class NotProvedError(Exception):
    """The machinery could not derive the claim."""


class NotRefutedError(Exception):
    """No counter-example was found."""


class Claim(Protocol):
    """Anything that is either derived or refuted."""

    name: str

    def prove(self) -> None:
        """Return if the claim was derived; raise NotProvedError or UnsoundError if it was not."""

    def refute(self) -> str:
        """Return a counter-example in words; raise NotRefutedError if there is none."""


def unchanged(side: Side) -> Side:
    """The rewriting that does nothing."""
    return side


@dataclass(frozen=True)
class Identity:
    """``left == right`` for every value of the free indices, every size and every array.

    ``rewrite_left`` and ``rewrite_right`` are the derivation: checked rewritings after which both sides have
    the same summands over the same ranges. ``worlds`` are evaluated as well, with the original sides: they
    hold the counter-example to a false identity, and would expose a machinery that proved one.
    """

    name: str
    left: Side
    right: Side
    free: Sequence[Index] = ()
    worlds: Sequence[World] = ()
    rewrite_left: Callable[[Any], Side] = unchanged
    rewrite_right: Callable[[Any], Side] = unchanged

    def prove(self) -> None:
        """Derive the identity, then evaluate it in the worlds."""
        if rest := residual(self.rewrite_left(self.left), self.rewrite_right(self.right)):
            raise NotProvedError(f"{self.name}: left over {rest[0].summand}")
        if found := self._counter_example():
            raise UnsoundError(f"{self.name}: derived, and yet {found}")

    def refute(self) -> str:
        """The first point of the first world where the two sides differ."""
        if found := self._counter_example():
            return found
        raise NotRefutedError(f"{self.name}: holds in all {len(self.worlds)} worlds")

    def _counter_example(self) -> str | None:
        left, right = total(self.left), total(self.right)
        for world in self.worlds:
            for at in assignments({i.symbol.name: i.values(world) for i in self.free}):
                a, b = left.value(world, at), right.value(world, at)
                if abs(a - b) > 1e-9 * (1 + abs(a) + abs(b)):
                    reps = {f"Rep {name}": rep for name, rep in world.reps.items()}
                    return f"{a:g} != {b:g} at {_words({**world.sizes, **reps, **at})}"
        return None


@dataclass(frozen=True)
class Grid:
    """A statement checked case by case: ``fails(case)`` is None, or says what is wrong."""

    name: str
    cases: Callable[[], Iterable[Any]]
    fails: Callable[[Any], str | None]

    def prove(self) -> None:
        """Go through every case."""
        count = 0
        for case in self.cases():
            count += 1
            if problem := self.fails(case):
                raise NotProvedError(f"{self.name}: {problem} at {_words(case)}")
        if not count:
            raise NotProvedError(f"{self.name}: there was no case to check")

    def refute(self) -> str:
        """The first case that fails."""
        for case in self.cases():
            if problem := self.fails(case):
                return f"{problem} at {_words(case)}"
        raise NotRefutedError(f"{self.name}: holds in every case")


@dataclass(frozen=True)
class Fact:
    """A single computation: ``fails()`` is None, or says what is wrong."""

    name: str
    fails: Callable[[], str | None]

    def prove(self) -> None:
        """Run it."""
        if problem := self.fails():
            raise NotProvedError(f"{self.name}: {problem}")

    def refute(self) -> str:
        """What is wrong."""
        if problem := self.fails():
            return problem
        raise NotRefutedError(f"{self.name}: holds")


def _words(case: Any) -> str:
    if isinstance(case, Mapping):
        return ", ".join(f"{k}={v}" for k, v in case.items())
    return ", ".join(map(str, case)) if isinstance(case, tuple) else str(case)


EVERY_SIZE = "every size"


@dataclass(frozen=True)
class Theorem:
    """A theorem: its words, what of it is machine-checked, and the code and test that use it.

    ``coverage`` says which sizes the machine-checked part covers, ``method`` how (``EVERY_SIZE``, a grid, or
    both); ``prose`` is the part that is argued in the file's docstring and not machine-checked, if any.
    """

    number: int
    title: str
    statement: str
    coverage: str
    method: str
    code: tuple[str, ...]
    tests: str
    claims: Sequence[Claim]
    twins: Sequence[Claim]
    prose: str = ""
    refutations: dict[str, str] = field(default_factory=dict, compare=False)

    def check(self) -> None:
        """Prove every claim and refute every twin; raise on the first that fails."""
        for claim in self.claims:
            claim.prove()
        if not self.twins:
            raise NotRefutedError(f"T{self.number} has no negative twin")
        for twin in self.twins:
            self.refutations[twin.name] = _refutation(twin)


def _refutation(twin: Claim) -> str:
    try:
        twin.prove()
    except (NotProvedError, UnsoundError):
        return twin.refute()
    raise NotRefutedError(f"{twin.name}: false, and yet derived")
