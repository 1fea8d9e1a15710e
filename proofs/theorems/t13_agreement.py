"""T13, machine-checked for every convex part of a loss and every number; closed forms for four losses.

In words. Let u and v be the answers of both strands, read in one frame, m their mean, and let a loss be
``l(u, y) = A(u) - y u + c(y)``. Then the mean of the two losses is the loss of the mean plus ``J = (A(u) +
A(v)) / 2 - A(m)``, in which no label is left. So training with augmentation is training conjoined plus the
penalty J. J is at least 0, and 0 where the strands agree.

Derivation. The terms ``y u`` and ``y v`` average to ``y m``, and c(y) cancels. Closed forms: let a = exp(u/2)
and b = exp(v/2). For cross-entropy A = log(1 + a^2), and J = log(1 + ((a - b) / (1 + ab))^2) / 2, which is
minus the logarithm of sqrt(p q) + sqrt((1 - p)(1 - q)). For a multinomial of N counts J = -N log of the sum
of sqrt(p q); for Poisson J = (a - b)^2 / 2; for the squared error (u - v)^2 / 4.
"""

from __future__ import annotations

import sympy as sp

from ..engine.claims import EVERY_SIZE, Identity, Theorem
from ..engine.statements import AT_MOST, EQUALS, Part, Quantity
from ..engine.sums import Sum
from ..engine.symbols import table
from ..engine.worlds import World
from ..models.convolution import positions, t
from ..package import losses as package

A, constant = table("A"), table("constant")
u, v, y = sp.symbols("u v y", real=True)
a, b, zu, zv, overlap, counts = sp.symbols("a b zu zv overlap counts", positive=True)
numbers = World(
    {"u": 2, "v": -4, "y": 3, "a": 2, "b": 5, "zu": 7, "zv": 3, "overlap": 2, "counts": 4},
    arrays={"A": lambda u: u**4},
)


def loss(u: sp.Expr, with_target: sp.Expr = y) -> sp.Expr:
    """A(u) - y u + c(y)."""
    return A(u) - with_target * u + constant(with_target)


def identity(name: str, penalty: sp.Expr) -> Identity:
    """The mean of the losses is the loss of the mean and a penalty."""
    return Identity(name, (loss(u) + loss(v)) / 2, loss((u + v) / 2) + penalty, worlds=[numbers])


def closed(name: str, of_u: sp.Expr, of_v: sp.Expr, of_mean: sp.Expr, form: sp.Expr) -> Identity:
    """J from the convex part at u, v and their mean."""
    return Identity(name, (of_u + of_v) / 2 - of_mean, form, worlds=[numbers])


def cross_entropy(name: str, overlap_of_no: sp.Expr) -> Identity:
    """J of cross-entropy as minus the logarithm of the overlap of two coins."""
    yes = sp.sqrt(a**2 / (1 + a**2) * b**2 / (1 + b**2))
    logarithms = sp.log(1 + a**2), sp.log(1 + b**2), sp.log(1 + a * b)
    return closed(name, *logarithms, -sp.log(sp.factor(yes + overlap_of_no)))


no = 1 / sp.sqrt((1 + a**2) * (1 + b**2))
ta, tb = table("a"), table("b")
overlaps = Identity(
    "multinomial: the overlap of the strands' probabilities",
    Sum(ta(t) * tb(t) / (zu * zv), (positions,)),
    1 / (zu * zv) * Sum(ta(t) * tb(t), (positions,)),
    worlds=[World({"M": 3, "zu": 2, "zv": 5})],
)
square = ((a - b) / (1 + a * b)) ** 2
not_negative = Identity(
    "cross-entropy: exp(2 J) is 1 and a square",
    sp.cancel((1 + a**2) * (1 + b**2) / (1 + a * b) ** 2 - 1 - square),
    sp.S.Zero,
    worlds=[numbers],
)

THEOREM = Theorem(
    number=13,
    title="Augmentation is conjoined training plus a penalty without labels",
    parts=[
        Part(
            Quantity("agreement_loss", package.weighted_loss),
            EQUALS,
            Quantity("the loss of the mean, and so many times J", package.mean_loss_and_penalty),
            by=("the mean of the losses is the loss of the mean and J",),
            cases=package.weighted,
        ),
        Part(
            Quantity("J as rczoo trains it", package.agreement),
            EQUALS,
            Quantity("its closed form, without labels", package.closed_form),
            by=(
                "cross-entropy: minus the logarithm of the overlap",
                "multinomial: minus the logarithm of the overlap",
                "multinomial: the overlap of the strands' probabilities",
                "poisson: half the squared difference of the rates' roots",
                "squared error: a quarter of the squared difference",
            ),
            cases=package.scored,
        ),
        Part(
            Quantity("0", package.zero),
            AT_MOST,
            Quantity("J, and 0 where the strands agree", package.agreement),
            by=("cross-entropy: exp(2 J) is 1 and a square",),
            cases=package.scored,
            prose="that J >= 0 for any convex A, which is the definition of convexity",
        ),
    ],
    coverage="every loss A(u) - y u + c(y), and every answer; positions of a multinomial",
    method=EVERY_SIZE,
    decides="how much to ask of agreement: 0 is conjoined training, 1 augmentation, more is consistency",
    code=("rczoo.evaluation.agreement.agreement_loss",),
    tests="tests/proofs/test_laws.py::test_t13_agreement",
    claims=[
        identity("the mean of the losses is the loss of the mean and J", (A(u) + A(v)) / 2 - A((u + v) / 2)),
        cross_entropy("cross-entropy: minus the logarithm of the overlap", no),
        closed(
            "multinomial: minus the logarithm of the overlap",
            counts * sp.log(zu**2),
            counts * sp.log(zv**2),
            counts * sp.log(overlap),
            -counts * sp.log(overlap / (zu * zv)),
        ),
        overlaps,
        closed(
            "poisson: half the squared difference of the rates' roots", a**2, b**2, a * b, (a - b) ** 2 / 2
        ),
        closed(
            "squared error: a quarter of the squared difference",
            u**2,
            v**2,
            ((u + v) / 2) ** 2,
            (u - v) ** 2 / 4,
        ),
        not_negative,
    ],
    twins=[
        identity("twin: the penalty holds the label", (A(u) + A(v)) / 2 - A((u + v) / 2) + y * (u - v)),
        cross_entropy("twin: the overlap of the positives alone", sp.S.Zero),
        closed("twin: half the squared difference", u**2, v**2, ((u + v) / 2) ** 2, (u - v) ** 2 / 2),
    ],
)
