"""The tied convolution between any two Reps.

Proofs: ``t02_kernels.py`` (which kernels, how many) and ``t07_geometry.py`` (which lengths) in
``proofs/theorems``.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from .._arguments import check_choice, check_whole
from ..symmetry._even_odd import tied_conv1d
from ..symmetry.geometry import check_geometry
from ..symmetry.rep import Rep
from .tied.kernel import TiedKernel

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")
"""What stands beyond either end: each looks the same from both ends."""


def _padded_positions(padding: int | str, kernel_size: int, stride: int, dilation: int) -> int:
    """The positions padded at either end; ``"same"`` keeps the length, where both ends can have as many."""
    if padding not in ("same", "valid"):
        check_whole("RCConv1d", padding=(padding, 0))
        return int(padding)
    if padding == "valid":
        return 0
    if stride != 1:
        raise ValueError(
            f"RCConv1d: padding 'same' keeps the length, but stride is {stride}: give a number of positions"
        )
    both = dilation * (kernel_size - 1)
    if both % 2:
        raise ValueError(
            f"RCConv1d: padding 'same' of {both} positions, dilation {dilation} * (kernel_size {kernel_size} "
            "- 1), pads one end more than the other: use an odd kernel_size"
        )
    return both // 2


class RCConv1d(TiedKernel):
    """Convolution whose kernel is tied by reverse complement; spans every equivariant kernel.

    (batch, rep_in.channels, length) -> (batch, rep_out.channels, length_out), as ``nn.Conv1d`` counts.
    Law: out(R x) = R out(x), for every length that leaves no remainder over the stride (T7); others raise.
    Free parameters: ``weight``, ``(Co*Ci*K + (t_o - s_o)*(t_i - s_i)*(K mod 2)) / 2`` of them, and ``bias``,
    one per pair and per trivial channel (T2). Glorot-uniform with the fans of the free kernel; zero bias.
    Between pairs, from 64 on for each thread, a CPU multiplies half as often as in ``nn.Conv1d``, by even and
    odd parts of the kernel (T2).

    Args:
        rep_in: how RC acts on the channels that come in.
        rep_out: how it acts on those that go out.
        kernel_size: positions of the kernel.
        bias: whether to add one.
        stride: positions from one window to the next.
        dilation: positions from one tap of the kernel to the next.
        padding: positions at either end, ``"valid"``, or ``"same"``, which an even kernel cannot have.
        groups: each reads its own consecutive channels, and ``rep_in.channels`` of them are a depthwise
            convolution; reverse complement must take groups to the same groups in both Reps.
        padding_mode: what stands there: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.

    Raises ValueError for arguments, groups and lengths that break the law.
    Source: Shrikumar et al. 2017 for regular Reps; the general case is ours.

    >>> RCConv1d("2r:flip", "4r", 3, padding="same")
    RCConv1d(2r:flip -> 4r, kernel=3, padding=1)
    """

    def __init__(
        self,
        rep_in: Rep | str,
        rep_out: Rep | str,
        kernel_size: int,
        bias: bool = True,
        stride: int = 1,
        dilation: int = 1,
        padding: int | str = 0,
        groups: int = 1,
        padding_mode: str = "zeros",
    ) -> None:
        check_whole("RCConv1d", kernel_size=(kernel_size, 1), stride=(stride, 1), dilation=(dilation, 1))
        check_choice("padding_mode", padding_mode, PADDING_MODES)
        super().__init__(rep_in, rep_out, kernel_size, bias, groups)
        self.stride, self.dilation, self.padding_mode = int(stride), int(dilation), padding_mode
        self.padding = _padded_positions(padding, self.kernel_size, self.stride, self.dilation)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, rep_in.channels, length) -> (batch, rep_out.channels, length_out)."""
        self._check(x)
        check_geometry("RCConv1d", x.shape[2], self.kernel_size, self.stride, self.dilation, self.padding)
        padding = self.padding
        if self.padding_mode != "zeros" and padding:
            x, padding = self._pad(x), 0
        if self._by_parts(x):
            geometry = self.dilation, self.stride, padding
            return tied_conv1d(x, self._parts(), self.bias, *geometry, self._orders)
        rest = self.stride, padding, self.dilation, self.groups
        if self._by_strands(x):
            return self._of_strands(x, lambda z, rows, bias: F.conv1d(z, rows, bias, *rest))
        return F.conv1d(x, self.kernel(), self.dense_bias(), *rest)

    def _pad(self, x: Tensor) -> Tensor:
        least = {"reflect": self.padding + 1, "circular": self.padding, "replicate": 1}[self.padding_mode]
        if x.shape[2] < least:
            raise ValueError(
                f"RCConv1d: length {x.shape[2]} is too short for {self.padding_mode} padding of "
                f"{self.padding} positions: give at least {least}, or pad zeros"
            )
        return F.pad(x, (self.padding, self.padding), self.padding_mode)

    def extra_repr(self) -> str:
        """Reps and geometry, as typed."""
        return self._typed(stride=1, dilation=1, padding=0, groups=1, padding_mode="zeros")
