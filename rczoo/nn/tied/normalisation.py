"""Normalisation within an example, with one scale and one shift per pair.

Which numbers are pooled decides where the law comes from: all channels of a position (layer norm) hold both
strands of every pair; all positions of a channel (instance norm) go to all positions of its partner; and a
group of channels goes to a group. A sign channel has no shift, and no part in a mean over channels, since its
sign against that of others depends on the strand. Batch norm is in ``batch_norm``.
Proof: ``proofs/theorems/t08_normalisation.py`` (why scale and shift are tied).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..._arguments import check_whole
from ...symmetry.rep import Rep
from ..layers import RCLayer
from .groups import mirrored_groups


def _standardised(x: Tensor, axes: tuple[int, ...], centred: Tensor, eps: float) -> Tensor:
    """x minus the mean of what is ``centred`` there, over the root mean square of all, along ``axes``."""
    wide = x.to(torch.promote_types(x.dtype, torch.float32))  # squares of half precision overflow
    centred = centred.to(wide.dtype).expand_as(x)
    mean = (wide * centred).sum(axes, keepdim=True) / centred.sum(axes, keepdim=True).clamp(min=1)
    wide = wide - mean * centred
    return (wide * torch.rsqrt(wide.square().mean(axes, keepdim=True) + eps)).to(x.dtype)


class _Norm(RCLayer):
    """What is standardised by a subclass, times ``weight`` and plus ``bias``, one of each per pair."""

    orbit: Tensor
    unsigned: Tensor

    def __init__(self, rep: Rep | str, eps: float, shift: bool = True) -> None:
        super().__init__(rep, rep)
        self.eps = eps
        orbit = {c: n for n, orbit in enumerate(self.rep_in.orbits) for c in orbit}
        channels = range(self.rep_in.channels)
        self.register_buffer("orbit", torch.tensor([orbit[c] for c in channels]).long(), persistent=False)
        self.register_buffer("unsigned", torch.tensor(self.rep_in.signs) == 1, persistent=False)
        self.weight = nn.Parameter(torch.ones(len(self.rep_in.orbits)))
        self.bias = nn.Parameter(torch.zeros(len(self.rep_in.orbits))) if shift else None

    def _scaled(self, x: Tensor) -> Tensor:
        y = x * self.weight[self.orbit][:, None]
        return y if self.bias is None else y + (self.bias[self.orbit] * self.unsigned)[:, None]


class RCLayerNorm(_Norm):
    """Layer normalisation: over the channels of each position, as ``nn.LayerNorm`` of channels last.

    (batch, channels, length) or (batch, channels) -> the same shape. Law: out(R x) = R out(x).
    """

    ranks = (2, 3)

    def __init__(self, rep: Rep | str, eps: float = 1e-5) -> None:
        super().__init__(rep, eps)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels[, length]) -> the same shape."""
        self._check(x)
        y = x[..., None] if x.ndim == 2 else x
        return self._scaled(_standardised(y, (1,), self.unsigned[:, None], self.eps)).view_as(x)


class RCRMSNorm(_Norm):
    """Division by the root mean square of each position's channels: no mean and no shift, on any Rep alike.

    (batch, channels, length) or (batch, channels) -> the same shape. Law: out(R x) = R out(x).
    """

    ranks = (2, 3)

    def __init__(self, rep: Rep | str, eps: float = 1e-5) -> None:
        super().__init__(rep, eps, shift=False)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels[, length]) -> the same shape."""
        self._check(x)
        y = x[..., None] if x.ndim == 2 else x
        none = torch.zeros_like(self.unsigned)[:, None]
        return self._scaled(_standardised(y, (1,), none, self.eps)).view_as(x)


class RCGroupNorm(_Norm):
    """Group normalisation: over the positions and channels of each group, as ``nn.GroupNorm``.

    (batch, channels, length) -> the same shape. Law: out(R x) = R out(x), since groups of consecutive
    channels go to groups. Raises ValueError where reverse complement would take a group apart.
    """

    def __init__(self, num_groups: int, rep: Rep | str, eps: float = 1e-5) -> None:
        check_whole("RCGroupNorm", groups=(num_groups, 1))
        super().__init__(rep, eps)
        mirrored_groups("RCGroupNorm", self.rep_in, num_groups)
        self.num_groups = int(num_groups)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, length) -> the same shape."""
        self._check(x)
        groups = (self.num_groups, -1)
        y = _standardised(torch.unflatten(x, 1, groups), (2, 3), self.unsigned.view(*groups, 1), self.eps)
        return self._scaled(y.flatten(1, 2))

    def extra_repr(self) -> str:
        """Number of groups and Rep, as typed."""
        return f"{self.num_groups}, {self.rep_in}"


class RCInstanceNorm1d(_Norm):
    """Instance normalisation: over the positions of each channel, as ``nn.InstanceNorm1d(affine=True)``.

    (batch, channels, length) -> the same shape. Law: out(R x) = R out(x). A sign channel has a mean here,
    which changes its sign with it.
    """

    def __init__(self, rep: Rep | str, eps: float = 1e-5) -> None:
        super().__init__(rep, eps)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, length) -> the same shape."""
        self._check(x)
        every = torch.ones_like(self.unsigned)[:, None]
        return self._scaled(_standardised(x, (2,), every, self.eps))
