"""Layers of ``torch.nn`` from given weights, without drawing random numbers."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn.utils import skip_init


def conv(
    weight: Tensor, bias: Tensor | None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> nn.Conv1d:
    """A convolution with the weight (filters, channels per group, width) and bias (filters,)."""
    filters, channels, width = weight.shape
    layer = skip_init(
        nn.Conv1d,
        channels * groups,
        filters,
        width,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        bias=bias is not None,
    )
    return _filled(layer, weight, bias)


def linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    """A dense layer with the weight (outputs, inputs) and bias (outputs,)."""
    return _filled(skip_init(nn.Linear, weight.shape[1], weight.shape[0]), weight, bias)


def _filled(layer: Any, weight: Tensor, bias: Tensor | None) -> Any:
    layer.weight = nn.Parameter(weight.detach().clone().contiguous(), requires_grad=False)
    if bias is not None:
        layer.bias = nn.Parameter(bias.detach().clone(), requires_grad=False)
    return layer
