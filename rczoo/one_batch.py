"""Both strands in one call, as a conjoined model runs in train mode: shared statistics and dropout masks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from .actions import Spec


def one_batch(
    run: Callable[[Any], Any], specs: Mapping[Any, Spec], values: Mapping[Any, Any], turned: Mapping[Any, Any]
) -> tuple[int, Any]:
    """How many examples there are, and what ``run`` gives for their strands, one after the other.

    ``specs`` say how RC acts on each of ``values``, and ``turned`` holds the results. Joined are those that
    RC acts on, which must be tensors with the examples as first axis, and others that are as long.
    """
    sizes = [_size(values[key]) for key, spec in specs.items() if not _fixed(spec)]
    if not sizes or sizes[0] is None or set(sizes) != {sizes[0]}:
        raise ValueError(
            "conjoin: in train mode both strands run as one batch, so the inputs that RC acts on must be "
            f"tensors with the examples as first axis, but the sizes of that axis are {sizes}"
        )
    batch = sizes[0]
    both = {key: torch.cat([v, turned[key]]) if _size(v) == batch else v for key, v in values.items()}
    with PairedDropout(batch):
        return batch, run(both)


def _fixed(spec: Spec) -> bool:
    return spec is None or spec == "none"


def _size(value: Any) -> int | None:
    """The length of a tensor's first axis."""
    return len(value) if isinstance(value, Tensor) and value.ndim else None


def rows_of(specs: Any, batch: int, strand: int) -> Any:
    """For each output, the function that takes the rows of one strand from those of both."""

    def rows(spec: Spec, y: Any) -> Any:
        if _size(y) == 2 * batch:
            return y[strand * batch : (strand + 1) * batch]
        if _fixed(spec):
            return y
        found = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
        raise ValueError(
            f"conjoin: in train mode an output must have the {2 * batch} examples of both strands as its "
            f"first axis, got {found}: conjoin after training, or give it the spec None"
        )

    if isinstance(specs, Mapping):
        return {name: partial(rows, spec) for name, spec in specs.items()}
    return [partial(rows, s) for s in specs] if isinstance(specs, list | tuple) else partial(rows, specs)


class PairedDropout(TorchFunctionMode):
    """Inside it, dropout of a batch that holds one strand, then the other, drops the same of both."""

    FUNCTIONS = (F.dropout, F.dropout1d, F.dropout2d, F.dropout3d)

    def __init__(self, batch: int) -> None:
        super().__init__()
        self.batch = batch

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """One operation, with a dropout's mask drawn for one strand and used for both."""
        if function in self.FUNCTIONS:
            return self._paired(function, *args, **kwargs or {})
        return function(*args, **kwargs or {})

    def _paired(
        self, dropout: Any, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
    ) -> Tensor:
        if _size(input) != 2 * self.batch:
            return dropout(input, p, training, inplace)
        mask = dropout(torch.ones_like(input[: self.batch]), p, training)
        masks = torch.cat([mask, mask])
        return input.mul_(masks) if inplace else input * masks
