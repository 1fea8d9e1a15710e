"""Right-padded batches: reverse complement acts within each row's own length.

A row of a padded batch is a sequence, then padding. Its reverse complement is padded on the right, too; an
action on the row as a whole would put the padding first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .actions import Action, RepAction, Spec, as_action, tokens
from .rep import flip

PADDED = ("mask", "lengths")
"""Specs of an input that says how far each row goes: 1 up to there and then 0, or a number for each row."""


class Padding(NamedTuple):
    """How far each row of a padded batch goes: ``lengths`` (batch,), of ``positions`` in all."""

    lengths: Tensor
    positions: int

    @classmethod
    def of_mask(cls, mask: Tensor) -> Padding:
        """From (batch, positions), 1 on the sequence and 0 after it. Raises ValueError on another order."""
        inside = mask.bool()
        if mask.ndim != 2 or (inside[:, 1:] & ~inside[:, :-1]).any():
            raise ValueError(
                f"mask: expected (batch, positions) with 1 up to each row's length and 0 after it, got "
                f"{tuple(mask.shape)}{' with 0 before 1' if mask.ndim == 2 else ''}: pad on the right"
            )
        return cls(inside.sum(1), mask.shape[1])

    def reverse(self, x: Tensor, axis: int) -> Tensor:
        """(batch, ...) -> the same shape, each row's sequence reversed along ``axis``, its padding in
        place."""
        positions = torch.arange(self.positions, device=x.device)
        back = self.lengths[:, None] - 1 - positions
        index = torch.where(back >= 0, back, positions)
        shape = [-1 if a == 0 else self.positions if a == axis % x.ndim else 1 for a in range(x.ndim)]
        return torch.take_along_dim(x, index.view(shape), axis)

    def within(self, spec: Any) -> Any:
        """The spec, or the specs, whose actions keep to each row's own length."""
        if isinstance(spec, Mapping):
            return {name: self.within(s) for name, s in spec.items()}
        if isinstance(spec, list | tuple):
            return tuple(map(self.within, spec))
        return spec if fixed(spec) else self._action(as_action(spec))

    def _action(self, action: Action) -> Action:
        def act(x: Tensor) -> Tensor:
            axis = position_axis(action, x, self.positions)
            if axis is None:
                return action(x)
            if x.shape[axis] != self.positions:
                raise ValueError(
                    f"padded rows have {self.positions} positions, but what RC acts on has {x.shape[axis]} "
                    f"({tuple(x.shape)}): where a row ends there is not known; give sequences of one length"
                )
            result = x.clone()
            for length in set(self.lengths.tolist()):
                rows = self.lengths == length
                inside, after = torch.split(x[rows], [length, self.positions - length], axis)
                result[rows] = torch.cat([action(inside) if length else inside, after], axis)
            return result

        return act


def fixed(spec: Spec) -> bool:
    """Whether RC leaves what a spec stands for as it is."""
    return spec is None or (isinstance(spec, str) and spec in ("none", *PADDED))


def position_axis(action: Action, x: Tensor, positions: int) -> int | None:
    """The axis of positions of what an action turns; None where there is none."""
    if isinstance(action, RepAction):
        return None if x.ndim < 3 else 1 if action.last else x.ndim - 1
    if action is flip or isinstance(action, tokens):
        return x.ndim - 1
    return next((axis for axis in range(1, x.ndim) if x.shape[axis] == positions), None)
