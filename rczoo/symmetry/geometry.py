"""Where windows fall: the condition on lengths that keeps strided and pooled layers equivariant (T7)."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode


def window_remainder(
    name: str, length: int, kernel_size: int, stride: int = 1, dilation: int = 1, padding: int = 0
) -> int:
    """Positions left over when windows of a kernel step through a sequence; 0 keeps a tied layer equivariant.

    The remainder is ``(L + 2p - d(K-1) - 1) mod stride``. Raises ValueError where not one window fits.

    >>> window_remainder("pool", 101, 40, 20)
    1
    """
    room = length + 2 * padding - dilation * (kernel_size - 1) - 1
    if room < 0:
        raise ValueError(
            f"{name}: length {length} with padding {padding} is shorter than the receptive field "
            f"{dilation * (kernel_size - 1) + 1}: give at least {length - room} positions"
        )
    return room % stride


def check_geometry(
    name: str, length: int, kernel_size: int, stride: int, dilation: int = 1, padding: int = 0
) -> None:
    """Refuse a length at which the windows of the two strands would not coincide (T7)."""
    left = window_remainder(name, length, kernel_size, stride, dilation, padding)
    if left:
        raise ValueError(
            f"{name}: (length {length} + 2 * padding {padding} - dilation {dilation} * (kernel "
            f"{kernel_size} - 1) - 1) leaves {left} over stride {stride}, so reversed windows shift: "
            f"use length {length - left} or {length - left + stride}, or frames (rczoo.nn.Alike), which take "
            "any"
        )


def check_pool(
    name: str,
    length: int,
    kernel_size: int,
    stride: int,
    padding: int = 0,
    dilation: int = 1,
    partial: bool = False,
) -> None:
    """Refuse a length at which a pool's windows on one strand are no mirror image of the other's (T7).

    A remainder shifts them, but for some where padding hides the shift: a pool reads only what is there, so
    that ``MaxPool1d(8, 3, padding=4)`` sees all four positions of a sequence of four in each window.
    ``partial``: one more window where the last one leaves positions, as ``ceil_mode`` of a maximum adds.
    """
    left = window_remainder(name, length, kernel_size, stride, dilation, padding)
    if not left:
        return
    span = dilation * (kernel_size - 1) + 1
    last = length + 2 * padding - span - left - padding
    starts = [
        *range(-padding, last + 1, stride),
        *([last + stride] if partial and last + stride < length else []),
    ]
    read = [[p for p in range(t, t + span, dilation) if 0 <= p < length] for t in starts if padding]
    if not padding or read != [[length - 1 - p for p in reversed(window)] for window in reversed(read)]:
        check_geometry(name, length, kernel_size, stride, dilation, padding)


class LengthVerdict(NamedTuple):
    """Whether a tied network is equivariant at an input length; ``reason`` names the layer that is not.

    ``admissible`` is None where no layer is refused and some operation was not examined: ``reason`` names it.
    """

    length: int
    admissible: bool | None
    reason: str


def admissible_lengths(model: nn.Module, lengths: Iterable[int], channels: int = 4) -> list[LengthVerdict]:
    """Which input lengths keep a tied network equivariant, and why others do not (T7).

    The model's layers see shapes only (no numbers are computed): tied layers of this package, and
    ``nn.Conv1d``, ``nn.MaxPool1d`` and ``nn.AvgPool1d`` of anybody's, each with its window condition. Of a
    model that does anything else to the positions, by another layer or by a function, the verdict is
    "not examined", with its name. Networks of the family and conjoined models run on both strands, which has
    no such condition: there only lengths that are too short, or that a dense layer was not built for, are
    refused.

    Args:
        model: the network, of which a copy without numbers is run.
        lengths: the positions of its input, one verdict for each.
        channels: the channels of its input.

    >>> from rczoo.nn import RCConv1d, RCMaxPool1d, RCSequential
    >>> tied = RCSequential(RCConv1d("2r:flip", "4r", 15), RCMaxPool1d("4r", 40, 20))
    >>> [v.length for v in admissible_lengths(tied, range(60, 120)) if v.admissible]
    [74, 94, 114]
    """
    shapes = deepcopy(model).to("meta").float().eval()
    mode = _Examined(shapes)
    verdicts = []
    for length in lengths:
        mode.unexamined.clear()
        try:
            with mode:
                shapes(*_blank_inputs(model, channels, length))
        except (ValueError, RuntimeError) as error:
            verdicts.append(LengthVerdict(length, False, str(error).splitlines()[0]))
            continue
        names = ", ".join(dict.fromkeys(mode.unexamined))
        verdicts.append(LengthVerdict(length, None if names else True, names and f"not examined: {names}"))
    return verdicts


MOVES = {
    *("conv1d", "conv_transpose1d", "max_pool1d", "avg_pool1d", "lp_pool1d", "interpolate", "upsample"),
    *("adaptive_avg_pool1d", "adaptive_max_pool1d", "max_pool1d_with_indices", "unfold", "roll"),
    *("narrow", "pad", "chunk", "split", "index_select", "gather", "take_along_dim", "stft"),
    *("conv2d", "max_pool2d", "max_pool2d_with_indices", "avg_pool2d", "lp_pool2d", "conv_transpose2d"),
}
"""Functions that choose among positions, or move them, other than by reading the whole sequence."""
LAYERS = (nn.Conv1d, nn.MaxPool1d, nn.AvgPool1d)


class _Examined(TorchFunctionMode):
    """Notes what is done to positions outside of the layers whose windows are examined before they run."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.unexamined: list[str] = []
        self.inside: list[tuple[str, bool]] = []
        framed = {
            part for both in model.modules() if getattr(both, "framed", False) for part in both.modules()
        }
        for name, layer in model.named_modules():
            known = layer in framed or isinstance(layer, LAYERS) or _tied(layer)
            layer.register_forward_pre_hook(self._enter(name or type(layer).__name__, known))
            layer.register_forward_hook(self._leave, always_call=True)
            if isinstance(layer, LAYERS) and layer not in framed:
                layer.register_forward_pre_hook(_check_windows(name or type(layer).__name__))

    def _enter(self, name: str, known: bool) -> Any:
        def hook(layer: Any, args: tuple[Any, ...]) -> None:
            known_above = bool(self.inside) and self.inside[-1][1]
            self.inside.append((f"{type(layer).__name__} {name!r}", known or known_above))

        return hook

    def _leave(self, layer: Any, args: Any, output: Any) -> None:
        self.inside.pop()

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """One operation."""
        name = getattr(function, "__name__", "")
        where, known = self.inside[-1] if self.inside else ("the model", False)
        if not known and (name in MOVES or (name == "__getitem__" and _slices_positions(*args[:2]))):
            self.unexamined.append(f"{'a slice' if name == '__getitem__' else name} in {where}")
        return function(*args, **kwargs or {})


def _tied(layer: nn.Module) -> bool:
    """A layer of this package, which refuses by itself the lengths at which it is not equivariant."""
    return (
        hasattr(layer, "rep_in") and type(layer).__module__.startswith("rczoo.") and not any(layer.children())
    )


def _slices_positions(x: torch.Tensor, index: Any) -> bool:
    """Does an index leave out some of the last axis of (batch, channels, length), or reorder it?"""
    index = index if isinstance(index, tuple) else (index,)
    reaches = Ellipsis in index[:-1] or len(index) == x.ndim
    whole = isinstance(index[-1], slice) and index[-1].indices(x.shape[-1]) == (0, x.shape[-1], 1)
    return x.ndim == 3 and reaches and not whole and index[-1] is not Ellipsis


def _blank_inputs(model: Any, channels: int, length: int) -> list[torch.Tensor]:
    """DNA without numbers, and control tracks where the model is a network built with them."""
    inputs = [torch.empty(1, channels, length, device="meta")]
    if getattr(getattr(model, "control", None), "channels", 0):
        positions = max(0, model.output_length(length))
        inputs.append(torch.empty(1, model.control.channels, positions, device="meta"))
    return inputs


def _one(value: Any) -> int:
    return int(value[0] if isinstance(value, tuple) else value)


def _check_windows(name: str) -> Any:
    """A pre-hook that refuses the lengths at which a layer's windows shift under reversal."""

    def hook(layer: Any, args: tuple[Any, ...]) -> None:
        kernel, stride = _one(layer.kernel_size), _one(layer.stride)
        dilation = _one(getattr(layer, "dilation", 1))
        padding = layer.padding
        if padding == "same":
            if dilation * (kernel - 1) % 2:
                raise ValueError(
                    f"{name}: 'same' padding of {dilation * (kernel - 1)} positions pads one end more than "
                    "the other, at every length: use an odd kernel"
                )
            padding = dilation * (kernel - 1) // 2
        padding = 0 if padding == "valid" else _one(padding)
        partial = getattr(layer, "ceil_mode", False)
        if isinstance(layer, nn.MaxPool1d) or (isinstance(layer, nn.AvgPool1d) and not partial):
            check_pool(name, args[0].shape[-1], kernel, stride, padding, dilation, partial)
            return
        check_geometry(name, args[0].shape[-1], kernel, stride, dilation, padding)

    return hook
