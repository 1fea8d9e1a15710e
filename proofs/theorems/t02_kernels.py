"""T2, machine-checked for every size (Reps, kernel, stride, dilation, length); the code on 26 x 26 Reps.

In words. Without padding, and when the windows fit the input exactly (L = stride*(M-1) + dilation*(K-1) +
1, M >= 1), a convolution commutes with reverse complement if and only if ``W[o,c,k] = s[o] s[c]
W[p[o],p[c],K-1-k]``. Such kernels form a space of dimension ``(Co*Ci*K + (t_o - s_o)*(t_i - s_i)*(K mod
2)) / 2``; a bias adds r_o + t_o. RCPS, which learns one filter of each pair freely, spans all of it when
the output is made of pairs.

Sufficient. In (R conv(x))[b,o,t] re-index c to p[c] and k to K-1-k. The kernel becomes that of conv(R x)
by the constraint, and the position stride*(M-1-t) + dilation*(K-1-k) becomes L-1 - stride*t - dilation*k,
by the geometry.

Necessary. Let x be 1 at one channel c0 and one position dilation*k0, else 0. Of conv(R x)[o, M-1] a
single term is left, and of (R conv(x))[o, M-1] too; their difference is the constraint at (p[o], c0, k0),
up to a sign. So if the convolution is equivariant on these impulses then the constraint holds.

Dimension. (o,c,k) -> (p[o],p[c],K-1-k) is an involution of the index set, with a sign. A pair of indices
gives one free number; a fixed index gives one if its sign is +1 and none if it is -1. Indices are fixed
when o and c are, and k = K-1-k, which has a solution only for odd K.

Half of the products. Between halves, where R exchanges u and v, a tied kernel is A and B in the first rows,
and both reversed, B first, in the second. Of two taps k and K-1-k, on u, v and on u', v', the sum of both
rows is ((A+B) + (A+B)')/2 ((u+v) + (u+v)') + ((A-B) - (A-B)')/2 ((u-v) - (u-v)'), and their difference the
same with u+v and u-v exchanged: four products in place of eight.
"""

from __future__ import annotations

import sympy as sp

from ..engine.claims import EVERY_SIZE, Fact, Grid, Identity, Theorem
from ..engine.ranges import Interval
from ..engine.statements import EQUALS, IFF, Part, Quantity
from ..engine.symbols import Same, SameChannel, index, natural, table
from ..engine.worlds import World
from ..models.convolution import (
    K,
    M,
    V,
    b,
    batch,
    c,
    channels_in,
    channels_out,
    convolve,
    dilation,
    input_length,
    inputs,
    k,
    o,
    outputs,
    positions,
    reverse_taps,
    t,
    tied,
    x,
)
from ..models.layer_grid import agrees, by_the_formula, cases, in_the_package, small
from ..package import layers as package

L = input_length()
sizes = {"K": 3, "M": 2, "N": 1, "stride": 2, "dilation": 2}
worlds = [
    World(sizes, {"in": "2r:flip", "out": "1r+1t+1s"}),
    World({**sizes, "K": 2, "stride": 1}, {"in": "1s+1r", "out": "1t"}),
]
where = (batch, channels_out, positions)

constraint = Identity(
    "a tied kernel satisfies the constraint",
    tied()(o, c, k),
    outputs.s(o) * inputs.s(c) * tied()(outputs.p(o), inputs.p(c), K - 1 - k),
    (channels_out, channels_in, Interval(k, sp.S.Zero, K)),
    worlds,
)


projection = Identity(
    "tying twice is tying once",
    tied(tied())(o, c, k),
    tied()(o, c, k),
    (channels_out, channels_in, Interval(k, sp.S.Zero, K)),
    worlds,
)


def sufficient(name: str, kernel: object = tied(), signal: object = inputs.act(x, L)) -> Identity:
    """conv(R x) = R conv(x), for a kernel and for the signal taken as R x."""
    return Identity(
        name,
        convolve(kernel, signal)(b, o, t),
        outputs.act(convolve(kernel, x), M)(b, o, t),
        where,
        worlds,
        rewrite_right=reverse_taps,
    )


bias = table("bias")
tied_bias = Identity(
    "a tied bias is equivariant: R of its constant map is itself",
    outputs.act(lambda o, t: (bias(o) + outputs.s(o) * bias(outputs.p(o))) / 2, M)(o, t),
    (bias(o) + outputs.s(o) * bias(outputs.p(o))) / 2,
    (channels_out, positions),
    worlds,
)
W = table("W")
c0, k0, after = index("c0"), natural("k0"), natural("after")
impulse = lambda b, c, t: SameChannel(c, c0) * Same(t - dilation * k0)  # noqa: E731


def necessary() -> Identity:
    """The impulse at tap k0 (K = k0 + 1 + after): equivariance fails by what the constraint fails by."""
    width = {K: k0 + 1 + after}
    first = convolve(W, inputs.act(impulse, L))(b, o, M - 1).substitute(width)
    second = outputs.act(convolve(W, impulse), M)(b, o, M - 1).substitute(width)
    twin_o = outputs.p(o)
    failure = W(twin_o, c0, k0) - outputs.s(o) * inputs.s(c0) * W(o, inputs.p(c0), K - 1 - k0)
    reps = {"in": "1r+1s", "out": "1r+1t"}
    shapes = [{**sizes, "k0": i, "after": j} for i, j in ((0, 2), (1, 0))]
    return Identity(
        "equivariance on impulses forces the constraint",
        first + (-1) * second,
        (-outputs.s(o) * failure).subs(width),
        (channels_out, channels_in.named(c0)),
        [World({**s, "N": 1, "b": 0}, reps) for s in shapes],
        rewrite_left=lambda side: side.each(lambda term: term.collapse("c").collapse("k")),
    )


ro, to, so, ri, ti, si, m = natural("ro", "to", "so", "ri", "ti", "si", "m")
counts = [
    World({"ro": 0, "to": 1, "so": 0, "ri": 0, "ti": 0, "si": 1, "m": 1}),
    World({"ro": 2, "to": 1, "so": 3, "ri": 1, "ti": 0, "si": 2, "m": 2}),
]


def formula(width: sp.Expr, odd: int) -> sp.Expr:
    """The dimension as the theorem states it, for a kernel of a width of the given parity."""
    return (((2 * ro + to + so) * (2 * ri + ti + si)) * width + (to - so) * (ti - si) * odd) / 2


def counted(width: sp.Expr, odd: int) -> sp.Expr:
    """Pairs of indices, and fixed indices of sign +1."""
    everything = (2 * ro + to + so) * (2 * ri + ti + si) * width
    return (everything - (to + so) * (ti + si) * odd) / 2 + (to * ti + so * si) * odd


def _central_tap() -> str | None:
    for width, odd in ((2 * m, 0), (2 * m + 1, 1)):
        whole = sp.solve(k - (width - 1 - k), k)
        if whole != ([m] if odd else []):
            return f"k = {width} - 1 - k has the whole solutions {whole}"
    return None


def _two_taps(sign: int = 1) -> str | None:
    """Both rows of a kernel between halves on two taps that mirror each other, from sums and differences."""
    A, A2, B, B2, u, u2, v, v2 = sp.symbols("A A' B B' u u' v v'")
    first = A * u + A2 * u2 + B * v + B2 * v2
    second = A2 * v + A * v2 + B2 * u + B * u2
    p, p2, q, q2 = A + B, A2 + B2, A - B, A2 - B2
    s, s2, d, d2 = u + v, u2 + v2, u - v, u2 - v2
    for name, rows, found in (
        ("sum", first + second, (p + p2) * (s + s2) + (q - q2) * (d - sign * d2)),
        ("difference", first - second, (q + q2) * (d + d2) + (p - p2) * (s - sign * s2)),
    ):
        if left := sp.expand(rows - found / 2):
            return f"the {name} of the rows is off by {left}"
    return None


THEOREM = Theorem(
    number=2,
    title="The kernel constraint is necessary and sufficient",
    parts=[
        Part(
            Quantity("a convolution commutes with R", package.commutes),
            IFF,
            Quantity("W[o,c,k] = s[o] s[c] W[p[o],p[c],K-1-k]", package.constrained),
            by=(
                "sufficient: conv(R x) = R conv(x)",
                "equivariance on impulses forces the constraint",
            ),
            cases=package.changed_kernels,
        ),
        Part(
            Quantity("the kernel W of RCConv1d", package.kernel),
            EQUALS,
            Quantity("s[o] s[c] W[p[o],p[c],K-1-k]", package.turned_kernel),
            by=("a tied kernel satisfies the constraint",),
            cases=package.layers,
        ),
        Part(
            Quantity("RCConv1d(R x)", package.of_turned),
            EQUALS,
            Quantity("R RCConv1d(x)", package.turned_of),
            by=(
                "sufficient: conv(R x) = R conv(x)",
                "a tied bias is equivariant: R of its constant map is itself",
                "between halves, even and odd parts give both rows of two taps by half of the products",
            ),
            cases=package.layers,
        ),
        Part(
            Quantity("the numbers that RCConv1d learns, all of which its kernel shows", in_the_package),
            EQUALS,
            Quantity("(Co Ci K + (t_o - s_o)(t_i - s_i)(K mod 2)) / 2, and r_o + t_o", by_the_formula),
            by=(
                "tying twice is tying once",
                "a tap is its own mirror image only at the centre of an odd width",
                "dimension, even width",
                "dimension, odd width",
                "RCPS is complete: one filter of each pair is free",
                "null space = orbits = formula",
            ),
            cases=cases,
            prose="that an involution leaves one free number a pair, and one a fixed index of sign +1",
        ),
    ],
    coverage="every Rep, kernel, stride, dilation, length; RCConv1d: 26 x 26 Reps, K from 1 to 5 in turn",
    method=f"{EVERY_SIZE}; null spaces: grid (7 x 7 Reps, K = 1..3)",
    decides="that a tied layer loses nothing: it has every equivariant kernel, in the fewest numbers",
    code=("rczoo.nn.convolution.RCConv1d",),
    tests="tests/proofs/test_laws.py::test_t02_kernels_span_the_constraint",
    claims=[
        constraint,
        sufficient("sufficient: conv(R x) = R conv(x)"),
        necessary(),
        tied_bias,
        projection,
        Fact("a tap is its own mirror image only at the centre of an odd width", _central_tap),
        Fact(
            "between halves, even and odd parts give both rows of two taps by half of the products", _two_taps
        ),
        Identity("dimension, even width", counted(2 * m, 0), formula(2 * m, 0), worlds=counts),
        Identity("dimension, odd width", counted(2 * m + 1, 1), formula(2 * m + 1, 1), worlds=counts),
        Identity(
            "RCPS is complete: one filter of each pair is free",
            formula(m, 0).subs({to: 0, so: 0}),
            ro * (2 * ri + ti + si) * m,
            worlds=counts,
        ),
        Grid("null space = orbits = formula", small, agrees),
    ],
    twins=[
        Fact("twin: what two taps share is added under odd parts, too", lambda: _two_taps(-1)),
        sufficient(
            "twin: taps are not reversed", lambda o, c, k: (V(o, c, k) + V(outputs.p(o), inputs.p(c), k)) / 2
        ),
        sufficient(
            "twin: no sign", lambda o, c, k: (V(o, c, k) + V(outputs.p(o), inputs.p(c), K - 1 - k)) / 2
        ),
        sufficient("twin: R x without the swap of channels", signal=lambda b, c, t: x(b, c, L - 1 - t)),
        Identity(
            "twin: any bias is equivariant",
            outputs.act(lambda o, t: bias(o), M)(o, t),
            bias(o),
            (channels_out, positions),
            worlds,
        ),
        Grid(
            "twin: the dimension is half the entries",
            small,
            lambda case: agrees(case, parity_matters=False),
        ),
        Identity(
            "twin: an odd kernel between sign and trivial channels loses nothing",
            counted(2 * m + 1, 1),
            ((2 * ro + to + so) * (2 * ri + ti + si)) * (2 * m + 1) / 2,
            worlds=counts,
        ),
    ],
)
