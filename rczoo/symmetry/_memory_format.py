"""How feature maps lie in memory: the same numbers in the order that a CPU convolves fastest.

On a CPU the gradients of a convolution with few channels take up to three times as long when channels are
outermost as when they are innermost, so features here keep the shape (batch, channels, length) but their
memory runs (batch, length, channels). Slices, crops and concatenations follow the layout they are given,
because an operation that changes it costs a copy in either direction. On other devices nothing is changed.
Measured in ``tests/benchmarks``.

Our own layers call these functions. :class:`ChannelsInnermost` puts them in the place of PyTorch's own while
a model runs that others wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ref

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

FEW = 8
"""Filters that do not fill a vector register, for which the CPU's convolution falls back to slow loops."""

AT_ONCE = 16
"""Examples whose products :func:`_by_taps` holds: those of 64 and more leave the cache, and take up to twice
the time, of 8 to 16 the least."""


def conv1d(
    x: Tensor, weight: Tensor, bias: Tensor | None, dilation: int = 1, stride: int = 1, padding: int = 0
) -> Tensor:
    """``F.conv1d`` of one group, in the form that is fastest on the device of ``x``."""
    taps = weight.shape[2]
    if x.device.type != "cpu" or x.shape[2] + 2 * padding <= dilation * (taps - 1):
        return F.conv1d(x, weight, bias, stride, padding, dilation)
    if weight.shape[0] <= FEW and taps > 1 and dilation == stride == 1 and not padding:
        if recorded() or x.shape[0] <= AT_ONCE:
            return _by_taps(x, weight, bias)
        return torch.cat([_by_taps(part, weight, bias) for part in torch.split(x, AT_ONCE)])
    y = F.conv2d(_rows(x), _rows(weight), bias, (1, stride), (0, padding), (1, dilation))
    return y.squeeze(2)


def recorded() -> bool:
    """Whether what runs is compiled, exported or traced, for other sizes and places than these."""
    return torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None


def watched() -> bool:
    """Whether PyTorch compiles, traces, transforms or pushes tangents through what runs, so that it must see
    each operation."""
    return (
        recorded()
        or torch._C._functorch.peek_interpreter_stack() is not None
        or forward_ad._current_level >= 0
    )


def _rows(x: Tensor) -> Tensor:
    """(batch, channels, length) as images of height 1 with channels innermost."""
    return x.mT.contiguous().mT.unsqueeze(2)


def _by_taps(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """A wide convolution to few filters: one matrix product for all taps, then a sum along the diagonals.

    Row k of the product is read k positions later. Rows of length L viewed as rows of length L + 1 are so
    shifted without a copy; one tap of zeros fills the last of them.
    """
    filters, channels, taps = weight.shape
    length = x.shape[2]
    rows = F.pad(weight, (0, 1)).transpose(1, 2).reshape(filters * (taps + 1), channels)
    products = torch.matmul(rows, x).view(x.shape[0], filters, (taps + 1) * length)
    shifted = torch.unflatten(products[..., : taps * (length + 1)], -1, (taps, length + 1))
    y: Tensor = shifted[..., : length - taps + 1].sum(2)
    return y if bias is None else y + bias[:, None]


def channels_innermost(x: Tensor) -> bool:
    """Whether neighbouring numbers in memory are channels of one position."""
    return x.ndim == 3 and x.stride(1) == 1 and x.shape[1] > 1


def crop(x: Tensor, margin: int) -> Tensor:
    """Leave out ``margin`` positions at both ends."""
    if channels_innermost(x):
        return x.mT[:, margin : x.shape[2] - margin].mT
    return x[..., margin : x.shape[2] - margin]


def first_channels(x: Tensor, k: int) -> Tensor:
    """The first ``k`` channels."""
    if k == x.shape[1]:
        return x
    return x.mT[..., :k].mT if channels_innermost(x) else x[:, :k]


def join_channels(x: Tensor, y: Tensor) -> Tensor:
    """The channels of ``x``, then those of ``y``."""
    if channels_innermost(x):
        return torch.cat([x.mT, y.mT], 2).mT
    return torch.cat([x, y], 1)


def join_batches(x: Tensor, y: Tensor) -> Tensor:
    """The examples of ``x``, then those of ``y``."""
    return torch.cat([x.mT, y.mT]).mT if channels_innermost(x) else torch.cat([x, y])


def split(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """The two halves of a batch (axis 0) or of the channels (axis 1)."""
    if channels_innermost(x):
        u, v = _halves(x.mT, 2 * axis)
        return u.mT, v.mT
    return _halves(x, axis)


def _halves(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """As ``chunk(2)``, which an export for any batch refuses."""
    u, v = torch.unflatten(x, axis, (2, -1)).unbind(axis)
    return u, v


def in_rows(x: Tensor) -> Tensor:
    """(batch, channels, length), or (batch * length, channels) where channels are innermost in memory."""
    return x.mT.flatten(0, 1) if channels_innermost(x) else x


def from_rows(rows: Tensor, x: Tensor) -> Tensor:
    """Back from :func:`in_rows` to the shape of ``x``."""
    return rows.reshape(x.mT.shape).mT if channels_innermost(x) else rows


def normalise(norm: nn.Module, x: Tensor, filters: int) -> Tensor:
    """Apply a BatchNorm of ``filters`` channels to every group of as many channels of ``x``, pooled."""
    if isinstance(norm, nn.Identity):
        return x
    if channels_innermost(x):
        rows: Tensor = norm(x.mT.reshape(-1, filters))
        return rows.reshape(x.mT.shape).mT
    groups: Tensor = norm(x.reshape(-1, filters, x.shape[2]))
    return groups.reshape(x.shape)


class ChannelsInnermost(TorchFunctionMode):
    """Inside it, any model's convolutions, batch norms and crops along one axis keep channels innermost.

    What it computes is the same to rounding. Where a ``view`` cannot be one in this order of memory it is a
    copy, and what is then written into either of the two is written into the other. In inference mode, where
    tensors do not tell that they were written, and while compiling or tracing, which keep to what they were
    shown, it does nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self._copies: list[_Copied] = []

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """One operation."""
        if recorded() or torch.is_inference_mode_enabled():
            return function(*args, **kwargs or {})
        self._copies = [copied for copied in self._copies if copied.alike()]
        result = _KEEPING.get(function, function)(*args, **kwargs or {})
        if function in (Tensor.view, Tensor.view_as) and not result._is_view():
            self._copies.append(_Copied(args[0], result))
        return result

    def __exit__(self, *error: Any) -> None:
        """Whatever was written last."""
        super().__exit__(*error)  # type: ignore[no-untyped-call]
        self._copies = [copied for copied in self._copies if copied.alike()]


class _Copied:
    """A tensor and a copy of it in another shape, which its author takes for a view."""

    def __init__(self, base: Tensor, copy: Tensor) -> None:
        self._base, self._copy = ref(base), copy
        self._versions = base._version, copy._version

    def alike(self) -> bool:
        """Write into one what was written into the other; False once nobody holds the first."""
        base = self._base()
        if base is None:
            return False
        if self._copy._version != self._versions[1]:
            base.copy_(self._copy.reshape(base.shape))
        elif base._version != self._versions[0]:
            self._copy.copy_(base.reshape(self._copy.shape))
        self._versions = base._version, self._copy._version
        return True


def _convolution(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    both = _one(dilation) * (weight.shape[2] - 1)
    if groups > 1 or input.ndim < 3 or (padding == "same" and both % 2):
        return F.conv1d(input, weight, bias, stride, padding, dilation, groups)
    ends = {"same": both // 2, "valid": 0}[padding] if isinstance(padding, str) else _one(padding)
    return conv1d(input, weight, bias, _one(dilation), _one(stride), ends)


def _one(value: Any) -> int:
    return int(value[0]) if isinstance(value, tuple | list) else int(value)


def _batch_norm(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    return from_rows(F.batch_norm(in_rows(input), *args, **kwargs), input)


def _item(x: Tensor, index: Any) -> Tensor:
    """A crop, whose gradient otherwise has channels outermost."""
    if channels_innermost(x) and isinstance(index, tuple) and index[:1] == (...,) and len(index) == 2:
        positions = index[1]
        return x.mT[:, positions].mT if isinstance(positions, slice) else x[index]
    return x[index]


def _view(x: Tensor, *shape: Any, **kwargs: Any) -> Tensor:
    typed = bool(kwargs) or isinstance(shape[0], torch.dtype)
    return x.view(*shape, **kwargs) if typed else x.reshape(*shape)


_KEEPING: dict[Any, Callable[..., Tensor]] = {
    F.conv1d: _convolution,
    F.batch_norm: _batch_norm,
    Tensor.__getitem__: _item,
    Tensor.view: _view,
    Tensor.view_as: Tensor.reshape_as,
}
"""What stands for functions of PyTorch inside :class:`ChannelsInnermost`."""
