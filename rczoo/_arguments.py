"""Arguments that are refused in one line, with what was given and what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from numbers import Integral


def is_whole(value: object, least: int = 1) -> bool:
    """Whether a value is a whole number, numpy's among them, and not a smaller one."""
    return isinstance(value, Integral) and int(value) >= least


def check_whole(layer: str, **least: tuple[object, int]) -> None:
    """Refuse each ``name=(value, least)`` that is no whole number, or a smaller one."""
    for name, (value, smallest) in least.items():
        if not is_whole(value, smallest):
            raise ValueError(f"{layer}: {name} is {value!r}, expected a whole number >= {smallest}")


def check_choice(kind: str, name: str, names: Sequence[str]) -> None:
    """Raise ValueError naming the nearest of ``names`` unless ``name`` is among them."""
    if name not in names:
        near = get_close_matches(str(name), names, 1)
        raise ValueError(
            f"unknown {kind} {name!r}{f' (did you mean {near[0]!r}?)' if near else ''}: "
            f"choose one of {', '.join(names)}"
        )
