"""T16, machine-checked for every size of the first half; of the second the arithmetic, and a simulation.

In words. Let the target be equivariant, inputs as likely as their reverse complements, and the loss squared.
Then conjoining after training lowers the risk by exactly ``E |f - R f R|^2 / 4``: what the strands disagree
by, which needs no label to be measured. Least squares with n examples of d Gaussian features, half of them
even and half odd under R, and an even target: the excess risk over sigma^2 is d / (n - d - 1) for plain least
squares, half of that if it is conjoined afterwards, and (d/2) / (n - d/2 - 1) if it is conjoined while
training, or tied, or trained with augmentation.

Derivation. f - conjoin(f) = (f - R f R) / 2, and Pythagoras (T3). Least squares: the excess risk is sigma^2
times the trace of the inverse of a Wishart matrix, d / (n - d - 1); conjoining afterwards leaves out the
terms of odd features, half of the trace; conjoining in training leaves out the features, d/2 in place of d.

Prose: the mean of an inverse Wishart matrix is cited. Networks are not least squares: the first half is a
theorem for them, the second a yardstick.
"""

from __future__ import annotations

import sympy as sp

from ..engine.claims import EVERY_SIZE, Fact, Identity, Theorem
from ..engine.statements import EQUALS, LESS, Part, Quantity
from ..engine.symbols import natural, size
from ..engine.worlds import World
from ..package import strands as package
from .t03_conjoining import X, conjoin, everywhere, f, nearest, o, probability, reverse, sequences, t, world

half, spare = size("half"), natural("spare")
examples = 2 * half + 2 + spare
weight = probability(X) + probability(sequences.p(X))


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


def _one_feature() -> str | None:
    """E 1/chi^2_n = 1 / (n - 2): the trace for one feature, by integration for n = 3 to 8."""
    x = sp.Symbol("x", positive=True)
    for n in range(3, 9):
        density = (
            x ** (sp.Rational(n, 2) - 1)
            * sp.exp(-x / 2)
            / (2 ** sp.Rational(n, 2) * sp.gamma(sp.Rational(n, 2)))
        )
        if sp.simplify(sp.integrate(density / x, (x, 0, sp.oo)) - sp.Rational(1, n - 2)) != 0:
            return f"it is not 1 / {n - 2} for n = {n}"
    return None


better = sp.factor(half * (half) / ((1 + spare) * (half + 1 + spare)))
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
            Quantity("excess risk of least squares conjoined while training", package.conjoined_in_training),
            LESS,
            Quantity("that conjoined afterwards", package.conjoined_afterwards),
            by=("least squares: afterwards is worse by this much", "one feature: the mean of 1 / chi^2"),
            cases=package.least_squares,
            prose="the mean of an inverse Wishart matrix; that networks behave alike is no theorem",
        ),
        Part(
            Quantity("excess risk of least squares conjoined afterwards", package.conjoined_afterwards),
            LESS,
            Quantity("that of plain least squares", package.plain_least_squares),
            by=("least squares: afterwards is worse by this much",),
            cases=package.least_squares,
        ),
    ],
    coverage="every f, output Rep, number of inputs; every number of features and examples in the formulae",
    method=f"{EVERY_SIZE}; one feature: grid (n = 3 to 8)",
    decides="what conjoining afterwards gains, without a label, and when it pays to train conjoined",
    code=("rczoo.nn.conjoined.conjoin",),
    tests="tests/proofs/test_laws.py::test_t16_worth_in_data",
    claims=[
        gap("f is off by half of what the strands disagree by", sp.Rational(1, 4)),
        nearest("Pythagoras for an equivariant target", weight),
        saved("least squares: afterwards is worse by this much", better),
        Fact("one feature: the mean of 1 / chi^2", _one_feature),
    ],
    twins=[
        gap("twin: by all of it", sp.S.One),
        nearest("twin: where one strand is likelier", probability(X)),
        saved("twin: afterwards is as good", sp.S.Zero),
    ],
)
