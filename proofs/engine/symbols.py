"""Symbols of the proofs: a representation with any number of channels, and indicators of equal indices.

The rewriting is done by the symbols themselves, when they are built: ``p(p(c))`` becomes ``c``, ``s(p(c))``
becomes ``s(c)``, ``s(c)**2`` becomes 1. Those three are the definition of a Rep, and nothing else is assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp


class _Partner(sp.Function):
    """The partner ``p(c)`` of a channel, with p(p(c)) = c."""

    nargs = 1
    is_integer = True

    @classmethod
    def eval(cls, c: sp.Expr) -> sp.Expr | None:
        return c.args[0] if isinstance(c, cls) else None


class _Sign(sp.Function):
    """The sign ``s(c)``, +1 or -1, with s(p(c)) = s(c)."""

    nargs = 1
    is_integer = True
    is_nonzero = True
    partner: type[_Partner]

    @classmethod
    def eval(cls, c: sp.Expr) -> sp.Expr | None:
        return cls(c.args[0]) if isinstance(c, cls.partner) else None

    def _eval_power(self, exponent: sp.Expr) -> sp.Expr | None:
        return {True: sp.S.One, False: self if exponent.is_odd else None}[bool(exponent.is_even)]


class SymbolicRep:
    """A Rep whose channels are not counted: a partner ``p`` and a sign ``s``, and how they act.

    >>> rep, c = SymbolicRep("example"), index("c")
    >>> rep.p(rep.p(c)), rep.s(rep.p(c)) * rep.s(c)
    (c, 1)
    """

    def __init__(self, name: str, signed: bool = True) -> None:
        self.name = name
        self.p: Any = type(_Partner)(f"p_{name}", (_Partner,), {})
        self.s: Any = (
            type(_Sign)(f"s_{name}", (_Sign,), {"partner": self.p}) if signed else lambda c: sp.S.One
        )

    def act(self, x: Callable[..., Any], length: sp.Expr) -> Callable[..., Any]:
        """R x, as a function of (..., channel, position): ``s(c) * x(..., p(c), length - 1 - t)``."""
        return lambda *i: self.s(i[-2]) * x(*i[:-2], self.p(i[-2]), length - 1 - i[-1])


class Same(sp.Function):
    """1 where the whole number in the argument is 0, else 0: positions that coincide."""

    nargs = 1
    is_integer = True

    @classmethod
    def eval(cls, difference: sp.Expr) -> sp.Expr | None:
        """Decide what is known to be zero or not; write the difference with one of its two signs."""
        difference = sp.expand(difference)
        if difference.is_zero:
            return sp.S.One
        if difference.is_nonzero:
            return sp.S.Zero
        canonical = min(difference, sp.expand(-difference), key=sp.default_sort_key)
        return None if canonical == difference else cls(canonical)

    def _eval_power(self, exponent: sp.Expr) -> sp.Expr | None:
        return self if exponent.is_positive else None


class SameChannel(sp.Function):
    """1 where two channels coincide, else 0; p is one-to-one, so (p(a), p(b)) is (a, b)."""

    nargs = 2
    is_integer = True

    @classmethod
    def eval(cls, a: sp.Expr, b: sp.Expr) -> sp.Expr | None:
        """Move a partner map to the second argument, where one remains."""
        if a == b:
            return sp.S.One
        if isinstance(a, _Partner):
            return cls(a.args[0], b.args[0] if isinstance(b, type(a)) else a.func(b))
        first, second = a, b.args[0] if isinstance(b, _Partner) else b
        if sp.default_sort_key(second) < sp.default_sort_key(first):
            return cls(second, b.func(first) if isinstance(b, _Partner) else first)
        return None

    def _eval_power(self, exponent: sp.Expr) -> sp.Expr | None:
        return self if exponent.is_positive else None


class Below(sp.Function):
    """1 where the first whole number is less than the second, else 0."""

    nargs = 2
    is_integer = True

    @classmethod
    def eval(cls, a: sp.Expr, b: sp.Expr) -> sp.Expr | None:
        """Decide what the assumptions on the symbols decide."""
        if (b - a).is_positive:
            return sp.S.One
        return sp.S.Zero if (a - b).is_nonnegative else None


def index(*names: str) -> Any:
    """Symbols for whole numbers that are indices (one, or a tuple)."""
    return sp.symbols(" ".join(names), integer=True)


def size(*names: str) -> Any:
    """Symbols for whole numbers of at least 1: lengths, widths, strides (one, or a tuple)."""
    return sp.symbols(" ".join(names), integer=True, positive=True)


def natural(*names: str) -> Any:
    """Symbols for whole numbers of at least 0: paddings, crops, counts (one, or a tuple)."""
    return sp.symbols(" ".join(names), integer=True, nonnegative=True)


def table(name: str) -> Any:
    """An arbitrary real array: weights, inputs, outputs of an unknown function; only indices are written."""
    return sp.Function(name, real=True)
