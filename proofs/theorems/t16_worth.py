"""T16, machine-checked for every number of inputs, features and examples; a chi^2 distribution in prose.

In words. Let the target be equivariant, inputs as likely as their reverse complements, and the loss squared.
Then conjoining after training lowers the risk by exactly ``E |f - R f R|^2 / 4``: what the strands disagree
by, which needs no label to be measured. Least squares with n examples of d Gaussian features, half of them
even and half odd under R, and an even target: the excess risk over sigma^2 is d / (n - d - 1) for plain least
squares, half of that if it is conjoined afterwards, and (d/2) / (n - d/2 - 1) if it is conjoined while
training, or tied, or trained with augmentation: these three are one and the same estimate.

Derivation. f - conjoin(f) = (f - R f R) / 2, and Pythagoras (T3). Least squares: weight j is off by
sum_i P[j,i] e_i, P the pseudo-inverse and e the noise, so that its mean square is sigma^2 sum_i P[j,i]^2:
entry (j, j) of the inverse of the Gram matrix. That entry is 1 over the square of feature j that the other
d - 1 features leave over, and the mean of 1 / chi^2_m is 1 / (m - 2). Conjoining afterwards leaves out the
weights of odd features, half of the sum; in training it leaves out the features, d/2 in place of d. With both
strands in the batch an odd feature meets each residual of an even fit twice, once negated: its weight is 0.

Prose: what d - 1 Gaussian features leave of another in n examples is chi^2 of n - d + 1 degrees, by turning
the axes. Networks are not least squares: the first half is a theorem for them, the second a yardstick.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from ..engine.claims import EVERY_SIZE, Fact, Grid, Identity, Theorem
from ..engine.ranges import Channels
from ..engine.statements import EQUALS, LESS, NEAR, Part, Quantity
from ..engine.sums import Side, Sum
from ..engine.symbols import SameChannel, index, natural, size, table
from ..engine.worlds import World
from ..package import regression
from ..package import strands as package
from .t03_conjoining import X, conjoin, everywhere, f, nearest, o, probability, reverse, sequences, t, world

half, spare = size("half"), natural("spare")
examples = 2 * half + 2 + spare
weight = probability(X) + probability(sequences.p(X))
every_example = Channels(X, sequences)


def gap(name: str, part: sp.Expr) -> Identity:
    """(f - conjoin(f))^2 against a part of (f - R f R)^2."""
    at = (X, o, t)
    return Identity(
        name,
        (f(*at) - conjoin(f)(*at)) ** 2,
        part * (f(*at) - reverse(f)(*at)) ** 2,
        everywhere,
        [world],
    )


Y, P = index("Y"), table("P")
noise = Identity(
    "least squares: independent noises add up by their squares",
    Sum(P(X) * P(Y) * SameChannel(X, Y), (every_example, Channels(Y, sequences))),
    Sum(P(X) ** 2, (every_example,)),
    worlds=[world],
    rewrite_left=lambda side: side.collapse("Y"),
)
feature, residual = table("feature"), table("residual")


def balanced(name: str, sign: int) -> Identity:
    """The sum over both strands of feature(x) +- feature(R x), times a residual that both strands share."""
    over = (every_example,)
    shared = residual(X) + residual(sequences.p(X))
    own, other = feature(X) * shared, sign * feature(sequences.p(X)) * shared

    def derive(side: Sum) -> Side:
        first, second = side.parts(own, other).terms
        return first + second.reindex(X=sequences.p(X))

    return Identity(name, Sum(own + other, over), sp.S.Zero, (), [world], derive)


def _left_over(features: int) -> str | None:
    """Entry (0, 0) of the inverse of a Gram matrix, by cofactors, against 1 over what feature 0 has left."""
    G = sp.Matrix(features, features, lambda i, j: sp.Symbol(f"g{min(i, j)}{max(i, j)}"))
    rest, shared = G[1:, 1:], G[1:, 0]
    left_over = G[0, 0] - (shared.T * rest.inv() * shared)[0]
    return None if sp.simplify(rest.det() / G.det() - 1 / left_over) == 0 else f"it is not 1 / {left_over}"


def inverse_mean(name: str, less: int) -> Fact:
    """E 1 / chi^2_m = 1 / (m - less), for every m of at least 3, by integration."""

    def fails() -> str | None:
        x, m = sp.Symbol("x", positive=True), 3 + spare
        integral = sp.integrate(x ** (m / 2 - 2) * sp.exp(-x / 2), (x, 0, sp.oo), conds="none")
        mean = sp.gammasimp(integral / (2 ** (m / 2) * sp.gamma(m / 2)))
        gone = sp.simplify(sp.expand_func(mean - 1 / (m - less))) == 0
        return None if gone else f"it is {mean.subs(spare, 0)} for m = 3"

    return Fact(name, fails)


def excess(features: sp.Expr) -> sp.Expr:
    """Of least squares with so many features, over sigma^2."""
    return features / (examples - features - 1)


def saved(name: str, between: sp.Expr) -> Identity:
    """What conjoining while training is better by than conjoining afterwards."""
    return Identity(
        name,
        sp.factor(excess(2 * half) / 2 - excess(half)),
        between,
        worlds=[World({"half": 3, "spare": 4}), World({"half": 1, "spare": 0})],
    )


better = sp.factor(half * (half) / ((1 + spare) * (half + 1 + spare)))
MEAN = (
    "least squares: independent noises add up by their squares",
    "least squares: an entry of the inverse is 1 over what other features leave",
    "the mean of 1 / chi^2",
)
Risk = Callable[[regression.Study], float]


def estimated(words: str, measure: Risk, formula: str, value: Risk, by: tuple[str, ...]) -> Part:
    """An excess risk and its formula."""
    left = Quantity(f"excess risk over sigma^2 of least squares, {words}", measure)
    prose = "that what Gaussian features leave of another is chi^2; that networks behave alike is no theorem"
    return Part(left, NEAR, Quantity(formula, value), by, regression.studies, prose)


THEOREM = Theorem(
    number=16,
    title="What equivariance is worth in data",
    parts=[
        Part(
            Quantity("risk(f) - risk(conjoin(f)), of an equivariant target", package.risk_lost),
            EQUALS,
            Quantity("E |f - R f R|^2 / 4", package.disagreement),
            by=("f is off by half of what the strands disagree by", "Pythagoras for an equivariant target"),
            cases=package.models("mean"),
        ),
        Part(
            Quantity("least squares of a linear model, conjoined", regression.of_the_conjoined),
            EQUALS,
            Quantity(
                "that of a tied layer, and that with both strands in the batch",
                regression.of_the_tied_and_augmented,
            ),
            by=("least squares: of both strands, odd features meet no residual",),
            cases=regression.studies,
        ),
        estimated("plain", regression.plain, "d / (n - d - 1)", regression.formula_plain, MEAN),
        estimated(
            "conjoined afterwards",
            regression.afterwards,
            "half of d / (n - d - 1)",
            regression.formula_afterwards,
            MEAN,
        ),
        estimated(
            "conjoined while training",
            regression.while_training,
            "(d/2) / (n - d/2 - 1)",
            regression.formula_while_training,
            (*MEAN, "least squares: of both strands, odd features meet no residual"),
        ),
        Part(
            Quantity("excess risk of least squares conjoined while training", regression.while_training),
            LESS,
            Quantity("that conjoined afterwards", regression.afterwards),
            by=("least squares: afterwards is worse by this much",),
            cases=regression.studies,
        ),
    ],
    coverage="every f, output Rep, number of inputs; every number of features and examples",
    method=f"{EVERY_SIZE}; an entry of the inverse: grid (2 and 3 features)",
    decides="what conjoining afterwards gains, without a label, and when it pays to train conjoined",
    code=("rczoo.nn.conjoined.conjoin",),
    tests="tests/proofs/test_laws.py::test_t16_worth_in_data",
    claims=[
        gap("f is off by half of what the strands disagree by", sp.Rational(1, 4)),
        nearest("Pythagoras for an equivariant target", weight),
        noise,
        balanced("least squares: of both strands, odd features meet no residual", -1),
        Grid(MEAN[1], lambda: (2, 3), _left_over),
        inverse_mean("the mean of 1 / chi^2", 2),
        saved("least squares: afterwards is worse by this much", better),
    ],
    twins=[
        gap("twin: by all of it", sp.S.One),
        nearest("twin: where one strand is likelier", probability(X)),
        balanced("twin: even features meet no residual", 1),
        inverse_mean("twin: the mean of 1 / chi^2 is 1 over its mean", 0),
        saved("twin: afterwards is as good", sp.S.Zero),
    ],
)
