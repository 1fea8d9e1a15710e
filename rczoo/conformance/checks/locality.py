"""Features stay local: a change at position i must not act at L-1-i too, which no law of symmetry forbids."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..diagnosis.features import recorded
from ..results import Result, failed, passed, skipped
from ..run import Run
from ..tested_model import Problem


def locality(run: Run) -> Result:
    """A base acts near its own position, not near its mirror image on the same strand."""
    length = _long(run)
    if length < 16 or run.tested.encode is not None:
        return skipped("needs a sequence of 16 bases or more" if length < 16 else "inputs made by encode=")
    # in the first half, so that no two are mirror images of one another
    positions = [max(1, round(length * share)) for share in (0.04, 0.16, 0.28)]
    changes: list[dict[str, list[Tensor]]] = []
    for seed in (18, 19, 20):
        base = run.codes(length, batch_size=1, seed=seed)
        reference = _features(run, base)
        for position in positions:
            edited = base.copy()
            edited[:, position] = (edited[:, position] + 1) % 4
            features = _features(run, edited)
            changes.append({n: _differences(reference[n], features.get(n, [])) for n in reference})
    looked = 0
    for name in changes[0]:
        for calls in zip(*(change[name] for change in changes), strict=False):
            axis = 1 if calls[0].shape[1] > calls[0].shape[2] else 2  # positions are the longer axis
            looked += 1
            if _mirrored([c.movedim(axis, -1).flatten(0, 1) for c in calls]):
                where = f"sub-module {name!r}" if name else "the output"
                near, far = positions[0], length - 1 - positions[0]
                words = f"in {where}, a change at position {near} also acts near {far}"
                return failed(f"{words}, many times more than elsewhere in that half", cause="non-local")
    if not looked:
        return skipped("no features with positions")
    return passed(f"{looked} feature maps")


def _long(run: Run) -> int:
    """A length at which the near and the far are far apart, if the model takes it; else the main one.

    The law need not hold there: only where a change acts is asked.
    """
    # a receptive field of some hundred bases leaves most of such a sequence untouched
    if run.length >= 300 or run.tested.encode is not None or len(run.tested.inputs) > 1:
        return run.length
    try:
        longer = 600 + run.length
        run.tested(run.tested.pair(run.codes(longer, batch_size=1))[0])
    except Problem:
        return run.length
    return longer


def _features(run: Run, codes: np.ndarray) -> dict[str, list[Tensor]]:
    """Everything with positions that the model and its sub-modules give."""
    x, _ = run.tested.pair(codes)
    with torch.no_grad(), recorded(run.tested.model) as features:
        run.tested(x)
    return {n: [c for c in calls if c.ndim == 3] for n, calls in features.items()}


def _differences(some: list[Tensor], others: list[Tensor]) -> list[Tensor]:
    return [(a - b).abs().double() for a, b in zip(some, others, strict=False) if a.shape == b.shape]


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
