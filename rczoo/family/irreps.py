"""A trunk whose blocks carry trivial and sign channels in place of pairs of strands.

In another basis a pair (a, b) is a + b, which reverse complement leaves, and a - b, whose sign it changes. So
with as many of either kind a linear map between such channels is one between pairs, but non-linearities act
elsewhere, and there may be more of one kind than of the other.
Source: Mallet and Vert 2021, NeurIPS 34:13511, whose a/(a+b) is ``irreps`` here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from ..nn.batch_norm import RCBatchNorm1d
from ..nn.convolution import RCConv1d
from ..nn.layers import RCActivation
from ..symmetry._memory_format import crop
from ..symmetry.frames import Frames, alike, open_frames
from ..symmetry.rep import DNA, Rep
from .trunk import BlockShape


def irreps_of(filters: int, irreps: float) -> Rep:
    """What takes the place of so many pairs: as many channels, of which the share ``irreps`` is trivial.

    >>> irreps_of(16, 0.75)
    Rep("24t+8s")
    """
    trivial = round(irreps * 2 * filters)
    return Rep(f"{trivial}t+{2 * filters - trivial}s")


class IrrepsBlock(nn.Module):
    """One block between Reps: a tied valid convolution, perhaps BatchNorm, ReLU (tanh on sign channels),
    perhaps a skip."""

    exchanged = 0
    """Its channels hold both strands, so that none are appended."""

    def __init__(self, shape: BlockShape, rep_in: Rep, rep: Rep) -> None:
        super().__init__()
        self.shape = shape
        self.conv = RCConv1d(rep_in, rep, shape.kernel_size, dilation=shape.dilation)
        # Keras defaults, as in every block
        self.norm = RCBatchNorm1d(rep, eps=1e-3, momentum=0.01) if shape.norm else nn.Identity()
        self.activation = RCActivation(rep, nn.ReLU(), sign=nn.Tanh() if rep.sign else None)

    def cost(self, strands: int) -> int:
        """Multiply-adds of a position, both strands at once."""
        return self.conv.kernel().numel()

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, length) -> (batch, rep.channels, shorter length)."""
        y: Tensor = self.activation(self.norm(self.conv(x)))
        if not self.shape.residual:
            return y
        return y + crop(x, self.shape.dilation * (self.shape.kernel_size - 1) // 2)


class IrrepsTrunk(nn.Module):
    """Blocks of trivial and sign channels, as many as there were channels of F pairs.

    (batch, 4, length) -> two frames, each (batch, 2 * F, shorter length). The other frame holds the same
    features as they are read from the other strand. Law: RC of the input swaps the frames, exactly in the
    frames execution in eval mode, which runs each strand by itself, and to rounding in the tied one.
    """

    def __init__(self, shapes: Sequence[BlockShape], filters: int, irreps: float) -> None:
        super().__init__()
        self.rep = irreps_of(filters, irreps)
        self.filters = self.rep.channels
        reps = [DNA, *[self.rep] * (len(shapes) - 1)]
        blocks = nn.ModuleList(IrrepsBlock(s, rep, self.rep) for s, rep in zip(shapes, reps, strict=True))
        self.blocks = cast(Sequence[IrrepsBlock], blocks)
        self.shrinkage = sum(s.dilation * (s.kernel_size - 1) for s in shapes)

    def forward(self, x: Tensor, strands: int, stack: bool, execution: str) -> Frames:
        """Two frames; in train mode one run gives both, since batch statistics are those of either."""
        if execution == "frames" and not self.training:
            return alike(self._run, open_frames(x, DNA), stack=False)
        return open_frames(self._run(x), self.rep)

    def _run(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return x
