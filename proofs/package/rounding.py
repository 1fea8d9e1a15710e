"""T17: both strands of a tied layer in single precision, and the rounding that ``rczoo check`` allows."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from rczoo.conformance.run import Run
from rczoo.conformance.tested_model import TestedModel
from rczoo.nn.convolution import RCConv1d

from .family import Member
from .plain import DNA, REPS, act, convolve, normal, whole

UNIT = 2.0**-24
"""The largest relative error of one rounding in single precision."""


class Rounded(NamedTuple):
    """A tied layer in single precision: its Reps, its taps, and the size of its input."""

    rep_in: str
    rep_out: str
    taps: int
    size: float

    @property
    def terms(self) -> int:
        """Products that an output adds up, and a bias."""
        return len(REPS[self.rep_in][0]) * self.taps + 1

    @property
    def relative(self) -> float:
        """2 n u / (1 - n u)."""
        return 2 * self.terms * UNIT / (1 - self.terms * UNIT)

    def build(self) -> RCConv1d:
        """The package's layer with normal weights; without a bias where the input is 0, so that all is."""
        layer = RCConv1d(self.rep_in, self.rep_out, self.taps, bias=self.size > 0)
        with torch.no_grad():
            for n, parameter in enumerate(layer.parameters()):
                parameter.copy_(normal(4 + n, *parameter.shape))
        return layer

    def input(self) -> Tensor:
        """Normal numbers (4, channels, 2 taps + 7)."""
        return self.size * normal(3, 4, len(REPS[self.rep_in][0]), 2 * self.taps + 7).float()


def rounded() -> Iterator[Rounded]:
    """Few terms and many, and an input of zeros."""
    reps = ((DNA, "2r"), ("1r+1t+1s", "1s+1r"), ("2r:halves", "[2,1,0]"))
    yield from (Rounded(*pair, *rest) for pair, *rest in itertools.product(reps, (1, 20), (0.0, 1.0)))


def _strands(case: Rounded, layer: RCConv1d, x: Tensor) -> tuple[Tensor, Tensor]:
    """layer(R x) and R layer(x), in float64 from here on."""
    turned, direct = layer(act(case.rep_in, x)), layer(x)
    return turned.detach().double(), act(case.rep_out, direct.detach()).double()


@functools.cache
def _worst(case: Rounded) -> tuple[float, float]:
    """Where the strands differ most for its bound: the difference, and the sum of sizes."""
    layer, x = case.build(), case.input()
    turned, direct = _strands(case, layer, x)
    sizes = convolve(act(case.rep_in, x).abs().double(), layer.kernel().detach().abs().double())
    if layer.bias is not None:
        sizes = sizes + layer.dense_bias().detach().abs().double()[:, None]  # type: ignore[union-attr]
    apart = (turned - direct).abs()
    worst = int((apart / sizes.clamp(min=1e-30)).argmax())
    return float(apart.flatten()[worst]), float(sizes.flatten()[worst])


def apart(case: Rounded) -> float:
    """How far an output of the one strand is from the other's."""
    return _worst(case)[0]


def bound(case: Rounded) -> float:
    """2 n u / (1 - n u) of what its products and bias add up to without their signs."""
    return case.relative * _worst(case)[1]


def _whole(case: Rounded) -> tuple[Tensor, Tensor]:
    layer = case.build()
    with torch.no_grad():
        for n, parameter in enumerate(layer.parameters()):
            parameter.copy_(whole(4 + n, *parameter.shape, low=-9, high=9))
    return _strands(case, layer, whole(3, *case.input().shape, low=-9, high=9).float())


def of_turned_whole(case: Rounded) -> Tensor:
    """layer(R x) of small whole numbers."""
    return _whole(case)[0]


def turned_of_whole(case: Rounded) -> Tensor:
    """R layer(x) of them."""
    return _whole(case)[1]


def in_frames() -> Iterator[Member]:
    """Members whose strands run in frames, and none of whose numbers is exact."""
    yield from (Member("tf-cnn", mixing, "mean") for mixing in (0.0, 0.5, 1.0))


def _answer(case: Member, turned: bool) -> Tensor:
    network, x = case.build().float(), case.input().float()
    with torch.no_grad():
        for n, parameter in enumerate(network.parameters()):
            parameter.copy_(normal(4 + n, *parameter.shape))
        answer: Tensor = network(act(DNA, x) if turned else x)
    return answer


def frames_of_turned(case: Member) -> Tensor:
    """network(R x), a label, in single precision."""
    return _answer(case, True)


def frames(case: Member) -> Tensor:
    """network(x)."""
    return _answer(case, False)


def ordinary() -> Iterator[nn.Conv1d]:
    """Convolutions of few terms and many."""
    yield from (nn.Conv1d(4, 2, taps) for taps in (1, 3, 40))


def needed(layer: nn.Conv1d) -> float:
    """2 n u / (1 - n u), n its products and a bias."""
    terms = layer.weight[0].numel() + 1
    return 2 * terms * UNIT / (1 - terms * UNIT)


def allowed(layer: nn.Conv1d) -> float:
    """What the suite allows it, relative to its largest answer, on twice the positions that it reads."""
    length = 2 * layer.kernel_size[0]
    return Run(TestedModel(layer, {}, {}), (length,)).tolerance(torch.float32)
