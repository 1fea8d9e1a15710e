"""Heads that read both strands at once: merge, and the reversal of the second strand, inside the weights.

A head is linear in each frame, so reading ``b = flip(z1)`` with reversed weights gives the second frame's
answer already turned to the first strand; sum and mean then add the two inside one layer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..family.ensembles import mean_of
from ..family.heads import LATE, LabelHead, ProfileHead
from ..symmetry.frames import combine
from ..symmetry.rep import Rep, flip
from ._layers import conv, linear


class Labels(nn.Module):
    """Trunk, pool, flatten, dense; the logits of both strands meet at the end where the merge is late."""

    def __init__(self, trunk: nn.Module, pool: nn.Module, dense: nn.Module, how: str) -> None:
        super().__init__()
        self.trunk, self.pool, self.flatten, self.dense, self.how = trunk, pool, nn.Flatten(), dense, how

    def forward(self, X: Tensor) -> Tensor:
        """(batch, 4, length) -> logits (batch, outputs)."""
        return _late(self.dense(self.flatten(self.pool(self.trunk(X)))), self.how)


class ByTaps(nn.Module):
    """A wide convolution to few filters: all taps by one of width 1, then a sum along the diagonals.

    As ``_by_taps`` of ``rczoo.symmetry._memory_format``, which tells how, in a fifth of the time on a CPU.
    """

    def __init__(self, weight: Tensor, bias: Tensor, groups: int = 1) -> None:
        super().__init__()
        self.filters, channels, self.taps = weight.shape
        rows = nn.functional.pad(weight, (0, 1)).transpose(1, 2).reshape(-1, channels, 1)
        self.rows = conv(rows, None, groups=groups)
        self.bias = nn.Parameter(bias.detach().clone()[:, None], requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, length) -> (batch, filters, length - taps + 1)."""
        length = x.shape[2]
        products = self.rows(x).reshape(x.shape[0], self.filters, (self.taps + 1) * length)
        shifted = products[..., : self.taps * (length + 1)].unflatten(2, (self.taps, length + 1))
        y: Tensor = shifted[..., : length - self.taps + 1].sum(2) + self.bias
        return y


class ProfileLayers(NamedTuple):
    """The layers of a profile head, some of which it may lack."""

    profile: nn.Module
    control: nn.Module | None
    counts: nn.Module | None
    positions: Tensor | None


class Profiles(nn.Module):
    """Trunk, profile convolution, and counts where wanted."""

    positions: Tensor | None

    def __init__(self, trunk: nn.Module, layers: ProfileLayers, how: str) -> None:
        super().__init__()
        self.trunk, self.how = trunk, how
        self.profile, self.control, self.counts, positions = layers
        self.register_buffer("positions", positions)
        self.pool, self.flatten = nn.AdaptiveAvgPool1d(1), nn.Flatten()

    def forward(self, X: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """(batch, 4, length) -> profile logits, or these and log-counts."""
        x = self.trunk(X)
        profile = self._whole(self.profile(x))
        if self.counts is None:
            return profile
        return profile, _late(self.counts(self.flatten(self.pool(x))), self.how)

    def _whole(self, y: Tensor) -> Tensor:
        """Profile logits: both strands merged, where they are not yet, and the profile of positions added."""
        merged = _late(y, self.how)
        return merged if self.positions is None else merged + self.positions


class ControlledProfiles(Profiles):
    """The same with control tracks at the output's length."""

    def forward(self, X: Tensor, X_ctl: Tensor) -> Tensor | tuple[Tensor, Tensor]:  # type: ignore[override]
        """(batch, 4, length) and (batch, tracks, out_length) -> profile logits, or these and log-counts."""
        x = self.trunk(X)
        assert self.control is not None
        profile = self._whole(self.profile(x) + self.control(X_ctl))
        if self.counts is None:
            return profile
        total = X_ctl.abs().sum((1, 2)).log1p().unsqueeze(1)
        pooled = torch.cat([self.flatten(self.pool(x)), total], 1)
        return profile, _late(self.counts(pooled), self.how)


class Mean(nn.Module):
    """The mean of what several fused networks answer."""

    def __init__(self, members: Iterable[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, X: Tensor) -> Any:
        """(batch, 4, length) -> the outputs of one member."""
        return mean_of([member(X) for member in self.members])


class ControlledMean(Mean):
    """The same with control tracks at the output's length."""

    def forward(self, X: Tensor, X_ctl: Tensor) -> Any:  # type: ignore[override]
        """(batch, 4, length) and (batch, tracks, out_length) -> the outputs of one member."""
        return mean_of([member(X, X_ctl) for member in self.members])


def _late(y: Tensor, how: str) -> Tensor:
    """Merge the answers of both strands where the weights could not."""
    if how not in LATE:
        return y
    u, v = y.chunk(2, 1)
    return combine(u, v, how)


def label_layer(head: LabelHead, filters: int, how: str) -> nn.Linear:
    """The dense layer on the pooled features of both strands, or of one."""
    bias = head.dense.bias
    if how == "none":
        return linear(head.dense.weight, bias)
    weight = torch.unflatten(head.dense.weight, 1, (filters, -1))
    both = _beside(weight, flip(weight), how).flatten(1)
    return linear(both, torch.cat([bias, bias]) if how in LATE else bias)


def profile_layers(head: ProfileHead, how: str, control: Rep) -> ProfileLayers:
    """Profile and join convolutions as one, another for the control tracks, and the dense layer of counts."""
    rep = head.rep_out[0]
    join = head.join.effective_weight()
    first = join[:, : rep.channels, 0]
    weight = torch.einsum("sj,jck->sck", first, head.conv.effective_weight())
    bias = first @ head.conv.get_parameter("bias") + head.join.get_parameter("bias")
    profile = ByTaps(weight, bias)
    tracks = join[:, rep.channels :]
    if how != "none":
        groups = 2 if how in LATE else 1
        turned = _turned(weight, rep)
        kernel = torch.cat([weight, turned]) if how in LATE else _beside(weight, turned, how)
        profile = ByTaps(kernel, _together(bias, rep.act(bias[None])[0], how), groups)
        tracks = _together(tracks, _turned(control.act(tracks), rep), how)
    counts = None if head.counts is None else _counts(head.counts, rep, how, control.channels > 0)
    positions = None if head.plus is None else head.log_profile()
    return ProfileLayers(profile, conv(tracks, None) if control.channels else None, counts, positions)


def _counts(dense: nn.Linear, rep: Rep, how: str, controlled: bool) -> nn.Linear:
    if how == "none":
        return linear(dense.weight, dense.bias)
    own = dense.in_features - controlled
    turned = rep.act(dense.weight.T).T
    pooled = _beside(dense.weight[:, :own], turned[:, :own], how)
    total = _together(dense.weight[:, own:], turned[:, own:], how)
    bias = _together(dense.bias, rep.act(dense.bias[None])[0], how)
    return linear(torch.cat([pooled, total], 1), bias)


def _turned(weight: Tensor, rep: Rep) -> Tensor:
    """Weights (outputs, channels, taps) whose answer on the reversed input is turned by ``rep``."""
    return rep.act(weight.transpose(0, 1)).transpose(0, 1)


def _beside(first: Tensor, second: Tensor, how: str) -> Tensor:
    """Weights (outputs, inputs, ...) of the two strands' own inputs, side by side; apart for a late merge."""
    if how in LATE:
        upper = torch.cat([first, torch.zeros_like(second)], 1)
        return torch.cat([upper, torch.cat([torch.zeros_like(first), second], 1)])
    both = torch.cat([first, second], 1)
    return both / 2 if how == "mean" else both


def _together(first: Tensor, second: Tensor, how: str) -> Tensor:
    """Weights or biases (outputs, ...) of an input that both strands share."""
    if how in LATE:
        return torch.cat([first, second])
    return combine(first, second, how)
