"""A row of tied layers as plain ``torch.nn`` layers, BatchNorm folded into the convolution before it."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..nn.batch_norm import RCBatchNorm1d
from ..nn.convolution import RCConv1d
from ..nn.layers import RCActivation, RCSequential
from ..nn.pooling import RCAvgPool1d, RCMaxPool1d
from ..nn.tied.dropout import RCDropout
from ..symmetry.geometry import admissible_lengths

Layer = TypeVar("Layer", nn.Conv1d, nn.Linear)
UNFILLED = "meta"
"""The device of weights that are not drawn, because others take their place at once."""
ACTIVATIONS: dict[Callable[..., Tensor], type[nn.Module]] = {
    F.relu: nn.ReLU,
    torch.relu: nn.ReLU,
    F.tanh: nn.Tanh,
    torch.tanh: nn.Tanh,
    F.sigmoid: nn.Sigmoid,
    torch.sigmoid: nn.Sigmoid,
    F.gelu: nn.GELU,
    F.silu: nn.SiLU,
    F.elu: nn.ELU,
    F.softplus: nn.Softplus,
}
"""Functions that have a layer of their own."""


def fused_layers(model: RCSequential) -> list[nn.Module]:
    """The layers of ``model`` in eval mode, one ``torch.nn`` layer for each that does something there."""
    plain: list[nn.Module] = []
    for layer in model:
        if isinstance(layer, RCSequential):
            plain += fused_layers(layer)
        elif isinstance(layer, RCBatchNorm1d):
            before = plain.pop() if plain and isinstance(plain[-1], nn.Conv1d) else None
            plain.append(_scaled(before, *layer.eval_affine()))
        elif not isinstance(layer, RCDropout):
            plain.append(_plain(layer))
    return plain


def check_windows(model: RCSequential, length: int | None) -> None:
    """Refuse strides without a length, and lengths at which the tied layers themselves refuse to run."""
    strided: list[Any] = [m for m in model.modules() if getattr(m, "stride", 1) != 1]
    if length is None and strided:
        raise ValueError(
            f"fuse: {type(strided[0]).__name__} has stride {strided[0].stride}, so only some lengths are "
            "equivariant, which plain layers do not check: give length="
        )
    if length is not None:
        verdict = admissible_lengths(model, [length], model.rep_in.channels)[0]
        if not verdict.admissible:
            raise ValueError(f"fuse: {verdict.reason}")


def _scaled(before: Any, scale: Tensor, shift: Tensor) -> nn.Conv1d:
    """A convolution, then an affine map of its channels; that map alone where no convolution goes before."""
    if before is None:
        return conv(scale[:, None, None], shift, groups=len(scale))
    bias = shift if before.bias is None else before.bias * scale + shift
    weight = before.weight * scale[:, None, None]
    geometry = (before.stride, before.padding, before.dilation, before.groups, before.padding_mode)
    return conv(weight, bias, *geometry)


def _plain(layer: Any) -> nn.Module:
    if isinstance(layer, RCConv1d):
        geometry = (layer.stride, layer.padding, layer.dilation, layer.groups, layer.padding_mode)
        return conv(layer.kernel(), layer.dense_bias(), *geometry)
    if isinstance(layer, RCMaxPool1d | RCAvgPool1d):
        pool = nn.MaxPool1d if isinstance(layer, RCMaxPool1d) else nn.AvgPool1d
        return pool(layer.kernel_size, layer.stride, layer.padding)
    if isinstance(layer, RCActivation) and layer.sign is None:
        return _activation(layer.function)
    raise ValueError(
        f"fuse: there is no plain layer for {type(layer).__name__}({layer.extra_repr()}): fuse the layers "
        "around it, or take torch.export"
    )


def _activation(function: Any) -> nn.Module:
    if isinstance(function, nn.Module) and type(function).__module__.startswith("torch.nn"):
        return deepcopy(function)
    if function not in ACTIVATIONS:
        name = getattr(function, "__name__", repr(function))
        known = ", ".join(sorted({layer.__name__ for layer in ACTIVATIONS.values()}))
        raise ValueError(f"fuse: {name} is no layer of torch.nn: use {known} or a module of torch.nn")
    return ACTIVATIONS[function]()


def conv(
    weight: Tensor,
    bias: Tensor | None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    padding_mode: Any = "zeros",
) -> nn.Conv1d:
    """A convolution with the weight (filters, channels per group, width) and bias (filters,)."""
    filters, channels, width = weight.shape
    layer = nn.Conv1d(
        channels * groups,
        filters,
        width,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        padding_mode=padding_mode,
        bias=bias is not None,
        device=UNFILLED,
    )
    return _filled(layer, weight, bias)


def linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    """A dense layer with the weight (outputs, inputs) and bias (outputs,)."""
    return _filled(nn.Linear(weight.shape[1], weight.shape[0], device=UNFILLED), weight, bias)


def _filled(layer: Layer, weight: Tensor, bias: Tensor | None) -> Layer:
    layer.weight = nn.Parameter(weight.detach().clone().contiguous(), requires_grad=False)
    if bias is not None:
        layer.bias = nn.Parameter(bias.detach().clone(), requires_grad=False)
    return layer
