"""The outputs of a model under test, by name, and how far they are from what the law demands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from ...symmetry.equivariance import relative_error
from .inputs import Problem

Both = dict[str, tuple[torch.Tensor, torch.Tensor]]
"""For each output, what came out for ``R x`` and what the law demands: ``R f(x)``."""


def flattened(specs: Any, what: str) -> dict[str, Any]:
    """Specs by name; of mappings and sequences within others the names and places are joined by dots."""
    if isinstance(specs, Mapping):
        return dict(_leaves(specs))
    if isinstance(specs, list | tuple):
        return dict(_leaves({what if len(specs) == 1 else f"{what} {n}": s for n, s in enumerate(specs)}))
    return {what: specs}


def _leaves(specs: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, spec in specs.items():
        if isinstance(spec, Mapping | list | tuple):
            inner = spec if isinstance(spec, Mapping) else dict(enumerate(spec))
            yield from _leaves(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", spec


def nested(named: Mapping[str, Any]) -> dict[str, Any]:
    """The mappings within mappings of which :func:`flattened` made the names.

    >>> nested({"human.profile": "1r", "human.counts": "1t", "loss": None})
    {'human': {'profile': '1r', 'counts': '1t'}, 'loss': None}
    """
    specs: dict[str, Any] = {}
    for name, spec in named.items():
        *outer, last = name.split(".")
        inner = specs
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[last] = spec
    return specs


def named_outputs(raw: Any, names: list[str]) -> dict[str, torch.Tensor]:
    """Outputs by name: of a tensor, a sequence in the order of the names, a mapping or an object.

    None is passed over. Raises Problem where they do not fit the names, and where all are None.
    """
    if isinstance(raw, torch.Tensor):
        raw = (raw,)
    if isinstance(raw, list | tuple) and not set(names) <= {*getattr(raw, "_fields", ())}:
        tops = list(dict.fromkeys(name.partition(".")[0] for name in names))
        given = [y for y in raw if y is not None] if len(raw) != len(tops) else raw
        if len(given) != len(tops):
            raise Problem(f"the model returns {len(given)} outputs, {len(tops)} declared: name each")
        raw = dict(zip(tops, given, strict=True))
    found = {name: _found(raw, name) for name in names}
    if all(y is None for y in found.values()):
        raise Problem("every output is None")
    return {name: y for name, y in found.items() if y is not None}


def _found(raw: Any, name: str) -> torch.Tensor | None:
    """The output of a name, in which dots go down into mappings, sequences and objects."""
    value, parts = raw, [name] if _has(raw, name) else name.split(".")
    for part in parts:
        if value is None:
            return None
        if not _has(value, part):
            break
        value = _entry(value, part)
    else:
        if value is None or isinstance(value, torch.Tensor):
            return value
        raise Problem(f"output {name!r} is a {type(value).__name__}: outputs are tensors, or None")
    have = ", ".join(map(str, raw)) if isinstance(raw, Mapping) else type(raw).__name__
    raise Problem(f"no output {name!r} in what the model returns ({have}): name outputs as it does")


def _has(value: Any, name: str) -> bool:
    if isinstance(value, list | tuple) and name.isdigit():
        return int(name) < len(value)
    return (isinstance(value, Mapping) and name in value) or hasattr(value, name)


def _entry(value: Any, name: str) -> Any:
    if isinstance(value, list | tuple) and name.isdigit():
        return value[int(name)]
    return value[name] if isinstance(value, Mapping) and name in value else getattr(value, name)


def largest_error(both: Both) -> float:
    """The relative error of the law, the largest over outputs."""
    return max((relative_error(got, want) for got, want in both.values()), default=0.0)


def row_errors(both: Both, number: int, each: bool = False) -> np.ndarray | None:
    """The error of the law for each sequence of a batch (number,); None where it cannot be told.

    Relative to the largest entry of the batch, or of ``each`` sequence's own answer.
    """
    errors = np.zeros(number)
    for got, want in both.values():
        if got.shape != want.shape or not got.ndim or len(got) != number:
            return None
        rows = [y.double().reshape(number, -1).nan_to_num(float("inf")) for y in (got, want)]
        gap, scale = ((rows[0] - rows[1]).abs().amax(1), torch.maximum(*(y.abs().amax(1) for y in rows)))
        scale = scale if each else scale.max()
        told = torch.where(gap > 0, gap / scale, 0.0).nan_to_num(float("inf"))
        errors = np.maximum(errors, told.cpu().numpy())
    return errors
