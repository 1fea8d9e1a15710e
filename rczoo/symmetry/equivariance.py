"""The law ``f(R x) = R f(x)``, as a number and as an assertion, for any function of tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from .actions import Specs, act, argument_names


def equivariance_error(
    model: Callable[..., Any],
    *tensors: torch.Tensor,
    inputs: Specs | None = None,
    outputs: Specs | None = None,
) -> float:
    """How far a model is from the law ``f(R x) = R f(x)`` on these inputs, relative to the output.

    The :func:`relative_error` of ``f(R x)`` from ``R f(x)``, taken for each output and then the largest of
    them. The model runs in the mode it is in.

    Args:
        model: a module, or any function of tensors.
        *tensors: its inputs, in order.
        inputs: how RC acts on each, as for :func:`rczoo.conjoin`, in order or as a mapping from the names of
            ``forward``'s parameters; by default the model's ``rep_in``.
        outputs: likewise for the outputs that are to be compared; by default the model's ``rep_out``.
    """
    specs_in = _in_order(model, inputs if inputs is not None else _declared(model, "rep_in"), len(tensors))
    specs_out = _one_each(outputs if outputs is not None else _declared(model, "rep_out"))
    with torch.no_grad():
        turned = act(specs_in, tensors, what="input")
        direct, swapped = _one_each(model(*tensors)), _one_each(model(*turned))
        expected = act(specs_out, direct)
    if isinstance(expected, Mapping):
        swapped, expected = [swapped[name] for name in expected], list(expected.values())
    return max((relative_error(u, v) for u, v in zip(swapped, expected, strict=True)), default=0.0)


def assert_equivariant(
    model: Callable[..., Any],
    *tensors: torch.Tensor,
    inputs: Specs | None = None,
    outputs: Specs | None = None,
    tolerance: float | None = None,
) -> None:
    """Raise AssertionError unless the law ``f(R x) = R f(x)`` holds on these inputs.

    Args:
        model: a module, or any function of tensors.
        *tensors: its inputs, in order.
        inputs: how RC acts on each, as for :func:`equivariance_error`.
        outputs: how RC acts on each output.
        tolerance: the largest error, relative to the output; by default 1e-10 for float64 inputs, else 1e-4.
    """
    if tolerance is None:
        tolerance = 1e-10 if tensors[0].dtype == torch.float64 else 1e-4
    error = equivariance_error(model, *tensors, inputs=inputs, outputs=outputs)
    if not error <= tolerance:
        raise AssertionError(f"f(R x) differs from R f(x) by {error:.2g} relative, allowed {tolerance:.2g}")


def relative_error(got: torch.Tensor, want: torch.Tensor) -> float:
    """``max |got - want|`` over the largest entry of either: at most 2.

    0 when both vanish or are empty, infinite on shapes that differ or NaN.
    """
    if got.shape != want.shape:
        return float("inf")
    if got.numel() == 0:
        return 0.0
    difference = (got.double() - want.double()).abs().max().item()
    scale = max(want.abs().max().item(), got.abs().max().item())
    if difference != difference or difference == float("inf"):
        return float("inf")
    return difference / scale if scale else 0.0


def _declared(model: object, name: str) -> Specs:
    """A model's own ``rep_in`` or ``rep_out``."""
    specs: Specs | None = getattr(model, name, None)
    if specs is None:
        argument = {"rep_in": "inputs", "rep_out": "outputs"}[name]
        raise ValueError(
            f"{type(model).__name__} declares no {name}: give {argument}=, for example {argument}='2r:flip'"
        )
    return specs


def _one_each(value: Any) -> Any:
    """A single value or a sequence, as a tuple; a mapping as it is."""
    return value if isinstance(value, list | tuple | Mapping) else (value,)


def _in_order(model: Callable[..., Any], specs: Specs, number: int) -> Any:
    """Specs of the first ``number`` inputs, in their order if they were a mapping from parameter names."""
    if not isinstance(specs, Mapping):
        return _one_each(specs)
    names = argument_names(model)[:number]
    if missing := [name for name in names if name not in specs]:
        raise ValueError(f"no input spec named {missing[0]!r} among: {', '.join(specs)}")
    return tuple(specs[name] for name in names)
