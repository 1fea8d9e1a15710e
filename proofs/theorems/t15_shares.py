"""T15, machine-checked for every number of filters and shares; linear algebra and genericity in prose.

In words. Take two blocks or more, a first kernel that spans the input, F <= 2K filters for K taps, and real
inputs. Then no share is redundant: a model that exchanges k < F filters before the second block, and none
later, cannot compute everything that one with k + 1 can. With u_j a base at a place and v_j its complement
at the mirrored place, the one with m filters exchanged computes ``sum_{j <= m} |relu u_j - relu v_j| +
sum_{j > m} (relu u_j + relu v_j)``, and no model with fewer does.

Derivation. Computes: relu(p - q) + relu(q - p) = |p - q|. Does not: with k < m filters received, the answer
of one frame depends on the F + k numbers A x and the first k of A R x, so it stays the same along a
subspace N of at least 2F - (F + k) of the 2F directions, and that of the other frame along R N. Hence the
mixed difference f(x + a + b) - f(x + a) - f(x + b) + f(x) is 0 for a in N, b in R N. At a kink |l(x)| or
relu(l(x)) it is not 0 where l(a) and l(b) are not. So each kink's l vanishes on N or on R N. Of the kinks
at u_j = 0: u_j or v_j vanishes on N. Of those at u_j = v_j, j <= m: u_j - v_j vanishes on N, and with it
both. Those are F + m functionals that vanish on N, so dim N <= F - m < F - k: a contradiction.

Prose: that a subspace cut out by r of n numbers has at least n - r directions, that the functionals are
independent, and that around a generic point of one kink there is no other. T4's case is F = 1.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import sympy as sp

from ..engine.claims import EVERY_SIZE, Grid, Identity, Theorem
from ..engine.ranges import Interval
from ..engine.statements import EQUALS, IFF, LESS, Part, Quantity
from ..engine.sums import Side, Sum
from ..engine.symbols import Below, index, natural, size, table
from ..engine.worlds import World
from ..package import spanning as package

F, k, m = size("F"), natural("k"), natural("m")
j, at, bt = index("j", "at", "bt")
more = natural("more")
p, q = table("p"), table("q")
first, second = table("first"), table("second")
world = World({"m": 2, "more": 1}, arrays={"p": lambda j: abs(2 * j - 3), "q": lambda j: abs(5 - 3 * j)})
filters = Interval(j, sp.S.Zero, m + more)


def relu(value: sp.Expr) -> sp.Expr:
    """(value + |value|) / 2."""
    return (value + sp.Abs(value)) / 2


def computes(name: str, mixed: sp.Expr) -> Identity:
    """The second block, of p_j = relu u_j and q_j = relu v_j, which are at least 0: both frames added."""

    def frame(own: sp.Expr, other: sp.Expr) -> sp.Expr:
        received = Below(j, mixed) * relu(own - other)
        return received + (1 - Below(j, mixed)) * own

    member = Sum(frame(p(j), q(j)) + frame(q(j), p(j)), (filters,))
    apart, alone = Interval(j, sp.S.Zero, m), Interval(j, m, m + more)
    target = Sum(sp.Abs(p(j) - q(j)), (apart,)) + Sum(p(j) + q(j), (alone,))

    def cut(side: Sum) -> Side:
        return side.split("j", m)

    return Identity(name, member, target, (), [world], rewrite_left=cut)


def mixed_difference(name: str, second_sees: sp.Expr) -> Identity:
    """Frame 0 does not see a, frame 1 does not see b: corners of a parallelogram with alternating signs."""

    def model(a: sp.Expr, b: sp.Expr) -> sp.Expr:
        return first(b) + second(a) + second_sees * second(a + b)

    one, none = sp.S.One, sp.S.Zero
    left = model(one, one) - model(one, none) - model(none, one) + model(none, none)
    return Identity(name, left, none, (), [World({"sees": 1}, seed=3)])


def kinks() -> Iterator[tuple[str, sp.Expr, sp.Expr]]:
    """l(a) and l(b) of every sign, the first the larger or the smaller."""
    less, greater = sp.symbols("less greater", positive=True)
    for signs in itertools.product((1, -1), repeat=2):
        for sides in ((less, less + greater), (less + greater, less)):
            for kink in ("absolute value", "relu"):
                yield kink, signs[0] * sides[0], signs[1] * sides[1]


def bends(case: tuple[str, sp.Expr, sp.Expr]) -> str | None:
    """None where the mixed difference, around the middle of the kink, is not 0."""
    kink, a, b = case
    g = sp.Abs if kink == "absolute value" else relu
    start = -(a + b) / 2
    found = sp.simplify(g(start + a + b) - g(start + a) - g(start + b) + g(start))
    return None if found.is_nonzero else f"{kink} has the mixed difference {found}"


def flat(case: tuple[str, sp.Expr, sp.Expr]) -> str | None:
    """None where a direction along the kink leaves the mixed difference at 0 (the twin says it need not)."""
    return bends((case[0], sp.S.Zero, case[2]))


counting = Identity(
    "2 m functionals of mixed pairs and F - m of others are F + m",
    2 * m + (F - m),
    F + m,
    worlds=[World({"F": 3, "m": 2})],
)


def room(name: str, exchanged: sp.Expr) -> Identity:
    """The directions that a member leaves, less those that the target allows: positive where k < m."""
    extra = natural("extra")
    left = (2 * F - (F + exchanged)) - (2 * F - (F + m))
    steps = (m - k - 1 - extra).subs(m, k + 1 + extra)
    return Identity(
        name,
        left.subs(m, k + 1 + extra),
        1 + extra + steps,
        worlds=[World({"F": 4, "k": 1, "extra": 1})],
    )


THEOREM = Theorem(
    number=15,
    title="No share of the other strand is redundant",
    parts=[
        Part(
            Quantity("the member that exchanges m filters, with the witness's weights", package.witnessed),
            EQUALS,
            Quantity("sum_{j<=m} |relu u_j - relu v_j| + sum_{j>m} (relu u_j + relu v_j)", package.target),
            by=("the witness's second block",),
            cases=package.spanning,
        ),
        Part(
            Quantity("the mixed difference of any member that exchanges fewer", package.mixed_of_member),
            LESS,
            Quantity("that of the witness, in the same directions", package.mixed_of_target),
            by=(
                "a function of each frame alone has no mixed difference",
                "a kink has one, in directions that cross it",
                "2 m functionals of mixed pairs and F - m of others are F + m",
                "a member that exchanges fewer leaves a direction more than the target allows",
            ),
            cases=package.spanning,
            prose="dimensions of subspaces, and that kinks are apart around a generic point",
        ),
        Part(
            Quantity("same_function_class says different", package.called_different),
            IFF,
            Quantity("the first kernel spans the input, F <= 2K, shares differ", package.differ_by_theorem),
            by=("the witness's second block", "a kink has one, in directions that cross it"),
            cases=package.spanning_networks,
        ),
    ],
    coverage="every number of filters and exchanged filters, every non-linearity of later blocks",
    method=f"{EVERY_SIZE}; kinks: grid (signs and order of two slopes)",
    decides="that a larger mixing can say more, filter by filter; so it is worth a comparison",
    code=("rczoo.family.embedding.same_function_class", "rczoo.family.trunk.Trunk"),
    tests="tests/proofs/test_laws.py::test_t15_no_share_is_redundant",
    claims=[
        computes("the witness's second block", m),
        mixed_difference("a function of each frame alone has no mixed difference", sp.S.Zero),
        Grid("a kink has one, in directions that cross it", kinks, bends),
        counting,
        room("a member that exchanges fewer leaves a direction more than the target allows", k),
    ],
    twins=[
        computes("twin: with no filter exchanged the target is the same", sp.S.Zero),
        mixed_difference("twin: nor has a function of both frames", sp.Symbol("sees", integer=True)),
        Grid("twin: a kink has one in directions along it", kinks, flat),
        room("twin: a member that exchanges as many leaves more, too", m),
    ],
)
