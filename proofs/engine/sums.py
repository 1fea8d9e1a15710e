"""Sums over index ranges of any size, and the few ways of rewriting them, each with its side condition
checked.

A re-indexing must be a bijection of the range onto itself, a split must cut inside the range, a collapse
must hit exactly one index. When a side condition does not hold, :class:`UnsoundError` is raised and
nothing is proved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp

from .indicators import pinned, solution
from .ranges import Index, Interval, UnsoundError
from .symbols import Below
from .worlds import World, assignments


@dataclass(frozen=True)
class Sum:
    """The sum of ``summand`` over ``indices``; or, with ``fold=max``, the maximum."""

    summand: sp.Expr
    indices: tuple[Index, ...] = ()
    fold: Callable[[Sequence[float]], float] = sum
    given: tuple[Index, ...] | None = field(default=None, compare=False)
    """The free indices of the identity whose side is being rewritten; None while it is being stated."""

    def __post_init__(self) -> None:
        bound = {i.symbol for i in self.indices}
        if len(bound) < len(self.indices):
            raise UnsoundError(f"{[str(i.symbol) for i in self.indices]}: two indices have one name")
        for i in self.indices:
            if isinstance(i, Interval) and (i.low.free_symbols | i.high.free_symbols) & bound:
                raise UnsoundError(f"the range [{i.low}, {i.high}) of {i.symbol} depends on another index")

    def __rmul__(self, factor: Any) -> Sum:
        factor = sp.sympify(factor)
        if factor == 1:
            return self
        if self.fold is not sum or factor.free_symbols & {i.symbol for i in self.indices}:
            raise UnsoundError(f"{factor} does not pass under {self}")
        return replace(self, summand=factor * self.summand)

    def __add__(self, other: Side) -> Total:
        return total(self) + other

    def substitute(self, values: Mapping[sp.Symbol, sp.Expr]) -> Sum:
        """State a special case: a size in other symbols, in summand and bounds: ``{K: k0 + 1 + after}``."""
        bound = {i.symbol for i in self.indices}
        if self.given is not None:
            raise UnsoundError(f"{values}: a special case belongs to the statement, not to its derivation")
        if bound & (set(values) | {s for v in values.values() for s in sp.sympify(v).free_symbols}):
            raise UnsoundError(f"{values} touch an index of {self}")
        indices = tuple(
            replace(i, low=i.low.subs(values), high=i.high.subs(values)) if isinstance(i, Interval) else i
            for i in self.indices
        )
        return replace(self, summand=sp.sympify(self.summand).subs(values), indices=indices)

    def reindex(self, **images: sp.Expr) -> Sum:
        """Replace indices by bijections of their ranges: ``reindex(k=K - 1 - k, c=p(c))``."""
        chosen = {i.symbol: i for i in self.indices if i.symbol.name in images}
        if len(chosen) != len(images):
            raise UnsoundError(f"{sorted(images)} are not all indices of {self}")
        for symbol, i in chosen.items():
            image = images[symbol.name]
            if image.free_symbols & ({j.symbol for j in self.indices} - {symbol}):
                raise UnsoundError(f"{symbol} -> {image} depends on another index")
            i.check_bijection(image)
        pairs = {symbol: images[symbol.name] for symbol in chosen}
        return replace(self, summand=sp.sympify(self.summand).subs(pairs, simultaneous=True))

    def parts(self, *summands: sp.Expr) -> Total:
        """The sum as a total of sums with the given summands, which must add up to the summand."""
        self._must_add()
        if expanded(sum(summands) - self.summand) != 0:
            raise UnsoundError(f"{summands} do not add up to {self.summand}")
        return Total(tuple(replace(self, summand=s) for s in summands))

    def exchange(self, first: str, second: str) -> Sum:
        """Swap the names of two indices that run over the same range."""
        a, b = (next(i for i in self.indices if i.symbol.name == n) for n in (first, second))
        if replace(b, symbol=a.symbol) != a:
            raise UnsoundError(f"{first} and {second} have different ranges")
        swapped = {a.symbol: b.symbol, b.symbol: a.symbol}
        return replace(self, summand=self.summand.subs(swapped, simultaneous=True))

    def split(self, name: str, at: sp.Expr) -> Total:
        """The range of one interval cut in two at ``at``; in each part ``Below(index, ...)`` is decided."""
        self._must_add()
        i = next(i for i in self.indices if i.symbol.name == name)
        if not ((at - i.low).is_nonnegative and (i.high - at).is_nonnegative):
            raise UnsoundError(f"{at} is not known to lie in [{i.low}, {i.high}]")
        parts = (replace(i, high=at), replace(i, low=at))
        return Total(tuple(self._within(i, part) for part in parts if part.low != part.high))

    def _must_add(self) -> None:
        if self.fold is not sum:
            raise UnsoundError(f"{self} is no sum: only re-indexing holds for every fold")

    def _within(self, old: Interval, new: Interval) -> Sum:
        def decide(a: sp.Expr, b: sp.Expr) -> sp.Expr:
            if a == new.symbol and (b - new.high).is_nonnegative:
                return sp.S.One
            if a == new.symbol and (new.low - b).is_nonnegative:
                return sp.S.Zero
            return Below(a, b, evaluate=False)

        indices = tuple(new if i == old else i for i in self.indices)
        return replace(self, summand=self.summand.replace(Below, decide), indices=indices)

    def shift(self, name: str, by: sp.Expr) -> Sum:
        """Count an index from ``by`` less: its range moves, and the summand is read ``by`` further on."""
        i = next(i for i in self.indices if i.symbol.name == name)
        if not by.is_integer:
            raise UnsoundError(f"{i.symbol} cannot be counted from {by} less: it is no whole number")
        moved = replace(i, low=sp.expand(i.low - by), high=sp.expand(i.high - by))
        indices = tuple(moved if j == i else j for j in self.indices)
        summand = self.summand.subs(i.symbol, i.symbol + by)
        return replace(self, summand=summand, indices=indices)

    def collapse(self, name: str) -> Sum:
        """Drop an index that an indicator factor pins to one value inside the range."""
        self._must_add()
        i = next(i for i in self.indices if i.symbol.name == name)
        rest = tuple(j for j in self.indices if j != i)
        value = pinned(self.summand, i, (*rest, *(self.given or ())))
        return replace(self, summand=self.summand.subs(i.symbol, value), indices=rest)

    def vanish(self, name: str, floor: sp.Expr) -> Sum:
        """Zero, as an indicator pins an index outside the range, or between two whole numbers.

        The value lies above ``floor``, which is the last index or more; or between ``floor`` and
        ``floor + 1``; or below the first index.
        """
        self._must_add()
        i = next(i for i in self.indices if i.symbol.name == name)
        value = solution(self.summand, i)
        above = sp.cancel(value - floor).is_positive and floor.is_integer
        between = above and sp.cancel(floor + 1 - value).is_positive
        outside = above and sp.expand(floor - i.high + 1).is_nonnegative
        if not (between or outside or sp.expand(i.low - value).is_positive):
            raise UnsoundError(f"{i.symbol} = {value} may lie in [{i.low}, {i.high})")
        return Sum(sp.S.Zero)

    def value(self, world: World, at: dict[str, int]) -> float:
        """The value in a concrete world, by adding up."""
        ranges = {i.symbol.name: i.values(world) for i in self.indices}
        return self.fold([world.value(self.summand, {**at, **inner}) for inner in assignments(ranges)])


@dataclass(frozen=True)
class Total:
    """A sum of sums, over ranges that may differ."""

    terms: tuple[Sum, ...]

    def __post_init__(self) -> None:
        if folded := [t for t in self.terms if t.fold is not sum]:
            raise UnsoundError(f"{folded[0]} is no sum: maxima are not added term by term")

    def __add__(self, other: Side) -> Total:
        return Total(self.terms + total(other).terms)

    def __rmul__(self, factor: Any) -> Total:
        return Total(tuple(factor * t for t in self.terms))

    def each(self, rewrite: Callable[[Sum], Side]) -> Total:
        """Rewrite every term."""
        return Total(tuple(t for term in self.terms for t in total(rewrite(term)).terms))

    def value(self, world: World, at: dict[str, int]) -> float:
        """The value in a concrete world."""
        return sum(t.value(world, at) for t in self.terms)


Side = Sum | Total | sp.Expr


def total(side: Side) -> Total:
    """Any side of an equation as a sum of sums."""
    if isinstance(side, Total):
        return side
    return Total((side if isinstance(side, Sum) else Sum(sp.sympify(side)),))


def value(side: Side, world: World, at: Mapping[str, int]) -> float:
    """The value of any side of an equation in a concrete world."""
    return side.value(world, dict(at)) if isinstance(side, Sum | Total) else world.value(side, at)


def folded(side: Side) -> bool:
    """Whether a side is a maximum, which nothing is added to."""
    return isinstance(side, Sum) and side.fold is not sum


def under(side: Side, given: Sequence[Index]) -> Side:
    """The side as the beginning of a derivation, in which ``given`` indices are free."""
    if isinstance(side, Total):
        return Total(tuple(replace(t, given=tuple(given)) for t in side.terms))
    return replace(side, given=tuple(given)) if isinstance(side, Sum) else side


def bound(side: Side) -> set[sp.Symbol]:
    """The symbols that a side sums over."""
    terms = side.terms if isinstance(side, Total) else (side,) if isinstance(side, Sum) else ()
    return {i.symbol for t in terms for i in t.indices}


def residual(left: Side, right: Side) -> list[Any]:
    """What is left of ``left - right`` after adding summands over equal ranges: empty when they are equal."""
    if folded(left) or folded(right):
        alike = folded(left) and folded(right) and (left.indices, left.fold) == (right.indices, right.fold)
        return [] if alike and expanded(left.summand - right.summand) == 0 else [left, right]
    by_range: dict[tuple[Index, ...], sp.Expr] = {}
    for sign, side in ((1, left), (-1, right)):
        for term in total(side).terms:
            by_range[term.indices] = by_range.get(term.indices, sp.S.Zero) + sign * term.summand
    remainders = {indices: expanded(summand) for indices, summand in by_range.items()}
    return [Sum(summand, indices) for indices, summand in remainders.items() if summand != 0]


def expanded(expression: sp.Expr) -> sp.Expr:
    """Multiplied out, inside the arguments of functions as well."""
    return sp.expand(sp.expand(expression, deep=True), deep=True)
