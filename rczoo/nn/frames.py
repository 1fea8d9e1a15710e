"""Layers over the two frames, for a trunk that is written by hand: open, alike, exchange, merge.

A tied layer keeps both strands in one feature map, so its windows must coincide on both (T7). A frame holds
the features of one strand, read from its own 5' end: any module may be applied alike to both, at any length,
and :class:`Exchange` is the one layer by which they know of each other.
Proofs: ``proofs/theorems/t04_family.py`` and ``t14_any_block.py``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .._arguments import check_whole
from ..symmetry.frames import Frames, alike, check_merge_of, exchange, merge, open_frames
from ..symmetry.rep import Rep
from .layers import check_channels
from .paired_draws import PairedDraws, breaks_graphs, uncompiled


class OpenFrames(nn.Module):
    """The two frames of an input: what is given, and its reverse complement.

    (batch, channels, length) -> twice the same shape. Law: RC of the input by ``rep`` swaps the frames.

    >>> OpenFrames("2r:flip")
    OpenFrames(2r:flip)
    """

    def __init__(self, rep: Rep | str) -> None:
        super().__init__()
        self.rep_in = Rep(rep)
        check_channels("OpenFrames", rep=self.rep_in)

    def forward(self, x: Tensor) -> Frames:
        """(batch, channels, length) -> two frames."""
        return open_frames(x, self.rep_in)

    def extra_repr(self) -> str:
        """The Rep, as typed."""
        return str(self.rep_in)


class Alike(nn.Module):
    """Any module, or several in a row, applied alike to both frames.

    Two frames -> two frames, whatever the module makes of each. Law: commutes with swapping the frames; in
    eval mode bit for bit. In train mode both run as one batch, so that batch statistics are pooled over the
    strands, and what is drawn at random is drawn once for both. The examples must be the first axis.

    >>> Alike(nn.ReLU())
    Alike(
      (module): ReLU()
    )
    """

    def __init__(self, *modules: nn.Module) -> None:
        super().__init__()
        self.module = modules[0] if len(modules) == 1 else nn.Sequential(*modules)
        self.breaks_graphs = breaks_graphs(self.module)

    def forward(self, frames: Frames) -> Frames:
        """What the module answers for each frame."""
        if not self.training:
            return alike(self.module, frames, stack=False)
        return (uncompiled(self._paired) if self.breaks_graphs else self._paired)(frames)

    def _paired(self, frames: Frames) -> Frames:
        """Both frames as one batch, whose draws are shared."""
        with PairedDraws(frames[0].shape[0]):
            z0, z1 = self.module(torch.cat(frames)).chunk(2)
        return z0, z1


class Exchange(nn.Module):
    """Each frame also receives the first ``channels`` of the other, read in its own direction.

    (batch, F, length) twice -> (batch, F + channels, length) twice; what is received comes last. Law:
    commutes with swapping the frames. All F before every layer are RCPS, none are a conjoined model.

    >>> Exchange(8)
    Exchange(8)
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        check_whole("Exchange", channels=(channels, 0))
        self.channels = int(channels)

    def forward(self, frames: Frames) -> Frames:
        """Two frames with more channels."""
        for z in frames:
            if z.ndim != 3 or z.shape[1] < self.channels:
                raise ValueError(
                    f"Exchange: expected frames (batch, channels, length) of at least {self.channels} "
                    f"channels, got {tuple(z.shape)}: exchange fewer, and before positions are pooled away"
                )
        return exchange(frames, self.channels)

    def extra_repr(self) -> str:
        """How many channels are received."""
        return str(self.channels)


class MergeFrames(nn.Module):
    """One output of both frames' answers, the other strand's reverse-complemented first.

    (batch, channels[, length]) twice -> the same shape, once. ``how``: ``sum``, ``mean``, ``max`` or
    ``probability`` (the logit of the mean of the sigmoids). Law: swapping the frames acts by ``rep``.

    >>> MergeFrames("1t", "max")
    MergeFrames(1t, how=max)
    """

    def __init__(self, rep: Rep | str, how: str = "mean") -> None:
        super().__init__()
        self.rep_out, self.how = Rep(rep), how
        check_channels("MergeFrames", rep=self.rep_out)
        check_merge_of(self.rep_out, how)

    def forward(self, frames: Frames) -> Tensor:
        """(batch, channels[, length]) of two frames -> of one output."""
        return merge(frames, self.rep_out, self.how)

    def extra_repr(self) -> str:
        """Rep and merge, as typed."""
        return f"{self.rep_out}, how={self.how}"
