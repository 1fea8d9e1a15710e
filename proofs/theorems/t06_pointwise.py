"""T6, machine-checked for every function, every Rep and every size; named activations one by one.

In words. Applying a function to every entry commutes with reverse complement on regular pairs and trivial
channels, whatever the function, and on sign channels if and only if the function is odd.

Derivation. R moves entries and multiplies them by s. Where s = 1 the same function meets the same number,
elsewhere. A function is odd when it lets a factor -1 through: then it lets s through. Conversely, on a
sign channel the law reads phi(-x) = -phi(x) at every value x that the channel takes, which is oddness.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from ..engine.claims import EVERY_SIZE, Grid, Identity, Theorem
from ..engine.ranges import Channels, Interval
from ..engine.statements import IFF, Part, Quantity
from ..engine.symbols import SymbolicRep, size, table
from ..engine.worlds import World
from ..models.convolution import b, batch, c, inputs, t, x
from ..package import reps as package

L = size("L")
unsigned = SymbolicRep("unsigned", signed=False)
phi = table("phi")
value = sp.Symbol("value", real=True)


class Odd(sp.Function):
    """Any odd function: a factor that is a sign of ours, or -1, passes through."""

    nargs = 1

    @classmethod
    def eval(cls, argument: sp.Expr) -> sp.Expr | None:
        """Pull the sign out."""
        signs = [a for a in sp.Mul.make_args(argument) if isinstance(a, inputs.s) or a == -1]
        return sp.Mul(*signs) * cls(argument / sp.Mul(*signs)) if signs else None


def commutes(name: str, function: Callable[..., Any], rep: SymbolicRep) -> Identity:
    """function(R x) = R function(x), entry by entry."""
    left = function(rep.act(x, L)(b, c, t))
    right = rep.act(lambda b, c, t: function(x(b, c, t)), L)(b, c, t)
    free = (batch, Channels(c, rep), Interval(t, sp.S.Zero, L))
    arrays = {"phi": lambda v: v * v + 1, "Odd": lambda v: v**3}
    worlds = [World({"N": 1, "L": 2}, {"unsigned": "1r+1t", "in": "1r+1t+1s"}, arrays=arrays)]
    return Identity(name, left, right, free, worlds)


odd = {
    "identity": value,
    "tanh": sp.tanh(value),
    "softsign": value / (1 + sp.Abs(value)),
    "hardtanh": sp.Max(-1, sp.Min(1, value)),
    "sine": sp.sin(value),
}
not_odd = {
    "relu": sp.Max(0, value),
    "leaky relu": sp.Max(value / 100, value),
    "elu": sp.Piecewise((value, value > 0), (sp.exp(value) - 1, True)),
    "gelu": value * (1 + sp.erf(value / sp.sqrt(2))) / 2,
    "silu": value / (1 + sp.exp(-value)),
    "softplus": sp.log(1 + sp.exp(value)),
    "sigmoid": 1 / (1 + sp.exp(-value)),
    "exponential": sp.exp(value),
    "square": value**2,
}
Named = tuple[str, sp.Expr]


def oddness_fails(case: Named) -> str | None:
    """None where the function is odd for every real number, else a number at which it is not."""
    function = case[1]
    for positive in (sp.Symbol("positive", positive=True), sp.S.Zero):
        total = function.subs(value, positive) + function.subs(value, -positive)
        if sp.simplify(total.rewrite(sp.Piecewise).rewrite(sp.exp)) != 0 and (total := _at(function, 1)):
            return f"f(1) + f(-1) = {total:.3f}"
    return None


def _at(function: sp.Expr, number: int) -> float:
    return float(sp.N(function.subs(value, number) + function.subs(value, -number)))


def _refuses(case: Named) -> str | None:
    return None if oddness_fails(case) else "taken for odd"


THEOREM = Theorem(
    number=6,
    title="Pointwise functions commute with r and t, and with s iff odd",
    parts=[
        Part(
            Quantity("a function commutes with R on a Rep", package.function_commutes),
            IFF,
            Quantity("the Rep has no sign channel or the function is odd", package.odd_where_needed),
            by=("any function, without sign channels", "an odd function, on any Rep"),
            cases=package.pointwise,
            prose="'only if': that the law on a sign channel is oddness",
        ),
        Part(
            Quantity("RCActivation takes a function", package.activation_taken),
            IFF,
            Quantity("it commutes with R", package.function_commutes),
            by=("odd activations", "activations that are not odd have a counter-example"),
            cases=package.pointwise,
        ),
    ],
    coverage="every function, Rep and size; five odd and nine other activations by name",
    method=f"{EVERY_SIZE}; named activations: grid",
    decides="which activations a layer with sign channels may have",
    code=("rczoo.nn.layers.RCActivation",),
    tests="tests/proofs/test_laws.py::test_t06_pointwise_commutes",
    claims=[
        commutes("any function, without sign channels", phi, unsigned),
        commutes("an odd function, on any Rep", Odd, inputs),
        Grid("odd activations", lambda: odd.items(), oddness_fails),
        Grid("activations that are not odd have a counter-example", lambda: not_odd.items(), _refuses),
    ],
    twins=[
        commutes("twin: any function on any Rep", phi, inputs),
        Grid("twin: relu and its kin are odd", lambda: not_odd.items(), oddness_fails),
    ],
)
