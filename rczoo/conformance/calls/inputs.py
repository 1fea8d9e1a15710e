"""The inputs of a model under test: how they are drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ...symmetry.actions import RepAction, Spec, as_action, tokens, typed
from ...symmetry.dna import one_hot
from ...symmetry.rep import flip

Make = Callable[[np.ndarray, torch.Generator], torch.Tensor]


class Problem(Exception):  # noqa: N818 - a verdict on a model, not a fault of ours
    """A verdict on a model that cannot be tested as asked: one line, with the remedy."""


@dataclass(frozen=True)
class Input:
    """One input of a model: how RC acts on it, and how to draw it.

    Args:
        action: a spec, as :func:`rczoo.check` takes it.
        make: ``make(codes, generator)`` gives the tensor for base codes (batch, length) of
            ``rczoo.symmetry.dna``; by default the first input is one-hot DNA and any other Rep is uniform
            noise.
        length: positions of a control track, when not the sequence's: a number, or a function of the
            sequence's length.
    """

    action: Spec
    make: Make | None = None
    length: int | Callable[[int], int] | None = None


def row_lengths(batch_size: int, length: int) -> torch.Tensor:
    """How far each row of a padded batch goes: every second one has two thirds of the positions."""
    return torch.tensor([length if row % 2 == 0 else max(1, 2 * length // 3) for row in range(batch_size)])


def padding_input(spec: Spec) -> Make | None:
    """How to draw an input that says how far rows go (``"mask"``, ``"lengths"``); None for others."""
    if isinstance(spec, str) and spec == "lengths":
        return lambda codes, generator: row_lengths(*codes.shape)
    if isinstance(spec, str) and spec == "mask":
        return lambda codes, generator: (
            torch.arange(codes.shape[1]) < row_lengths(*codes.shape)[:, None]
        ).long()
    return None


def input_maker(spec: Input, layout: str, first: bool, model: nn.Module) -> Make:
    """How to draw an input of which only the action is known."""
    if (padding := padding_input(spec.action)) is not None:
        return padding
    action = as_action(spec.action)
    length = spec.length if spec.length is not None or first else getattr(model, "output_length", None)
    if action is flip:  # "positions": a mask of all that is there
        return lambda codes, generator: torch.ones(codes.shape, dtype=torch.int64)
    if isinstance(action, tokens):
        return lambda codes, generator: action.ids(codes)
    if not isinstance(action, RepAction):
        asked = typed(spec.action)
        raise Problem(f"cannot draw an input for {asked}: give rczoo.Input({asked}, make=...)")
    channels, last = action.rep.channels, action.last or layout == "NLC"

    def make(codes: np.ndarray, generator: torch.Generator) -> torch.Tensor:
        batch_size, size = codes.shape
        if first and channels in (4, 5):
            x = one_hot(codes)
            x = torch.cat([x, 1 - x.sum(1, keepdim=True)], dim=1) if channels == 5 else x
        else:
            size = length(size) if callable(length) else length or size
            x = torch.rand(batch_size, channels, size, generator=generator)
        return x.transpose(1, 2).contiguous() if last else x

    return make


def explain(error: Exception) -> str:
    """An exception in one line, with the remedy where it is known."""
    text = str(error).strip().splitlines()
    line = f"{type(error).__name__}: {text[0][:300]}" if text else type(error).__name__
    if any(word in str(error) for word in ("CUDA", "NVIDIA", "cuda", "same device")):
        return f"needs a GPU ({line}): make it run on the CPU, or give device='cuda' where there is one"
    return line
