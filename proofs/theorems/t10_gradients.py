"""T10, machine-checked for every size and every function with a gradient: channels, length, Reps.

In words. If F(R x) = F(x) then the input gradient is equivariant where it exists: grad F(R x) = R grad
F(x). Gradient times input is equivariant too, and so is in-silico mutagenesis (the change of F when one
position is set to one base). At a kink an autograd library picks one of several subgradients, perhaps not
symmetrically: at a tie in a max-pool, "the first maximum" is another position on the other strand. Frames
survive that, because they add the gradient chosen in one frame and R of the one chosen in the other.

Derivation. Write G(x) for grad F(x). By the chain rule <G(R x), v> = d/de F(R x + e v) = d/de F(R (x + e
R v)) = d/de F(x + e R v) = <G(x), R v> for every direction v. With v = 1 at one channel and position, the
left side is G(R x) there, and the right side is R G(x) there. Mutagenesis: setting position t of R x to
base a is R of setting position L-1-t of x to base p[a], as two channels are the same iff their partners
are.

Gradient times input carries the sign twice: on sign channels it moves as an unsigned track. DNA has none.

The chain rule is assumed; it is checked by differentiation for one cubic function of six inputs.
"""

from __future__ import annotations

import itertools
from typing import Any

import sympy as sp

from rczoo.symmetry.rep import Rep

from ..engine.claims import EVERY_SIZE, Fact, Identity, Theorem
from ..engine.ranges import Channels, Interval
from ..engine.statements import EQUALS, Part, Quantity
from ..engine.sums import Side, Sum
from ..engine.symbols import Same, SameChannel, SymbolicRep, index, natural, size, table
from ..engine.worlds import World
from ..models.convolution import c, channels_in, inputs, t
from ..package import family as package
from .t03_conjoining import X, conjoin, equivariant, plus, sequences

L = size("L")
a, u, after = index("a"), natural("u"), natural("after")
gradient, g, x = table("gradient"), table("g"), table("x")
dna = SymbolicRep("dna", signed=False)
reps = {"in": "1r+1t+1s", "X": "2r+1t", "dna": "2r:flip"}
worlds = [World({"u": i, "after": 2 - i, "L": 3}, reps) for i in range(3)]


def direction(name: str, rep: SymbolicRep) -> Identity:
    """<G(x), R v> = (R G(x))[a, u], for v = 1 at channel a and position u < L, else 0."""
    whole = {L: u + 1 + after}

    def impulse(c: sp.Expr, t: sp.Expr) -> sp.Expr:
        return SameChannel(c, a) * Same(t - u)

    entries = (channels_in, Interval(t, sp.S.Zero, L))
    left = Sum(gradient(X, c, t) * inputs.act(impulse, L)(c, t), entries).substitute(whole)
    right = rep.act(lambda c, t: gradient(X, c, t), L)(a, u).subs(whole)

    def derive(side: Sum) -> Side:
        return side.collapse("c").collapse("t")

    return Identity(name, left, right, (Channels(X, sequences), Channels(a, inputs)), worlds, derive)


def product(name: str, rep: SymbolicRep, field: Any) -> Identity:
    """(R g)(R x) = R (g x), entry by entry."""
    left = rep.act(g, L)(c, t) * rep.act(x, L)(c, t)
    right = field.act(lambda c, t: g(c, t) * x(c, t), L)(c, t)
    return Identity(name, left, right, (Channels(c, rep), Interval(t, sp.S.Zero, L)), worlds)


def mutated(x: Any, position: sp.Expr, base: sp.Expr) -> Any:
    """x with one position set to one base."""
    here = lambda t: Same(t - position)  # noqa: E731
    return lambda c, t: here(t) * SameChannel(c, base) + (1 - here(t)) * x(c, t)


def mutation(name: str, base: sp.Expr) -> Identity:
    """R x with base a at position u is R of (x with ``base`` at position L-1-u)."""
    left = mutated(dna.act(x, L), u, a)(c, t)
    right = dna.act(mutated(x, L - 1 - u, base), L)(c, t)
    free = (Channels(c, dna), Channels(a, dna), Interval(t, sp.S.Zero, L))
    return Identity(name, left, right, free, worlds)


class Unsigned(SymbolicRep):
    """The same partners as the input's Rep, without its signs."""

    def __init__(self) -> None:
        super().__init__("in", signed=False)
        self.p = inputs.p


def _differentiated() -> str | None:
    """An invariant cubic of six inputs, by sympy's own differentiation."""
    rep, width = Rep("1r+1s"), 2
    names = list(itertools.product(range(rep.channels), range(width)))
    symbol = {n: sp.Symbol(f"x{n[0]}{n[1]}") for n in names}
    mirror = {symbol[i, j]: rep.signs[i] * symbol[rep.partners[i], width - 1 - j] for i, j in names}
    weights = [sum((7 * n + 3 * m) % 5 * s for m, s in enumerate(symbol.values())) for n in range(3)]
    half = sp.prod(w + n for n, w in enumerate(weights))
    whole = sp.expand(half + half.subs(mirror, simultaneous=True))
    for i, j in names:
        turned = whole.diff(symbol[i, j]).subs(mirror, simultaneous=True)
        partner = symbol[rep.partners[i], width - 1 - j]
        if sp.expand(turned - rep.signs[i] * whole.diff(partner)) != 0:
            return f"the derivative by x{i}{j} is not carried over"
    return None


def _first_maximum() -> str | None:
    """The subgradient of a maximum of two equal values, as autograd chooses it, on both strands."""
    values = [1, 1]
    chosen = [int(n == values.index(max(values))) for n in range(len(values))]
    on_other_strand, wanted = chosen, chosen[::-1]  # R x = x here, so the choice is the same
    return (
        None if on_other_strand == wanted else f"chosen {on_other_strand}, R of it {wanted}, for x = {values}"
    )


THEOREM = Theorem(
    number=10,
    title="Gradients, gradient x input and mutagenesis of an invariant output are equivariant",
    parts=[
        Part(
            Quantity(
                "the attribution of R x: gradient, gradient less its mean, mutagenesis",
                package.attributed_turned,
            ),
            EQUALS,
            Quantity("R of the attribution of x", package.turned_attribution),
            by=(
                "gradient",
                "gradient x input moves without signs",
                "mutagenesis",
                "an invariant cubic, differentiated",
            ),
            cases=package.explained,
            prose="the chain rule",
        ),
        Part(
            Quantity(
                "the gradient of a conjoined model at R x, at a tie of a maximum", package.gradient_at_a_tie
            ),
            EQUALS,
            Quantity("R of that at x", package.turned_gradient_at_a_tie),
            by=("frames: any chosen subgradient",),
            cases=package.palindromes,
        ),
    ],
    coverage="every Rep, length and invariant F with a gradient; any choice of subgradient in frames",
    method=f"{EVERY_SIZE}",
    decides="that an explanation of one strand is that of the other, read backwards",
    code=(
        "rczoo.attribution.methods.attribute",
        "rczoo.nn.conjoined.conjoin",
        "rczoo.symmetry.frames.open_frames",
    ),
    tests="tests/proofs/test_laws.py::test_t10_gradients",
    claims=[
        direction("gradient", inputs),
        product("gradient x input moves without signs", inputs, Unsigned()),
        mutation("mutagenesis", dna.p(a)),
        equivariant("frames: any chosen subgradient", conjoin(table("f"), plus)),
        Fact("an invariant cubic, differentiated", _differentiated),
    ],
    twins=[
        direction("twin: the gradient of sign channels keeps its sign", Unsigned()),
        product("twin: gradient x input changes sign on sign channels", inputs, inputs),
        mutation("twin: the same base, not its complement", a),
        Fact("twin: the first maximum is equivariant", _first_maximum),
    ],
)
