"""The learning rate of an epoch, from the validation scores of those before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, ReduceLROnPlateau

from ..data.schema import Training

DECAY = 0.2
"""What a plateau multiplies the rate by."""
DECAYS = 3
"""A plateau lasts for a third of the patience: the rate falls twice, by 25 in all, before training stops."""


def learning_rate(training: Training, epochs: int, scores: Sequence[float]) -> float:
    """The rate of the epoch that follows the ``scores`` of all epochs before it, in a training of ``epochs``.

    ``"constant"`` is the task's rate; ``"cosine"`` falls to 0 over the epochs; ``"plateau"`` is multiplied by
    :data:`DECAY` whenever the criterion has not become better for a third of the patience. The rate follows
    from the scores alone, as torch's schedulers give it, so an interrupted training needs no more than these.
    """
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=training.learning_rate)
    if training.schedule == "plateau":
        plateau = ReduceLROnPlateau(
            optimiser,
            mode=better(training.criterion),
            factor=DECAY,
            patience=max(1, training.patience // DECAYS) - 1,  # torch waits for one more than its patience
            threshold=0,
            eps=0,
        )
        for score in scores:
            plateau.step(score)
    if training.schedule == "cosine":
        cosine = CosineAnnealingLR(optimiser, T_max=epochs)
        optimiser.step()  # of nothing: torch warns of a scheduler that goes before its optimiser
        for _ in scores:
            cosine.step()
    return float(optimiser.param_groups[0]["lr"])


def better(criterion: str) -> Literal["min", "max"]:
    """Where better is: ``"max"`` or ``"min"``."""
    return "max" if criterion == "auroc" else "min"
