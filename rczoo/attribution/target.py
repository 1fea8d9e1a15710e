"""What an attribution explains: one number per sequence, the same on both strands.

Every target is a weighted sum of one of the model's outputs, with weights that stay fixed while bases change:
a label's logit; the sum of a profile's log-counts; or, for the shape of a profile, its logits less their mean
over positions, weighted by the softmax of the sequence's own logits. The weights move with the outputs, those
of R x being R of those of x, and so the number does not change.
Source of the profile's weights: Avsec et al. 2021 (BPNet).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..symmetry.actions import as_action
from ..symmetry.rep import Rep

Target = int | str | None


class ChosenOutput(NamedTuple):
    """A target, read: which ``output`` of the model, and which of its channels, of which the sum is meant."""

    kind: str
    output: int
    channels: tuple[int, ...]


class TargetModule(nn.Module):
    """The number explained, as a module: ``(X, weights, X_ctl...) -> (batch, 1)``."""

    def __init__(self, model: nn.Module, output: int) -> None:
        super().__init__()
        self.model, self.output = model, output
        self.train(model.training)

    def forward(self, X: Tensor, weights: Tensor, *controls: Tensor) -> Tensor:
        """The weighted sum of the chosen output; ``weights`` has that output's shape."""
        y = outputs_of(self.model(X, *controls))[self.output]
        return (y * weights).flatten(1).sum(1, keepdim=True)


class BoundTarget(NamedTuple):
    """Why does ``explained`` answer so for the sequences ``x`` (batch, 4, length)?"""

    explained: TargetModule
    x: Tensor
    weights: Tensor
    controls: tuple[Tensor, ...]

    def value(self, x: Tensor | None = None, rows: Tensor | None = None) -> Tensor:
        """The number explained for every sequence, or for others in the place of ``rows``: (batch,)."""
        x = self.x if x is None else x
        others = (self.weights, *self.controls)
        values: Tensor = self.explained(x, *(t if rows is None else t[rows] for t in others))
        return values[:, 0]


def bind_target(
    model: nn.Module, x: Tensor, controls: tuple[Tensor, ...], target: Target, reps: Any = None
) -> BoundTarget:
    """The question of a target (see :func:`choose_target`), its weights taken from the model's answer."""
    with torch.no_grad():
        outputs = outputs_of(model(x, *controls))
    choice = choose_target(outputs, reps, target)
    return BoundTarget(TargetModule(model, choice.output), x, weights_of(outputs, choice), controls)


def outputs_of(answer: Any) -> tuple[Tensor, ...]:
    """A model's outputs as a tuple of tensors."""
    outputs = tuple(answer) if isinstance(answer, tuple | list) else (answer,)
    if not all(isinstance(y, Tensor) for y in outputs):
        raise ValueError(
            f"attribute: the model gives a {type(answer).__name__}: wrap it so that it gives a tensor, or a "
            "tuple of tensors"
        )
    return outputs


def choose_target(outputs: Sequence[Tensor], reps: Any, target: Target) -> ChosenOutput:
    """Read a target: a label's number, ``"profile"``, ``"counts"``, or for one factor ``"profile:1"``.

    ``outputs`` are a model's answers to any batch, ``reps`` its ``rep_out`` or None. By default the only
    label, or all profiles. Raises ValueError for what the model does not have, saying what it has.
    """
    y = outputs[0]
    if y.ndim == 2:
        return _label(y.shape[1], target)
    if y.ndim != 3:
        raise ValueError(f"attribute: an output of shape {tuple(y.shape)} is neither labels nor profiles")
    kind, _, factor = str("profile" if target is None else target).partition(":")
    if kind not in ("profile", "counts"):
        raise ValueError(
            f"target {target!r}: the model predicts profiles: give 'profile' or 'counts', or one factor's, "
            "such as 'profile:0'"
        )
    if kind == "counts" and len(outputs) < 2:
        raise ValueError(f"target {target!r}: the model has no count head: give 'profile'")
    output = int(kind == "counts")
    factors = _factors(outputs[output].shape[1], reps[output] if isinstance(reps, tuple | list) else reps)
    if not factor:
        return ChosenOutput(kind, output, tuple(c for channels in factors for c in channels))
    if not factor.isdecimal() or int(factor) >= len(factors):
        raise ValueError(f"target {target!r}: factors are numbered 0 to {len(factors) - 1}")
    return ChosenOutput(kind, output, factors[int(factor)])


def weights_of(outputs: Sequence[Tensor], choice: ChosenOutput) -> Tensor:
    """The weights of the chosen output of some sequences, of its shape."""
    y, channels = outputs[choice.output], list(choice.channels)
    weights = torch.zeros_like(y)
    if choice.kind == "profile":
        # (p - 1/L) . y is p . (y - mean y): one weighted sum
        weights[:, channels] = y[:, channels].softmax(-1) - 1 / y.shape[-1]
    else:
        weights[:, channels] = 1
    return weights


def _label(labels: int, target: Target) -> ChosenOutput:
    text = "0" if target is None and labels == 1 else str(target)
    if not text.isdecimal() or int(text) >= labels:
        given = "no target given" if target is None else f"target {target!r}"
        raise ValueError(f"{given}: the model has {labels} label(s): choose one, 0 to {labels - 1}")
    return ChosenOutput("label", 0, (int(text),))


def _factors(channels: int, spec: Any) -> list[tuple[int, ...]]:
    """The channels of each factor: both of a pair, or one alone; each alone where no Rep says more."""
    rep = None if spec is None else getattr(as_action(spec), "rep", None)
    return list((rep or Rep(f"{channels}t")).orbits)
