"""T18, machine-checked for every number of inputs, channels and positions; norms in general in prose.

In words. Conjoining by mean never takes two functions farther apart, in any norm that R leaves as it is. So
what comes within epsilon of an equivariant function comes within epsilon of it when conjoined: a class that
approximates everything still approximates everything equivariant. And of all linear merges w u + (1 - w) v
the mean is the best for a convex loss, averaged over both strands.

Derivation. conjoin(f) - conjoin(g) is the mean of f - g and R (f - g) R, of equal norm: the triangle
inequality. For the squared norm it is machine-checked: |d|^2 - |conjoin d|^2 = |d - R d R|^2 / 4. Merge: at
R x the weights act on the same two answers in the other order, so the averaged loss of w is that of 1 - w;
the mean of the two merged answers is the mean of u and v, and the loss is convex. For the squared error the
gap is (2 w - 1)^2 (u - v)^2 / 4.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from ..engine.claims import EVERY_SIZE, Identity, Theorem
from ..engine.statements import AT_MOST, Part, Quantity
from ..engine.sums import Side, Sum
from ..engine.worlds import World
from ..models.convolution import M
from ..package import losses
from ..package import strands as package
from .t03_conjoining import X, conjoin, everywhere, f, o, outputs, probability, reverse, sequences, t, world

weight = probability(X) + probability(sequences.p(X))
w, u, v, y = sp.symbols("w u v y", real=True)
numbers = World({"w": 3, "u": 1, "v": -2, "y": 4})
at = (X, o, t)


def shrinks(name: str, weight: Any) -> Identity:
    """|d|^2 = |conjoin(d)|^2 + |d - R d R|^2 / 4 over all inputs, channels and positions."""
    d, other = f(*at), reverse(f)(*at)
    whole = weight * d**2
    mirrored = weight * other**2

    def derive(side: Sum) -> Side:
        half, again = side.parts(whole / 2, whole / 2).terms
        return half + again.reindex(X=sequences.p(X), o=outputs.p(o), t=M - 1 - t)

    def join(side: Sum) -> Side:
        return side.parts(whole / 2, mirrored / 2)

    right = weight * (conjoin(f)(*at) ** 2 + (d - other) ** 2 / 4)
    return Identity(name, Sum(whole, everywhere), Sum(right, everywhere), (), [world], derive, join)


def merged(w: sp.Expr, u: sp.Expr, v: sp.Expr) -> sp.Expr:
    """A linear merge."""
    return w * u + (1 - w) * v


def averaged(w: sp.Expr) -> sp.Expr:
    """The squared error at x and at R x, where the two answers change places."""
    return ((merged(w, u, v) - y) ** 2 + (merged(w, v, u) - y) ** 2) / 2


half = sp.Rational(1, 2)
middle = Identity(
    "the mean of the merges by w at x and at R x is the mean of the answers",
    (merged(w, u, v) + merged(w, v, u)) / 2,
    merged(half, u, v),
    worlds=[numbers],
)
symmetric = Identity("w and 1 - w lose the same", averaged(w), averaged(1 - w), worlds=[numbers])


def best(name: str, than: sp.Expr) -> Identity:
    """What the merge by w loses more than another, in squared error."""
    return Identity(name, averaged(w) - averaged(than), (2 * w - 1) ** 2 * (u - v) ** 2 / 4, worlds=[numbers])


THEOREM = Theorem(
    number=18,
    title="Conjoining never moves functions apart, and the mean is the best linear merge",
    parts=[
        Part(
            Quantity(
                "|conjoin(f) - conjoin(g)|, over a set that R maps onto itself", package.apart_conjoined
            ),
            AT_MOST,
            Quantity("|f - g|", package.apart),
            by=("the squared norm shrinks by what the strands disagree by",),
            cases=package.pairs_of_models,
            prose="any other RC-invariant norm, by the triangle inequality",
        ),
        Part(
            Quantity(
                "the largest error of conjoin(f), against an equivariant function", package.error_conjoined
            ),
            AT_MOST,
            Quantity("that of f", package.error),
            by=("the squared norm shrinks by what the strands disagree by",),
            cases=package.pairs_of_models,
            prose="that a universal class stays universal, which is this for every epsilon",
        ),
        Part(
            Quantity("the loss of the merge by 1/2, over both strands", losses.merged_by_half),
            AT_MOST,
            Quantity("that of the merge by w", losses.merged_by_weight),
            by=(
                "the mean of the merges by w at x and at R x is the mean of the answers",
                "w and 1 - w lose the same",
                "squared error: the mean is best by this much",
            ),
            cases=losses.weights,
            prose="the step from the mean of the answers to convex losses, which is convexity",
        ),
    ],
    coverage="every f and g, output Rep, number of inputs and positions; every weight of a merge",
    method=EVERY_SIZE,
    decides="that conjoining costs no approximation, and that no other weights of the strands are better",
    code=("rczoo.nn.conjoined.conjoin", "rczoo.symmetry.frames.combine"),
    tests="tests/proofs/test_laws.py::test_t18_merging_well",
    claims=[
        shrinks("the squared norm shrinks by what the strands disagree by", weight),
        middle,
        symmetric,
        best("squared error: the mean is best by this much", half),
    ],
    twins=[
        shrinks("twin: where one strand is likelier", probability(X)),
        best("twin: the first strand alone is as good", sp.S.One),
    ],
)
