"""A few steps of training, which tell what was tied by its values alone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch

from ..diagnosis.interventions import no_dropout
from ..tested_model import TestedModel
from .meter import SpentError
from .outputs import Both

STEP, FURTHER = 0.1, 0.3
"""Of a parameter's size: what was negative stays so; and, for what a step did not reach, it need not."""


class Training(NamedTuple):
    """A model in train mode before any step, the law there on one batch, and the model after the steps."""

    learner: TestedModel
    codes: np.ndarray
    both: Both
    trained: TestedModel


class Step(NamedTuple):
    """The answer before a step, and whether a parameter stayed, which no sequence of the batch reached."""

    answer: dict[str, torch.Tensor]
    stayed: bool = False


def train(tested: TestedModel, batches: Sequence[np.ndarray], steps: int, gradients: bool) -> Training:
    """One step for each of ``steps`` batches; without ``gradients`` only statistics move. Raises Problem.

    The batches beyond them are for parameters that stayed: slopes of what was never negative, say.
    """
    fresh = tested.at(tested.dtype, train=True).under(no_dropout)
    learner = fresh.at(fresh.dtype, train=True)
    x, turned = learner.pair(batches[0])
    with torch.no_grad():
        got = learner(turned)
    step = _step(learner, x, 0, gradients)
    both = learner.compare(got, {name: y.detach() for name, y in step.answer.items()}, batches[0])
    for seed, codes in enumerate(batches[1:], start=1):
        if seed < steps:
            step = _step(learner, learner.pair(codes, seed)[0], seed, gradients)
        elif step.stayed:
            with suppress(SpentError), learner.meter.free():
                step = _step(learner, learner.pair(codes, seed)[0], seed, gradients, FURTHER)
    learner.model.eval()
    return Training(fresh, batches[0], both, replace(learner, around=tested.around))


def _step(learner: TestedModel, x: object, seed: int, gradients: bool, share: float = STEP) -> Step:
    """The answer, and then one step of each parameter along its gradient, by a share of its size."""
    with torch.set_grad_enabled(gradients):
        answer = replace(learner, remembers=True)(x, seed)
        generator = torch.Generator().manual_seed(seed)
        loss = sum((_noise(y, generator) * y).sum() for y in answer.values() if y.is_floating_point())
        if not isinstance(loss, torch.Tensor) or not loss.requires_grad:
            return Step(answer)
        parameters = [p for p in learner.model.parameters() if p.requires_grad]
        slopes = gradient(learner, loss, parameters)
    moves = [
        (p, g, g.square().mean().sqrt()) for p, g in zip(parameters, slopes, strict=True) if g is not None
    ]
    with torch.no_grad():
        for p, g, size in moves:
            if size > 0:
                # 0.05 moves what starts at zero, as biases do
                p.sub_(share * max(p.square().mean().sqrt().item(), 0.05) * g / size)
    return Step(answer, any(not size > 0 for _, _, size in moves))


def gradient(
    tested: TestedModel, total: torch.Tensor, inputs: Sequence[torch.Tensor]
) -> list[torch.Tensor | None]:
    """The gradient of a number with respect to each of these; None where it does not depend on one.

    On the way back a checkpoint calls its part of the model again, which has to be in the same surroundings.
    torch.autograd.grad would leave them: a mode of functions takes it for one of its own.
    """
    engine: Any = torch.autograd.Variable._execution_engine
    with tested.surroundings():
        return list(
            engine.run_backward((total,), (torch.ones_like(total),), False, False, (*inputs,), True, False)
        )


def _noise(like: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(like.shape, generator=generator, dtype=torch.float64).to(like)
