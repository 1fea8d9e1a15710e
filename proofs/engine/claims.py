"""What a proof consists of: claims that can be proved, and false ones that the same machinery must refute."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .ranges import Index, UnsoundError
from .statements import Part
from .sums import Side, bound, residual, under, value
from .worlds import World, assignments


class NotProvedError(Exception):
    """The machinery could not derive the claim."""


class NotRefutedError(Exception):
    """No counter-example was found."""


class UncarriedError(Exception):
    """A part of a statement that no claim carries, or a claim that carries no part."""


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
        if both := {i.symbol for i in self.free} & (bound(self.left) | bound(self.right)):
            raise UnsoundError(f"{self.name}: {both} are free and summed over")
        left, right = under(self.left, self.free), under(self.right, self.free)
        if rest := residual(self.rewrite_left(left), self.rewrite_right(right)):
            raise NotProvedError(f"{self.name}: left over {getattr(rest[0], 'summand', rest[0])}")
        if not any(True for world in self.worlds for _ in self._points(world)):
            raise UnsoundError(f"{self.name}: no world to evaluate it in: name one with a point")
        if found := self._counter_example():
            raise UnsoundError(f"{self.name}: derived, and yet {found}")

    def refute(self) -> str:
        """The first point of the first world where the two sides differ."""
        if found := self._counter_example():
            return found
        raise NotRefutedError(f"{self.name}: holds in all {len(self.worlds)} worlds")

    def _points(self, world: World) -> Iterator[dict[str, int]]:
        return assignments({i.symbol.name: i.values(world) for i in self.free})

    def _counter_example(self) -> str | None:
        for world in self.worlds:
            for at in self._points(world):
                a, b = value(self.left, world, at), value(self.right, world, at)
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
    """A theorem: the parts of its statement, the claims that carry them, and the code and test that use it.

    ``coverage`` says which sizes the claims cover, ``method`` how they are checked (``EVERY_SIZE``, a grid,
    or both); ``decides`` is what a user can decide by it. What is only words stands in its part.
    """

    number: int
    title: str
    parts: Sequence[Part]
    coverage: str
    method: str
    decides: str
    code: tuple[str, ...]
    tests: str
    claims: Sequence[Claim]
    twins: Sequence[Claim]
    refutations: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def statement(self) -> str:
        """The sentences, one after the other."""
        return "; ".join(part.words for part in self.parts)

    @property
    def prose(self) -> str:
        """What is argued in words, and not machine-checked."""
        return "; ".join(dict.fromkeys(part.prose for part in self.parts if part.prose))

    def check(self) -> None:
        """Try every part on the package, prove every claim and refute every twin; raise at a fault."""
        self.check_carriers()
        for part in self.parts:
            part.check()
        for claim in self.claims:
            claim.prove()
        if not self.twins:
            raise NotRefutedError(f"T{self.number} has no negative twin")
        for twin in self.twins:
            self.refutations[twin.name] = _refutation(twin)

    def check_carriers(self) -> None:
        """Raise UncarriedError unless the claims are those that the parts name, each at least once."""
        names = [claim.name for claim in self.claims]
        carriers = {name for part in self.parts for name in part.by}
        if twice := {name for name in names if names.count(name) > 1}:
            raise UncarriedError(f"T{self.number}: two claims are called {sorted(twice)[0]!r}")
        for part in self.parts:
            if not part.by and not part.prose:
                raise UncarriedError(f"T{self.number}: no claim carries {part.words!r}")
            if gone := set(part.by) - set(names):
                raise UncarriedError(f"T{self.number}: {part.words!r} lacks the claim {sorted(gone)[0]!r}")
        if idle := set(names) - carriers:
            raise UncarriedError(f"T{self.number}: {sorted(idle)[0]!r} carries no part of the statement")


def _refutation(twin: Claim) -> str:
    try:
        twin.prove()
    except (NotProvedError, UnsoundError):
        return twin.refute()
    raise NotRefutedError(f"{twin.name}: false, and yet derived")
