"""T3, T5, T13, T16 and T18: conjoined models, the exchange of frames, and losses over both strands."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rczoo.evaluation.agreement import agreement_loss
from rczoo.evaluation.losses import binary_cross_entropy, log_count_error, multinomial_nll
from rczoo.nn.conjoined import conjoin
from rczoo.symmetry.frames import combine, exchange, open_frames
from rczoo.symmetry.rep import Rep

from .plain import REPS, act, normal, whole

DNA, LENGTH = "2r:flip", 6


class Ordinary(nn.Module):
    """Every output from every input by whole-number weights: no symmetry at all."""

    def __init__(self, seed: int, channels: int, positions: int = 5) -> None:
        super().__init__()
        self.weight = whole(seed, 4 * LENGTH, channels * positions)
        self.shape = (channels, positions)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 4, 6) -> (batch, channels, positions)."""
        y: Tensor = (x.flatten(1) @ self.weight).abs() % 7 - 3
        return y.view(-1, *self.shape)


class Added(nn.Module):
    """A weighted sum of models."""

    def __init__(self, weights: tuple[float, ...], *models: nn.Module) -> None:
        super().__init__()
        self.weights, self.models = weights, models

    def forward(self, x: Tensor) -> Tensor:
        """As the models."""
        return torch.stack([w * m(x) for w, m in zip(self.weights, self.models, strict=True)]).sum(0)


class Model(NamedTuple):
    """An ordinary model by its seed, the Rep of its output, and how it is conjoined."""

    seed: int
    rep: str
    merge: str

    def plain(self) -> nn.Module:
        """The model itself."""
        return Ordinary(self.seed, len(REPS[self.rep][0]))

    def conjoined(self, model: nn.Module | None = None) -> nn.Module:
        """The model, or another of its kind, conjoined by the package."""
        return conjoin(model or self.plain(), outputs=self.rep, merge=self.merge).eval()


def x() -> Tensor:
    """Three inputs."""
    return whole(10, 3, 4, LENGTH)


def models(*merges: str) -> Callable[[], Iterator[Model]]:
    """Every output Rep with the merges; no maximum on sign channels."""

    def generate() -> Iterator[Model]:
        for n, (rep, merge) in enumerate(itertools.product(REPS, merges)):
            if merge != "max" or -1 not in REPS[rep][1]:
                yield Model(n, rep, merge)

    return generate


def of_turned(case: Model) -> Tensor:
    """conjoin(f)(R x)."""
    return case.conjoined()(act(DNA, x()))


def turned_of(case: Model) -> Tensor:
    """R conjoin(f)(x)."""
    return act(case.rep, case.conjoined()(x()))


def once(case: Model) -> Tensor:
    """conjoin(f)(x)."""
    return case.conjoined()(x())


def twice(case: Model) -> Tensor:
    """conjoin(conjoin(f))(x)."""
    return case.conjoined(case.conjoined())(x())


def by_definition(case: Model) -> Tensor:
    """f(x) and R f(R x), brought together by hand."""
    u, v = case.plain()(x()), act(case.rep, case.plain()(act(DNA, x())))
    by_hand = {"sum": u + v, "mean": (u + v) / 2, "max": torch.where(u > v, u, v)}
    return by_hand[case.merge] if case.merge in by_hand else _logit(u, v)


def _logit(u: Tensor, v: Tensor) -> Tensor:
    p = (u.sigmoid() + v.sigmoid()) / 2
    return (p / (1 - p)).log()


def of_a_sum(case: Model) -> Tensor:
    """conjoin(2 f - 3 g)."""
    other = Ordinary(case.seed + 50, len(REPS[case.rep][0]))
    return case.conjoined(Added((2, -3), case.plain(), other))(x())


def sum_of(case: Model) -> Tensor:
    """2 conjoin(f) - 3 conjoin(g)."""
    other = Ordinary(case.seed + 50, len(REPS[case.rep][0]))
    return 2 * case.conjoined()(x()) - 3 * case.conjoined(other)(x())


Rival = tuple[Model, bool]


def rivals() -> Iterator[Rival]:
    """Equivariant functions to compare conjoin(f) with: itself, and another."""
    yield from itertools.product(models("mean")(), (True, False))


def _distance(case: Rival, h: Callable[[Tensor], Tensor]) -> float:
    both = torch.cat([x(), act(DNA, x())])
    return float((case[0].plain()(both) - h(both)).square().sum())


def distance_to_conjoined(case: Rival) -> float:
    """Squared, over inputs that hold each with its reverse complement."""
    return _distance(case, case[0].conjoined())


def distance_to_rival(case: Rival) -> float:
    """To conjoin(f) itself, or to another equivariant function."""
    other = Ordinary(case[0].seed + 60, len(REPS[case[0].rep][0]))
    return _distance(case, case[0].conjoined() if case[1] else case[0].conjoined(other))


Exchanged = tuple[str, int]


def exchanges() -> Iterator[Exchanged]:
    """Every Rep of the input, with 0 channels exchanged, 1 and 2."""
    yield from itertools.product(REPS, range(3))


def _input(rep: str) -> Tensor:
    return whole(11, 2, len(REPS[rep][0]), LENGTH)


def exchange_of_turned(case: Exchanged) -> tuple[Tensor, ...]:
    """exchange of the frames of R x."""
    rep, k = case
    return exchange(open_frames(act(rep, _input(rep)), Rep(rep)), k)


def turned_exchange(case: Exchanged) -> tuple[Tensor, ...]:
    """What each frame holds, by the tables: its own channels, then k of the other read backwards; swapped."""
    rep, k = case
    x, turned = _input(rep), act(rep, _input(rep))
    back = [torch.from_numpy(z.numpy()[:, :k, ::-1].copy()) for z in (x, turned)]
    return torch.cat([turned, back[0]], 1), torch.cat([x, back[1]], 1)


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


def _on_both(case: Model, g: Callable[[Tensor], Tensor]) -> Tensor:
    """What a function says of the inputs and of their reverse complements."""
    return g(torch.cat([x(), act(DNA, x())]))


def _target(case: Model) -> nn.Module:
    """An equivariant function."""
    return case.conjoined(Ordinary(case.seed + 70, len(REPS[case.rep][0])))


def risk_lost(case: Model) -> float:
    """The mean squared error of f, less that of conjoin(f)."""
    y = _on_both(case, _target(case))
    errors = [(_on_both(case, g) - y).square().mean() for g in (case.plain(), case.conjoined())]
    return float(errors[0] - errors[1])


def disagreement(case: Model) -> float:
    """A quarter of the mean square of f - R f R."""
    u = _on_both(case, case.plain())
    v = _on_both(case, lambda z: act(case.rep, case.plain()(act(DNA, z))))
    return float((u - v).square().mean() / 4)


def least_squares() -> Iterator[tuple[int, int]]:
    """Numbers of features and examples."""
    yield from ((4, 12), (8, 24), (8, 60))


@functools.cache
def _excess(case: tuple[int, int]) -> tuple[float, float, float]:
    """Mean excess risks over many draws: conjoined while training, afterwards, not at all.

    Rows hold the features of a sequence; R negates the second half of them, and noise has variance 1.
    """
    features, examples = case
    rows, noise = normal(1, 400, examples, features), normal(2, 400, examples, 1)
    true = torch.cat([torch.ones(features // 2), torch.zeros(features // 2)]).double()[:, None]
    turned = rows * (2 * true - 1).T
    assert torch.equal((rows @ true), (turned @ true)), "the target is even"
    fit = torch.linalg.lstsq(rows, rows @ true + noise).solution
    even = torch.linalg.pinv((rows + turned) / 2) @ (rows @ true + noise)
    conjoined = (fit + fit * (2 * true - 1)) / 2
    first, second, third = (float((w - true).square().sum(1).mean()) for w in (even, conjoined, fit))
    return first, second, third


def conjoined_in_training(case: tuple[int, int]) -> float:
    """Least squares of the mean of a sequence's features and those of its reverse complement."""
    return _excess(case)[0]


def conjoined_afterwards(case: tuple[int, int]) -> float:
    """Least squares, then conjoined."""
    return _excess(case)[1]


def plain_least_squares(case: tuple[int, int]) -> float:
    """Least squares."""
    return _excess(case)[2]


Pair = tuple[Model, bool]


def pairs_of_models() -> Iterator[Pair]:
    """A model with an equivariant function: an ordinary model, and one that is equivariant itself."""
    yield from itertools.product(models("mean")(), (False, True))


def _pair(case: Pair, conjoined: bool) -> Tensor:
    """A function less an equivariant one, before and after both are conjoined."""
    model, equivariant = case
    f = model.conjoined() if equivariant else model.plain()
    f, g = (model.conjoined(h) if conjoined else h for h in (f, _target(model)))
    return _on_both(model, f) - _on_both(model, g)


def apart(case: Pair) -> float:
    """The norm of the difference."""
    return float(_pair(case, False).norm())


def apart_conjoined(case: Pair) -> float:
    """The norm of the difference once both are conjoined."""
    return float(_pair(case, True).norm())


def error(case: Pair) -> float:
    """The largest difference."""
    return float(_pair(case, False).abs().max())


def error_conjoined(case: Pair) -> float:
    """The largest difference once both are conjoined."""
    return float(_pair(case, True).abs().max())


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
