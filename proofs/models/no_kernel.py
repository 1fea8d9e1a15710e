"""T7, 'only if' without padding: with a remainder no tied kernel but 0 commutes with R."""

from __future__ import annotations

from typing import Any

import sympy as sp

from ..engine.claims import Identity
from ..engine.ranges import Channels
from ..engine.sums import Side
from ..engine.symbols import Same, SameChannel, index, natural, size
from ..engine.worlds import World
from .convolution import K, M, b, channels_out, convolve, dilation, input_length, inputs, o, outputs, tied
from .pooling import rho

reps = {"in": "1r+1t", "out": "1r+1s"}
q, j, part = index("q"), size("j"), size("part")
above, after, extra, whole = natural("above", "after", "extra", "whole")


def no_kernel(
    name: str, k0: sp.Expr, geometry: dict[sp.Symbol, sp.Expr], rewrite: Any, seen: Any, **sizes: int
) -> Identity:
    """conv(R x)[o, 0] - R conv(x)[o, 0] on the impulse at channel q that tap k0 of window 0 of R x reads."""
    L = input_length(rho)

    def impulse(b: sp.Expr, c: sp.Expr, t: sp.Expr) -> sp.Expr:
        return SameChannel(c, q) * Same(t - (L - 1 - dilation * k0))

    first = convolve(tied(), inputs.act(impulse, L))(b, o, sp.S.Zero).substitute(geometry)
    second = outputs.act(convolve(tied(), impulse), M)(b, o, sp.S.Zero).substitute(geometry)
    partner = inputs.p(q)
    wanted = inputs.s(q) * tied()(o, partner, k0) - inputs.s(q) * seen(lambda tap: tied()(o, partner, tap))
    at = {"M": 2, "stride": 3, "b": 0, **sizes}

    def derive(side: Any) -> Side:
        left, right = side.terms
        return left.collapse("c").collapse("k") + rewrite(right.collapse("c"))

    free = (channels_out, Channels(q, inputs))
    return Identity(
        name, first + (-1) * second, sp.sympify(wanted).subs(geometry), free, [World(at, reps)], derive
    )


cases = [
    no_kernel(
        "no kernel: the other side reads a tap where W is 0",
        above + j,
        {K: above + j + 1 + after, rho: dilation * j},
        lambda side: side.collapse("k"),
        lambda W: W(above),
        **{"above": 1, "j": 1, "after": 1, "dilation": 2},
    ),
    no_kernel(
        "no kernel: the other side reads beyond the last tap",
        above,
        {K: above + 1 + after, rho: dilation * (above + j)},
        lambda side: side.vanish("k", floor=above + after + j - 1),
        lambda W: 0,
        **{"above": 1, "j": 1, "after": 1, "dilation": 1},
    ),
    no_kernel(
        "no kernel: the other side falls between two taps",
        above,
        {K: above + 1 + after, dilation: part + 1 + extra, rho: (part + 1 + extra) * whole + part},
        lambda side: side.vanish("k", floor=after + whole),
        lambda W: 0,
        **{"above": 1, "part": 1, "extra": 0, "whole": 1, "after": 1},
    ),
]
