"""The two frames: a model's features as read from each strand, 5' to 3'.

Write ``z0`` for features in the frame of the given strand and ``z1`` for features in the frame of the other
strand. For the input, ``z0 = x`` and ``z1 = R x``, so RC of the input swaps the two. Hence any deterministic
module applied alike to both frames is equivariant by construction, whatever its length, stride or pooling,
and so is :func:`exchange`, the one operation that mixes strands. :func:`merge` returns to one output.
Proofs: ``proofs/theorems/t03_conjoining.py`` and ``proofs/theorems/t04_family.py``.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from ._memory_format import first_channels, join_channels, split
from .rep import Rep, flip

Frames = tuple[Tensor, ...]
"""One frame per strand read: two for a member of the family, one for an ordinary network."""


def open_frames(x: Tensor, rep: Rep, strands: int = 2) -> Frames:
    """The frames of an input (batch, channels, length): ``(x, R x)``, or ``(x,)`` for one strand."""
    x = x.contiguous()  # equal memory layout in both frames, so that equal numbers take equal paths
    return (x, rep.act(x).contiguous()) if strands == 2 else (x,)


def alike(module: Callable[[Tensor], Tensor], frames: Frames, stack: bool) -> Frames:
    """Apply one module to every frame, each (batch, channels, length).

    ``stack`` runs the frames as one batch, which pools batch statistics over strands; separate calls of
    equal shape make the law exact bit for bit in eval mode.
    """
    if stack and len(frames) == 2:
        z0, z1 = module(torch.cat(frames)).chunk(2)
        return z0, z1
    return tuple(module(z) for z in frames)


def exchange(frames: Frames, k: int) -> Frames:
    """Append to each frame the first ``k`` channels of the other, read in this frame's direction.

    (batch, F, length) twice -> (batch, F + k, length) twice. Law: commutes with swapping the frames.
    One frame alone is returned as it is when ``k`` is 0.
    """
    if k == 0:
        return frames
    z0, z1 = frames
    received = flip(first_channels(z1, k)), flip(first_channels(z0, k))
    return join_channels(z0, received[0]), join_channels(z1, received[1])


def exchange_stacked(z: Tensor, k: int) -> Tensor:
    """:func:`exchange` of two frames stacked on the batch axis: (2 * batch, F, length) -> F + k channels."""
    if k == 0:
        return z
    return join_channels(z, other_strand(first_channels(z, k), z.shape[0] // 2))


def other_strand(z: Tensor, batch: int, channels: int = 1, examples: int = 0) -> Tensor:
    """Two frames of ``batch`` examples as one batch, exchanged, and their positions reversed: the same shape.

    ``channels``, ``examples``: their axes, counted from 0; each other axis is one of positions. Several rows
    of an example (windows, or positions that were flattened into the batch) are positions, too. Law:
    commutes with swapping the frames.
    """
    strands = torch.unflatten(z, examples, (2, batch, -1))
    fixed = {examples + 1, channels + 2 * (channels > examples)}
    turned = [axis for axis in range(strands.ndim) if axis not in fixed]
    return strands.flip(turned).flatten(examples, examples + 2)


def to_halves(frames: Frames) -> Tensor:
    """Two frames of F channels as one regular feature map of Rep ``"Fr:halves"``: (a, b) = (z0, flip z1)."""
    z0, z1 = frames
    return join_channels(z0, flip(z1))


def from_halves(x: Tensor) -> Frames:
    """The inverse of :func:`to_halves`: (batch, 2F, length) -> two frames of F channels."""
    a, b = split(x, 1)
    return a.clone(), flip(b)


def _mean_probability(u: Tensor, v: Tensor) -> Tensor:
    """Logit of the mean of two sigmoids, without leaving log space."""
    yes = torch.logaddexp(logsigmoid(u), logsigmoid(v))
    no = torch.logaddexp(logsigmoid(-u), logsigmoid(-v))
    return yes - no


_MERGES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "sum": torch.add,
    "mean": lambda u, v: (u + v) / 2,
    "max": torch.maximum,
    "probability": _mean_probability,
}
MERGES = tuple(_MERGES)
"""The symmetric ways to bring two frames together."""


def check_merge_of(rep: Rep, how: str) -> None:
    """Refuse an unknown merge, and the maximum on sign channels: max(u, -v) is not minus max(-u, v)."""
    if how not in _MERGES:
        raise ValueError(f"unknown merge {how!r}: choose one of {', '.join(MERGES)}")
    if how == "max" and rep.sign:
        raise ValueError(
            f"merge 'max' is not equivariant on the {rep.sign} sign channel(s) of Rep {rep}: use 'mean'"
        )


def combine(u: Tensor, v: Tensor, how: str) -> Tensor:
    """Bring two tensors of equal shape together by one of :data:`MERGES`; the same in either order."""
    check_merge_of(Rep(), how)
    return _MERGES[how](u, v)


def merge(frames: Frames, rep: Rep, how: str) -> Tensor:
    """One output of Rep ``rep`` from both frames' outputs: the second is reverse-complemented first.

    ``how``: ``sum``, ``mean``, ``max``, or ``probability`` (the logit of the mean of the sigmoids).
    One frame alone is returned as it is. Law: swapping the frames acts on the result by ``rep``.
    """
    if len(frames) == 1:
        return frames[0]
    check_merge_of(rep, how)
    return combine(frames[0], rep.act(frames[1]), how)
