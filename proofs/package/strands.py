"""T3, T16 and T18: conjoined models, and the exchange of frames."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from rczoo.nn.conjoined import conjoin
from rczoo.symmetry.frames import exchange, open_frames
from rczoo.symmetry.rep import Rep

from .plain import DNA, REPS, act, whole

LENGTH = 6


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
