"""T5, machine-checked for every size: outputs, positions, any function f; counter-examples for the rest.

In words. Let a loss be convex in the prediction and unchanged when prediction and target are both
reverse-complemented. Then replacing f by f conjoined by mean never raises the loss averaged over an
example and its reverse complement. It holds for binary cross-entropy and multinomial likelihood on
logits, and for squared error. Merging by `probability` (mean of the sigmoids) does the same for binary
cross-entropy, and for squared error of probabilities. It fails for sum and for max with each of these
losses, and for squared error after the sigmoid of a mean logit.

Derivation. With u = f(x) and v = R f(R x), both read in the frame of x, the loss at R x is that of v
against y, by re-indexing. So the two losses before, minus the two after merging, are the sum over outputs
and positions of ``phi(u, y) + phi(v, y) - 2 phi((u + v)/2, y)``, and each term is at least 0 when phi is
convex in the prediction. Each gap is a square: for cross-entropy, with a = exp(u/2), b = exp(v/2), it is
log of ((1 + a^2)(1 + b^2)) / (1 + ab)^2, and (1 + a^2)(1 + b^2) - (1 + ab)^2 = (a - b)^2. The multinomial
likelihood couples the positions of a strand through Z = sum of exp(u): there (sum a^2)(sum b^2) - (sum
ab)^2 is half the double sum of (a[t] b[r] - a[r] b[t])^2. The squares are machine-checked; that the gaps are
such logarithms, and so at least 0, is prose.

Hence, at equal weights and in eval mode, the training loss of the conjoined model is at most that of the
augmented one. That conjoining therefore *overfits* more is a hypothesis of the paper, not a theorem.
"""

from __future__ import annotations

import sympy as sp

from ..engine.claims import EVERY_SIZE, Grid, Identity, Theorem
from ..engine.ranges import Channels, Interval
from ..engine.statements import AT_MOST, LESS, Part, Quantity
from ..engine.sums import Side, Sum, Total
from ..engine.symbols import SymbolicRep, index, table
from ..engine.worlds import World
from ..models.convolution import M, o, outputs, positions, t
from ..models.merge_losses import PROMISES, counter_example, points, verdict
from ..package import losses as package
from .t03_conjoining import X, conjoin, f, reverse, sequences, unsigned

y, phi, A = table("y"), table("phi"), table("A")
r = index("r")
tables = {"X": "2r+1t", "out": "1r+1t+1s", "unsigned": "1r+1t"}
world = World({"M": 3}, tables, arrays={"phi": lambda u, y: u**4 + y})


def gap(name: str, loss: sp.Function, rep: SymbolicRep, flip_target: bool = True) -> Identity:
    """The losses of f at x and R x, minus those of f conjoined, are a sum of convexity gaps."""
    entries = (Channels(o, rep), positions)
    target = rep.act(y, M)(o, t) if flip_target else y(o, t)
    merged, other = conjoin(f, rep=rep), reverse(f, rep)

    def losses(g: sp.Function, sign: int) -> Total:
        at_x = Sum(sign * loss(g(X, o, t), y(o, t)), entries)
        return at_x + Sum(sign * loss(g(sequences.p(X), o, t), target), entries)

    def turn(side: Total) -> Side:
        back = {"o": rep.p(o), "t": M - 1 - t}
        return Total(tuple(s if n % 2 == 0 else s.reindex(**back) for n, s in enumerate(side.terms)))

    u, v, mean = f(X, o, t), other(X, o, t), merged(X, o, t)
    gaps = Sum(loss(u, y(o, t)) + loss(v, y(o, t)) - 2 * loss(mean, y(o, t)), entries)
    free = (Channels(X, sequences),)
    return Identity(name, losses(f, 1) + losses(merged, -1), gaps, free, [world], rewrite_left=turn)


def squared(u: sp.Expr, y: sp.Expr) -> sp.Expr:
    """Squared error of one entry."""
    return (u - y) ** 2


a, b, p, q = sp.symbols("a b p q", positive=True)
u, v, target = sp.symbols("u v target", real=True)
numbers = World({"a": 2, "b": 3, "p": 1, "q": 2, "u": 1, "v": -2, "target": 4})
squares = [
    Identity(
        "cross-entropy: the gap is a square",
        (1 + a**2) * (1 + b**2) - (1 + a * b) ** 2,
        (a - b) ** 2,
        worlds=[numbers],
    ),
    Identity(
        "squared error: the gap is a square",
        squared(u, target) + squared(v, target) - 2 * squared((u + v) / 2, target),
        (u - v) ** 2 / 2,
        worlds=[numbers],
    ),
    Identity(
        "probability: the gap is a square", ((p + q) / 2) ** 2 - p * q, (p - q) ** 2 / 4, worlds=[numbers]
    ),
]

ta, tb = table("a"), table("b")
over_t, over_r = positions, Interval(r, sp.S.Zero, M)


def lagrange(name: str, factor: sp.Expr) -> Identity:
    """sum a^2 sum b^2 - (sum ab)^2 = 1/2 sum over t, r of (a[t] b[r] - a[r] b[t])^2."""
    pairs = (over_t, over_r)
    left = Sum(ta(t) ** 2 * tb(r) ** 2 - ta(t) * tb(t) * ta(r) * tb(r), pairs)
    halves = ta(t) ** 2 * tb(r) ** 2 / 2, ta(r) ** 2 * tb(t) ** 2 / 2, -ta(t) * tb(t) * ta(r) * tb(r)
    right = Sum(factor * (ta(t) * tb(r) - ta(r) * tb(t)) ** 2, pairs)

    def derive(side: Sum) -> Side:
        first, second, third = side.parts(*halves).terms
        return first + second.exchange("t", "r") + third

    return Identity(name, left, right, (), [world], rewrite_right=derive if factor != 1 else lambda s: s)


def strandwise(name: str, summand: sp.Expr, of_partner: sp.Expr) -> Identity:
    """A sum over positions of a strand of R u is that sum of the partner strand of u."""
    left, right = Sum(summand, (positions,)), Sum(of_partner, (positions,))
    free = (Channels(o, unsigned),)
    back = lambda side: side.reindex(t=M - 1 - t)  # noqa: E731
    return Identity(name, left, right, free, [world], rewrite_left=back)


turned_y, turned_u = unsigned.act(y, M), unsigned.act(table("u"), M)
at_partner = unsigned.p(o), t
multinomial = [
    strandwise(
        "multinomial: the normaliser moves with its strand",
        sp.exp(turned_u(o, t)),
        sp.exp(table("u")(*at_partner)),
    ),
    strandwise("multinomial: the count moves with its strand", turned_y(o, t), y(*at_partner)),
    strandwise(
        "multinomial: the score moves with its strand",
        turned_y(o, t) * turned_u(o, t),
        y(*at_partner) * table("u")(*at_partner),
    ),
    Identity(
        "multinomial: the sum over strands does not move",
        Sum(A(unsigned.p(o)), (Channels(o, unsigned),)),
        Sum(A(o), (Channels(o, unsigned),)),
        worlds=[world],
        rewrite_left=lambda side: side.reindex(o=unsigned.p(o)),
    ),
    lagrange("multinomial: the gap is a sum of squares", sp.Rational(1, 2)),
]

THEOREM = Theorem(
    number=5,
    title="Merging by mean never raises the RC-averaged loss",
    parts=[
        Part(
            Quantity("the loss of both strands' mean", package.merged_loss),
            AT_MOST,
            Quantity("the mean of their losses", package.averaged_loss),
            by=(
                "cross-entropy: the gap is a square",
                "squared error: the gap is a square",
                "multinomial: the gap is a sum of squares",
                "probability: the gap is a square",
            ),
            cases=package.scored,
            prose="that a gap in cross-entropy or likelihood is the logarithm of 1 plus such a square",
        ),
        Part(
            Quantity("the loss of conjoin(f) over x and R x", package.conjoined_loss),
            AT_MOST,
            Quantity("that of f", package.augmented_loss),
            by=(
                "any loss of single entries, without sign channels",
                "squared error, any output Rep",
                "multinomial: the normaliser moves with its strand",
                "multinomial: the count moves with its strand",
                "multinomial: the score moves with its strand",
                "multinomial: the sum over strands does not move",
            ),
            cases=package.whole_models,
        ),
        Part(
            Quantity("the mean of the strands' losses", package.worst_before),
            LESS,
            Quantity("the loss of their sum or maximum, at worst", package.worst_after),
            by=("numbers agree with the table of merges and losses",),
            cases=package.worst_merges,
        ),
    ],
    coverage="every f, output Rep, positions and inputs; each merge with each loss decided",
    method=f"{EVERY_SIZE}; each merge with each loss: grid",
    decides="that conjoining by mean costs nothing in loss, and that sum and max promise nothing",
    code=(
        "rczoo.evaluation.losses.binary_cross_entropy",
        "rczoo.evaluation.losses.multinomial_nll",
        "rczoo.evaluation.losses.log_count_error",
    ),
    tests="tests/proofs/test_laws.py::test_t05_mean_never_raises_the_loss",
    claims=[
        gap("any loss of single entries, without sign channels", phi, unsigned),
        gap("squared error, any output Rep", squared, outputs),
        *squares,
        *multinomial,
        Grid("numbers agree with the table of merges and losses", lambda: PROMISES.items(), verdict),
    ],
    twins=[
        gap("twin: the target is not reverse-complemented", squared, outputs, flip_target=False),
        lagrange("twin: the gap without the half", sp.S.One),
        *(
            Grid(f"twin: {merge} never raises {loss}", points(loss), counter_example(merge, loss))
            for (merge, loss), holds in PROMISES.items()
            if not holds
        ),
    ],
)
