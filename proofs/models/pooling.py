"""Pooling in T7: sums and maxima over windows, and the impulses that tell shifted windows apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from ..engine.claims import Identity
from ..engine.ranges import Channels, Interval
from ..engine.sums import Sum
from ..engine.symbols import Same, SymbolicRep, index, natural, size, table
from ..engine.worlds import World
from .convolution import K, M, b, batch, c, dilation, input_length, k, positions, stride, t, taps, x

padding = natural("padding")
rho, more, L = size("rho", "more", "L")
u = index("u")


def windows(x: Callable[..., Any], fold: Any) -> Callable[..., Sum]:
    """The sum or maximum over each window of each channel."""
    return lambda b, c, t: Sum(x(b, c, stride * t + dilation * k - padding), (taps,), fold)


def pool(name: str, fold: Any, remainder: sp.Expr = sp.S.Zero) -> Identity:
    """pool(R x) = R pool(x); a sum is padded with zeros, a maximum with minus infinity."""
    rep = SymbolicRep("in", signed=fold is sum)
    L = input_length(remainder, 2 * padding)
    sizes = {"K": 3, "M": 2, "N": 1, "stride": 2, "dilation": 1, "padding": 1, "rho": 1}
    length = 2 * (sizes["M"] - 1) + sizes["K"] + (0 if remainder == 0 else 1) - 2
    reps = {"in": "1r+1s" if fold is sum else "1r+1t"}
    outside = 0 if fold is sum else float("-inf")
    worlds = [World(sizes, reps, {"x": (2, length)}, seed=seed, outside=outside) for seed in range(3)]
    return Identity(
        name,
        windows(rep.act(x, L), fold)(b, c, t),
        rep.act(windows(x, fold), M)(b, c, t),
        (batch, Channels(c, rep), positions),
        worlds,
        rewrite_right=lambda side: side.reindex(k=K - 1 - k),
    )


unsigned = SymbolicRep("any", signed=False)
no_padding = {padding: 0}


def first_window(impulse: sp.Expr, L: sp.Expr) -> Sum:
    """How often window 0 of R x reads the position ``impulse`` of x (no padding)."""
    signal = unsigned.act(lambda b, c, t: Same(t - impulse), L)
    return windows(signal, sum)(b, c, sp.S.Zero).substitute(no_padding)


def last_window(impulse: sp.Expr) -> Sum:
    """How often the last window of x reads the position ``impulse`` of x (no padding)."""
    return windows(lambda b, c, t: Same(t - impulse), sum)(b, c, M - 1).substitute(no_padding)


def told_apart() -> list[Identity]:
    """With a remainder and no padding: the last position of x is read by the one and not by the other."""
    L = input_length(rho)
    world = World({"K": 3, "M": 2, "stride": 3, "dilation": 2, "rho": 2})
    return [
        Identity(
            "pool, remainder: window 0 of R x reads the last position",
            first_window(L - 1, L),
            sp.S.One,
            worlds=[world],
            rewrite_left=lambda side: side.collapse("k"),
        ),
        Identity(
            "pool, remainder: the last window of x does not",
            last_window(L - 1),
            sp.S.Zero,
            worlds=[world],
            rewrite_left=lambda side: side.vanish("k", floor=K - 1),
        ),
    ]


def told_apart_with_ceil_mode() -> list[Identity]:
    """One more window from stride*M on (stride = rho + more) does not read L-K, as window 0 of R x does."""
    L = input_length(rho).subs({dilation: 1, stride: rho + more})
    world = World({"K": 3, "M": 2, "rho": 1, "more": 1})
    partial = Interval(k, sp.S.Zero, L - (rho + more) * M)
    return [
        Identity(
            "ceil_mode: window 0 of R x reads position L-K",
            first_window(L - K, L).substitute({dilation: 1, stride: rho + more}),
            sp.S.One,
            worlds=[world],
            rewrite_left=lambda side: side.collapse("k"),
        ),
        Identity(
            "ceil_mode: the partial window does not",
            Sum(Same((rho + more) * M + k - (L - K)), (partial,)),
            sp.S.Zero,
            worlds=[world],
            rewrite_left=lambda side: side.vanish("k", floor=sp.S.NegativeOne * (more + 1)),
        ),
    ]


def mirrored_windows(name: str, fold: Any, mirror: bool = True) -> Identity:
    """pool(R x) = R pool(x) where every window reads the mirror image of what another reads, padded or not.

    ``window(t, u)`` says whether window t reads position u, or how it weighs it; ``read`` is any function of
    that and of what stands there.
    """
    rep, read, weight = SymbolicRep("in", signed=False), table("read"), table("window")

    def window(t: sp.Expr, u: sp.Expr) -> sp.Expr:
        return weight(t, u) + weight(M - 1 - t, L - 1 - u) if mirror else weight(t, u)

    def pooled(signal: Callable[..., Any]) -> Callable[..., Sum]:
        return lambda b, c, t: Sum(read(window(t, u), signal(b, c, u)), (Interval(u, sp.S.Zero, L),), fold)

    return Identity(
        name,
        pooled(rep.act(x, L))(b, c, t),
        rep.act(pooled(x), M)(b, c, t),
        (batch, Channels(c, rep), positions),
        [World({"L": 4, "M": 2, "N": 1}, {"in": "1r+1t"})],
        rewrite_right=lambda side: side.reindex(u=L - 1 - u),
    )


def told_apart_by_windows() -> Identity:
    """Of an impulse pool(R x) says what window t reads behind it, R pool(x) what the mirror window reads."""
    first, second = natural("first", "second")
    over, window = Interval(u, sp.S.Zero, first + second + 1), table("window")
    turned = Sum(window(t, u) * Same(first + second - u - first), (over,))
    direct = Sum(window(M - 1 - t, u) * Same(u - first), (over,))
    return Identity(
        "pool, only if: an impulse shows what a window reads",
        turned + (-1) * direct,
        window(t, second) - window(M - 1 - t, first),
        (positions,),
        [World({"first": 1, "second": 2, "M": 2})],
        rewrite_left=lambda side: side.each(lambda term: term.collapse("u")),
    )


def maximum_on_sign(width: int) -> str | None:
    """None if the maximum of the negated window is the negated maximum, for windows of two values."""
    window = [1] + [0] * (width - 1)
    changed, wanted = max(-v for v in window), -max(window)
    return None if changed == wanted else f"max(-x) = {changed}, -max(x) = {wanted} for x = {window}"
