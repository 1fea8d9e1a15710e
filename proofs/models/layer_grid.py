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
    """0 to 2 each of r, t, s on both sides, kernel sizes 1 to 5."""
    yield from itertools.product(names(2), names(2), range(1, 6))


def orbits(case: Case) -> int:
    """Orbits of the index set under the constraint that leave a free number."""
    rep_out, rep_in, width = Rep(case[0]), Rep(case[1]), case[2]
    free = 0
    for o, c, k in itertools.product(range(rep_out.channels), range(rep_in.channels), range(width)):
        mirror = rep_out.partners[o], rep_in.partners[c], width - 1 - k
        sign = rep_out.signs[o] * rep_in.signs[c]
        free += (o, c, k) < mirror or ((o, c, k) == mirror and sign == 1)
    return free


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


def against_the_code(case: Case) -> str | None:
    """Orbits, formula, number of parameters and rank of the parametrisation of ``RCConv1d``, compared."""
    from rczoo.nn.convolution import RCConv1d

    layer = RCConv1d(case[1], case[0], case[2])
    found = {
        "orbits": orbits(case),
        "formula": dimension(case),
        "parameters": layer.weight.numel(),
        "rank": _rank(layer),
    }
    if len(set(found.values())) > 1:
        return f"dimensions {found}"
    rep_out = layer.rep_out
    biases = rep_out.regular + rep_out.trivial
    return None if layer.bias.numel() == biases else f"{layer.bias.numel()} biases, expected {biases}"


def _rank(layer: Any) -> int:
    """The rank of the linear map from ``weight`` to ``kernel()``: exact, as its Gram matrix is diagonal."""
    import torch

    rows = []
    with torch.no_grad():
        for unit in torch.eye(layer.weight.numel()):
            layer.weight.copy_(unit)
            rows.append(layer.kernel().flatten())
    if not rows:
        return 0
    gram = torch.stack(rows) @ torch.stack(rows).T
    independent = bool((gram.diagonal() > 0).all()) and not (gram - gram.diagonal().diag()).any()
    return len(rows) if independent else int(torch.linalg.matrix_rank(gram.double()))
