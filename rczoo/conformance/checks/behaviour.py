"""The checks that no symmetry implies: a model runs, repeats itself, varies, and minds one sequence."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import nn

from ...symmetry.equivariance import relative_error
from ..calls.inputs import Problem
from ..calls.meter import SpentError
from ..calls.precision import KeepPrecisionWithin, Kept, rounds_more
from ..results import Result, Violation, failed, passed, skipped
from ..run import Run
from ..tested_model import TestedModel, describe

SAME = 1e-5
"""Off by less, two answers in float32 are the same: its algorithms may be chosen anew for each call."""


def runs(run: Run) -> Result:
    """The model accepts its inputs and gives the outputs declared, finite and of one shape."""
    try:
        first = run.first
    except Problem as problem:
        return failed(str(problem))
    for name, y in first.answer.items():
        got, acted = first.both[name]
        if shapes := {tuple(other.shape) for other in (first.again[name], got)} - {tuple(y.shape)}:
            return failed(f"output {name!r} changes shape between calls: {tuple(y.shape)}, {shapes.pop()}")
        if y.ndim and len(y) != len(first.codes) and y.shape != (1,):  # as a gathered loss
            return failed(f"output {name!r} has shape {tuple(y.shape)} for a batch of {len(first.codes)}")
        if not torch.isfinite(y.double()).all():
            bad = int((~torch.isfinite(y.double())).sum())
            return failed(f"output {name!r} has {bad} entries that are NaN or infinite, of {y.numel()}")
        if acted.shape != y.shape:
            return failed(f"the action on output {name!r} turns {tuple(y.shape)} to {tuple(acted.shape)}")
    return passed(", ".join(f"{name} {tuple(y.shape)}" for name, y in first.answer.items()))


def deterministic(run: Run) -> Result:
    """In evaluation mode, two calls on one sequence give one answer."""
    first, tested = run.first, run.tested
    error, small = _worst(first.again, first.answer), max(SAME, _few_roundings(tested))
    x, _ = tested.pair(first.codes)
    seeds = range(2, 8) if (drew := tested.meter.drew) else () if run.quick else (2,)
    with torch.no_grad():
        anew = max((_worst(tested(x, seed=seed), first.answer) for seed in seeds), default=0.0)
        if not error <= small and first.moved:  # is it the state, which is put back here, or chance?
            anew = max(anew, _worst(tested(x, seed=1), first.answer))
    # so small a difference may be rounding; half precision may hide it, and rounds more than is the same
    moves, differs = bool(drew or first.moved), max(error, anew) > 0
    half = rounds_more(tested.computes, torch.float32)
    if max(error, anew) <= small and (moves or differs if half else moves and differs):
        error, anew, small = _precisely(run, error, anew)
    if not anew <= small or not (error <= small or first.moved):
        violation = Violation(run.high, [run.codes()], run.tolerance(run.high.computes))
        words = f"differs by {max(anew, error):.2g} relative"
        return failed(words, max(anew, error), violation=violation, cause="random")
    moved = ", ".join(map(repr, first.moved[:3])) + (" and more" if len(first.moved) > 3 else "")
    if not error <= small:
        words = f"a call moves {moved}, and the next answer differs by {error:.2g} relative"
        return failed(words, error, cause="state")
    words = f", allowed {small:.1g}" if error else ""
    words += f"; a call moves {moved}, which no answer shows" if first.moved else ""
    return passed(f"differs by {error:.1g} relative{words}", error)


def _precisely(run: Run, error: float, anew: float) -> tuple[float, float, float]:
    """In float64, how far the next answer is off, how far one by other chance is, and what rounding may be.

    In float32 what chance or a moved state does to an answer may be as small as rounding.
    """
    try:
        x, _ = run.high.pair(run.first.codes)
        with torch.no_grad(), run.tested.meter.free():
            answer, again, _ = run.high.twice(x)
            others = run.high(x, seed=1)
    except (Problem, SpentError):
        return error, anew, max(SAME, _few_roundings(run.tested))
    error, anew = _worst(again, answer), _worst(others, answer)
    return error, anew, run.tolerance(run.high.computes, max(error, anew))


def outputs_vary(run: Run) -> Result:
    """Every output differs between sequences: a dead or constant model obeys every law."""
    for name, y in run.first.answer.items():
        if not y.ndim and not y.is_floating_point():
            continue  # a count, such as how many sequences there are
        # far above what float32 rounds; what varies less, on a large constant, is looked at in float64
        if not _varies(y, max(1e-3, _few_roundings(run.tested))) and not _vary_over_words(run, name):
            largest = f"(largest value {y.abs().max().item():.4g})"
            return failed(f"output {name!r} is the same for many sequences {largest}", 0.0, cause="constant")
    return passed()


def _varies(y: torch.Tensor, share: float) -> bool:
    """Does an output differ between the sequences of a batch by more than a share of its largest value?"""
    y = y.double()
    return bool(y.ndim) and (y - y[:1]).abs().max().item() > share * y.abs().max().item()


def _few_roundings(tested: TestedModel) -> float:
    """What numbers that are equal may come to differ by, relative, where few are left of half precision."""
    return float(4 * torch.finfo(tested.computes).eps)


def _vary_over_words(run: Run, name: str) -> bool:
    """Small variation on a large constant, or on one word alone, is still variation, and rounding is not."""
    y = run.covered.both[name][1]
    share = 1e-12 if run.high.computes == torch.float64 else _few_roundings(run.high)
    if run.high.computes == torch.float32:
        share = 10 * run.tolerance(torch.float32)
    if y.ndim and len(y) > 1:
        return _varies(y, share)
    with torch.no_grad():
        others = [run.high(run.high.pair(run.codes(batch_size=1, seed=seed))[0])[name] for seed in (14, 15)]
    return _varies(torch.stack([y.reshape(-1) for y in others]), share)


def batch_independence(run: Run) -> Result:
    """In evaluation mode, the answer for a sequence does not depend on the others in its batch."""
    # of long sequences two at once are too many in float64
    tested, codes, answer = run.finest if not run.long else (run.tested, run.first.codes, run.first.answer)
    whole = {name: y for name, y in answer.items() if y.ndim and len(y) == len(codes)}
    if not whole:
        return skipped("every output is one number for the whole batch")
    with torch.no_grad():
        if len(tested.inputs) > 1 and tested.encode is None:
            take, x = partial(_first, len(codes)), tested.pair(codes)[0]
            # other inputs are noise of their own, so that slices of one batch are compared
            sliced = {n: take(v) for n, v in x.items()} if isinstance(x, dict) else tuple(map(take, x))
            single = tested(sliced)
        else:
            others = run.codes(batch_size=1, seed=16)
            single = tested(tested.pair(np.concatenate([codes[:1], others]))[0])
    error = max(relative_error(single[n][:1], y[:1]) for n, y in whole.items())
    tolerance = run.tolerance(tested.computes, error)
    if not error <= tolerance:
        violation = Violation(tested, [codes], tolerance)
        return failed(f"changes by {error:.2g} relative", error, violation=violation, cause="batch")
    return passed(f"changes by {error:.1g} relative", error)


def _first(batch_size: int, x: torch.Tensor) -> torch.Tensor:
    """The first of a batch; what has no batch axis, as a scalar input, is the same for all."""
    return x[:1] if x.ndim and len(x) == batch_size else x


def fused_path(run: Run) -> Result:
    """The model gives the outputs of its plain path: laws alone cannot tell swapped halves."""
    if run.reference is None and not _executions(run):
        return skipped("no reference model given, and no second execution declared")
    tested, codes, answer = run.finest
    other = _other_path(run, tested.dtype)
    try:
        other, theirs = _without_casts(other, codes)
    except Problem:
        if run.reference is not None:
            raise
        return skipped("its second execution does not run")
    error = _worst(answer, theirs)
    narrowest = other.computes if rounds_more(other.computes, tested.computes) else tested.computes
    if not error <= run.tolerance(narrowest, error):
        return failed(f"differs from its reference by {error:.2g} relative", error, cause="fused path")
    return passed(f"equals its reference to {error:.1g} relative", error)


def _executions(run: Run) -> list[str]:
    """The other executions of the model."""
    executions: tuple[str, ...] = getattr(run.tested.model, "executions", ())
    return [name for name in executions if name != run.tested.model.execution]


def _other_path(run: Run, dtype: torch.dtype) -> TestedModel:
    """The reference given, or the same model on its other execution."""
    if run.reference is not None:
        model = run.reference if isinstance(run.reference, nn.Module) else run.reference()
        model = describe(model, outputs="0t").model
        return replace(run.tested, model=model).at(dtype)
    other = run.tested.at(dtype)
    other.model.execution = _executions(run)[0]  # type: ignore[assignment]
    return other


def _without_casts(other: TestedModel, codes: np.ndarray) -> tuple[TestedModel, dict[str, torch.Tensor]]:
    """A model whose casts to half precision are not made, if it runs so, and its answer."""
    x, _ = other.pair(codes)
    with torch.no_grad():
        with suppress(Problem):
            wide = other.keeping(Kept(other.dtype), KeepPrecisionWithin)
            return wide, wide(x)
        return other, other(x)


def _worst(some: dict[str, torch.Tensor], others: dict[str, torch.Tensor]) -> float:
    return max((relative_error(some[n], others[n]) for n in others), default=0.0)
