"""Small concrete worlds: sizes, Reps and whole-number arrays in which a symbolic statement can be
evaluated.

A world refutes a false statement (it holds the counter-example) and guards the symbolic machinery: a
statement that was proved and yet fails in a world stops the run.
"""

from __future__ import annotations

import functools
import itertools
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from rczoo.symmetry.rep import Rep


@dataclass(frozen=True)
class World:
    """Sizes by symbol name, Reps by name, and which arrays are padded.

    ``padded`` maps an array to (which of its arguments is the position, its length); beyond it the array is
    ``outside``. Unnamed arrays hold whole numbers in -9..9 that depend on ``seed`` only; ``arrays`` gives
    some of them a rule of their own.
    """

    sizes: Mapping[str, int] = field(default_factory=dict)
    reps: Mapping[str, str] = field(default_factory=dict)
    padded: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    arrays: Mapping[str, Callable[..., float]] = field(default_factory=dict)
    seed: int = 0
    outside: float = 0

    def size(self, expression: sp.Expr) -> int:
        """The value of an expression in the sizes."""
        return int(self._evaluate(expression, {}))

    def channels(self, rep: str) -> range:
        """The channels of a named Rep."""
        return range(Rep(self.reps[rep]).channels)

    def value(self, expression: sp.Expr, at: Mapping[str, int]) -> float:
        """The value of an expression at given indices."""
        return float(self._evaluate(expression, at))

    def _evaluate(self, expression: sp.Expr, at: Mapping[str, int]) -> float:
        expression = sp.sympify(expression)
        names = {str(s): s for s in expression.free_symbols}
        known = {**self.sizes, **at}
        if missing := sorted(set(names) - set(known)):
            raise KeyError(f"no value for {', '.join(missing)} in {self}: name it among the sizes")
        call = _compiled(expression, tuple(names))
        functions = {f.func.__name__: self._function(f.func.__name__) for f in expression.atoms(sp.Function)}
        return call(functions, *(known[n] for n in names))

    def _function(self, name: str) -> Callable[..., float]:
        if name[:2] in ("p_", "s_") and name[2:] in self.reps:
            rep = Rep(self.reps[name[2:]])
            return lambda c: (rep.partners if name[0] == "p" else rep.signs)[c]
        rule = self.arrays.get(name) or _NAMED.get(name) or functools.partial(_arbitrary, self.seed, name)
        if name not in self.padded:
            return rule
        axis, length = self.padded[name]
        return lambda *i: rule(*i) if 0 <= i[axis] < length else self.outside


def _arbitrary(seed: int, name: str, *indices: float) -> int:
    return zlib.crc32(repr((seed, name, indices)).encode()) % 19 - 9


_NAMED: dict[str, Callable[..., Any]] = {
    "Same": lambda d: int(d == 0),
    "SameChannel": lambda a, b: int(a == b),
    "Below": lambda a, b: int(a < b),
    "Max": max,
    "Abs": abs,
    "exp": lambda x: float(sp.exp(x)),
    "log": lambda x: float(sp.log(x)),
}


@functools.cache
def _compiled(expression: sp.Expr, names: tuple[str, ...]) -> Callable[..., float]:
    """A Python function of (functions by name, values of the named symbols)."""
    called = {f.func.__name__ for f in expression.atoms(sp.Function)}
    scope: dict[str, Any] = {}
    stubs = {n: (lambda *a, n=n: scope["functions"][n](*a)) for n in called}
    plain = sp.lambdify(
        [sp.Symbol(n) for n in names], expression.subs(_plain(expression)), modules=[stubs, "math"]
    )

    def call(functions: Mapping[str, Callable[..., float]], *values: float) -> float:
        scope["functions"] = functions
        return plain(*values)

    return call


def _plain(expression: sp.Expr) -> dict[sp.Symbol, sp.Symbol]:
    return {s: sp.Symbol(s.name) for s in expression.free_symbols}


def assignments(ranges: Mapping[str, range]) -> Iterator[dict[str, int]]:
    """Every choice of one value per named range."""
    for values in itertools.product(*ranges.values()):
        yield dict(zip(ranges, values, strict=True))
