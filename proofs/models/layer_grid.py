"""The grid of T2: dimensions counted by orbits, by the formula, and in the layer that the package ships."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from rczoo.symmetry.rep import Rep

Case = tuple[str, str, int]
"""(output Rep, input Rep, kernel size)."""


def names(most: int) -> list[str]:
    """Notations of every Rep with 0 to ``most`` pairs, trivial and sign channels, the empty one left out."""
    return [
        "+".join(f"{n}{kind}" for n, kind in zip(counts, "rts", strict=True) if n)
        for counts in itertools.product(range(most + 1), repeat=3)
        if any(counts)
    ]


def cases() -> Iterator[Case]:
    """0 to 2 each of r, t, s on both sides, kernel sizes 1 to 5 in turn."""
    for n, (rep_out, rep_in) in enumerate(itertools.product(names(2), names(2))):
        yield rep_out, rep_in, 1 + n % 5


def orbits(case: Case) -> int:
    """Orbits of the index set under the constraint that leave a free number."""
    import numpy as np

    rep_out, rep_in, width = Rep(case[0]), Rep(case[1]), case[2]
    entry = np.arange(rep_out.channels * rep_in.channels * width).reshape(rep_out.channels, -1, width)
    mirror = entry[np.ix_(rep_out.partners, rep_in.partners, range(width)[::-1])]
    sign = np.multiply.outer(rep_out.signs, rep_in.signs)[:, :, None]
    return int(((entry < mirror) | ((entry == mirror) & (sign == 1))).sum())


def dimension(case: Case, parity_matters: bool = True) -> float:
    """The formula of the theorem (or, for its twin, half the number of entries)."""
    rep_out, rep_in, width = Rep(case[0]), Rep(case[1]), case[2]
    central = (rep_out.trivial - rep_out.sign) * (rep_in.trivial - rep_in.sign) * (width % 2)
    return (rep_out.channels * rep_in.channels * width + central * parity_matters) / 2


def null_space(case: Case) -> int:
    """The dimension of the solutions of the constraint, as a matrix equation over the rationals."""
    import sympy as sp
    from sympy.polys.matrices import DomainMatrix

    rep_out, rep_in, width = Rep(case[0]), Rep(case[1]), case[2]
    entries = list(itertools.product(range(rep_out.channels), range(rep_in.channels), range(width)))
    position = {entry: n for n, entry in enumerate(entries)}
    rows = sp.zeros(len(entries))
    for n, (i, j, tap) in enumerate(entries):
        rows[n, n] += 1
        mirror = position[rep_out.partners[i], rep_in.partners[j], width - 1 - tap]
        rows[n, mirror] -= rep_out.signs[i] * rep_in.signs[j]
    return len(entries) - DomainMatrix.from_Matrix(rows).to_field().rank()


def small() -> Iterator[Case]:
    """0 to 1 each of r, t, s on both sides, kernel sizes 1 to 3."""
    yield from itertools.product(names(1), names(1), range(1, 4))


def agrees(case: Case, parity_matters: bool = True) -> str | None:
    """Null space, orbits and formula, compared."""
    found = {
        "null space": null_space(case),
        "orbits": orbits(case),
        "formula": dimension(case, parity_matters),
    }
    return None if len(set(found.values())) == 1 else f"dimensions {found}"


def in_the_package(case: Case) -> tuple[float, ...]:
    """Orbits, and of ``RCConv1d`` the number of parameters, their rank in the kernel, and the biases."""
    from rczoo.nn.convolution import RCConv1d

    layer = RCConv1d(case[1], case[0], case[2])
    return orbits(case), layer.weight.numel(), _rank(layer), layer.bias.numel()


def by_the_formula(case: Case) -> tuple[float, ...]:
    """The dimension thrice, and the biases: one for a pair, and for a trivial channel."""
    rep_out = Rep(case[0])
    return (dimension(case),) * 3 + (rep_out.regular + rep_out.trivial,)


def _rank(layer: Any) -> int:
    """The rank of the map from ``weight`` to ``kernel()``, if every entry is one parameter up to its sign.

    Then it is the number of parameters that the kernel shows; else -1. Two weights that differ in every
    number tell: the entries of the second kernel must be those of the first, renumbered.
    """
    import torch

    number = layer.weight.numel()
    with torch.no_grad():
        layer.weight.copy_(torch.arange(1, number + 1))
        first = layer.kernel()
        layer.weight.copy_(torch.arange(number, 0, -1))
        second = layer.kernel()
    shown = first.abs().long()
    renumbered = torch.where(shown > 0, first.sign() * (number + 1 - shown), 0)
    selects = bool((first == first.round()).all()) and torch.equal(second, renumbered.to(second.dtype))
    return len(shown[shown > 0].unique()) if selects else -1
