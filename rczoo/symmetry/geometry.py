"""Where windows fall: the condition on lengths that keeps strided and pooled layers equivariant (T7)."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any, NamedTuple

import torch
from torch import nn


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
            f"use length {length - left} or {length - left + stride}"
        )


class LengthVerdict(NamedTuple):
    """Whether a tied network is equivariant at an input length; ``reason`` names the layer that is not."""

    length: int
    admissible: bool
    reason: str


def admissible_lengths(model: nn.Module, lengths: Iterable[int], channels: int = 4) -> list[LengthVerdict]:
    """Which input lengths keep a tied network equivariant, and why others do not (T7).

    The model's layers see shapes only (no numbers are computed): tied layers of this package, and
    ``nn.Conv1d``, ``nn.MaxPool1d`` and ``nn.AvgPool1d`` of anybody's, each with its window condition.
    ``channels`` is the number of input channels. Networks of the family and conjoined models run on both
    strands, which has no such condition: there only lengths that are too short, or that a dense layer was
    not built for, are refused.

    >>> from rczoo.nn import RCConv1d, RCMaxPool1d, RCSequential
    >>> tied = RCSequential(RCConv1d("2r:flip", "4r", 15), RCMaxPool1d("4r", 40, 20))
    >>> [v.length for v in admissible_lengths(tied, range(60, 120)) if v.admissible]
    [74, 94, 114]
    """
    shapes = deepcopy(model).to("meta").float().eval()
    framed = {part for both in shapes.modules() if getattr(both, "framed", False) for part in both.modules()}
    for name, layer in shapes.named_modules():
        if isinstance(layer, nn.Conv1d | nn.MaxPool1d | nn.AvgPool1d) and layer not in framed:
            layer.register_forward_pre_hook(_check_windows(name or type(layer).__name__))
    verdicts = []
    for length in lengths:
        try:
            shapes(*_blank_inputs(model, channels, length))
            verdicts.append(LengthVerdict(length, True, ""))
        except (ValueError, RuntimeError) as error:
            verdicts.append(LengthVerdict(length, False, str(error).splitlines()[0]))
    return verdicts


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
        check_geometry(name, args[0].shape[-1], kernel, stride, dilation, padding)

    return hook
