"""How many forward passes a check makes and may make, how long the sums in them are, and of which numbers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from .precision import REAL, rounds_more

QUICK, FULL = 12, 40
"""Forward passes that the checks of a model may take; a slow model's explanation counts towards them."""


class SpentError(Exception):
    """The forward passes, or the seconds, of a check are used up; its text says which."""


FIRST = {"mm": 0, "bmm": 0, "mv": 0, "dot": 0, "linear": 0}
FIRST |= {"addmm": 1, "addmv": 1, "addbmm": 1, "baddbmm": 1}
"""Products of matrices, and which of their arguments is the first factor, whose last axis is summed."""


@dataclass
class Seen:
    """What one pass through a model showed. ``narrowest``: the type that rounds most, None before a pass."""

    narrowest: torch.dtype | None = None


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """While it lasts, ``terms`` is how many products a convolution, attention or product of matrices sums.

    The largest, of whatever is computed: by hand, in a scripted module, with kernels that are not stored.
    ``narrowest``: of the types to which more precise numbers were rounded, the one that rounds most. Masks,
    counters and positions that are made in half precision were never more precise.
    """

    terms = 1.0
    narrowest = torch.float64

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """One operation, unchanged."""
        self.terms = max(self.terms, _summed(func.overloadpacket.__name__, args))
        result = func(*args, **(kwargs or {}))
        for made in result if isinstance(result, list | tuple) else (result,):
            if isinstance(made, Tensor) and rounds_more(made.dtype, self.narrowest) and _rounds(made, args):
                self.narrowest = REAL.get(made.dtype, made.dtype)
        return result


def _rounds(made: Tensor, args: tuple[Any, ...]) -> bool:
    """Whether numbers among these were more precise than what was made of them."""
    return any(isinstance(x, Tensor) and rounds_more(made.dtype, x.dtype) for x in tree_leaves(args))


def _summed(name: str, args: tuple[Any, ...]) -> float:
    """How many products are summed into each number that an operation gives; 0 of those that sum none."""
    if name == "convolution":
        weight, transposed, groups = args[1], args[6], args[8]
        return float(weight.numel() / (weight.shape[1] * groups if transposed else weight.shape[0]))
    if name.startswith("_scaled_dot_product"):
        return float(max(args[0].shape[-1], args[1].shape[-2]))
    return float(args[FIRST[name]].shape[-1]) if name in FIRST else 0.0


@dataclass
class Meter:
    """Counts forward passes. ``limit``: how many; ``seconds``: from now on, both without end by default.

    A pass that would probably end after the seconds is not begun, but for the first. ``spare``: for so many
    seconds in all, while :meth:`free` lasts, passes do not count towards the limit: ``freed`` are those.
    These are seconds of work, so that a busy machine explains as much. ``longest``: the most seconds that a
    pass took, and ``hardest`` the most seconds of work. ``drew``: whether a model drew random numbers in the
    last pass. ``terms``: of the longest sum of products in the first pass; 0 before it.
    """

    limit: float = float("inf")
    seconds: float = float("inf")
    spare: float = 0.0
    forwards: int = 0
    freed: int = 0
    longest: float = 0.0
    hardest: float = 0.0
    started: float = field(default_factory=lambda: time.monotonic())
    free_until: float = 0.0
    drew: bool = False
    terms: float = 0.0

    @contextmanager
    def forward(self, seen: Seen) -> Iterator[None]:
        """One forward pass, of which ``seen`` is to tell. Raises SpentError for one too many."""
        begun = time.monotonic()
        if self.forwards and begun - self.started + self.longest > self.seconds:
            raise SpentError(f"the {self.seconds:g} seconds given are used up")
        worked = time.thread_time()
        if worked + self.hardest <= self.free_until:
            self.freed += 1
        elif self.forwards < self.limit:
            self.forwards += 1
        else:
            raise SpentError(f"the budget of {self.limit:.0f} forward passes is used up")
        watch = None if self.terms and seen.narrowest else Watch()  # type: ignore[no-untyped-call]
        with watch or nullcontext():
            yield
        if watch is not None:
            self.terms, seen.narrowest = self.terms or watch.terms, watch.narrowest
        self.longest = max(self.longest, time.monotonic() - begun)
        self.hardest = max(self.hardest, time.thread_time() - worked)

    @contextmanager
    def free(self) -> Iterator[None]:
        """While it lasts, and the spare seconds with it, forward passes are not limited."""
        before, begun = self.free_until, time.thread_time()
        self.free_until = begun + self.spare
        try:
            yield
        finally:
            self.free_until, self.spare = before, self.spare - (time.thread_time() - begun)

    @contextmanager
    def asked_for(self) -> Iterator[None]:
        """While it lasts, forward passes do not count towards the limit: the user asked for them."""
        forwards, limit = self.forwards, self.limit
        self.limit = float("inf")
        try:
            yield
        finally:
            self.limit = limit + self.forwards - forwards
