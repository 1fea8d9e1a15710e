"""T3, machine-checked for every size and every function; the measure is any finite RC-symmetric one.

In words. Conjoin any deterministic f: run it on x and on R x, act by R on the second output, and merge
the two. The result is equivariant, for a symmetric merge that commutes with the output's Rep: sum and
mean always, max (or any other symmetric pointwise merge) where no output channel changes sign. By mean,
conjoining is a linear projection onto the equivariant functions, and the equivariant function nearest to
f in L2 under a distribution that gives x and R x the same probability. Max is idempotent too; sum is not.

Derivation. Conjoined f at R x holds the same two terms as R of conjoined f at x, in the other order.
Projection: conjoining an equivariant function by mean averages two equal terms. Nearest: for equivariant
h, the sums ``w f (g - h)`` and ``w (R f) (g - h)`` over inputs, channels and positions are equal, by re-
indexing each to its reverse complement; so the cross term of ``|f - h|^2 = |f - g|^2 + |g - h|^2``
vanishes, where g is f conjoined.

Frames. ``z0 = x, z1 = R x``: RC of the input swaps the two, and so anything applied alike to both
commutes with the swap, and so does ``exchange``: each frame receives channels of the other, read in its
own direction.

The swap does not notice in which direction they are read; that exchange keeps features local is a claim
of its own.

Prose: the distribution is summed here; for a general RC-symmetric measure, the same change of variables
applies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from ..engine.claims import EVERY_SIZE, Identity, Theorem
from ..engine.ranges import Channels, Interval
from ..engine.statements import AT_MOST, EQUALS, Part, Quantity
from ..engine.sums import Side, Sum
from ..engine.symbols import Below, SymbolicRep, index, natural, size, table
from ..engine.worlds import World
from ..models.convolution import M, o, outputs, positions, t
from ..package import strands as package

X, i, c = index("X", "i", "c")
F, k, L = size("F", "k", "L")
sequences = SymbolicRep("X", signed=False)
unsigned = SymbolicRep("unsigned", signed=False)
f, other = table("f"), table("other")
Function = Callable[..., Any]
Merge = Callable[[Any, Any], Any]

everywhere = (Channels(X, sequences), Channels(o, outputs), positions)
world = World(
    {"M": 3},
    {"X": "2r+1t", "out": "1r+1t+1s", "unsigned": "1r+1t"},
    arrays={"probability": lambda X: X + 1, "Symmetric": lambda u, v: u * v + abs(u - v)},
)


def mean(u: Any, v: Any) -> Any:
    """The mean of two outputs."""
    return (u + v) / 2


def plus(u: Any, v: Any) -> Any:
    """The sum of two outputs."""
    return u + v


class Symmetric(sp.Function):
    """Any merge of two numbers that does not depend on their order."""

    nargs = 2

    @classmethod
    def eval(cls, u: sp.Expr, v: sp.Expr) -> sp.Expr | None:
        """Write the two in one order."""
        return cls(v, u) if sp.default_sort_key(v) < sp.default_sort_key(u) else None


def reverse(g: Function, rep: SymbolicRep = outputs) -> Function:
    """x -> R g(R x)."""
    return lambda X, o, t: rep.act(lambda o, t: g(sequences.p(X), o, t), M)(o, t)


def conjoin(g: Function, merge: Merge = mean, rep: SymbolicRep = outputs) -> Function:
    """x -> merge(g(x), R g(R x))."""
    return lambda X, o, t: merge(g(X, o, t), reverse(g, rep)(X, o, t))


def equivariant(name: str, g: Function, rep: SymbolicRep = outputs) -> Identity:
    """g(R x) = R g(x)."""
    right = rep.act(lambda o, t: g(X, o, t), M)(o, t)
    free = (everywhere[0], Channels(o, rep), positions)
    return Identity(name, g(sequences.p(X), o, t), right, free, [world])


def idempotent(name: str, merge: Merge, rep: SymbolicRep = outputs) -> Identity:
    """Conjoining twice is conjoining once."""
    once = conjoin(f, merge, rep)
    free = (everywhere[0], Channels(o, rep), positions)
    return Identity(name, conjoin(once, merge, rep)(X, o, t), once(X, o, t), free, [world])


v, probability = table("v"), table("probability")
a, b = sp.symbols("a b", real=True)
linear = Identity(
    "conjoining by mean is linear",
    conjoin(lambda X, o, t: a * f(X, o, t) + b * other(X, o, t))(X, o, t),
    a * conjoin(f)(X, o, t) + b * conjoin(other)(X, o, t),
    everywhere,
    [World({**world.sizes, "a": 2, "b": -3}, world.reps)],
)


def nearest(name: str, w: Any) -> Identity:
    """|f - h|^2 = |f - g|^2 + |g - h|^2 for g = f conjoined and any equivariant h, under the weights w."""
    at = (X, o, t)
    g, h, mirrored = conjoin(f)(*at), conjoin(other)(*at), reverse(f)(*at)
    whole = Sum(w * (f(*at) - h) ** 2, everywhere)
    squares = w * (f(*at) - g) ** 2, w * (g - h) ** 2
    cross = w * f(*at) * (g - h), -w * mirrored * (g - h)

    def derive(side: Sum) -> Side:
        first, second, third, fourth = side.parts(*squares, *cross).terms
        return first + second + third + fourth.reindex(X=sequences.p(X), o=outputs.p(o), t=M - 1 - t)

    return Identity(
        name,
        whole,
        Sum(squares[0], everywhere) + Sum(squares[1], everywhere),
        (),
        [world],
        rewrite_left=derive,
    )


frame = SymbolicRep("frame", signed=False)
z, tables = table("z"), {"frame": "1r", "in": "2r:flip"}


def exchange(z: Function, own: sp.Expr = F, length: sp.Expr = L, one_way: bool = False) -> Function:
    """(i, c, t): the frame's own F channels, then k of the other frame's, reversed in length."""
    source = (lambda i: sp.S.One) if one_way else frame.p
    return lambda i, c, t: (
        Below(c, own) * z(i, c, t) + (1 - Below(c, own)) * z(source(i), c - own, length - 1 - t)
    )


def swaps(name: str, one_way: bool = False) -> Identity:
    """Exchanging swapped frames gives swapped exchanged frames."""
    where = (Channels(i, frame), Interval(c, sp.S.Zero, F + k), Interval(t, sp.S.Zero, L))
    left = exchange(lambda i, c, t: z(frame.p(i), c, t), one_way=one_way)(i, c, t)
    shape = World({"F": 2, "k": 1, "L": 3}, tables)
    return Identity(name, left, exchange(z, one_way=one_way)(frame.p(i), c, t), where, [shape])


def local(name: str, place: sp.Expr) -> Identity:
    """Of the input's frames (x, R x), a channel received at position t was read from x at t."""
    seen, x = natural("seen"), table("x")
    signal = lambda which, c, t: x(c, t) if which == i else outputs.act(x, L)(c, t)  # noqa: E731
    received = exchange(signal)(i, F + seen, t)
    wanted = outputs.s(seen) * x(outputs.p(seen), place)
    where = (Channels(seen, outputs), Interval(t, sp.S.Zero, L))
    shape = World({"F": 4, "L": 3, "i": 0}, {"frame": "1r", "out": "1r+1t+1s"})
    return Identity(name, received, wanted, where, [shape])


weight = probability(X) + probability(sequences.p(X))
THEOREM = Theorem(
    number=3,
    title="Conjoining makes any function equivariant, and by mean it is the nearest such function",
    parts=[
        Part(
            Quantity("conjoin(f)(R x)", package.of_turned),
            EQUALS,
            Quantity("R conjoin(f)(x)", package.turned_of),
            by=(
                "mean is equivariant",
                "sum is equivariant",
                "any symmetric merge, without sign channels",
            ),
            cases=package.models("sum", "mean", "max", "probability"),
        ),
        Part(
            Quantity("conjoin(f)(x)", package.once),
            EQUALS,
            Quantity("f(x) and R f(R x), merged", package.by_definition),
            by=(),
            cases=package.models("sum", "mean", "max", "probability"),
            prose="a definition",
        ),
        Part(
            Quantity("conjoin(conjoin(f)), by mean or max", package.twice),
            EQUALS,
            Quantity("conjoin(f)", package.once),
            by=(
                "mean twice is mean once",
                "max twice is max once",
            ),
            cases=package.models("mean", "max"),
        ),
        Part(
            Quantity("conjoin(2 f - 3 g), by mean", package.of_a_sum),
            EQUALS,
            Quantity("2 conjoin(f) - 3 conjoin(g)", package.sum_of),
            by=("conjoining by mean is linear",),
            cases=package.models("mean"),
        ),
        Part(
            Quantity(
                "|f - conjoin(f)|^2, by mean, over a set that R maps onto itself",
                package.distance_to_conjoined,
            ),
            AT_MOST,
            Quantity("|f - h|^2 for equivariant h", package.distance_to_rival),
            by=("mean is the nearest equivariant function",),
            cases=package.rivals,
            prose="distributions that are not finite",
        ),
        Part(
            Quantity("exchange of the frames of R x", package.exchange_of_turned),
            EQUALS,
            Quantity(
                "the frames of x with the other strand's channels at their own places, swapped",
                package.turned_exchange,
            ),
            by=(
                "exchange commutes with the swap of frames",
                "exchange stays local",
            ),
            cases=package.exchanges,
        ),
    ],
    coverage="every deterministic f, Rep, length, number of inputs; every finite RC-symmetric weight",
    method=f"{EVERY_SIZE}",
    decides="that any model can be made exactly equivariant, and that the mean changes it least",
    code=("rczoo.nn.conjoined.conjoin", "rczoo.symmetry.frames.exchange", "rczoo.symmetry.frames.merge"),
    tests="tests/proofs/test_laws.py::test_t03_conjoining_is_equivariant",
    claims=[
        equivariant("mean is equivariant", conjoin(f)),
        equivariant("sum is equivariant", conjoin(f, plus)),
        equivariant("any symmetric merge, without sign channels", conjoin(f, Symmetric, unsigned), unsigned),
        linear,
        idempotent("mean twice is mean once", mean),
        idempotent("max twice is max once", sp.Max, unsigned),
        nearest("mean is the nearest equivariant function", weight),
        swaps("exchange commutes with the swap of frames"),
        local("exchange stays local", t),
    ],
    twins=[
        equivariant(
            "twin: the second output is not reversed", lambda X, o, t: f(X, o, t) + f(sequences.p(X), o, t)
        ),
        equivariant("twin: max on a sign channel", conjoin(f, sp.Max)),
        idempotent("twin: sum twice is sum once", plus),
        nearest("twin: nearest under a distribution that prefers one strand", probability(X)),
        swaps("twin: only one frame is read by both", one_way=True),
        local("twin: what is received comes from the mirrored position", L - 1 - t),
    ],
)
