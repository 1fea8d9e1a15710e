"""T16: least squares on sequences of normal numbers, conjoined by the package before, after or not at all."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from rczoo.nn.conjoined import conjoin
from rczoo.nn.convolution import RCConv1d

from .plain import DNA, act, normal

DRAWS = 4000
"""The mean of so many draws is within 1 % of what it estimates."""


class Study(NamedTuple):
    """Positions of a sequence, and sequences to learn from; noise has variance 1."""

    length: int
    examples: int

    @property
    def features(self) -> int:
        """The numbers that a plain linear model learns; half of them even under R and half odd."""
        return 4 * self.length

    def inputs(self, draws: int = 1) -> Tensor:
        """(draws * examples, 4, length)."""
        return normal(1, draws * self.examples, 4, self.length)


def studies() -> Iterator[Study]:
    """Few examples and more."""
    yield from (Study(1, 12), Study(2, 24))


def conjoined_features(x: Tensor) -> Tensor:
    """(batch, features) that a linear model reads when it is conjoined: the package's conjoin of x itself."""
    return conjoin(nn.Flatten(), outputs=f"{x[0].numel()}t", merge="mean").eval()(x)


def tied_features(x: Tensor) -> Tensor:
    """What each weight of a tied layer as long as the input is multiplied by, (batch, weights)."""
    layer = RCConv1d(DNA, "1t", x.shape[2], bias=False).double()
    read = []
    with torch.no_grad():
        for n in range(layer.weight.numel()):
            layer.weight.copy_(torch.arange(layer.weight.numel()) == n)
            read.append(layer(x).flatten())
    return torch.stack(read, 1)


def _fit(read: Tensor, y: Tensor, asked: Tensor) -> Tensor:
    """What the least squares fit to y, the smallest if there are many, says where it is asked."""
    return asked @ torch.linalg.pinv(read) @ y


def _learnt(case: Study) -> tuple[Tensor, Tensor, Tensor]:
    """Sequences, answers with no symmetry, and sequences to ask about."""
    return case.inputs(), normal(2, case.examples), normal(3, 7, 4, case.length)


def of_the_conjoined(case: Study) -> tuple[Tensor, Tensor]:
    """Answers of a linear model that is conjoined while it is fitted, twice."""
    x, y, asked = _learnt(case)
    answers = _fit(conjoined_features(x), y, conjoined_features(asked))
    return answers, answers


def of_the_tied_and_augmented(case: Study) -> tuple[Tensor, Tensor]:
    """Of a tied layer; and of a plain linear model fitted to both strands of every example."""
    x, y, asked = _learnt(case)
    both = torch.cat([x, act(DNA, x)]).flatten(1)
    tied = _fit(tied_features(x), y, tied_features(asked))
    return tied, _fit(both, torch.cat([y, y]), asked.flatten(1))


@functools.cache
def _excess(case: Study) -> tuple[float, float, float]:
    """Mean excess risks: conjoined while training, afterwards, not at all.

    Asked about one position and base at a time, whose squared errors add up to the risk on normal inputs.
    Noise of each example alone adds up to the mean over all noise.
    """
    x, asked = case.inputs(DRAWS), torch.eye(case.features, dtype=torch.float64).view(-1, 4, case.length)
    both, noise = conjoined_features(asked), torch.eye(case.examples, dtype=torch.float64)
    plain = torch.linalg.pinv(x.view(DRAWS, case.examples, -1)) @ noise
    even = conjoined_features(x).view(DRAWS, case.examples, -1)
    while_training = both @ torch.linalg.pinv(even) @ noise
    first, second, third = (float(e.square().sum() / DRAWS) for e in (while_training, both @ plain, plain))
    return first, second, third


def while_training(case: Study) -> float:
    """Of the linear model conjoined while it is fitted."""
    return _excess(case)[0]


def afterwards(case: Study) -> float:
    """Fitted, then conjoined."""
    return _excess(case)[1]


def plain(case: Study) -> float:
    """Fitted, and no more."""
    return _excess(case)[2]


def formula_while_training(case: Study) -> float:
    """(d/2) / (n - d/2 - 1)."""
    half = case.features / 2
    return half / (case.examples - half - 1)


def formula_afterwards(case: Study) -> float:
    """Half of d / (n - d - 1)."""
    return formula_plain(case) / 2


def formula_plain(case: Study) -> float:
    """d / (n - d - 1)."""
    return case.features / (case.examples - case.features - 1)
