"""Where equivariance breaks: the first sub-module whose features for x and for R x no longer correspond.

No annotation is needed. Features correspond when some permutation of channels with signs, with or without a
reversal of positions, maps one to the other. A module that runs once per strand (conjoined models, frames)
is compared over all of its calls together, and one that stacks both strands as a batch over both halves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..calls.inputs import Problem
from ..results import Result
from ..sequences import LONG
from ..tested_model import TestedModel
from .interventions import hooked_modules

Features = dict[str, list[Tensor]]


def first_break(tested: TestedModel, codes: np.ndarray, tolerance: float, seed: int = 0) -> str | None:
    """The first sub-module, in order of completion, whose features do not correspond; None if all do.

    Returns a phrase that names it: ``"Conv1d 'trunk.0'"``. Of a long sequence only a part is tried, where
    the model takes it, since the features of all sub-modules are kept.
    """
    if (part := shortened(codes)).shape != codes.shape:
        try:
            return first_break(tested, part, tolerance, seed)
        except Problem:
            pass
    modules = dict(tested.model.named_modules())
    x, turned = tested.pair(codes, seed)
    with torch.no_grad(), recorded(tested.model) as features:
        tested(x, seed)
        first = {name: list(calls) for name, calls in features.items()}
        features.clear()
        tested(turned, seed)
    for name, calls in first.items():
        others = features.get(name, [])
        if name and (len(calls) != len(others) or not corresponds(calls, others, tolerance)):
            return f"{type(modules[name]).__name__} {name!r}"
    return None


def shortened(codes: np.ndarray) -> np.ndarray:
    """The first part of long sequences: half of them, as often as it takes and leaves whole numbers."""
    size = codes.shape[1]
    if size < LONG:
        return codes
    while size >= LONG // 8 and size % 2 == 0:
        size //= 2
    return codes[:, :size]


def place_of(results: list[Result]) -> str | None:
    """Where the first broken law of these results starts, in words."""
    broken = next((r for r in results if r.status == "failed" and r.violation), None)
    if broken is None or broken.violation is None or broken.cause == "random":
        return None
    violation = broken.violation
    try:
        place = first_break(violation.tested, violation.batches[0], max(violation.tolerance, 1e-9))
    except Problem:
        return None
    return place or "after the last sub-module: in how the answer is put together, or in what was declared"


@contextmanager
def recorded(model: nn.Module) -> Iterator[Features]:
    """While it lasts, what each sub-module gives is appended under its name, in order of completion."""
    features: Features = {}

    def keep(name: str, output: Any) -> None:
        tensor = next(tensors(output), None)
        if tensor is not None and tensor.ndim >= 2:
            features.setdefault(name, []).append(tensor.detach())

    handles = [
        module.register_forward_hook(lambda m, i, output, name=name: keep(name, output))
        for name, module in hooked_modules(model)
    ]
    try:
        yield features
    finally:
        for handle in handles:
            handle.remove()


def tensors(output: Any) -> Iterator[Tensor]:
    """Every floating tensor in a nest of tuples, lists and mappings."""
    if isinstance(output, Tensor):
        if output.is_floating_point():
            yield output
    elif isinstance(output, dict):
        for value in output.values():
            yield from tensors(value)
    elif isinstance(output, list | tuple):
        for value in output:
            yield from tensors(value)


def corresponds(calls: list[Tensor], others: list[Tensor], tolerance: float) -> bool:
    """Is there a signed channel permutation, with or without reversal, from ``calls`` to ``others``?"""
    if any(a.shape != b.shape for a, b in zip(calls, others, strict=True)):
        return False
    if len({a.shape for a in calls}) > 1:  # calls of several shapes: each must correspond by itself
        return all(corresponds([a], [b], tolerance) for a, b in zip(calls, others, strict=True))
    half = calls[0].shape[0] // 2 if calls[0].shape[0] % 2 == 0 else 0
    for axis in range(1, calls[0].ndim):
        b = _rows(others, axis)
        for roll in {0, half}:
            rolled = [a.roll(roll, 0) for a in calls]
            axes = [n for n in range(1, calls[0].ndim) if n != axis]
            for turned in [[a.flip(axes) for a in rolled], rolled]:
                if signed_permutation(_rows(turned, axis), b, tolerance) is not None:
                    return True
    return False


def _rows(calls: list[Tensor], axis: int) -> Tensor:
    """Channels of all calls as rows: (calls * channels, everything else)."""
    return torch.cat([a.movedim(axis, 0).flatten(1) for a in calls])


def signed_permutation(a: Tensor, b: Tensor, tolerance: float) -> tuple[list[int], list[int]] | None:
    """Partners p and signs s with ``b[c] = s[c] * a[p[c]]`` within ``tolerance`` of the largest, or None.

    Rows are paired in the order of their projections on one random direction.
    """
    a, b = a.double(), b.double()
    scale = max(a.abs().max().item(), b.abs().max().item()) if a.numel() else 0.0
    generator = torch.Generator().manual_seed(len(a))
    direction = torch.randn(a.shape[1], generator=generator, dtype=torch.float64).to(a.device)
    pa, pb = a @ direction, b @ direction
    order_a, order_b = pa.abs().argsort(stable=True), pb.abs().argsort(stable=True)
    sign = torch.where((pa[order_a] < 0) == (pb[order_b] < 0), 1.0, -1.0)
    if not ((b[order_b] - sign[:, None] * a[order_a]).abs() <= tolerance * scale).all():
        return None
    partners, signs = [0] * len(a), [1] * len(a)
    for i, j, s in zip(order_a.tolist(), order_b.tolist(), sign.tolist(), strict=True):
        partners[j], signs[j] = i, int(s)
    return partners, signs


def relation(u: Tensor, v: Tensor, last: bool, tolerance: float) -> tuple[list[int], list[int], bool] | None:
    """How an answer v comes of an answer u: partners, signs, and whether positions are reversed; or None.

    Channels are axis 1, or the last with channels ``last``. ``v[c] = signs[c] * u[partners[c]]``.
    """
    if u.shape != v.shape or u.ndim not in (2, 3):
        return None
    u, v = (u.transpose(1, 2), v.transpose(1, 2)) if last and u.ndim == 3 else (u, v)
    for reverse in (True, False) if u.ndim == 3 else (True,):
        turned = u.flip(-1) if reverse and u.ndim == 3 else u
        found = signed_permutation(_rows([turned], 1), _rows([v], 1), tolerance)
        if found is not None:
            return *found, reverse
    return None
