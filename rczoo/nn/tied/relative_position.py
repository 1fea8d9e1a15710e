"""Positions relative to each other, as attention may see them without breaking reverse complement.

Reversal turns the offset j - i from a query to a key into i - j. So whatever a head adds for an offset, its
partner adds for the opposite one, and a head that is its own partner adds the same for both.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..._arguments import check_whole
from ...symmetry.rep import TRIVIAL, Rep
from .kernel import TiedKernel

ROTARY_BASE = 10_000.0
"""The longest wavelength over 2 pi, in positions. Source: Su et al. 2021."""


class RelativeBias(TiedKernel):
    """A learnt number for each head and offset, the same for all offsets beyond ``reach``; begins at zero.

    Law: ``bias[p[h], -offset] == bias[h, offset]``, which is that of a tied kernel of width 2 * reach + 1
    with a row for each head. Source: Shaw et al. 2018, Raffel et al. 2020, for one strand.
    """

    def __init__(self, heads: Rep, reach: int) -> None:
        check_whole("RCAttention", reach=(reach, 1))
        super().__init__(TRIVIAL, heads, 2 * reach + 1, bias=False)
        self.reach = int(reach)

    def reset_parameters(self) -> None:
        """Begin without positions."""
        nn.init.zeros_(self.weight)

    def forward(self, length: int) -> Tensor:
        """(heads, length, length): of each query (second axis) and key (third)."""
        place = torch.arange(length, device=self.weight.device)
        offset = (place - place[:, None]).clamp(-self.reach, self.reach)
        return self.kernel()[:, 0][:, offset + self.reach]

    def extra_repr(self) -> str:
        """Heads and reach."""
        return f"{self.rep_out}, reach={self.reach}"


class Rotary(nn.Module):
    """Rotation of queries and keys by angles that grow with the position, the other way round for partners.

    A product of a query and a key then sees the offset between them. A head that is its own partner would
    have to turn both ways, so all have to be pairs. Source: Su et al. 2021, for one strand.
    """

    direction: Tensor

    def __init__(self, heads: Rep, width: int) -> None:
        super().__init__()
        if 2 * heads.regular != heads.channels:
            raise ValueError(
                f"RCAttention: rotary positions turn partners in opposite ways, but Rep {heads} has "
                f"{heads.trivial} heads that are their own partners: use pairs, or position='bias'"
            )
        if width % 2:
            raise ValueError(
                f"RCAttention: rotary positions turn pairs of numbers, but width is {width}: make it even"
            )
        first = [1 if h < j else -1 for h, j in enumerate(heads.partners)]
        self.register_buffer("direction", torch.tensor(first), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, heads, length, width) -> the same shape."""
        wide = torch.promote_types(x.dtype, torch.float32)  # half precision cannot count positions
        place = torch.arange(x.shape[2], device=x.device, dtype=wide)
        share = torch.arange(x.shape[3] // 2, device=x.device, dtype=wide) / (x.shape[3] // 2)
        angle = self.direction[:, None, None] * place[:, None] * ROTARY_BASE**-share
        cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
        u, v = x.chunk(2, -1)
        return torch.cat([u * cos - v * sin, u * sin + v * cos], -1)
