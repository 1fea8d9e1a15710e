"""Two targets that tell model classes apart, with the arguments that no member of the smaller class
computes them.

``u`` and ``v`` are the values of a base and of its complement at the one position of the input; R swaps
the two.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import sympy as sp

from ..engine.claims import Fact, Identity
from ..engine.ranges import Interval
from ..engine.sums import Sum
from ..engine.symbols import index, size, table
from ..engine.worlds import World

u, v, w1, w2 = sp.symbols("u v w1 w2", real=True)
psi = table("psi")
worlds = [World({"u": 1, "v": -2, "w1": 2, "w2": 3})]


def relu(value: Any) -> Any:
    """max(0, value)."""
    return sp.Max(0, value)


def conjoined(u: sp.Expr, v: sp.Expr) -> sp.Expr:
    """Any function of one filter, added over both strands: conjoined(F = 1), width 1, of any depth."""
    return psi(w1 * u + w2 * v) + psi(w1 * v + w2 * u)


def mixed_difference(g: Any, u: sp.Expr, v: sp.Expr, second: tuple[sp.Expr, sp.Expr]) -> sp.Expr:
    """g at the corners of a parallelogram of sides (w2, -w1) and ``second``, with alternating signs."""
    a, b = (w2, -w1), second
    corner = lambda m, n: g(u + m * a[0] + n * b[0], v + m * a[1] + n * b[1])  # noqa: E731
    return corner(1, 1) - corner(1, 0) - corner(0, 1) + corner(0, 0)


def ridges(name: str, second: tuple[sp.Expr, sp.Expr]) -> Identity:
    """Along (w2, -w1) the first filter does not change, along (w1, -w2) that of the other strand."""
    return Identity(name, mixed_difference(conjoined, u, v, second), sp.S.Zero, (), worlds)


def difference(u: sp.Expr, v: sp.Expr) -> sp.Expr:
    """The target where both values are positive: |relu(u) - relu(v)| = |u - v|."""
    return sp.Abs(u - v)


across = Identity(
    "the target's mixed difference around u = v is 2 |w1 + w2|",
    mixed_difference(difference, u, u + w1 + w2, (w1, -w2)),
    2 * sp.Abs(w1 + w2),
    (),
    worlds,
)
opposite = Identity(
    "if w1 + w2 = 0 then the model depends on u - v only",
    conjoined(u + 1, v + 1).subs(w2, -w1),
    conjoined(u, v).subs(w2, -w1),
    (),
    worlds,
)


def target(u: sp.Expr, v: sp.Expr) -> sp.Expr:
    """|relu(u) - relu(v)|."""
    return sp.Abs(relu(u) - relu(v))


def second_block(u: sp.Expr, v: sp.Expr) -> sp.Expr:
    """RCPS(F = 1), D = 2, width 1: relu(p - q) + relu(q - p) with p = relu(u), q = relu(v)."""
    p, q = relu(u), relu(v)
    return relu(p - q) + relu(q - p)


def quadrants() -> Iterator[tuple[sp.Expr, sp.Expr]]:
    """u and v of every sign and order, as positive symbols and 0."""
    p, q = sp.symbols("p q", positive=True)
    values = (p, p + q, sp.S.Zero, -p, -p - q)
    yield from itertools.product(values, values)


def points() -> Iterator[tuple[int, int]]:
    """Small whole numbers of both signs."""
    yield from itertools.product(range(-2, 3), repeat=2)


def represented(point: tuple[sp.Expr, sp.Expr]) -> str | None:
    """None where RCPS(1) gives the target."""
    difference = sp.simplify(second_block(*point) - target(*point))
    return None if difference == 0 else f"they differ by {difference}"


def only_the_difference(point: tuple[sp.Expr, sp.Expr]) -> str | None:
    """None where the target depends on u - v only (the false claim that would save conjoined(1))."""
    moved = target(point[0] + 1, point[1] + 1)
    return None if sp.simplify(moved - target(*point)) == 0 else f"{target(*point)} becomes {moved}"


f, filters = index("f"), size("filters")
weight, coefficient, bias = table("weight"), table("coefficient"), table("bias")
each = (Interval(f, sp.S.Zero, filters),)


def odd_part_is_linear() -> Identity:
    """sum of h (relu(s) - relu(-s)), s = w.x and s = w.Rx, is linear in x; relu(s) = (s + |s|) / 2."""

    def model(u: sp.Expr, v: sp.Expr) -> sp.Expr:
        ramp = lambda s: (s + sp.Abs(sp.expand(s))) / 2  # noqa: E731
        seen = weight(f, 0) * u + weight(f, 1) * v, weight(f, 0) * v + weight(f, 1) * u
        return coefficient(f) * (ramp(seen[0]) + ramp(seen[1]))

    return Identity(
        "one block and a linear head, any number of filters: the odd part is linear",
        Sum(model(u, v) - model(-u, -v), each),
        Sum(coefficient(f) * (weight(f, 0) + weight(f, 1)) * (u + v), each),
        (),
        [World({"filters": 2, "u": 1, "v": -2})],
    )


def odd_part(merge: Any) -> Any:
    """T(x) - T(-x) for T = merge(relu(u), relu(v)): None where its values at (1, 0) and (0, 1) add up."""

    def fails() -> str | None:
        at = lambda a, b: merge(max(0, a), max(0, b)) - merge(max(0, -a), max(0, -b))  # noqa: E731
        apart, together = at(1, 0) + at(0, 1), at(1, 1)
        return None if apart == together else f"{at(1, 0)} + {at(0, 1)} != {together} at (1,0), (0,1), (1,1)"

    return fails


def _homogeneous() -> str | None:
    """relu(large * s + bias) / large tends to relu(s), whatever the bias."""
    large, positive = sp.Symbol("large", positive=True), sp.Symbol("s", positive=True)
    offset = sp.Symbol("offset", real=True)
    for s in (positive, -positive, sp.S.Zero):
        inside = s + offset / large  # relu(large * inside) / large = relu(inside)
        limit = sp.limit(inside, large, sp.oo)
        if sp.simplify(limit - s) != 0:
            return f"the limit at {s} is {limit}"
    return None


def max_is_outside() -> list[Identity | Fact]:
    """The steps of: max(relu(u), relu(v)) is in no sum- or mean-merged member with one block."""
    return [
        Fact("far out, biases do not matter", _homogeneous),
        odd_part_is_linear(),
        Fact("the odd part of max is not additive, that of the sum is", _max_differs),
    ]


def _max_differs() -> str | None:
    if odd_part(max)() is None:
        return "the odd part of max is additive"
    return odd_part(lambda a, b: a + b)()


def not_only_the_difference() -> str | None:
    """The target at (1, 0) and at (0, -1), where u - v is 1."""
    return None if target(1, 0) != target(0, -1) else "equal at (1, 0) and (0, -1)"
