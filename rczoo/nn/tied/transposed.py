"""Tied layers that make sequences longer: the transposed convolution and upsampling."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from ..._arguments import check_choice, check_whole
from ...symmetry.rep import Rep
from ..layers import RCLayer
from .kernel import TiedKernel


class RCConvTranspose1d(TiedKernel):
    """Transposed convolution whose kernel is tied by reverse complement.

    (batch, rep_in.channels, length) -> (batch, rep_out.channels, length_out) with ``length_out = (length - 1)
    * stride - 2 * padding + dilation * (kernel_size - 1) + 1``, as ``nn.ConvTranspose1d`` counts. Law:
    out(R x) = R out(x) at every length: position i reaches i * stride - padding + dilation * k, which
    reversal of both sides and of the kernel leaves alone. With an ``output_padding`` one end would be longer,
    so there is none. Free parameters and groups as those of :class:`rczoo.RCConv1d`.
    Raises ValueError for arguments and groups that break the law, and where padding leaves no position.
    """

    def __init__(
        self,
        rep_in: Rep | str,
        rep_out: Rep | str,
        kernel_size: int,
        bias: bool = True,
        stride: int = 1,
        dilation: int = 1,
        padding: int = 0,
        groups: int = 1,
    ) -> None:
        check_whole(
            "RCConvTranspose1d",
            kernel_size=(kernel_size, 1),
            stride=(stride, 1),
            dilation=(dilation, 1),
            padding=(padding, 0),
        )
        super().__init__(rep_in, rep_out, kernel_size, bias, groups, transposed=True)
        self.stride, self.dilation, self.padding = int(stride), int(dilation), int(padding)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, rep_in.channels, length) -> (batch, rep_out.channels, length_out)."""
        self._check(x)
        reach = (x.shape[2] - 1) * self.stride + self.dilation * (self.kernel_size - 1) + 1
        if reach <= 2 * self.padding:
            raise ValueError(
                f"RCConvTranspose1d: length {x.shape[2]} reaches {reach} positions, of which padding "
                f"{self.padding} at either end leaves none: pad at most {(reach - 1) // 2}"
            )
        kernel, bias = self.kernel(), self.dense_bias()
        return F.conv_transpose1d(x, kernel, bias, self.stride, self.padding, 0, self.groups, self.dilation)

    def extra_repr(self) -> str:
        """Reps and geometry, as typed."""
        return self._typed(stride=1, dilation=1, padding=0, groups=1)


class RCUpsample(RCLayer):
    """Every position ``scale_factor`` times: repeated (``"nearest"``), or on lines between (``"linear"``).

    (batch, channels, length) -> (batch, channels, length * scale_factor). Law: out(R x) = R out(x). The
    factor is a whole number: with a fraction the nearest position to the right is not that to the left.
    """

    def __init__(self, rep: Rep | str, scale_factor: int, mode: str = "nearest") -> None:
        super().__init__(rep, rep)
        check_whole("RCUpsample", scale_factor=(scale_factor, 1))
        check_choice("mode", mode, ("nearest", "linear"))
        self.scale_factor, self.mode = int(scale_factor), mode

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, length) -> (batch, channels, length * scale_factor)."""
        self._check(x)
        if self.mode == "nearest":
            return x.repeat_interleave(self.scale_factor, dim=2)
        return F.interpolate(x, size=x.shape[2] * self.scale_factor, mode="linear")

    def extra_repr(self) -> str:
        """Rep, factor and mode, as typed."""
        return f"{self.rep_in}, scale_factor={self.scale_factor}, mode={self.mode}"
