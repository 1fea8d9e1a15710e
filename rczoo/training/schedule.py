"""What follows from the validation scores of the epochs so far: which is best, and the next learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, ReduceLROnPlateau

from ..data.recipe import Training

DECAY = 0.2
"""What a plateau multiplies the rate by."""
DECAYS = 3
"""A plateau lasts for a third of the patience: the rate falls twice, by 25 in all, before training stops."""
RESOLUTION = {"auroc": 0.002, "loss": 0.0}
"""By how much an epoch must be better to be better at all.

The auROC of some hundred validation examples is known to about .01, and creeps up for as long as one waits.
"""


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
            threshold=RESOLUTION[training.criterion],
            threshold_mode="abs",
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


def improves(criterion: str, score: float, best: float) -> bool:
    """Whether a score is better than the best so far; one that is not a number never is."""
    gain = score - best if better(criterion) == "max" else best - score
    return gain > RESOLUTION[criterion]
