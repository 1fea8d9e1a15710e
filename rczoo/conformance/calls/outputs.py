"""The outputs of a model under test, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from .inputs import Problem


def flattened(specs: Any, what: str) -> dict[str, Any]:
    """Specs by name; of mappings within mappings the names are joined by dots."""
    if isinstance(specs, Mapping):
        return dict(_leaves(specs))
    if isinstance(specs, list | tuple):
        return {what if len(specs) == 1 else f"{what} {n}": spec for n, spec in enumerate(specs)}
    return {what: specs}


def _leaves(specs: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, spec in specs.items():
        if isinstance(spec, Mapping):
            yield from _leaves(spec, f"{prefix}{name}.")
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

    None among a sequence is passed over. Raises Problem where they do not fit the names.
    """
    if isinstance(raw, torch.Tensor):
        raw = (raw,)
    if isinstance(raw, list | tuple) and not hasattr(raw, "_fields"):
        given = [y for y in raw if y is not None] if len(raw) != len(names) else raw
        if len(given) != len(names):
            raise Problem(f"the model returns {len(given)} outputs, {len(names)} declared: name each")
        return {name: y for name, y in zip(names, given, strict=True) if y is not None}
    return {name: _found(raw, name) for name in names}


def _found(raw: Any, name: str) -> torch.Tensor:
    """The output of a name, in which dots go down into mappings and objects."""
    value = raw
    for part in [name] if _entry(raw, name) is not None else name.split("."):
        value = _entry(value, part)
    if not isinstance(value, torch.Tensor):
        have = ", ".join(map(str, raw)) if isinstance(raw, Mapping) else type(raw).__name__
        raise Problem(f"no output {name!r} in what the model returns ({have}): name outputs as it does")
    return value


def _entry(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
