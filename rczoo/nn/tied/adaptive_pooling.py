"""Pools to a given number of positions, which are equivariant at every length.

Window i of n reads from ``floor(i L / n)`` to before ``ceil((i + 1) L / n)``. Reversed it starts at
``L - ceil((i + 1) L / n) = floor((n - 1 - i) L / n)``: it is window n - 1 - i, whatever L and n are.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from ..._arguments import check_whole
from ...symmetry.rep import Rep
from ..layers import RCLayer


def _refuse_sign(layer: str, rep: Rep) -> None:
    if rep.sign:
        raise ValueError(
            f"{layer}: Rep {rep} has {rep.sign} sign channels, on which a maximum is never equivariant: use "
            f"{layer.replace('Max', 'Avg')}"
        )


class RCAdaptiveAvgPool1d(RCLayer):
    """The means of ``output_size`` windows, as ``nn.AdaptiveAvgPool1d``.

    (batch, channels, length) -> (batch, channels, output_size). Law: out(R x) = R out(x), for any length and
    any size.
    """

    def __init__(self, rep: Rep | str, output_size: int) -> None:
        super().__init__(rep, rep)
        check_whole(type(self).__name__, output_size=(output_size, 1))
        self.output_size = int(output_size)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, length) -> (batch, channels, output_size)."""
        self._check(x)
        return F.adaptive_avg_pool1d(x, self.output_size)

    def extra_repr(self) -> str:
        """Rep and size, as typed."""
        return f"{self.rep_in}, output_size={self.output_size}"


class RCAdaptiveMaxPool1d(RCAdaptiveAvgPool1d):
    """The maxima of ``output_size`` windows, as ``nn.AdaptiveMaxPool1d``; sign channels raise (T7)."""

    def __init__(self, rep: Rep | str, output_size: int) -> None:
        super().__init__(rep, output_size)
        _refuse_sign("RCAdaptiveMaxPool1d", self.rep_in)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, length) -> (batch, channels, output_size)."""
        self._check(x)
        return F.adaptive_max_pool1d(x, self.output_size)


class RCGlobalAvgPool1d(RCLayer):
    """The mean over all positions: (batch, channels, length) -> (batch, channels).

    Law: out(R x) = R out(x), where R only exchanges channels and changes signs.
    """

    def __init__(self, rep: Rep | str) -> None:
        super().__init__(rep, rep)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, length) -> (batch, channels)."""
        self._check(x)
        return x.mean(2)


class RCGlobalMaxPool1d(RCLayer):
    """The maximum over all positions: (batch, channels, length) -> (batch, channels).

    Law: out(R x) = R out(x), where R only exchanges channels; sign channels raise (T7).
    """

    def __init__(self, rep: Rep | str) -> None:
        super().__init__(rep, rep)
        _refuse_sign("RCGlobalMaxPool1d", self.rep_in)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, length) -> (batch, channels)."""
        self._check(x)
        return x.amax(2)
