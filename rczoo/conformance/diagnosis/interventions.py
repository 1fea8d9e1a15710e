"""Watching and mending what a model computes, one torch operation at a time.

A diagnosis is a hypothesis about an operation; it is verified by running the model again with that operation
mended. The modes here do so for modules and functional calls alike, whoever wrote the model.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ...symmetry.rep import flip

DROPOUTS = {"dropout", "dropout1d", "dropout2d", "alpha_dropout", "feature_alpha_dropout"}


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
    for name, module in hooked_modules(model):
        handles.append(module.register_forward_pre_hook(lambda m, i, name=name: stack.append(name)))
        handles.append(module.register_forward_hook(lambda m, i, o: _drop(stack), always_call=True))
    try:
        yield lambda: stack[-1] if stack else ""
    finally:
        for handle in handles:
            handle.remove()


def hooked_modules(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The modules of a model that take hooks, which scripted and traced ones do not."""
    return ((n, m) for n, m in model.named_modules() if not isinstance(m, torch.jit.ScriptModule))


def _drop(stack: list[str]) -> None:
    """Leave a module; a hook that returned anything would replace the module's output."""
    stack.pop()


CONVOLUTIONS = {"conv1d", "conv_transpose1d"}
POOLS = {"max_pool1d", "avg_pool1d", "lp_pool1d"}


@dataclass(frozen=True)
class Asymmetry:
    """An operation that treats the two ends of a sequence differently: its kind, where, and the numbers."""

    kind: str
    where: str
    numbers: str


class Mirrored(TorchFunctionMode):
    """Replace asymmetric operations by the mean of themselves and their mirror image.

    If the kernels are tied, the mended operation is equivariant whatever its stride, padding or crop, so the
    law holds again exactly when geometry was the fault. ``wanted`` picks the asymmetries to mend, by default
    all; ``seen`` lists those met.
    """

    def __init__(
        self, wanted: Callable[[Asymmetry], bool] = lambda a: True, where: Callable[[], str] = lambda: ""
    ) -> None:
        super().__init__()
        self.wanted, self.where, self.seen = wanted, where, list[Asymmetry]()

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """One operation, mended if it is asymmetric and wanted."""
        kwargs = kwargs or {}
        name = getattr(function, "__name__", "")
        found = asymmetry(name, args, kwargs) if args and isinstance(args[0], Tensor) else None
        if found is None:
            return function(*args, **kwargs)
        here = Asymmetry(found[0], self.where(), found[1])
        if here not in self.seen:
            self.seen.append(here)
        direct = function(*args, **kwargs)
        if not self.wanted(here):
            return direct
        turned = [flip(args[0]), *args[1:]]
        if name in CONVOLUTIONS:
            turned[1] = flip(args[1])
        return (direct + flip(function(*turned, **kwargs))) / 2


def asymmetry(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[str, str] | None:
    """The kind and numbers of an operation that treats the two ends differently, or None."""
    if name in CONVOLUTIONS | POOLS:
        return _window(name, args, kwargs)
    if name == "interpolate":
        size, scale = kwargs.get("size", (args[1:] or [None])[0]), kwargs.get("scale_factor")
        length = args[0].shape[-1]
        out = _one(size) if size is not None else int(length * _one(scale or 1))
        if kwargs.get("mode", "nearest") == "nearest" and out % length:
            return "upsampling", f"nearest from {length} to {out} positions, not a whole ratio"
    if name == "__getitem__":
        return _slice(args)
    if name == "narrow" and args[1] in (-1, args[0].ndim - 1) and args[0].ndim >= 3:
        left, right = args[2], args[0].shape[-1] - args[2] - args[3]
        return (
            ("crop", f"{left} positions from the left and {right} from the right") if left != right else None
        )
    if name == "pad":
        left, right = [*(args[1] if len(args) > 1 else kwargs["pad"]), 0, 0][:2]
        return (
            ("padding", f"{left} positions on the left and {right} on the right") if left != right else None
        )
    return None


def _window(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[str, str] | None:
    """A convolution or pool whose windows do not come to lie symmetrically."""
    x = args[0]
    names = {
        "conv1d": ("weight", "bias", "stride", "padding", "dilation"),
        "conv_transpose1d": ("weight", "bias", "stride", "padding", "output_padding"),
        "avg_pool1d": ("kernel_size", "stride", "padding", "ceil_mode"),
    }.get(name, ("kernel_size", "stride", "padding", "dilation", "ceil_mode"))
    given = dict(zip(names, args[1:], strict=False)) | kwargs
    if name == "conv_transpose1d":
        extra = _one(given.get("output_padding") or 0)
        return ("output padding", f"output_padding={extra} lengthens one end only") if extra else None
    width = given["weight"].shape[-1] if name == "conv1d" else _one(given["kernel_size"])
    stride = _one(given.get("stride") or (1 if name == "conv1d" else width))
    dilation, padding = _one(given.get("dilation") or 1), given.get("padding") or 0
    span = dilation * (width - 1)
    if padding == "same":
        uneven = f"'same' padding of kernel {width}, dilation {dilation}: {span} positions, an odd number"
        return ("same padding", uneven) if span % 2 else None
    padding = 0 if padding == "valid" else _one(padding)
    left = (x.shape[-1] + 2 * padding - span - 1) % stride
    if not left or x.shape[-1] + 2 * padding < span + 1:
        return None
    return "stride", (
        f"(length {x.shape[-1]} + 2 * padding {padding} - {dilation} * (width {width} - 1) - 1) "
        f"leaves {left} over stride {stride}"
    )


def _slice(args: tuple[Any, ...]) -> tuple[str, str] | None:
    """A slice of the last axis that takes more from one end than from the other."""
    x, index = args[0], args[1] if isinstance(args[1], tuple) else (args[1],)
    if x.ndim < 3 or not index or not isinstance(index[-1], slice):
        return None
    if Ellipsis not in index and len(index) < x.ndim:
        return None
    start, stop, step = index[-1].indices(x.shape[-1])
    right = x.shape[-1] - stop + (stop - 1 - start) % step if stop > start else 0
    if step < 1 or start == right:
        return None
    return "crop", f"{start} positions from the left and {right} from the right of {x.shape[-1]}"


def _one(value: Any) -> Any:
    """A number, or the last of a tuple of them."""
    return operator.getitem(value, -1) if isinstance(value, list | tuple) else value
