"""The inputs of one call of a model, both strands' as one batch, and the answers of each strand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..symmetry.actions import Spec, as_action
from ..symmetry.padding import Padding, fixed, position_axis


class Inputs(NamedTuple):
    """The inputs of a call by their positions and names, and how RC acts on them."""

    values: Mapping[Any, Any]
    turned: Mapping[Any, Any]
    specs: Mapping[Any, Spec]
    padding: Padding | None

    def call(self, given: Mapping[Any, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Positional and named arguments, of other values by the same keys."""
        positions = [key for key in self.values if isinstance(key, int)]
        return [given[n] for n in positions], {n: given[n] for n in self.values if isinstance(n, str)}

    def within(self, specs: Any) -> Any:
        """Specs whose actions keep to each row's own length."""
        return self.padding.within(specs) if self.padding else specs


def one_batch(
    run: Callable[[Any, int], Any],
    specs: Mapping[Any, Spec],
    values: Mapping[Any, Any],
    turned: Mapping[Any, Any],
) -> tuple[int, Any]:
    """How many examples there are, and what ``run`` gives for their strands, one after the other.

    ``specs`` say how RC acts on each of ``values``, and ``turned`` holds the results. Joined are those that
    RC acts on, which must be tensors with the examples as first axis, and others that are as long.
    """
    acted = [values[key] for key, spec in specs.items() if not fixed(spec)]
    batch = examples_in(acted, "both strands run as one batch")
    both = {key: torch.cat([v, turned[key]]) if size_of(v) == batch else v for key, v in values.items()}
    return batch, run(both, batch)


def examples_in(inputs: Iterable[Any], why: str) -> int:
    """How many examples the inputs that RC acts on hold; ValueError, with a reason, if they differ."""
    sizes = [size_of(value) for value in inputs]
    if not sizes or sizes[0] is None or any(size != sizes[0] for size in sizes):
        raise ValueError(
            f"conjoin: {why}, so the inputs that RC acts on must be tensors with the examples as first axis, "
            f"but the sizes of that axis are {sizes}"
        )
    return sizes[0]


def is_flag(value: Any) -> bool:
    """Whether an argument is one that RC cannot touch, such as ``return_dict=True``."""
    return value is None or isinstance(value, bool | int | float | str)


def padding_of(specs: Mapping[Any, Spec], values: Mapping[Any, Any]) -> Padding | None:
    """How far each row goes, from the input that says it."""
    for key, spec in specs.items():
        if spec == "mask":
            return Padding.of_mask(values[key])
        if spec == "lengths":
            acted = next((k for k, s in specs.items() if not fixed(s)), key)
            axis = position_axis(as_action(specs[acted]), values[acted], 0)
            return Padding(values[key], values[acted].shape[-1 if axis is None else axis])
    return None


def size_of(value: Any) -> int | None:
    """The length of a tensor's first axis."""
    return value.shape[0] if isinstance(value, Tensor) and value.ndim else None


def rows_of(specs: Any, batch: int, strand: int) -> Any:
    """For each output, the function that takes the rows of one strand from those of both."""

    def rows(spec: Spec, y: Any) -> Any:
        if size_of(y) == 2 * batch:
            return y[strand * batch : (strand + 1) * batch]
        if fixed(spec):
            return y
        found = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
        raise ValueError(
            f"conjoin: where both strands run as one batch, an output must have the {2 * batch} examples of "
            f"both as its first axis, got {found}: conjoin after training, or give it the spec None"
        )

    if isinstance(specs, Mapping):
        return {name: rows_of(spec, batch, strand) for name, spec in specs.items()}
    if isinstance(specs, list | tuple):
        return [rows_of(spec, batch, strand) for spec in specs]
    return partial(rows, specs)
