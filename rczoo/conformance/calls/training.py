"""A few steps of training, which tell what was tied by its values alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch

from ..diagnosis.interventions import no_dropout
from ..tested_model import Both, TestedModel


class Training(NamedTuple):
    """A model in train mode before any step, the law there on one batch, and the model after the steps."""

    learner: TestedModel
    codes: np.ndarray
    both: Both
    trained: TestedModel


def train(tested: TestedModel, batches: Sequence[np.ndarray], gradients: bool) -> Training:
    """One step for each batch; without ``gradients`` only statistics move. Raises Problem."""
    fresh = tested.at(tested.dtype, train=True).under(no_dropout)
    learner = fresh.at(fresh.dtype, train=True)
    x, turned = learner.pair(batches[0])
    with torch.no_grad():
        got = learner(turned)
    answer = _step(learner, x, 0, gradients)
    both = learner.compare(got, {name: y.detach() for name, y in answer.items()}, batches[0])
    for seed, codes in enumerate(batches[1:], start=1):
        _step(learner, learner.pair(codes, seed)[0], seed, gradients)
    learner.model.eval()
    return Training(fresh, batches[0], both, replace(learner, around=tested.around))


def _step(learner: TestedModel, x: object, seed: int, gradients: bool) -> dict[str, torch.Tensor]:
    """The answer, and then one step of each parameter along its gradient, a tenth of its size."""
    with torch.set_grad_enabled(gradients):
        outputs = replace(learner, remembers=True)(x, seed)
        generator = torch.Generator().manual_seed(seed)
        loss = sum((_noise(y, generator) * y).sum() for y in outputs.values() if y.is_floating_point())
        if not isinstance(loss, torch.Tensor) or not loss.requires_grad:
            return outputs
        parameters = [p for p in learner.model.parameters() if p.requires_grad]
        slopes = torch.autograd.grad(loss, parameters, allow_unused=True)
    with torch.no_grad():
        for p, g in zip(parameters, slopes, strict=True):
            if g is not None and (size := g.square().mean().sqrt()) > 0:
                # a tenth of the parameter's size; 0.05 moves what starts at zero, as biases do
                p.sub_(0.1 * max(p.square().mean().sqrt().item(), 0.05) * g / size)
    return outputs


def _noise(like: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(like.shape, generator=generator, dtype=torch.float64).to(like)
