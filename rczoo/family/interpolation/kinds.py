"""Which layers can be sites, how many channels each could receive, and the weights that it starts with."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from ...symmetry.rep import Rep
from . import sites
from .sites import Receiving

LINEAR: dict[type[nn.Module], type[Receiving]] = {
    nn.Conv1d: sites.ReceivingConvolution,
    nn.Conv2d: sites.ReceivingConvolution,
    nn.ConvTranspose1d: sites.ReceivingTransposed,
    nn.Linear: sites.ReceivingLinear,
    nn.LSTM: sites.ReceivingRecurrent,
    nn.GRU: sites.ReceivingRecurrent,
    nn.RNN: sites.ReceivingRecurrent,
    nn.MultiheadAttention: sites.ReceivingAttention,
}
"""Layers that begin with a linear map of features."""


class Features(NamedTuple):
    """What a layer reads: how many channels, on which axis, in how many groups."""

    channels: int
    axis: int
    groups: int = 1


def is_linear(layer: nn.Module) -> bool:
    """Whether a layer begins with a linear map of its input."""
    return isinstance(layer, tuple(LINEAR))


def kind_of(layer: nn.Module, plain: Any = None) -> type[Receiving]:
    """How a layer receives; one whose class has a ``forward`` of its own through an adapter.

    ``plain``: the class that it had before it became a site.
    """
    forward = (plain or type(layer)).forward
    known: Any
    for known, kind in {**LINEAR, nn.Embedding: sites.ReceivingEmbedding}.items():
        if isinstance(layer, known) and forward is known.forward:
            return kind
    return sites.Adapted


def features_of(layer: nn.Module) -> Features | None:
    """What a layer reads, or the first layer inside it that says so."""
    for part in layer.modules():
        if isinstance(part, nn.Linear):
            return Features(part.in_features, -1)
        if isinstance(part, nn.RNNBase):
            return Features(part.input_size, -1)
        if isinstance(part, nn.MultiheadAttention):
            return Features(part.embed_dim, -1)
        if isinstance(part, nn.LayerNorm):
            return Features(part.normalized_shape[-1], -1)
        if isinstance(part, nn.Embedding):
            return Features(part.embedding_dim, -1)
        if (channels := _channels_second(part)) is not None:
            return Features(channels, 1, int(getattr(part, "groups", 1)) if part is layer else 1)
    return None


def _channels_second(layer: nn.Module) -> int | None:
    """The channels of convolutions and norms whose input is (batch, channels, ...)."""
    for name in ("in_channels", "num_features", "num_channels"):
        if isinstance(channels := getattr(layer, name, None), int):
            return channels
    return None


def receive(layer: nn.Module, share: float, fresh: bool) -> None:
    """Make a layer a site, in place: it receives ``round(share * channels)`` channels, of each group of them.

    ``fresh``: the layer and what it receives are drawn anew, as one layer that reads as many channels; else
    what it receives counts for nothing until it is trained.
    """
    features = features_of(layer)
    assert features is not None, "interpolate refuses a layer that says no channels"
    kind = kind_of(layer)
    if kind is sites.Adapted:
        features = features._replace(groups=1)
    k = round(share * (features.channels // features.groups))
    if k == 0:
        return
    like = next(iter(layer.parameters()), torch.empty(0))
    weights = _initial(layer, kind, features, share, fresh)
    layer.__class__ = sites.site_class(kind, type(layer))
    site = cast(Receiving, layer)
    site.rows, site.received = None, k
    if isinstance(site, sites.Adapted):
        site.channel_axis = features.axis
    if isinstance(site, sites.ReceivingConvolution) and issubclass(site.plain, nn.Conv1d):
        site.strands = Rep(f"{k}r:halves") if k == features.channels else None
    for name, V in weights.items():
        start = V if fresh else torch.zeros_like(V)
        site.register_parameter(f"received_{name}", nn.Parameter(start.detach().to(like.device, like.dtype)))


def _initial(
    layer: Any, kind: type[Receiving], features: Features, share: float, fresh: bool
) -> dict[str, Tensor]:
    """V by the names that come after ``received_``, drawn as its kind of layer draws its weights."""
    if kind is sites.ReceivingAttention:
        widths = {"query": layer.embed_dim, "key": layer.kdim, "value": layer.vdim}
        return {name: _matrix(round(share * width), width) for name, width in widths.items()}
    if kind in (sites.ReceivingEmbedding, sites.Adapted):
        return {"weight": _matrix(round(share * features.channels), features.channels)}
    transposed = kind is sites.ReceivingTransposed
    own = features.channels // (1 if transposed else features.groups)
    wide = _wider(layer, round(share * (features.channels // features.groups)) * features.groups)
    if fresh:
        _take(layer, wide)
    names = [n for n, _ in wide.named_parameters() if n == "weight" or n.startswith("weight_ih_l0")]
    return {n: wide.get_parameter(n).tensor_split([own], 0 if transposed else 1)[1] for n in names}


def _matrix(k: int, channels: int) -> Tensor:
    """A map of ``k`` channels to ``channels``, as ``nn.Linear`` draws it."""
    return nn.Linear(k, channels, bias=False).weight if k else torch.empty(channels, 0)


def _wider(layer: Any, more: int) -> nn.Module:
    """A new layer like this, but for so many more channels that it reads."""
    bias = layer.bias if isinstance(layer, nn.RNNBase) else layer.bias is not None
    if isinstance(layer, nn.Linear):
        return nn.Linear(layer.in_features + more, layer.out_features, bias)
    if isinstance(layer, nn.RNNBase):
        kind = next(k for k in (nn.LSTM, nn.GRU, nn.RNN) if isinstance(layer, k))
        sizes = layer.input_size + more, layer.hidden_size, layer.num_layers
        return kind(*sizes, bias=bias, bidirectional=layer.bidirectional, **_projection(layer))
    convolution = next(k for k in (nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d) if isinstance(layer, k))
    sizes = layer.in_channels + more, layer.out_channels, layer.kernel_size
    return convolution(*sizes, groups=layer.groups, bias=bias)


def _projection(layer: nn.RNNBase) -> dict[str, int]:
    return {"proj_size": layer.proj_size} if layer.proj_size else {}


def _take(layer: nn.Module, wide: nn.Module) -> None:
    """Give a layer the first weights of one that reads more."""
    drawn = dict(wide.named_parameters())
    with torch.no_grad():
        for name, parameter in layer.named_parameters(recurse=False):
            parameter.copy_(drawn[name][tuple(map(slice, parameter.shape))])
