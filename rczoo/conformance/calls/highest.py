"""A model in the highest precision in which it can be judged, its casts to less not made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import NamedTuple, TypeVar

import torch

from ..tested_model import TestedModel
from .inputs import Problem
from .meter import SpentError
from .precision import KeepPrecision, KeepPrecisionWithin, Kept, rounds_more, type_name

T = TypeVar("T")


class Highest(NamedTuple):
    """A model in the number type and with the casts in which it rounds least; ``refused``: why not in less.

    ``tested.computes`` is what it computes in, where that cannot be made ``tested.dtype``.
    """

    tested: TestedModel
    refused: str


def highest(tested: TestedModel, attempt: Callable[[TestedModel], T]) -> tuple[Highest, T]:
    """The way of running it that rounds least and in which ``attempt`` raises no Problem, with its result.

    The first is float64 with no cast made: only where that fails, or something rounds more, are others tried,
    which do not count as passes while :meth:`Meter.free` has seconds to spare.
    """
    best: tuple[TestedModel, T] | None = None
    refusals: list[str] = []
    for number, way in enumerate(_ways(tested, refusals)):
        if best is not None and (way is tested or not rounds_more(best[0].computes, way.dtype)):
            break
        try:
            with tested.meter.free() if number else nullcontext():
                result = attempt(way)
        except Problem as problem:
            refusals.append(str(problem))
            continue
        except SpentError:
            if best is None:
                raise
            break
        if best is None or rounds_more(best[0].computes, way.computes):
            best = way, result
        if way.computes == way.dtype:
            break
    if best is None:
        raise Problem(refusals[-1])
    return Highest(best[0], next(iter(refusals), "")), best[1]


def _ways(tested: TestedModel, refusals: list[str]) -> Iterator[TestedModel]:
    """In float64 with no cast to less, wherever it is made; as it is; then likewise in its own type."""
    try:
        double = tested.at(torch.float64)
    except Problem as problem:
        refusals.append(str(problem))
    else:
        for how in (KeepPrecision, KeepPrecisionWithin):
            yield double.keeping(Kept(torch.float64), how)
        yield double
        if not refusals:
            refusals.append(f"it computes in {type_name(double.computes)} there")
    if tested.computes != tested.dtype:
        yield tested.keeping(Kept(tested.dtype), KeepPrecisionWithin)
    yield tested


def without_casts(tested: TestedModel, attempt: Callable[[TestedModel], T]) -> tuple[TestedModel, T, str]:
    """The model in its own type, what ``attempt`` made of it, and which casts had to be left out for that.

    A model's weights are made float32 here. Where they were half precision, its own casts of what they meet
    do not fit them any longer: it raises Problem, and runs without these casts.
    """
    try:
        return tested, attempt(tested), ""
    except Problem as problem:
        kept = Kept(tested.dtype)
        wide = tested.keeping(kept, KeepPrecisionWithin)
        try:
            with tested.meter.free():
                result = attempt(wide)
        except (Problem, SpentError):
            raise problem from None
        if kept.narrowest is None:
            raise
        return wide, result, type_name(kept.narrowest)
