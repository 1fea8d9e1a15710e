"""What a model remembers from one call to the next: taken before a call, compared and put back after it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

INTERNAL = frozenset(vars(nn.Module()))
PLAIN = (bool, int, float, str, type(None))
LARGE = 20_000_000
"""Numbers of parameters above which they are taken to stay: to copy 80 MB at each call costs too much."""


class State:
    """The buffers, parameters and plain attributes of a model and its sub-modules, as they are now.

    Both strands must meet one state: power iterations, running statistics and counters move when they run.
    """

    def __init__(self, model: nn.Module) -> None:
        small = sum(p.numel() for p in model.parameters()) <= LARGE
        self.kept = [(*held, _copy(held[-1])) for held in _held(model, small)]

    def moved(self) -> list[str]:
        """The names of what is no longer as it was."""
        return [name for name, holder, key, value, copy in self.kept if not _same(holder.get(key), copy)]

    def restore(self) -> None:
        """Put everything back."""
        for _, holder, key, value, copy in self.kept:
            if isinstance(value, Tensor) and not _same(value, copy):
                value.data.copy_(copy)
            if holder.get(key) is not value:
                holder[key] = value


def _held(model: nn.Module, parameters: bool) -> Iterator[tuple[str, dict[str, Any], str, Any]]:
    """The name, the mapping and the key of each thing a model holds, and the thing itself."""
    for prefix, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):  # of which only the buffers are reached by name
            inside = dict(module.named_buffers(recurse=False))
            yield from ((f"{prefix}.{key}".lstrip("."), inside, key, value) for key, value in inside.items())
            continue
        holders = [module._buffers, module._parameters] if parameters else [module._buffers]
        for holder in [*holders, vars(module)]:
            for key, value in list(holder.items()):
                own = holder is not vars(module) or key not in INTERNAL
                if own and isinstance(value, (Tensor, *PLAIN)):
                    yield f"{prefix}.{key}".lstrip("."), holder, key, value


def _copy(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, Tensor) else value


def _same(value: Any, copy: Any) -> bool:
    if isinstance(value, Tensor) and isinstance(copy, Tensor):
        return value.shape == copy.shape and torch.equal(
            torch.nan_to_num(value.detach()), torch.nan_to_num(copy)
        )
    return type(value) is type(copy) and bool(value == copy)


def random_states() -> tuple[bytes, ...]:
    """Where the generators of torch, numpy and Python stand: they move as soon as a number is drawn."""
    numpy_state: Any = np.random.get_state()
    python_state = random.getstate()
    drawn = numpy_state[1].tobytes() + repr(numpy_state[2:]).encode()
    return torch.get_rng_state().numpy().tobytes(), drawn, repr(python_state).encode()
