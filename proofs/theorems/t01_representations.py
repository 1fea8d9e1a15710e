"""T1, machine-checked for every number of channels, every length; the orbit list also for all Reps up to
7 channels.

In words. Reverse complement acts on a feature map by ``(R x)[b,c,t] = s[c] * x[b, p[c], L-1-t]``, with p
its own inverse and ``s[p[c]] = s[c]``. Then R twice is the identity, and after negating some channels and
reordering them R is a sum of regular pairs (r), trivial (t) and sign (s) channels.

Derivation. Twice: the signs multiply to s[c] s[p[c]] = s[c]^2 = 1, the channel returns to p[p[c]] = c and
the position to L-1-(L-1-t) = t. The converse too: if R twice is the identity for all x then s[c] s[p[c]]
= 1. Signs: negate channel c iff c < p[c] and s[c] = -1 (write e[c] for that choice of signs); then the
sign of every pair becomes e[c] s[c] e[p[c]] = +1. Order: p is an involution, so each channel is either
fixed or in exactly one pair {c, p[c]}; list the pairs, then the fixed channels with s = +1, then those
with s = -1.

What it does not say. If any change of basis is allowed, not only signs and order, then r is the same as t
+ s (the sum and the difference of a pair); counts (r, t, s) are an invariant of signed reorderings only.
Those are the changes of basis that a pointwise non-linearity permits.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import sympy as sp

from rczoo.symmetry.rep import Rep

from ..engine.claims import EVERY_SIZE, Fact, Grid, Identity, Theorem
from ..engine.ranges import Interval
from ..engine.statements import EQUALS, IFF, Part, Quantity
from ..engine.symbols import size, table
from ..engine.worlds import World
from ..models.convolution import b, batch, c, channels_in, inputs, t, x
from ..package import reps as package

L = size("L")
length = Interval(t, sp.S.Zero, L)
worlds = [World({"L": n, "N": 2}, {"in": rep}) for n in (1, 4) for rep in ("2r:flip", "1r+1t+2s")]
Signed = tuple[tuple[int, ...], tuple[int, ...]]

twice = inputs.act(inputs.act(x, L), L)
squares = Identity("R R x = x", twice(b, c, t), x(b, c, t), (batch, channels_in, length), worlds)

# Two unrelated signs, one for c and one for its partner: R R x - x is then (s s' - 1) x.
s, s_partner = sp.symbols("s s_partner", real=True)
needed = Identity(
    "R R = 1 needs s s' = 1",
    s * (s_partner * x(c)) - x(c),
    (s * s_partner - 1) * x(c),
    worlds=[World({"s": 1, "s_partner": -1, "c": 0})],
)


def _balanced(negate_lower: bool = True) -> str | None:
    """The sign of a swapped pair after negation, for both values of its sign and both of its channels."""
    for sign, lower in itertools.product((1, -1), (True, False)):
        e, e_partner = (sign if lower == negate_lower else 1), (1 if lower == negate_lower else sign)
        if e * sign * e_partner != 1:
            return f"the pair keeps the sign {e * sign * e_partner}"
    return None


def signed_involutions(most: int) -> Iterator[Signed]:
    """Every (partners, signs) with R R = 1 on up to ``most`` channels, pairs with sign -1 included."""
    for n in range(most + 1):
        for partners in _involutions(n):
            orbits = sorted({min(c, j) for c, j in enumerate(partners)})
            for chosen in itertools.product((1, -1), repeat=len(orbits)):
                sign = dict(zip(orbits, chosen, strict=True))
                yield partners, tuple(sign[min(c, j)] for c, j in enumerate(partners))


def _involutions(n: int) -> Iterator[tuple[int, ...]]:
    """By induction on n: channel 0 is fixed, or swapped with some j; the others form a smaller involution."""
    if n == 0:
        yield ()
    for j in range(n):
        others = [c for c in range(n) if c not in (0, j)]
        for smaller in _involutions(len(others)):
            partner = {0: j, j: 0} | {c: others[q] for c, q in zip(others, smaller, strict=True)}
            yield tuple(partner[c] for c in range(n))


def _decomposes(case: Signed, negate: bool = True) -> str | None:
    """Negate and reorder the channels, and compare with the sum of r, t and s as ``Rep`` writes it."""
    partners, signs = case
    pairs = [(c, j) for c, j in enumerate(partners) if c < j]
    fixed = [sorted(c for c, j in enumerate(partners) if c == j and signs[c] == w) for w in (1, -1)]
    order = [c for pair in pairs for c in pair] + fixed[0] + fixed[1]
    if sorted(order) != list(range(len(partners))):
        return f"the order {order} is not a permutation"
    e = [signs[c] if negate and c < partners[c] else 1 for c in range(len(partners))]
    moved = [order.index(partners[c]) for c in order], [e[c] * signs[c] * e[partners[c]] for c in order]
    target = Rep(f"{len(pairs)}r") + Rep(f"{len(fixed[0])}t") + Rep(f"{len(fixed[1])}s")
    return None if moved == (list(target.partners), list(target.signs)) else f"{moved} is not {target}"


def _regular_is_trivial_plus_sign() -> str | None:
    swap, basis = sp.Matrix([[0, 1], [1, 0]]), sp.Matrix([[1, 1], [1, -1]])
    return None if basis * swap * basis.inv() == sp.diag(1, -1) else "the pair did not split"


wrong_sign = table("s_any")
no_involution = Identity(
    "twin: any signs will do",
    wrong_sign(c) * wrong_sign(inputs.p(c)) * x(b, c, t),
    x(b, c, t),
    (batch, channels_in, length),
    [World({"L": 2, "N": 1}, {"in": "1r"}, arrays={"s_any": lambda c: 1 - 2 * c})],
)

THEOREM = Theorem(
    number=1,
    title="A Rep is an involution, and a sum of r, t and s",
    parts=[
        Part(
            Quantity("R x in rczoo", package.acted),
            EQUALS,
            Quantity("s[c] x[p[c], L-1-t]", package.acted_plainly),
            by=(),
            cases=package.notations,
            prose="a definition: what reverse complement does",
        ),
        Part(
            Quantity("R R x", package.acted_twice),
            EQUALS,
            Quantity("x", package.features),
            by=("R R x = x",),
            cases=package.notations,
        ),
        Part(
            Quantity("Rep takes the partners and signs", package.accepted),
            IFF,
            Quantity("R R = 1", package.involution),
            by=(
                "R R = 1 needs s s' = 1",
                "negating the lower channel makes every pair ordinary",
            ),
            cases=package.maps,
        ),
        Part(
            Quantity("the pairs and fixed channels of a Rep", package.counts),
            EQUALS,
            Quantity("its r, t, s, up to order and signs", package.counts_plainly),
            by=(
                "orbits listed in order r, t, s",
                "a full change of basis would turn r into t + s",
            ),
            cases=package.notations,
            prose="that listing the orbits is a permutation, beyond 7 channels",
        ),
        Part(
            Quantity("the one-hot code of a reverse complement", package.encoded_reverse_complement),
            EQUALS,
            Quantity("R of the one-hot code in the order A, C, G, T", package.turned_encoding),
            by=(),
            cases=package.sequences,
            prose="a definition: the order of the bases",
        ),
    ],
    coverage="every number of channels, batch and length; the listing of orbits up to 7 channels",
    method=f"{EVERY_SIZE}; order: grid (all signed involutions up to 7 channels)",
    decides="whether an order of your channels is one that RC can act on, and as which Rep",
    code=("rczoo.symmetry.rep.Rep",),
    tests="tests/proofs/test_laws.py::test_t01_rep_is_an_involution",
    claims=[
        squares,
        needed,
        Fact("negating the lower channel makes every pair ordinary", _balanced),
        Grid("orbits listed in order r, t, s", lambda: signed_involutions(7), _decomposes),
        Fact("a full change of basis would turn r into t + s", _regular_is_trivial_plus_sign),
    ],
    twins=[
        no_involution,
        Grid(
            "twin: no negation is needed",
            lambda: signed_involutions(3),
            lambda v: _decomposes(v, negate=False),
        ),
    ],
)
