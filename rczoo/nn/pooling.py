"""Pooling layers between Reps, whose windows must coincide on both strands.

Proof: ``proofs/theorems/t07_geometry.py``.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F

from .._arguments import check_whole
from ..symmetry.geometry import check_pool
from ..symmetry.rep import Rep
from .layers import RCLayer


class _RCPool1d(RCLayer):
    """A pool whose windows must coincide on both strands (T7)."""

    pool: Callable[..., Tensor]

    def __init__(self, rep: Rep | str, kernel_size: int, stride: int | None = None, padding: int = 0) -> None:
        super().__init__(rep, rep)
        stride = kernel_size if stride is None else stride
        check_whole(
            type(self).__name__, kernel_size=(kernel_size, 1), stride=(stride, 1), padding=(padding, 0)
        )
        if padding > kernel_size // 2:
            raise ValueError(
                f"{type(self).__name__}: padding is {padding}, more than half of kernel_size {kernel_size}: "
                "a window would hold nothing but padding"
            )
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, length) -> (batch, channels, windows)."""
        self._check(x)
        check_pool(type(self).__name__, x.shape[2], self.kernel_size, self.stride, self.padding)
        return type(self).pool(x, self.kernel_size, self.stride, self.padding)

    def extra_repr(self) -> str:
        """Rep and geometry, as typed."""
        return f"{self.rep_in}, kernel={self.kernel_size}, stride={self.stride}"


class RCMaxPool1d(_RCPool1d):
    """Max-pooling; lengths at which windows shift raise, and so do sign channels (never equivariant, T7).

    (batch, channels, length) -> (batch, channels, windows).

    Args:
        rep: how RC acts on the channels.
        kernel_size: positions of a window.
        stride: positions from one window to the next; by default ``kernel_size``.
        padding: positions at either end that no window counts.
    """

    pool = staticmethod(F.max_pool1d)

    def __init__(self, rep: Rep | str, kernel_size: int, stride: int | None = None, padding: int = 0) -> None:
        super().__init__(rep, kernel_size, stride, padding)
        if self.rep_in.sign:
            raise ValueError(
                f"RCMaxPool1d: Rep {self.rep_in} has {self.rep_in.sign} sign channels, on which a maximum is "
                "never equivariant: use RCAvgPool1d"
            )


class RCAvgPool1d(_RCPool1d):
    """Average-pooling, on any Rep; lengths at which windows shift raise (T7).

    (batch, channels, length) -> (batch, channels, windows).

    Args:
        rep: how RC acts on the channels.
        kernel_size: positions of a window.
        stride: positions from one window to the next; by default ``kernel_size``.
        padding: positions at either end of zeros, which windows count.
    """

    pool = staticmethod(F.avg_pool1d)
