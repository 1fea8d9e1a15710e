"""Outputs stay local: a change at position i must not act at L-1-i too, which no law of symmetry forbids.

Inside a model it may: strands may be merged there, as by ``h[:, :n] + R h[:, n:]`` before a pool. Such
features are reported and fail nothing.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from torch import Tensor

from ...symmetry.actions import RepAction
from ...symmetry.rep import flip
from ..calls.inputs import Problem
from ..diagnosis.features import Features, recorded
from ..results import Result, failed, noted, passed, skipped
from ..run import Run

Changes = dict[str, list[Tensor]]


def locality(run: Run) -> Result:
    """A base acts near its own position of an output, not near its mirror image on the same strand."""
    if run.length < 16 or run.tested.encode is not None:
        return skipped("inputs made by encode=" if run.length >= 16 else "needs 16 bases or more")
    outputs = [name for name, y in run.first.answer.items() if _axis(run, name, y)]
    if not outputs and not _inside(run):
        return skipped("no output has positions")
    # in the first half, so that no two are mirror images of one another
    shares = (0.16,) if run.long else (0.04, 0.16, 0.28)
    length = _long(run)
    try:
        trials = [_changes(run, length, seed, shares) for seed in ((18,) if run.quick else (18, 19))]
    except Problem:
        length = run.length
        trials = [_changes(run, length, seed, shares) for seed in ((18,) if run.quick else (18, 19))]
    near = max(1, round(length * shares[0]))
    words = f"a change at position {near} also acts near {length - 1 - near}"
    found = [name for name in trials[0] if _mirrored([t for trial in trials for t in trial[name]])]
    if guilty := [name for name in found if name in outputs]:
        where = f"in the output {guilty[0]!r}, {words}, many times more than elsewhere in that half"
        return failed(where, cause="non-local")
    if found:
        inside = ", ".join(found[:3])
        return noted(f"inside, at {inside}, {words}: right where strands are merged, else read backwards")
    return passed(f"{len(outputs)} outputs with positions") if outputs else skipped("no output has positions")


def _axis(run: Run, name: str, y: Tensor) -> int | None:
    """The axis of positions of an output that was declared to have some."""
    action = run.tested.outputs[name]
    if isinstance(action, RepAction) and y.ndim == 3:
        return 1 if action.last else 2
    return 1 if action is flip and y.ndim == 2 else None


def _inside(run: Run) -> bool:
    """Whether features inside are looked at, which are all kept."""
    return not (run.quick or run.long)


def _long(run: Run) -> int:
    """A length at which the near and the far are far apart; the law need not hold there.

    A receptive field of some hundred bases leaves most of such a sequence untouched.
    """
    return run.length if run.length >= 300 or len(run.tested.inputs) > 1 else 600 + run.length


def _changes(run: Run, length: int, seed: int, shares: tuple[float, ...]) -> Changes:
    """By how much each edit of a sequence changes each output and inner feature (rows, positions)."""
    codes = np.repeat(run.codes(length, batch_size=1, seed=seed), 1 + len(shares), axis=0)
    for row, share in enumerate(shares, start=1):
        position = max(1, round(length * share))
        codes[row, position] = (codes[row, position] + 1) % 4
    x, _ = run.tested.pair(np.repeat(codes[:1], len(codes), axis=0) if len(run.tested.inputs) > 1 else codes)
    if len(run.tested.inputs) > 1:
        x = _alike(run, x, codes)
    inner: AbstractContextManager[Features] = recorded(run.tested.model) if _inside(run) else nullcontext({})
    with torch.no_grad(), inner as features:
        answer = run.tested(x)
    changes = {n: _from_first(y, axis) for n, y in answer.items() if (axis := _axis(run, n, y))}
    for name, calls in features.items():
        for number, call in enumerate(calls):
            if name and call.ndim == 3 and len(call) == len(codes):
                axis = 1 if call.shape[1] > call.shape[2] else 2  # positions are the longer axis
                changes[f"{name!r}" + (f", call {number + 1}" if number else "")] = _from_first(call, axis)
    return changes


def _alike(run: Run, x: object, codes: np.ndarray) -> object:
    """Inputs in which only the first differs between rows: the others are those of the first row."""
    first, batch = run.tested.sequence, len(codes)
    generator = torch.Generator().manual_seed(0)
    sequence = run.tested.draw(first, codes, generator)
    named = x if isinstance(x, dict) else dict(zip(run.tested.inputs, x, strict=True))  # type: ignore[call-overload]
    rows = {n: v[:1].expand_as(v) if v.ndim and len(v) == batch else v for n, v in named.items()}
    rows[first] = sequence
    return rows if isinstance(x, dict) else tuple(rows.values())


def _from_first(y: Tensor, axis: int) -> list[Tensor]:
    """The changes of every row but the first from the first, each with positions last (rows, positions)."""
    y = y[:, :, None] if y.ndim == 2 else y
    y = y.double().movedim(axis, -1)
    return [(row - y[0]).abs() for row in y[1:]]


def _mirrored(changes: list[Tensor]) -> bool:
    """Do changes (rows, positions) have, in some row, a second centre at the mirror image of the first?

    In every trial that changes the near half of a row: within the mirror image of that change, the far half
    must change at least a twentieth as much, and eight times more than in its rest.
    """
    size = changes[0].shape[-1]
    if size < 8 or any(c.shape != changes[0].shape for c in changes):
        return False
    told, seconds = zip(*(_second_centre(c) for c in changes), strict=True)
    enough = torch.stack(told).sum(0) > len(changes) // 2
    return bool((enough & (torch.stack(seconds) | ~torch.stack(told)).all(0)).any())


def _second_centre(change: Tensor) -> tuple[Tensor, Tensor]:
    """For each row: does its near half change and leave room to tell, and does the mirror image stand out?"""
    near, far = change[:, : change.shape[-1] // 2], change[:, (change.shape[-1] + 1) // 2 :]
    peak = near.max(1, keepdim=True).values
    image = (near > 0.05 * peak).to(change).flip(1)
    reach = max(3, change.shape[-1] // 40)  # a branch may be wider than the path beside it
    image = torch.nn.functional.max_pool1d(image[:, None], 2 * reach + 1, 1, reach)[:, 0] > 0
    inside = torch.where(image, far, 0.0).max(1).values
    outside = torch.where(image, 0.0, far).max(1).values
    told = (peak[:, 0] > 1e-5 * change.max()) & (image.double().mean(1) <= 0.4)
    return told, (inside > 0.05 * peak[:, 0]) & (inside > 8 * outside)
