"""The linear map between Reps, and features laid out as one vector for it.

Proof: ``proofs/theorems/t02_kernels.py``, for kernels of width 1.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..._arguments import check_whole
from ...symmetry._even_odd import tied_conv1d
from ...symmetry.rep import Rep
from ..layers import RCLayer
from .kernel import TiedKernel


class RCLinear(TiedKernel):
    """A linear map of the channels, tied by reverse complement; spans every equivariant one.

    (batch, rep_in.channels) -> (batch, rep_out.channels), or with a length behind both: the same map at every
    position. Law: out(R x) = R out(x). Parameters as those of a convolution of width 1: ``weight``,
    ``(Co*Ci + (t_o - s_o)*(t_i - s_i)) / 2``, and ``bias``, one per pair and per trivial channel (T2).

    >>> RCLinear("4r", "2t").weight.numel()
    8
    """

    ranks = (2, 3)

    def __init__(self, rep_in: Rep | str, rep_out: Rep | str, bias: bool = True) -> None:
        super().__init__(rep_in, rep_out, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, rep_in.channels[, length]) -> (batch, rep_out.channels[, length])."""
        self._check(x)
        if self._by_parts(x):
            y = tied_conv1d(x if x.ndim == 3 else x[..., None], self._parts(), self.bias, orders=self._orders)
            return y if x.ndim == 3 else y[..., 0]
        if self._by_strands(x):
            by_rows = F.conv1d if x.ndim == 3 else lambda z, rows, bias: F.linear(z, rows[..., 0], bias)
            return self._of_strands(x, by_rows)
        if x.ndim == 2:
            return F.linear(x, self.kernel()[..., 0], self.dense_bias())
        return F.conv1d(x, self.kernel(), self.dense_bias())

    def extra_repr(self) -> str:
        """Reps, and whether there is no bias."""
        return f"{self.rep_in} -> {self.rep_out}" + ("" if self.bias is not None else ", bias=False")


class RCFlatten(RCLayer):
    """All channels and positions as one vector, whose Rep says where reverse complement takes each entry.

    (batch, channels, length) -> (batch, channels * length), channels outermost, as ``nn.Flatten``. Law:
    out(R x) = R out(x). The last half of a sign channel is negated, which makes it one of a pair of entries.
    A dense layer on it is :class:`RCLinear`.
    Raises ValueError for another length than the one that it was built for.

    >>> RCFlatten("1t", 4)
    RCFlatten(1t -> 2r:flip)
    """

    factor: Tensor | None

    def __init__(self, rep: Rep | str, length: int) -> None:
        check_whole("RCFlatten", length=(length, 1))
        rep, self.length = Rep(rep), int(length)
        partners = [p * length + t for p in rep.partners for t in range(length - 1, -1, -1)]
        middle = [-1 if 2 * t + 1 == length else 1 for t in range(length)]
        signs = [m if s == -1 else 1 for s in rep.signs for m in middle]
        super().__init__(rep, Rep.from_partners(partners, signs))
        last_half = [s == -1 and 2 * t >= length for s in rep.signs for t in range(length)]
        factor = 1 - 2 * torch.tensor(last_half).long() if rep.sign else None
        self.register_buffer("factor", factor, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, length) -> (batch, channels * length)."""
        self._check(x)
        if x.shape[2] != self.length:
            raise ValueError(
                f"RCFlatten: built for {self.length} positions, got {x.shape[2]}: build it with "
                f"length={x.shape[2]}"
            )
        return x.flatten(1) if self.factor is None else x.flatten(1) * self.factor.to(x.dtype)
