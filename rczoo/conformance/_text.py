"""What a command line says of a model, read: a factory's place, specs, lengths and reasons."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from torch import nn

from ..symmetry.rep import Rep


def load_object(place: str) -> Any:
    """The object at ``package.module:name``; modules beside the working directory are found too.

    Raises ValueError, in one line, when the module or the name (with the nearest) cannot be imported.
    """
    module_name, colon, name = place.partition(":")
    if not colon or not module_name or not name:
        raise ValueError(f"{place!r} names no factory: write package.module:factory")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    found: Any = None
    try:
        found = importlib.import_module(module_name)
        for part in name.split("."):
            found = getattr(found, part)
    except Exception as error:
        near = [] if found is None else get_close_matches(name.split(".")[-1], dir(found), 1)
        more = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"cannot import {place}: {type(error).__name__}: {_line(error)}{more}") from error
    return found


def load_model(place: str) -> Any:
    """The model that ``package.module:factory`` names: a module, or what a call without arguments returns.

    Raises ValueError when the call fails or gives no ``torch.nn.Module``.
    """
    found = load_object(place)
    if isinstance(found, nn.Module):
        return found
    try:
        model = found()
    except Exception as error:
        raise ValueError(f"{place}() fails: {type(error).__name__}: {_line(error)}") from error
    if not isinstance(model, nn.Module):
        raise ValueError(f"{place}() gives a {type(model).__name__}: a torch.nn.Module is needed")
    return model


def read_specs(texts: Sequence[str]) -> Any:
    """Specs as typed: ``["1r"]`` -> ``"1r"``; ``["profile=1r", "counts=1t"]`` -> a mapping; else a tuple.

    ``strand_pair:FILE`` reads a targets table. Raises ValueError when only some have names.
    """
    parts = [text.partition("=") for text in texts]
    named = [bool(equals) for _, equals, _ in parts]
    if any(named) and not all(named):
        raise ValueError(f"{', '.join(texts)}: name every one (NAME=REP) or none")
    if any(named):
        return {name: _spec(rep) for name, _, rep in parts}
    return _spec(texts[0]) if len(texts) == 1 else tuple(_spec(text) for text in texts)


def read_strand_pairs(path: Path) -> Rep:
    """The Rep of many tasks from a tab-separated targets table with a ``strand_pair`` column.

    ``strand_pair`` holds the partner's index, as the first column gives indices (or the row number).
    Raises ValueError naming what is missing.
    """
    rows = [line.split("\t") for line in path.read_text().splitlines() if line.strip()]
    if not rows or "strand_pair" not in rows[0]:
        raise ValueError(
            f"{path.name} has no column strand_pair: its header is {rows[0] if rows else 'empty'}"
        )
    column = rows[0].index("strand_pair")
    labels = [row[0] for row in rows[1:]]
    numbered = all(label.isdigit() for label in labels) and column != 0
    index = {label if numbered else str(n): n for n, label in enumerate(labels)}
    missing = [row[column] for row in rows[1:] if row[column] not in index]
    if missing:
        raise ValueError(f"{path.name}: strand_pair {missing[0]} is no index of the table")
    return Rep.from_partners(index[row[column]] for row in rows[1:])


def read_reasons(texts: Sequence[str]) -> dict[str, str]:
    """``NAME=REASON`` texts as a mapping; a reason is demanded."""
    reasons = {}
    for text in texts:
        name, equals, reason = text.partition("=")
        if not equals or not reason.strip():
            raise ValueError(f"expected failure {text!r} gives no reason: write NAME=REASON")
        reasons[name] = reason
    return reasons


def _spec(text: str) -> Any:
    """One spec: a notation is read now, so that a mistake in it is a usage error."""
    if text.startswith("strand_pair:"):
        return read_strand_pairs(Path(text.removeprefix("strand_pair:")))
    if text in ("dna", "positions", "none"):
        return text
    return Rep(text)


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0][:300]
