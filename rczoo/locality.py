"""Features stay local: a change at position i must not act at L-1-i too, which no law of symmetry forbids."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .localisation import recorded
from .trial import Result, Trial, failed, passed, skipped


def locality(trial: Trial) -> Result:
    """A base acts near its own position, not near its mirror image on the same strand."""
    length = trial.length
    if length < 16 or trial.subject.encode is not None:
        return skipped("needs a sequence of 16 bases or more" if length < 16 else "inputs made by encode=")
    positions = [max(1, round(length * share)) for share in (0.04, 0.1, 0.16)]
    base = trial.codes(batch=1, seed=18)
    reference = _features(trial, base)
    changes: list[dict[str, list[Tensor]]] = []
    for position in positions:
        edited = base.copy()
        edited[:, position] = (edited[:, position] + 1) % 4
        features = _features(trial, edited)
        changes.append({n: _differences(reference[n], features.get(n, [])) for n in reference})
    looked = 0
    for name in reference:
        for calls in zip(*(change[name] for change in changes), strict=False):
            axis = 1 if calls[0].shape[1] > calls[0].shape[2] else 2  # positions are the longer axis
            looked += 1
            if _mirrored([c.movedim(axis, -1).flatten(0, 1) for c in calls], positions, length):
                where = f"sub-module {name!r}" if name else "the output"
                near, far = positions[0], length - 1 - positions[0]
                words = f"in {where}, a change at position {near} also acts near {far}"
                return failed(f"{words}, and nearer as the position moves inwards", cause="non-local")
    if not looked:
        return skipped("no features with positions")
    return passed(f"{looked} feature maps")


def _features(trial: Trial, codes: np.ndarray) -> dict[str, list[Tensor]]:
    """Everything with positions that the model and its sub-modules give."""
    x, _ = trial.subject.pair(codes)
    with torch.no_grad(), recorded(trial.subject.model) as features:
        trial.subject(x)
    return {n: [c for c in calls if c.ndim == 3] for n, calls in features.items()}


def _differences(some: list[Tensor], others: list[Tensor]) -> list[Tensor]:
    return [(a - b).abs().double() for a, b in zip(some, others, strict=False) if a.shape == b.shape]


def _mirrored(changes: list[Tensor], positions: list[int], length: int) -> bool:
    """Do changes (rows, positions) show a second centre, apart from the first, that moves the other way?"""
    size = changes[0].shape[-1]
    if size < 16 or any(c.shape != changes[0].shape for c in changes):
        return False
    for threshold in (1e-5, 0.02):
        centres = [_far_centre(c, threshold) for c in changes]
        both = torch.stack(centres).isfinite().all(0)
        if not both.any():
            continue
        first, last = centres[0][both], centres[-1][both]
        expected = (positions[-1] - positions[0]) * size / length
        if (((first - last) - expected).abs() <= max(0.2 * expected, 1.0)).any() and expected >= 1.5:
            return True
    return False


def _far_centre(change: Tensor, threshold: float) -> Tensor:
    """For each row, where the far half changes; NaN unless both ends change and the middle does not."""
    size = change.shape[-1]
    near, far = int(0.45 * size), int(0.55 * size)
    scale = change.max()
    on = change > threshold * scale if scale > 0 else torch.zeros_like(change, dtype=torch.bool)
    apart = on[:, :near].any(1) & ~on[:, near:far].any(1) & on[:, far:].any(1)
    at = torch.arange(far, size, dtype=torch.float64, device=change.device)
    weight = torch.where(on[:, far:], change[:, far:], 0.0)
    centre = (weight * at).sum(1) / weight.sum(1).clamp_min(1e-300)
    return torch.where(apart, centre, torch.nan)
