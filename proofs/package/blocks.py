"""T14: towers of any block in both frames, with the package's exchange; and its networks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from rczoo.family.interpolation.member import interpolate
from rczoo.nn.conjoined import conjoin
from rczoo.symmetry.frames import alike, exchange, open_frames
from rczoo.symmetry.rep import Rep

from .family import members
from .family import of_turned as network_of_turned
from .family import turned_of as turned_of_network
from .plain import DNA, act, fill, whole

CHANNELS = 4
__all__ = ["members", "network_of_turned", "turned_of_network"]


class Attention(nn.Module):
    """Every position looks at every other, after a linear map of what it holds and received."""

    def __init__(self, received: int) -> None:
        super().__init__()
        self.enter = nn.Linear(CHANNELS + received, CHANNELS)
        self.attention = nn.MultiheadAttention(CHANNELS, 2, batch_first=True)

    def forward(self, z: Tensor) -> Tensor:
        """(batch, channels + received, length) -> (batch, channels, length)."""
        h = self.enter(z.mT) + torch.arange(z.shape[2])[:, None] / 4  # positions from each frame's 5' end
        y: Tensor = self.attention(h, h, h, need_weights=False)[0]
        return y.mT


class Recurrence(nn.Module):
    """Left to right in each frame's own direction."""

    def __init__(self, received: int) -> None:
        super().__init__()
        self.enter = nn.Linear(CHANNELS + received, CHANNELS)
        self.lstm = nn.LSTM(CHANNELS, CHANNELS, batch_first=True)

    def forward(self, z: Tensor) -> Tensor:
        """(batch, channels + received, length) -> (batch, channels, length)."""
        y: Tensor = self.lstm(self.enter(z.mT))[0]
        return y.mT


class Pool(nn.Module):
    """A strided pool that leaves a remainder, spread out again, so that later blocks have their length."""

    def __init__(self, received: int) -> None:
        super().__init__()
        self.enter = nn.Linear(CHANNELS + received, CHANNELS)

    def forward(self, z: Tensor) -> Tensor:
        """(batch, channels + received, length) -> (batch, channels, length)."""
        pooled = nn.functional.max_pool1d(self.enter(z.mT).mT, 2, 3, ceil_mode=True)
        return pooled.repeat_interleave(3, 2)[..., : z.shape[2]]


BLOCKS: dict[str, type[nn.Module]] = {"attention": Attention, "recurrence": Recurrence, "pool": Pool}


class Tower(NamedTuple):
    """Two kinds of block, and how many channels each receives."""

    first: str
    second: str
    received: int

    def blocks(self, received: int | None = None) -> list[nn.Module]:
        """The blocks with their weights; with more received channels the new weights are 0."""
        wide = self.received if received is None else received
        built = [fill(BLOCKS[kind](wide), 3 + n, -1, 1) for n, kind in enumerate((self.first, self.second))]
        own = [fill(BLOCKS[kind](self.received), 3 + n, -1, 1) for n, kind in enumerate(self[:2])]
        with torch.no_grad():
            for new, old in zip(built, own, strict=True):
                state = {name: value.clone() for name, value in old.state_dict().items()}
                more = torch.zeros(CHANNELS, wide - self.received, dtype=torch.float64)
                state["enter.weight"] = torch.cat([state["enter.weight"], more], 1)
                new.load_state_dict(state)
        return built


def towers() -> Iterator[Tower]:
    """Every kind after every other, receiving none, some or all."""
    yield from (Tower(*case) for case in itertools.product(BLOCKS, BLOCKS, (0, 2, 4)))


def smaller_towers() -> Iterator[Tower]:
    """Those that can receive more."""
    yield from (tower for tower in towers() if tower.received < CHANNELS)


def run(blocks: list[nn.Module], received: int, x: Tensor) -> tuple[Tensor, ...]:
    """Both frames through the blocks, by the package's exchange before each."""
    frames = open_frames(x, Rep.dna())
    for block in blocks:
        frames = alike(block, exchange(frames, received), stack=False)
    return tuple(z.detach() for z in frames)


def of_turned(case: Tower) -> tuple[Tensor, ...]:
    """The frames of R x, R by the table."""
    return run(case.blocks(), case.received, act(DNA, whole(5, 2, 4, 7)))


def turned_of(case: Tower) -> tuple[Tensor, ...]:
    """The frames of x, swapped."""
    return run(case.blocks(), case.received, whole(5, 2, 4, 7))[::-1]


def opened(case: Tower) -> tuple[Tensor, ...]:
    """The same function, received from all channels of the other frame."""
    return run(case.blocks(CHANNELS), CHANNELS, act(DNA, whole(5, 2, 4, 7)))


def shares() -> Iterator[float]:
    """How much of the other strand every layer of a model receives."""
    yield from (0.0, 0.5, 1.0)


def _model() -> nn.Module:
    """An ordinary model of two labels."""
    layers = nn.Conv1d(4, 4, 3), nn.ReLU(), nn.Conv1d(4, 3, 2), nn.AdaptiveMaxPool1d(2), nn.Flatten()
    return fill(nn.Sequential(*layers, nn.Linear(6, 2)), 3)


def _answer(model: nn.Module, turned: bool) -> Tensor:
    x = whole(5, 2, 4, 9)
    y: Tensor = model.double().eval()(act(DNA, x) if turned else x)
    return y.detach()


def interpolated_turned(share: float) -> Tensor:
    """interpolate(model)(R x), whatever the weights."""
    return _answer(fill(interpolate(_model(), outputs="2t", mixing=share), 6), True)


def interpolated(share: float) -> Tensor:
    """interpolate(model)(x), whose labels R leaves as they are."""
    return _answer(fill(interpolate(_model(), outputs="2t", mixing=share), 6), False)


def just_opened(share: float) -> Tensor:
    """interpolate(model), its new weights 0."""
    return _answer(interpolate(_model(), outputs="2t", mixing=share), False)


def conjoined(share: float) -> Tensor:
    """conjoin(model)."""
    return _answer(conjoin(_model(), outputs="2t"), False)
