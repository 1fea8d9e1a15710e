"""T17, machine-checked for every number of products and every rounding; the induction in words, and in Coq.

In words. In floating-point numbers a tied layer does not obey R to the last digit: its strands add the same n
numbers in another order. With a relative error of at most u a rounding, whatever the orders and the grouping
of the additions, an output of R x and the one of x that mirrors it differ by at most ``2 n u / (1 - n u)``
times ``sum |W| |x|``. Relative to the answer itself there is no bound: where terms cancel, all digits may
differ. Whole numbers whose sums single precision holds are not rounded and agree; so do frames, in which both
strands go through the same additions.

Derivation. Additions form a tree over the products. A computed product is ``w x (1 + d)``, a computed sum is
``(v + w) (1 + d)``, ``|d| <= u``. By induction a tree of n leaves is off by at most g(n) = (1 + u)^n - 1
times the sum of the sizes of its products: one more addition makes ``(e_v + e_w) (1 + d) + (a + b) d`` of the
errors e_v and e_w of sums a and b, and the bounds obey the same recursion. (1 + u)^n (1 - n u) falls with n
from 1, so that g(n) <= n u / (1 - n u). Both strands have the same products, so the same exact sum and the
same sizes: twice that bound by the triangle inequality.

Prose: the triangle inequality and the induction over the tree, which ``coq/rounding.v`` proves. No number
overflows, and none is so small that it is rounded to fewer digits.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from ..engine.claims import EVERY_SIZE, Grid, Identity, Theorem
from ..engine.ranges import Channels
from ..engine.statements import AT_MOST, EQUALS, LESS, Part, Quantity
from ..engine.sums import Sum
from ..engine.symbols import SymbolicRep, natural, table
from ..engine.worlds import World
from ..models.convolution import (
    Field,
    K,
    M,
    b,
    batch,
    c,
    dilation,
    input_length,
    k,
    o,
    positions,
    stride,
    t,
    taps,
    x,
)
from ..package import rounding as package
from .t07_geometry import layer

inside, outside = SymbolicRep("in", signed=False), SymbolicRep("out", signed=False)
sizes_of = table("size")
n = natural("n")
u, d, v, w, first, second = sp.symbols("u d v w first second", real=True)
numbers = World({"u": 2, "d": -1, "v": 5, "w": -3, "first": 4, "second": 7, "n": 3})


def recursion(name: str, error: sp.Expr) -> Identity:
    """The error of a computed sum of v and w, which stand for the sums ``first`` and ``second``."""
    return Identity(name, (v + w) * (1 + d) - (first + second), error, worlds=[numbers])


def growth(n: sp.Expr) -> sp.Expr:
    """The bound of a tree of n leaves, relative to the sum of sizes."""
    return (1 + u) ** n - 1


def _same_sizes() -> Identity:
    """The sum of |W| |x| at a window of R x, and at the mirror image of the window of x."""

    def size_of_kernel(o: sp.Expr, c: sp.Expr, k: sp.Expr) -> sp.Expr:
        return (sizes_of(o, c, k) + sizes_of(outside.p(o), inside.p(c), K - 1 - k)) / 2

    def added(o: sp.Expr, t: sp.Expr, signal: Field) -> Sum:
        summand = size_of_kernel(o, c, k) * signal(b, c, stride * t + dilation * k)
        return Sum(summand, (Channels(c, inside), taps))

    world = World({"K": 3, "M": 2, "N": 1, "stride": 2, "dilation": 1}, {"in": "1r+1t", "out": "1r+1t"})
    return Identity(
        "both strands add products of the same sizes",
        added(o, t, inside.act(x, input_length())),
        added(outside.p(o), M - 1 - t, x),
        (batch, Channels(o, outside), positions),
        [world],
        rewrite_right=lambda side: side.reindex(c=inside.p(c), k=K - 1 - k),
    )


Orders = tuple[tuple[float, ...], tuple[float, ...]]
NUMBERS = ((1e8, 1.0, -1e8, 0.1), (0.1, 0.2, 0.3, 0.7), (3.0, 1e-7, 1e-7, -3.0), (1.0, 2.0, 4.0, 8.0))
UNIT = Fraction(1, 2**24)


def orders() -> Iterator[Orders]:
    """The order in which four numbers are given, and every other."""
    for given in NUMBERS:
        yield from ((given, other) for other in itertools.permutations(given))


def _added(terms: tuple[float, ...]) -> list[Fraction]:
    """In single precision: one after the other, and by halves."""
    one, two, three, four = (np.float32(term) for term in terms)
    return [Fraction(float(y)) for y in (((one + two) + three) + four, (one + two) + (three + four))]


def _within(case: Orders, sizes: bool) -> str | None:
    """None if any two ways of adding differ by at most 2 n u / (1 - n u) of the sizes, or of the sum."""
    terms = [Fraction(float(np.float32(term))) for term in case[0]]
    whole = sum(map(abs, terms)) if sizes else abs(sum(terms))
    allowed = 2 * len(terms) * UNIT / (1 - len(terms) * UNIT) * whole
    apart = max(abs(y - z) for y, z in itertools.product(_added(case[0]), _added(case[1])))
    return f"{float(apart):g} apart, allowed {float(allowed):g}" if apart > allowed else None


def _apart(case: Orders) -> str | None:
    ways = {*_added(case[0]), *_added(case[1])}
    return f"sums {sorted(map(float, ways))}" if len(ways) > 1 else None


SUMS = (
    "both strands add the same products",
    "both strands add products of the same sizes",
    "a product is off by its size times u",
    "one more addition: the error",
    "one more addition: the bound",
)
BOUND = ("a bound without powers: it falls with n", "a bound without powers: 1 for n = 0")
THEOREM = Theorem(
    number=17,
    title="The strands of a tied layer differ by rounding, and by no more than this",
    parts=[
        Part(
            Quantity("|layer(R x) - R layer(x)| of a tied layer, rounded", package.apart),
            AT_MOST,
            Quantity("2 n u / (1 - n u) sum |W| |x|", package.bound),
            by=(*SUMS, *BOUND, "four numbers in every order"),
            cases=package.rounded,
            prose="the triangle inequality and the induction over the additions, which Coq proves",
        ),
        Part(
            Quantity("layer(R x) of small whole numbers, in single precision", package.of_turned_whole),
            EQUALS,
            Quantity("R layer(x)", package.turned_of_whole),
            by=("both strands add the same products", "no rounding, no difference"),
            cases=package.rounded,
        ),
        Part(
            Quantity("network(R x) in frames, in single precision", package.frames_of_turned),
            EQUALS,
            Quantity("network(x), a label", package.frames),
            by=(),
            cases=package.in_frames,
            prose="that both frames go through the same additions (T3)",
        ),
        Part(
            Quantity("2 n u / (1 - n u) of a convolution of n terms", package.needed),
            LESS,
            Quantity("what rczoo check allows it, relative to its largest answer", package.allowed),
            by=BOUND,
            cases=package.ordinary,
            prose="that a layer whose terms cancel asks for more than this, and gets it by its condition",
        ),
    ],
    coverage="every Rep, number of products, order and grouping of additions, and u with n u < 1",
    method=f"{EVERY_SIZE}; orders of four numbers: grid",
    decides="with which tolerance to compare the strands of a tied layer, and when none is needed",
    code=("rczoo.nn.convolution.RCConv1d", "rczoo.conformance.run.Run"),
    tests="tests/proofs/test_laws.py::test_t17_rounding",
    claims=[
        layer(SUMS[0], sp.S.Zero, sp.S.Zero),
        _same_sizes(),
        Identity(SUMS[2], v * w * (1 + d) - v * w, d * v * w, worlds=[numbers]),
        recursion(SUMS[3], ((v - first) + (w - second)) * (1 + d) + (first + second) * d),
        Identity(
            SUMS[4],
            (growth(n) * first + growth(n) * second) * (1 + u) + (first + second) * u,
            growth(n + 1) * (first + second),
            worlds=[numbers],
        ),
        Identity(BOUND[0], (1 - n * u) - (1 + u) * (1 - (n + 1) * u), (n + 1) * u**2, worlds=[numbers]),
        Identity(BOUND[1], (growth(n) + 1).subs(n, 0) * (1 - n * u).subs(n, 0), sp.S.One, worlds=[numbers]),
        Identity("no rounding, no difference", growth(n).subs(u, 0), sp.S.Zero, worlds=[numbers]),
        Grid("four numbers in every order", orders, functools.partial(_within, sizes=True)),
    ],
    twins=[
        recursion("twin: an addition keeps errors as they are", (v - first) + (w - second)),
        Identity("twin: n roundings are n times one", growth(n), n * u, worlds=[numbers]),
        Grid("twin: the same, relative to the sum", orders, functools.partial(_within, sizes=False)),
        Grid("twin: the order does not matter", orders, _apart),
    ],
)
