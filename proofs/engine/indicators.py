"""Indicator factors of a summand, and the one value at which each pins a summation index."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from .ranges import Channels, Index, Interval, UnsoundError
from .symbols import Same, SameChannel


def pinned(summand: sp.Expr, i: Index, given: Sequence[Index] = ()) -> sp.Expr:
    """The value at which an indicator factor of the summand pins an index, if it is in the range.

    ``given`` are the indices that may stand in the value: a channel must be one of the same Rep.
    """
    if isinstance(i, Channels):
        return _channel(summand, i, given)
    value = solution(summand, i)
    inside = sp.expand(value - i.low).is_nonnegative and sp.expand(i.high - 1 - value).is_nonnegative
    if not (value.is_integer and inside):
        raise UnsoundError(f"{i.symbol} = {value} is not known to lie in [{i.low}, {i.high})")
    return value


def _channel(summand: sp.Expr, i: Channels, given: Sequence[Index]) -> sp.Expr:
    """The channel that equals an index, or whose partner does."""
    factors = sp.Mul.make_args(summand)
    pin = _only([f for f in factors if isinstance(f, SameChannel) and f.has(i.symbol)], i)
    a, b = pin.args
    if i.symbol in (a, b):
        value = b if a == i.symbol else a
    elif i.rep.p(i.symbol) in (a, b):
        value = i.rep.p(a if b == i.rep.p(i.symbol) else b)
    else:
        raise UnsoundError(f"{pin} does not pin {i.symbol} to one channel of {i.rep.name}")
    same_rep = [j.symbol for j in given if isinstance(j, Channels) and j.rep is i.rep]
    if value not in same_rep and i.rep.p(value) not in same_rep:
        raise UnsoundError(f"{i.symbol} = {value} is not known to be a channel of {i.rep.name}")
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
