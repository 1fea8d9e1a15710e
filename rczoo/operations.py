"""Watching and mending what a model computes, one torch operation at a time.

A diagnosis is a hypothesis about an operation; it is verified by running the model again with that operation
mended. The modes here and in :mod:`rczoo.mirroring` do so for modules and functional calls alike, whoever
wrote the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

DROPOUTS = {"dropout", "dropout1d", "dropout2d", "alpha_dropout", "feature_alpha_dropout"}
NARROWER = {"to", "type", "float", "half", "bfloat16"}


@contextmanager
def no_dropout(model: nn.Module) -> Iterator[None]:
    """While it lasts, every dropout passes its input on, also inside attention and recurrent modules."""
    inside = [m for m in model.modules() if isinstance(m, nn.MultiheadAttention | nn.RNNBase)]
    rates = [m.dropout for m in inside]
    for module in inside:
        module.dropout = 0.0
    try:
        with _PassedOn():
            yield
    finally:
        for module, rate in zip(inside, rates, strict=True):
            module.dropout = rate


class _PassedOn(TorchFunctionMode):
    """Every dropout that is called as a function passes its input on."""

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """One operation, with dropout as the identity."""
        kwargs, name = kwargs or {}, getattr(function, "__name__", "")
        if name in DROPOUTS:
            return args[0] if args else kwargs["input"]
        if "dropout_p" in kwargs:
            kwargs = kwargs | {"dropout_p": 0.0}
        elif name == "scaled_dot_product_attention" and len(args) > 4:
            args = (*args[:4], 0.0, *args[5:])
        return function(*args, **kwargs)


class KeepPrecision(TorchFunctionMode):
    """Casts to a narrower float than float64 are not made; ``narrowest`` is what they asked for."""

    narrowest: torch.dtype | None = None

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """One operation, with a cast undone."""
        result = function(*args, **(kwargs or {}))
        cast = getattr(function, "__name__", "") in NARROWER and isinstance(result, Tensor)
        if not cast or not result.is_floating_point() or result.dtype == torch.float64:
            return result
        if self.narrowest is None or torch.finfo(result.dtype).eps > torch.finfo(self.narrowest).eps:
            self.narrowest = result.dtype
        return args[0].to(torch.float64)


@contextmanager
def neutral_norms(model: nn.Module) -> Iterator[None]:
    """While it lasts, every normalisation has one scale, shift, mean and variance for all channels."""
    kept: list[tuple[Tensor, Tensor]] = []
    for module in model.modules():
        if "norm" not in type(module).__name__.lower():
            continue
        for tensor in [*module.parameters(recurse=False), *module.buffers(recurse=False)]:
            if tensor.is_floating_point() and tensor.ndim == 1:
                kept.append((tensor, tensor.detach().clone()))
                tensor.data.fill_(tensor.detach().mean().item())
    try:
        yield
    finally:
        for tensor, value in reversed(kept):  # two norms may share a tensor: its first copy is the true one
            tensor.data.copy_(value)


@contextmanager
def module_names(model: nn.Module) -> Iterator[Callable[[], str]]:
    """A function that tells, during a forward pass, the name of the sub-module that is running."""
    stack: list[str] = []
    handles = []
    for name, module in model.named_modules():
        handles.append(module.register_forward_pre_hook(lambda m, i, name=name: stack.append(name)))
        handles.append(module.register_forward_hook(lambda m, i, o: _drop(stack), always_call=True))
    try:
        yield lambda: stack[-1] if stack else ""
    finally:
        for handle in handles:
            handle.remove()


def _drop(stack: list[str]) -> None:
    """Leave a module; a hook that returned anything would replace the module's output."""
    stack.pop()
