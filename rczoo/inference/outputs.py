"""What a model's outputs are called in files, and which numbers of them are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from ..symmetry.rep import Rep
from .prediction import Answer

SIDES = ("plus", "minus")


@dataclass(frozen=True)
class Outputs:
    """The channels of a model's first output, named, and how its numbers are written.

    Labels: ``positions`` is 0, values are logits. Profiles: probability over the window's ``positions`` per
    channel, or expected counts per base where ``counts`` asks for them. ``margin``: input bases before the
    first position. ``rep`` says which channels are a factor's two strands. Of a model that answers for bins
    of ``resolution`` bases, each base has its share of its bin's.
    """

    channels: tuple[str, ...]
    rep: Rep
    length: int
    positions: int = 0
    counts: bool = False
    resolution: int = 1

    @property
    def margin(self) -> int:
        """Input bases on each side of the positions."""
        return (self.length - self.positions) // 2 if self.positions else 0

    @property
    def reach(self) -> int:
        """Bases that one window answers for: its positions, or, for labels, its whole input."""
        return self.positions or self.length

    @property
    def size(self) -> int:
        """Numbers per window."""
        return len(self.channels) * (self.positions or 1)

    def factors(self) -> list[str]:
        """Names of the factors whose strands are channels."""
        return list(dict.fromkeys(name.rpartition("_")[0] for name in self.channels))

    def by_base(self, logits: Tensor) -> Tensor:
        """The logits (batch, channels, positions) of a profile's bases: each has that of its bin."""
        return logits if self.resolution == 1 else logits.repeat_interleave(self.resolution, -1)

    def values(self, answer: Answer) -> np.ndarray:
        """The numbers to write: (batch, labels) or (batch, channels, positions) float32."""
        first = answer[0].float()
        if not self.positions:
            return first.numpy()
        profile = self.by_base(first).softmax(-1)
        if self.counts:
            profile = profile * answer[1].float().expm1().clamp(min=0)[..., None]
        return profile.numpy()


def name_outputs(model: Any, config: Mapping[str, Any], counts: bool = False) -> Outputs:
    """How the outputs of a network are written; ``config`` is that of its checkpoint, which names them.

    Raises ValueError if ``counts`` are asked of a model without a count head.
    """
    rep, length = model.rep_out[0], model.config.length
    if counts and len(model.rep_out) < 2:
        raise ValueError("--counts: this model has no count head: leave --counts out to get probabilities")
    names = _names(config, rep, labels=not model.positions)
    return Outputs(names, rep, length, model.positions * model.resolution, counts, model.resolution)


def _names(config: Mapping[str, Any], rep: Rep, labels: bool) -> tuple[str, ...]:
    """A name for each channel: those in the checkpoint's config, else the task's own name, else numbers."""
    number = rep.channels if labels else len(rep.orbits)
    names = list(config.get("outputs", []))
    if len(names) != number:
        base = config.get("task") or ("label" if labels else "profile")
        names = [base] if number == 1 else [f"{base}{n}" for n in range(1, number + 1)]
    if labels:
        return tuple(names)
    channels = [""] * rep.channels
    for name, orbit in zip(names, rep.orbits, strict=True):
        for channel, side in zip(orbit, SIDES if len(orbit) == 2 else ("both",), strict=True):
            channels[channel] = f"{name}_{side}"
    return tuple(channels)
