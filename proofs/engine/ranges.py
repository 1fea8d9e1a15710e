"""The ranges that an index runs over, and which replacements of the index are bijections of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import sympy as sp

from .symbols import SymbolicRep
from .worlds import World


class UnsoundError(Exception):
    """A rewriting whose side condition does not hold."""


@dataclass(frozen=True)
class Interval:
    """The whole numbers low <= symbol < high; the bounds may be symbolic."""

    symbol: sp.Symbol
    low: sp.Expr
    high: sp.Expr

    def check_bijection(self, image: sp.Expr) -> None:
        """Affine of slope -1, its own inverse, and swapping the two ends: then it is one-to-one and onto."""
        i = self.symbol
        last = self.high - 1
        twice = sp.expand(image.subs(i, image))
        slope, at_low, at_last = sp.diff(image, i), image.subs(i, self.low), image.subs(i, last)
        if slope != -1 or twice != i or sp.expand(at_low - last) != 0 or sp.expand(at_last - self.low) != 0:
            raise UnsoundError(f"{i} -> {image} does not map [{self.low}, {self.high}) onto itself")

    def values(self, world: World) -> range:
        """The indices in a concrete world."""
        return range(world.size(self.low), world.size(self.high))


@dataclass(frozen=True)
class Channels:
    """All channels of a representation, however many."""

    symbol: sp.Symbol
    rep: SymbolicRep

    def check_bijection(self, image: sp.Expr) -> None:
        """The partner map, which is its own inverse."""
        if image != self.rep.p(self.symbol) or image.subs(self.symbol, image) != self.symbol:
            raise UnsoundError(f"{self.symbol} -> {image} is not the partner map of {self.rep.name}")

    def named(self, symbol: sp.Symbol) -> Channels:
        """The same channels under another name."""
        return replace(self, symbol=symbol)

    def values(self, world: World) -> range:
        """The indices in a concrete world."""
        return world.channels(self.rep.name)


Index = Interval | Channels
