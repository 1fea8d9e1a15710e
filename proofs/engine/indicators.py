"""Indicator factors of a summand, and the one value at which each pins a summation index."""

from __future__ import annotations

import sympy as sp

from .ranges import Channels, Index, Interval, UnsoundError
from .symbols import Same, SameChannel


def pinned(summand: sp.Expr, i: Index) -> sp.Expr:
    """The value at which an indicator factor of the summand pins an index, if it is in the range."""
    factors = sp.Mul.make_args(summand)
    if isinstance(i, Channels):
        pin = _only([f for f in factors if isinstance(f, SameChannel) and f.has(i.symbol)], i)
        a, b = pin.args
        if a == i.symbol or b == i.symbol:
            return b if a == i.symbol else a
        return i.rep.p(a) if b == i.rep.p(i.symbol) else i.rep.p(b)
    value = solution(summand, i)
    inside = sp.expand(value - i.low).is_nonnegative and sp.expand(i.high - 1 - value).is_nonnegative
    if not (value.is_integer and inside):
        raise UnsoundError(f"{i.symbol} = {value} is not known to lie in [{i.low}, {i.high})")
    return value


def _only(pins: list[sp.Expr], i: Index) -> sp.Expr:
    if len(pins) != 1:
        raise UnsoundError(f"{len(pins)} indicators pin {i.symbol}, expected 1")
    return pins[0]


def solution(summand: sp.Expr, i: Interval) -> sp.Expr:
    """The one value of an index at which an indicator factor of the summand is not 0."""
    pin = _only([f for f in sp.Mul.make_args(summand) if isinstance(f, Same) and f.has(i.symbol)], i)
    slope = sp.diff(pin.args[0], i.symbol)
    value = sp.cancel(i.symbol - pin.args[0] / slope)
    if value.has(i.symbol) or not slope.is_nonzero:
        raise UnsoundError(f"{pin} does not pin {i.symbol} to one value")
    return value
