"""A trained model as plain ``torch.nn`` layers or tensor operations, for leaving this package.

Both strands run as one feature map in halves, (a, b) = (z0, flip z1): equal to the frames wherever windows
fall alike on both strands (T7). BatchNorm, gain and merge are folded into the kernels.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, fx, nn

from ..family.ensembles import Ensemble, Model
from ..family.heads import LabelHead
from ..family.interpolated import AnyNetwork
from ..family.network import Network
from ..family.trunk import Block, Trunk
from ..nn.layers import RCSequential
from ..symmetry.rep import DNA, Rep, flip
from ._heads import ControlledMean, ControlledProfiles, Labels, Mean, Profiles, label_layer, profile_layers
from ._layers import check_windows, conv, fused_layers
from .tracing import has_no_plain_layers, operations, windows_shift


def fuse(model: nn.Module, length: int | None = None) -> fx.GraphModule:
    """The same function in eval mode, made of ``torch.nn`` layers and tensor operations only.

    Same calls, outputs equal to rounding, same device and type; parameters are copies that want no gradient.
    The result neither checks lengths nor knows Reps; how RC acts is in ``.meta["rczoo"]``, as text.
    A share of the other strand below 1 becomes a full kernel with zeros; a share of 0 two groups.
    Interpolated architectures and ``irreps`` have no such layers: theirs is the graph of operations that
    ``torch.export`` draws, for any batch and the configured length alone, with nothing folded.

    Args:
        model: a network made by ``build`` (any mixing, merge and control, one strand too), an ensemble of
            such, or an ``RCSequential``.
        length: positions of the input for which an ``RCSequential`` with strides is fused.

    Raises ValueError, with the reason, for other models, for windows that would not coincide on both strands
    (a pool that leaves a remainder), and for activations that are no layer of ``torch.nn``.

    >>> from rczoo import build
    >>> [name for name, _ in fuse(build("motif-cnn", mixing="rcps")).named_children()]
    ['trunk', 'pool', 'flatten', 'dense']
    """
    with torch.no_grad():
        if isinstance(model, Model):
            fused = operations(model) if has_no_plain_layers(model) else _symbolic(_plain(model))
        elif isinstance(model, RCSequential):
            check_windows(model, length)
            fused = _symbolic(nn.Sequential(*fused_layers(model)))
        else:
            raise ValueError(
                f"fuse: {type(model).__name__} is not of this package: give a network made by build, or an "
                "RCSequential; torch.export takes other models as they are"
            )
    fused.meta["rczoo"] = about(model)
    return fused


def about(model: Model | RCSequential) -> dict[str, Any]:
    """What a model is and how RC acts on it, as text."""
    if isinstance(model, RCSequential):
        return {"rep_in": [str(model.rep_in)], "rep_out": [str(model.rep_out)]}
    reps = {"rep_in": model.rep_in, "rep_out": model.rep_out}
    sides = {side: [str(rep) for rep in found] for side, found in reps.items()}
    return {"config": model.config.keywords(), **sides}


class Skip(nn.Module):
    """A residual block: valid convolution and ReLU, then the input, cropped centrally, is added."""

    def __init__(self, inner: nn.Module, margin: int) -> None:
        super().__init__()
        self.inner, self.margin = inner, margin

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, length) -> (batch, channels, length - 2 * margin)."""
        y: Tensor = self.inner(x)
        return y + x[..., self.margin : -self.margin]


def _symbolic(plain: nn.Module) -> fx.GraphModule:
    return fx.symbolic_trace(plain.eval().requires_grad_(False))


def _plain(model: Model) -> nn.Module:
    if not isinstance(model, Ensemble):
        return _network(model)
    kind = Mean if len(model.rep_in) == 1 else ControlledMean
    return kind([_network(member) for member in model.members])


def _network(network: AnyNetwork) -> nn.Module:
    assert isinstance(network, Network), "others have no plain layers"
    assert isinstance(network.trunk, Trunk), "irreps have none"
    how, head = network.config.merge, network.head
    both = how != "none"
    trunk = nn.Sequential(*_trunk(network.trunk, both))
    if not isinstance(head, LabelHead):
        layers = profile_layers(head, how, network.control)
        return (ControlledProfiles if network.control.channels else Profiles)(trunk, layers, how)
    if rest := windows_shift(network):
        left = network.config.length - network.trunk.shrinkage
        raise ValueError(
            f"fuse: the trunk leaves {left} positions, of which the pool (width {head.pool[0]}, stride "
            f"{head.pool[1]}) leaves {rest} over, so the windows of the two strands do not coincide (T7): "
            f"build for length {network.config.length - rest}, or keep the model as it is"
        )
    return Labels(trunk, nn.MaxPool1d(*head.pool), label_layer(head, network.trunk.filters, how), how)


def _trunk(trunk: Trunk, both: bool) -> list[nn.Module]:
    layers: list[nn.Module] = []
    rep = DNA
    for block in trunk.blocks:
        weight, bias = _folded(block)
        groups = 1
        if both:
            weight, groups = _both_strands(weight, rep)
            bias, rep = torch.cat([bias, bias]), trunk.rep
        shape = block.shape
        inner: list[nn.Module] = [conv(weight, bias, dilation=shape.dilation, groups=groups), nn.ReLU()]
        margin = shape.dilation * (shape.kernel_size - 1) // 2
        layers += [Skip(nn.Sequential(*inner), margin)] if shape.residual else inner
    return layers


def _folded(block: Block) -> tuple[Tensor, Tensor]:
    """Kernel and bias of a block with its BatchNorm's running statistics inside, in double precision."""
    weight = block.conv.effective_weight().double()
    bias = block.conv.bias
    assert bias is not None
    norm = block.norm
    if not isinstance(norm, nn.BatchNorm1d):
        return weight.type_as(bias), bias
    mean, variance = norm.get_buffer("running_mean").double(), norm.get_buffer("running_var").double()
    scale = norm.weight.double() * (variance + norm.eps).rsqrt()
    shift = (bias.double() - mean) * scale + norm.bias.double()
    return (weight * scale[:, None, None]).type_as(bias), shift.type_as(bias)


def _both_strands(weight: Tensor, rep: Rep) -> tuple[Tensor, int]:
    """One frame's kernel as the kernel of both, and in how many groups."""
    missing = rep.channels - weight.shape[1]
    if 2 * missing == rep.channels:
        return torch.cat([weight, flip(weight)]), 2
    weight = nn.functional.pad(weight, (0, 0, 0, missing))
    return torch.cat([weight, rep.act(weight)]), 1
