"""T5, T13 and T18: losses of both strands' answers, of their merge, and of conjoined models."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

from rczoo.evaluation.agreement import agreement_loss
from rczoo.evaluation.losses import binary_cross_entropy, log_count_error, multinomial_nll
from rczoo.symmetry.frames import combine

from .plain import DNA, REPS, act, normal, whole
from .strands import Model, models, x


class Scored(NamedTuple):
    """A loss of the package, whether the answers of both strands agree, and a seed."""

    loss: str
    alike: bool
    seed: int

    def answers(self) -> tuple[Tensor, Tensor, Tensor]:
        """Both strands' answers read in one frame, and the target."""
        u, v = normal(self.seed, 3, 2, 5), normal(self.seed + 1, 3, 2, 5)
        y = whole(self.seed + 2, 3, 2, 5, low=0)
        if self.loss != "multinomial":
            u, v, y = u[..., 0], v[..., 0], y if self.loss == "counts" else y[..., 0] / 4
        return u, u.clone() if self.alike else v, y


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cross-entropy": binary_cross_entropy,
    "multinomial": multinomial_nll,
    "counts": log_count_error,
    "squared error": F.mse_loss,
    "poisson": F.poisson_nll_loss,
}


def scored() -> Iterator[Scored]:
    """Every loss, with answers that agree and that do not."""
    yield from (Scored(*case) for case in itertools.product(LOSSES, (True, False), range(20, 24)))


def merged_loss(case: Scored) -> float:
    """The loss of the strands' mean."""
    u, v, y = case.answers()
    return float(LOSSES[case.loss](combine(u, v, "mean"), y))


def averaged_loss(case: Scored) -> float:
    """The mean of the strands' losses."""
    u, v, y = case.answers()
    return float((LOSSES[case.loss](u, y) + LOSSES[case.loss](v, y)) / 2)


Whole = tuple[Model, str]


def whole_models() -> Iterator[Whole]:
    """Models conjoined by mean and the losses of their outputs."""
    for model in models("mean")():
        if -1 not in REPS[model.rep][1]:
            yield from ((model, "multinomial"), (model, "squared error"))
            yield model._replace(seed=-1), "squared error"


def _loss_on_both(case: Whole, model: nn.Module) -> float:
    """The loss over x with its target and R x with R of it."""
    y = whole(12, 3, len(REPS[case[0].rep][0]), 5, low=0)
    inputs, targets = (x(), y), (act(DNA, x()), act(case[0].rep, y))
    return float(sum(LOSSES[case[1]](model(i), t) for i, t in (inputs, targets)) / 2)


def _subject(case: Whole) -> nn.Module:
    """The model, or for the seed -1 one that is equivariant already."""
    return case[0]._replace(seed=1).conjoined() if case[0].seed < 0 else case[0].plain()


def conjoined_loss(case: Whole) -> float:
    """Of conjoin(f)."""
    return _loss_on_both(case, case[0].conjoined(_subject(case)))


def augmented_loss(case: Whole) -> float:
    """Of f, on both strands."""
    return _loss_on_both(case, _subject(case))


def worst_merges() -> Iterator[tuple[str, str]]:
    """Merges and losses without a promise."""
    yield from itertools.product(("sum", "max"), ("cross-entropy", "multinomial", "squared error"))


def _worst(case: tuple[str, str]) -> tuple[float, float]:
    """Of many answers those for which merging raises the loss most: the losses before and after."""
    merge, name = case
    found = []
    for seed in range(20):
        u, v, y = Scored(name, False, seed).answers()
        before = (LOSSES[name](u, y) + LOSSES[name](v, y)) / 2
        found.append((float(before), float(LOSSES[name](combine(u, v, merge), y))))
    return max(found, key=lambda pair: pair[1] - pair[0])


def worst_before(case: tuple[str, str]) -> float:
    """The mean of the strands' losses."""
    return _worst(case)[0]


def worst_after(case: tuple[str, str]) -> float:
    """The loss of what was merged."""
    return _worst(case)[1]


def agreement(case: Scored) -> float:
    """What weight 1 adds to weight 0 in the package's agreement loss."""
    u, v, y = case.answers()
    at = [agreement_loss(LOSSES[case.loss], u, v, y, weight) for weight in (0, 1)]
    return float(at[1] - at[0])


def closed_form(case: Scored) -> float:
    """J without labels (of a multinomial only their number enters)."""
    u, v, y = case.answers()
    if case.loss == "cross-entropy":
        p, q = u.sigmoid(), v.sigmoid()
        return float(-((p * q).sqrt() + ((1 - p) * (1 - q)).sqrt()).log().mean())
    if case.loss == "multinomial":
        overlap = (u.softmax(-1) * v.softmax(-1)).sqrt().sum(-1)
        return float(-(y.sum(-1) * overlap.log()).sum() / len(y))
    if case.loss == "poisson":
        return float(((u / 2).exp() - (v / 2).exp()).square().mean() / 2)
    return float((u - v).square().mean() / 4)


def weighted() -> Iterator[tuple[Scored, float]]:
    """Agreements and losses."""
    yield from itertools.product(scored(), (0.0, 0.5, 1.0, 3.0))


def weighted_loss(case: tuple[Scored, float]) -> float:
    """The package's agreement loss."""
    return float(agreement_loss(LOSSES[case[0].loss], *case[0].answers(), case[1]))


def mean_loss_and_penalty(case: tuple[Scored, float]) -> float:
    """The loss of the mean, and so many times J."""
    return merged_loss(case[0]) + case[1] * closed_form(case[0])


def zero(case: object) -> float:
    """0."""
    return 0.0


def weights() -> Iterator[tuple[Scored, float]]:
    """Losses with weights of the first strand."""
    yield from itertools.product(scored(), (0.0, 0.3, 0.5, 1.5))


def merged_by_weight(case: tuple[Scored, float]) -> float:
    """The mean of the losses at x and at R x, where the answers change places."""
    (u, v, y), w, loss = case[0].answers(), case[1], LOSSES[case[0].loss]
    return float((loss(w * u + (1 - w) * v, y) + loss(w * v + (1 - w) * u, y)) / 2)


def merged_by_half(case: tuple[Scored, float]) -> float:
    """The same of the package's mean."""
    return merged_loss(case[0])
