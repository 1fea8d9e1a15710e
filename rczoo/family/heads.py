"""From a trunk's frames to labels or stranded profiles: one linear head, applied alike, then merged."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..symmetry.actions import act
from ..symmetry.frames import Frames, alike, merge
from ..symmetry.rep import Rep
from .trunk import GainConv1d, glorot_

LATE = ("max", "probability")
"""Merges that need each strand's logits; the others merge the features before the dense layer."""
LINEAR = {"sum": 2, "mean": 1}
"""Merges that are the mean of the strands' answers, each taken so many times (T11)."""


def check_linear(how: str) -> None:
    """Refuse a merge that is not the mean of two answers, up to scale."""
    if how == "none":
        raise ValueError("merge 'none' reads one strand, so there is no other to agree with: use 'mean'")
    if how not in LINEAR:
        raise ValueError(
            f"merge {how!r} is no mean of the two strands' answers, whose agreement is asked for: use 'mean' "
            "or 'sum'"
        )


class LabelHead(nn.Module):
    """Max-pool, flatten, dense: frames of (batch, F, length) -> logits (batch, outputs).

    Sum and mean merge the pooled features before the dense layer; max and probability merge the logits.
    """

    def __init__(self, filters: int, length: int, pool: tuple[int, int], outputs: int) -> None:
        super().__init__()
        self.pool, self.maximum = pool, nn.MaxPool1d(*pool)
        windows = (length - pool[0]) // pool[1] + 1
        self.dense = nn.Linear(filters * windows, outputs)
        glorot_(self.dense.weight, filters * windows, outputs)
        nn.init.zeros_(self.dense.bias)
        self.rep_out = (Rep(f"{outputs}t"),)

    def cost(self, length: int, how: str) -> int:
        """Multiply-adds for one sequence; ``how`` is the merge."""
        return self.dense.weight.numel() * (2 if how in LATE else 1)

    def forward(self, frames: Frames, controls: tuple[Tensor | None, ...], how: str) -> Tensor:
        """Logits (batch, outputs); ``how`` is the merge."""
        pooled = alike(lambda z: self.maximum(z).flatten(1), frames, stack=False)
        if how in LATE:
            return merge(alike(self.dense, pooled, stack=False), self.rep_out[0], how)
        logits: Tensor = self.dense(merge(pooled, Rep(f"{pooled[0].shape[1]}t"), how))
        return logits

    def strands(self, frames: Frames, controls: tuple[Tensor | None, ...], how: str) -> Frames:
        """Each frame's logits (batch, outputs), whose mean ``forward`` gives; ``how`` is sum or mean."""
        return alike(lambda z: self.dense(LINEAR[how] * self.maximum(z).flatten(1)), frames, stack=False)


class ProfileHead(nn.Module):
    """Stranded profile logits, and log-counts where wanted, from frames of (batch, F, length).

    Profile: convolution of width 75 to both strands of every factor, joined with the control tracks by a
    convolution of width 1. Counts: average pool joined with the control's log-count, then dense. Both are
    linear, applied in each frame, and merged after RC of the second frame's answer. Where the events are
    centred, a log-profile of ``length - 74`` positions may be added last, alike for one strand and for every
    merge: it is its own RC, so the law holds.
    """

    WIDTH = 75
    first: Tensor
    """The channels of the plus strands."""

    def __init__(
        self,
        filters: int,
        outputs: int,
        control: Rep,
        count_head: bool,
        how: str,
        gain: float,
        length: int = 0,
    ) -> None:
        super().__init__()
        strands = 2 * outputs
        joined = strands + control.channels
        pooled = filters + (control.channels > 0)
        # Under sum the merged kernel sees both strands and has one free row per pair: its fans, as in RCPS.
        free = (2, outputs) if how == "sum" else (1, strands)
        self.conv = GainConv1d(filters, strands, self.WIDTH, 1, gain, (free[0] * filters, free[1]))
        self.join = GainConv1d(joined, strands, 1, 1, gain, (joined, free[1]))
        self.counts = nn.Linear(pooled, strands) if count_head else None
        if self.counts is not None:
            glorot_(self.counts.weight, free[0] * pooled, free[1])
            nn.init.zeros_(self.counts.bias)
        self.rep_out = (Rep(f"{outputs}r"),) * (1 + count_head)
        self.plus = nn.Parameter(torch.zeros(outputs, length - self.WIDTH + 1)) if length else None
        firsts = [orbit[0] for orbit in self.rep_out[0].orbits]
        self.register_buffer("first", torch.tensor(firsts), persistent=False)

    def cost(self, length: int, how: str) -> int:
        """Multiply-adds for one sequence whose trunk gives ``length`` positions; ``how`` is the merge."""
        strands = 1 if how == "none" else 2
        per_position = self.conv.weight.numel() + self.join.weight.numel()
        counts = 0 if self.counts is None else self.counts.weight.numel()
        return strands * (per_position * (length - self.WIDTH + 1) + counts)

    def forward(
        self, frames: Frames, controls: tuple[Tensor | None, ...], how: str
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Profile logits (batch, 2 * outputs, length - 74), or these and log-counts (batch, 2 * outputs)."""
        pairs = list(zip(frames, controls, strict=True))
        profile = self._placed(merge(tuple(self._profile(z, c) for z, c in pairs), self.rep_out[0], how))
        if self.counts is None:
            return profile
        return profile, merge(tuple(self._counts(z, c) for z, c in pairs), self.rep_out[1], how)

    def strands(
        self, frames: Frames, controls: tuple[Tensor | None, ...], how: str
    ) -> tuple[Tensor | tuple[Tensor, Tensor], ...]:
        """Each frame's answer read in the given strand, whose mean ``forward`` gives; ``how`` is sum or mean.

        The log-profile that is added last is whole in either, as it is its own RC.
        """
        pairs = zip(frames, controls, strict=True)
        given, other = (self._answer(z, c, LINEAR[how]) for z, c in pairs)
        return given, act(self.rep_out, other)

    def _answer(self, z: Tensor, control: Tensor | None, times: int) -> Tensor | tuple[Tensor, Tensor]:
        """One frame's outputs, in its own direction, what the merge counts taken so many times."""
        profile = self._placed(times * self._profile(z, control))
        return profile if self.counts is None else (profile, times * self._counts(z, control))

    def _placed(self, profile: Tensor) -> Tensor:
        """A profile with what position alone tells, if that is learnt."""
        return profile if self.plus is None else profile + self.log_profile()

    def log_profile(self) -> Tensor:
        """The log-profile that is added, (2 * outputs, length): each factor's plus strand, and its RC."""
        assert self.plus is not None
        rep = self.rep_out[0]
        one = self.plus.new_zeros(1, rep.channels, self.plus.shape[1])
        one = one.index_copy(1, self.first, self.plus[None])
        return (one + rep.act(one))[0]

    def start_at(self, profile: Tensor) -> None:
        """Begin at the logarithm of a mean profile (2 * outputs, length) of counts, made its own RC.

        One count is spread over the positions of each strand, so that the logarithm is finite.
        """
        assert self.plus is not None
        both = profile + self.rep_out[0].act(profile[None])[0]
        with torch.no_grad():
            self.plus.copy_((both[self.first] + 1 / both.shape[1]).log())

    def _profile(self, z: Tensor, control: Tensor | None) -> Tensor:
        y = self.conv(z)
        profile: Tensor = self.join(y if control is None else torch.cat([y, control], 1))
        return profile

    def _counts(self, z: Tensor, control: Tensor | None) -> Tensor:
        assert self.counts is not None
        pooled = z.mean(2)
        if control is not None:
            total = control.abs().sum((1, 2)).log1p()  # abs: the same on both strands, whatever the Rep
            pooled = torch.cat([pooled, total[:, None].to(z.dtype)], 1)
        counts: Tensor = self.counts(pooled)
        return counts
