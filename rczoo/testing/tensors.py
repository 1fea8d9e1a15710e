"""Tensors from a seed: exact integers, normal numbers, a module's parameters, and a network's inputs."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

from ..family.ensembles import Model
from ..symmetry.dna import one_hot

Module = TypeVar("Module", bound=nn.Module)


def integer_tensor(seed: int, *shape: int, low: int = -3, high: int = 3) -> torch.Tensor:
    """Whole numbers from ``low`` to ``high`` in float64: sums of their products are exact in any order."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(low, high + 1, shape, generator=generator).double()


def normal_tensor(seed: int, *shape: int) -> torch.Tensor:
    """Standard normal numbers in float64."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def randomise(module: Module, seed: int) -> Module:
    """The same module, its every parameter and running statistic drawn anew, away from the initial values.

    A law that holds then does not hold by the initial values alone, as that of untied batch norm does.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            # small shifts, so that a network is seldom dead
            scale = 1.5 * parameter[0].numel() ** -0.5 if parameter.ndim > 1 else 0.5
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale)
        for name, buffer in module.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(torch.randn(buffer.shape, generator=generator) * 0.5)
            if name.endswith("running_var"):
                buffer.copy_(torch.rand(buffer.shape, generator=generator) + 0.5)
    return module


def inputs_of(
    network: Model, batch_size: int, seed: int, dtype: torch.dtype = torch.float64
) -> tuple[torch.Tensor, ...]:
    """One-hot DNA (batch, 4, length) with some N, of the length that the network is built for.

    With counts from 0 to 4 (batch, control channels, output length) where it takes a control.
    """
    generator = torch.Generator().manual_seed(seed)
    length = network.config.length
    codes = torch.randint(0, 5, (batch_size, length), generator=generator)
    X = one_hot(codes.numpy().astype("uint8"), dtype)
    if len(network.rep_in) == 1:
        return (X,)
    shape = (batch_size, network.rep_in[1].channels, network.positions)
    return X, torch.randint(0, 5, shape, generator=generator).to(dtype)
