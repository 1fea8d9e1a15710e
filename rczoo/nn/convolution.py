"""The tied convolution between any two Reps.

Proofs: ``t02_kernels.py`` (which kernels, how many) and ``t07_geometry.py`` (which lengths) in
``proofs/theorems``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .._arguments import check_whole
from ..symmetry.geometry import check_geometry
from ..symmetry.rep import TRIVIAL, Rep
from .layers import RCLayer


def _orbits(rep_out: Rep, rep_in: Rep, kernel_size: int) -> tuple[Tensor, Tensor, int]:
    """Which kernel entries the law makes equal.

    Entry (o, c, k) is tied to (p[o], p[c], K-1-k) with sign s[o]s[c]. Returns for every entry the free
    parameter it equals and the sign, each (C_out, C_in, K), and the number of free parameters. An entry that
    is its own partner with sign -1 must vanish: it points one past the last parameter.
    """
    shape = (rep_out.channels, rep_in.channels, kernel_size)
    entry = torch.arange(rep_out.channels * rep_in.channels * kernel_size).view(shape)
    partner = rep_in.act(entry)[list(rep_out.partners)]
    sign = torch.tensor(rep_out.signs).view(-1, 1, 1) * torch.tensor(rep_in.signs).view(1, -1, 1)
    partner = partner.abs()  # `act` also applied the signs, which are kept apart here
    sign = sign.expand(shape)
    free = (entry < partner) | ((entry == partner) & (sign == 1))
    number = int(free.sum())
    order = torch.full((entry.numel(),), number)
    order[free.flatten()] = torch.arange(number)
    first = torch.minimum(entry, partner)
    return order[first], torch.where(entry == first, 1, sign), number


def _row_order(rep: Rep) -> Tensor:
    """For a Rep of pairs only: each channel's row, when all first partners come before all second ones."""
    firsts = [c for c, partner in enumerate(rep.partners) if c < partner]
    return torch.tensor([*firsts, *(rep.partners[c] for c in firsts)], dtype=torch.long).argsort()


class RCConv1d(RCLayer):
    """Convolution whose kernel is tied by reverse complement; spans every equivariant kernel.

    (batch, rep_in.channels, length) -> (batch, rep_out.channels, length_out), as ``nn.Conv1d`` counts.
    Law: out(R x) = R out(x), for every length that leaves no remainder over the stride (T7); others raise.
    Free parameters: ``weight``, ``(Co*Ci*K + (t_o - s_o)*(t_i - s_i)*(K mod 2)) / 2`` of them, and ``bias``,
    one per pair and per trivial channel (T2). Glorot-uniform with the fans of the free kernel; zero bias.
    Source: Shrikumar et al. 2017 for regular Reps; the general case is ours.
    """

    index: Tensor
    sign: Tensor
    order: Tensor | None
    bias_index: Tensor

    def __init__(
        self,
        rep_in: Rep | str,
        rep_out: Rep | str,
        kernel_size: int,
        bias: bool = True,
        stride: int = 1,
        dilation: int = 1,
        padding: int = 0,
    ) -> None:
        super().__init__(rep_in, rep_out)
        check_whole(
            "RCConv1d",
            kernel_size=(kernel_size, 1),
            stride=(stride, 1),
            dilation=(dilation, 1),
            padding=(padding, 0),
        )
        self.kernel_size, self.stride, self.dilation, self.padding = map(
            int, (kernel_size, stride, dilation, padding)
        )
        self._regular = 2 * self.rep_out.regular == self.rep_out.channels
        if self._regular:
            number = self.rep_out.regular * self.rep_in.channels * kernel_size
            order = _row_order(self.rep_out)
            in_order = torch.equal(order, torch.arange(len(order)))
            self.register_buffer("order", None if in_order else order, persistent=False)
        else:
            index, sign, number = _orbits(self.rep_out, self.rep_in, kernel_size)
            self.register_buffer("index", index, persistent=False)
            self.register_buffer("sign", sign, persistent=False)
        self.weight = nn.Parameter(torch.empty(number))
        bias_index, _, bias_number = _orbits(self.rep_out, TRIVIAL, 1)
        self.register_buffer("bias_index", bias_index.flatten(), persistent=False)
        self.bias = nn.Parameter(torch.empty(bias_number)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the kernel Glorot-uniform with the fans of the free kernel; set the bias to zero."""
        out = self.rep_out.channels - self.rep_out.regular
        bound = (6 / (self.kernel_size * max(1, self.rep_in.channels + out))) ** 0.5
        nn.init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def kernel(self) -> Tensor:
        """The dense kernel (C_out, C_in, K): ``W[o,c,k] = s[o]*s[c]*W[p[o], p[c], K-1-k]``.

        Built anew at every call: to tell whether the weight has changed would take as long.
        """
        if self._regular:  # every first row of a pair is free, which needs no lookup of single entries
            rows = self.weight.view(-1, self.rep_in.channels, self.kernel_size)
            dense = torch.cat([rows, self.rep_in.act(rows)])
            return dense if self.order is None else dense.index_select(0, self.order)
        return F.pad(self.weight, (0, 1))[self.index] * self.sign.to(self.weight.dtype)

    def dense_bias(self) -> Tensor | None:
        """The bias of every output channel (C_out,): equal within pairs, zero on sign channels."""
        return None if self.bias is None else F.pad(self.bias, (0, 1))[self.bias_index]

    def forward(self, x: Tensor) -> Tensor:
        """(batch, rep_in.channels, length) -> (batch, rep_out.channels, length_out)."""
        self._check(x)
        check_geometry("RCConv1d", x.shape[2], self.kernel_size, self.stride, self.dilation, self.padding)
        return F.conv1d(x, self.kernel(), self.dense_bias(), self.stride, self.padding, self.dilation)

    def extra_repr(self) -> str:
        """Reps and geometry, as typed."""
        more = [
            f"{name}={value}"
            for name, value, usual in [
                ("stride", self.stride, 1),
                ("dilation", self.dilation, 1),
                ("padding", self.padding, 0),
                ("bias", self.bias is not None, True),
            ]
            if value != usual
        ]
        return ", ".join([f"{self.rep_in} -> {self.rep_out}", f"kernel={self.kernel_size}", *more])
