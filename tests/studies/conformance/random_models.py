"""Models drawn at random: stacks of layers of both kinds, those that keep the law and those that may not."""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from rczoo.symmetry.actions import channels_last
from rczoo.symmetry.rep import Rep
from tests.support.faulty_models import Through, Tied

from .layers import TIED, UNTIED, Detector, Head

ORDERS = {
    "1r": ((1, 0), (1, 1)),
    "2r:flip": ((3, 2, 1, 0), (1, 1, 1, 1)),
    "1r+1t": ((1, 0, 2), (1, 1, 1)),
    "2t+1s": ((0, 1, 2), (1, 1, -1)),
    "3t": ((0, 1, 2), (1, 1, 1)),
}
"""How RC orders the channels of each kind of output, and their signs."""


@dataclass
class Drawn:
    """A model, what its output is said to be, and how it is to be checked."""

    model: nn.Module
    out: str
    length: int
    last: bool = False
    quick: bool = False
    faults: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    word: torch.Tensor | None = None

    @property
    def options(self) -> dict[str, Any]:
        """For :func:`check`."""
        place = channels_last if self.last else Rep
        inputs = channels_last("dna") if self.last else "dna"
        return {"inputs": inputs, "outputs": place(self.out), "lengths": self.length, "quick": self.quick}


class Last(nn.Module):
    """A model of (batch, length, channels)."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        y = self.model(x.transpose(1, 2))
        return y.transpose(1, 2) if y.ndim == 3 else y


def draw(seed: int) -> Drawn:
    """Random model number ``seed``: half of them without a fault, the others with one or two."""
    rng = random.Random(seed)
    torch.manual_seed(seed)
    rep = Rep(f"{rng.choice([2, 3])}r{rng.choice(['', ':flip', ':halves'])}")
    length, number = rng.randrange(20, 40), rng.choice([0, 0, 0, 1, 1, 2])
    drawn = Drawn(nn.Identity(), rng.choice(list(ORDERS)), length, rng.random() < 0.2, rng.random() < 0.8)
    depth = rng.randrange(1, 4) + number
    faulty = set(rng.sample(range(depth), number))
    layers: list[nn.Module] = [Tied(Rep.dna(), rep, rng.choice([3, 4, 5, 6]), padding=rng.choice([0, 1]))]
    if rng.random() < 0.05:
        layers.insert(0, Through(_unknown_as_a))
        drawn.faults.append("unknown base")
    h = torch.rand(3, 4, length, dtype=torch.float64)
    for n in range(depth):
        h = nn.Sequential(*layers).double()(torch.rand(3, 4, length, dtype=torch.float64)).detach()
        layer, kind = _layer(rep, h, rng, n in faulty)
        (drawn.faults if n in faulty else drawn.kinds).append(kind)
        layers.append(layer)
    drawn.model = _headed(nn.Sequential(*layers), rep, drawn, rng)
    return drawn


def _unknown_as_a(x):
    return nn.functional.one_hot(x.argmax(1), 4).transpose(1, 2).to(x.dtype)


def _layer(rep: Rep, h: torch.Tensor, rng: random.Random, faulty: bool) -> tuple[nn.Module, str]:
    """A layer that fits these features, and, unless it is to be a fault, keeps the law on them."""
    partners = list(rep.partners)
    while True:
        kind = rng.choice(list(UNTIED if faulty else TIED))
        layer = (UNTIED if faulty else TIED)[kind](rep, rng).double()
        try:
            with torch.no_grad():
                y, turned = (copy.deepcopy(layer).eval()(z) for z in (h, h.flip(-1)[:, partners]))
        except (RuntimeError, ValueError):
            continue  # too short for it
        if (
            y.ndim == 3
            and 3 <= y.shape[-1] <= 80
            and (faulty or off_by(turned, y.flip(-1)[:, partners]) < 1e-6)
        ):
            return layer, kind


def _headed(trunk: nn.Module, rep: Rep, drawn: Drawn, rng: random.Random) -> nn.Module:
    """Tracks along the sequence, or labels of what a pool leaves; perhaps a detector, and channels last."""
    head: list[nn.Module] = [Head(rep, drawn.out, 1 if rng.random() < 0.5 else 3)]
    tracks = rng.random() < 0.5
    if not tracks:
        pooled = rng.choice([lambda h: h.mean(-1), lambda h: h.amax(-1), lambda h: h.logsumexp(-1)])
        signed = Rep(drawn.out).sign
        head = [*head, Through((lambda h: h.mean(-1)) if signed else pooled)]
    model: nn.Module = nn.Sequential(trunk, *head)
    if rng.random() < 0.1:
        drawn.faults.append("detector")
        drawn.word = torch.eye(4)[[rng.randrange(4) for _ in range(6)]].T
        model = Detector(model, drawn.word, 10.0 ** -rng.randrange(5), tracks)
    if rng.random() < 0.05 and not tracks:
        drawn.faults.append("constant head")
        model = nn.Sequential(model, Through(lambda y: y * 0 + 0.5))
    return (Last(model) if drawn.last else model).double()


def off_by(got: torch.Tensor, want: torch.Tensor) -> float:
    """The largest difference, relative to the largest entry."""
    if got.shape != want.shape:
        return 1.0
    size = max(got.abs().max().item(), want.abs().max().item())
    return ((got - want).abs().max().item() / size) if size else 0.0
