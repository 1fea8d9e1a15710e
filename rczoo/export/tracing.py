"""A model as the graph of its tensor operations, by ``torch.export``, for any batch size."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import fx, nn
from torch.export import Dim, ExportedProgram

from ..family.ensembles import Model
from ..family.heads import LabelHead
from ..family.interpolated import InterpolatedNetwork
from ..family.irreps import IrrepsTrunk
from ..family.network import Network
from ..symmetry.geometry import window_remainder

LONGEST = 1 << 24
"""The most examples in a batch, or positions, that an exported file takes: PyTorch wants some bound."""


def has_no_plain_layers(model: nn.Module) -> bool:
    """Whether there is no chain of plain layers for it: an interpolated network, irreps, an ensemble of
    such."""
    return any(isinstance(part, InterpolatedNetwork | IrrepsTrunk) for part in model.modules())


def windows_shift(network: nn.Module) -> int:
    """How many positions a network's pool leaves over, so that its windows differ on the two strands (T7)."""
    if not isinstance(network, Network) or network.config.merge == "none":
        return 0
    if not isinstance(network.head, LabelHead):
        return 0
    left = network.config.length - network.trunk.shrinkage
    return window_remainder("pool", left, *network.head.pool)


def program_of(model: nn.Module) -> ExportedProgram:
    """The operations of a model in eval mode, with parameters of its own that want no gradient."""
    evaluated = deepcopy(model).eval().requires_grad_(False)
    return traced(evaluated, evaluated)


def operations(model: nn.Module) -> fx.GraphModule:
    """:func:`program_of` a model as a module, which may be put in eval mode as any."""
    graph = program_of(model).module()
    assert isinstance(graph, fx.GraphModule)
    return fx.GraphModule(graph, graph.graph)


def traced(graph: nn.Module, model: nn.Module, length: int | None = None) -> ExportedProgram:
    """``graph``, the function of ``model``, as a program: for any batch size, and any length where it can."""
    first = next(iter(model.parameters()))
    shapes, dims = _shapes(model, length)
    example = tuple(torch.zeros(shape, dtype=first.dtype, device=first.device) for shape in shapes)
    return torch.export.export(graph, example, dynamic_shapes=dims)


def _shapes(model: Any, length: int | None) -> tuple[list[tuple[int, ...]], tuple[dict[int, Any], ...]]:
    """Example shapes of the inputs, and which of their sizes may vary."""
    batch = Dim("batch", min=1, max=LONGEST)
    if not isinstance(model, Model):
        if length is None:
            raise ValueError("export: an RCSequential is exported for one length: give length=")
        return [(2, model.rep_in.channels, length)], ({0: batch},)
    length = model.config.length
    shapes: list[tuple[int, ...]] = [(2, 4, length)]
    if len(model.rep_in) > 1:
        shapes.append((2, model.rep_in[1].channels, model.positions))
    if not model.any_length or has_no_plain_layers(model):  # whose operations depend on the length
        return shapes, tuple({0: batch} for _ in shapes)
    lost = length - model.positions
    positions = Dim("length", min=lost + 2, max=LONGEST)  # a size of 1 would be a case of its own
    return shapes, ({0: batch, 2: positions}, {0: batch, 2: positions - lost})[: len(shapes)]
