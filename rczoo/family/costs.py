"""How many multiply-adds each layer of any network takes, counted while it runs."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn


def multiply_adds(model: nn.Module, *inputs: Tensor) -> dict[str, int]:
    """Multiply-adds of the weights of each layer for these inputs, by the layer's name.

    Each weight of a layer counts once for every position that reads it. Products of features with one
    another, as of queries with keys, have no weights, and do not count.
    """
    counts: dict[str, int] = {}
    with ExitStack() as stack, torch.no_grad():
        for name, layer in model.named_modules():
            if weights := _weights(layer):
                hook = layer.register_forward_hook(_counter(counts, name, weights))
                stack.callback(hook.remove)
        model(*inputs)
    return counts


def _weights(layer: nn.Module) -> int:
    own = layer.parameters(recurse=isinstance(layer, nn.MultiheadAttention))
    return sum(p.numel() for p in own if p.ndim > 1)


def _counter(counts: dict[str, int], name: str, weights: int) -> Any:
    def count(layer: nn.Module, args: tuple[Any, ...], answer: Any) -> None:
        counts[name] = counts.get(name, 0) + weights * _reads(layer, args[0], answer)

    return count


def _reads(layer: nn.Module, given: Tensor, answer: Any) -> int:
    """How often a layer's weights are read: once for every position of every example."""
    if isinstance(layer, nn.Conv1d | nn.Conv2d):
        return int(answer.numel() // layer.out_channels)
    channels = given.shape[1] if isinstance(layer, nn.ConvTranspose1d) else given.shape[-1]
    return given.numel() // channels
