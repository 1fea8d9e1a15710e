"""T4, T10, T11 and T12: networks of the family, and the trunk on its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from rczoo.attribution.methods import attribute
from rczoo.family.architectures import build
from rczoo.family.embedding import change_merge, embed, fold_gain, same_function_class
from rczoo.family.network import Network
from rczoo.family.trunk import BlockShape, GainConv1d, Trunk
from rczoo.nn.conjoined import conjoin
from rczoo.symmetry.frames import exchange, merge
from rczoo.symmetry.rep import Rep

from .plain import DNA, act, convolve, fill, one_hot, whole

SHAPES: dict[str, dict[str, Any]] = {
    "motif-cnn": {"length": 41, "pool": (5, 3)},
    "tf-cnn": {"length": 56, "pool": (6, 4)},
    "bpnet": {"length": 347},
}
"""Lengths that leave a remainder over the pool's stride, or a short profile."""


class Member(NamedTuple):
    """A small network of the family."""

    architecture: str
    mixing: float = 0.0
    merge: str = "mean"
    gain: float = 1.0

    def build(self) -> Network:
        """The network with small whole-number parameters, in float64."""
        shape = SHAPES[self.architecture]
        share = round(self.mixing) if self.architecture == "motif-cnn" else self.mixing
        options = {"mixing": float(share), "merge": self.merge, "gain": self.gain, "filters": 2}
        network = build(self.architecture, **options, **shape)
        with torch.no_grad():
            for parameter in fill(network, 3, -1, 2).parameters():
                parameter.mul_(0.25)
        return network

    def input(self) -> Tensor:
        """Two sequences with unknown bases."""
        letters = "ACGTN"
        codes = whole(4, 2, SHAPES[self.architecture]["length"], low=0).long()
        return torch.cat([one_hot("".join(letters[c] for c in row)) for row in codes])

    def answers(self, network: Any, x: Tensor | None = None) -> tuple[Tensor, ...]:
        """What a network says."""
        y = network(self.input() if x is None else x)
        return tuple(o.detach() for o in (y if isinstance(y, tuple) else (y,)))


def members() -> Iterator[Member]:
    """Every architecture, at three mixings, with sum and mean."""
    for how in ("sum", "mean"):
        yield Member("motif-cnn", 0.0, how)
        yield from (Member("tf-cnn", m, how) for m in (0.0, 0.5, 1.0))
        yield Member("bpnet", 0.5, how)


def answers(case: Member) -> tuple[Tensor, ...]:
    """What the member says."""
    return case.answers(case.build())


def embedded(case: Member) -> tuple[Tensor, ...]:
    """What it says embedded in RCPS."""
    return case.answers(embed(case.build(), "rcps"))


def of_turned(case: Member) -> tuple[Tensor, ...]:
    """network(R x), in both executions."""
    network, x = case.build(), act(DNA, case.input())
    first = case.answers(network, x)
    network.execution = "tied"
    return first + case.answers(network, x)


def turned_of(case: Member) -> tuple[Tensor, ...]:
    """R network(x), twice."""
    return tuple(map(_turned, answers(case))) * 2


def _turned(y: Tensor) -> Tensor:
    """R of labels, which is nothing, or of one factor's strands: their profile, or their counts."""
    return y if y.shape[1] != 2 else torch.flip(y, tuple(range(1, y.ndim)))


Wide = tuple[int, bool, int]


def wide_trunks() -> Iterator[Wide]:
    """(filters, residual, seed) of RCPS trunks of three blocks."""
    yield from itertools.product((1, 2), (False, True), (5, 6))


def _trunks(case: Wide) -> tuple[Trunk, Trunk]:
    filters, residual, seed = case
    shapes = [BlockShape(2), BlockShape(3, 2), BlockShape(3, 1, residual=residual)]
    narrow = fill(Trunk(shapes, filters, [1, 1]), seed)
    wide = Trunk(shapes, 2 * filters, [0, 0]).double()
    with torch.no_grad():
        for n, (old, new) in enumerate(zip(narrow.blocks, wide.blocks, strict=True)):
            own, received = old.conv.weight[:, :filters], old.conv.weight[:, filters:]
            other = act(DNA, old.conv.weight) if n == 0 else torch.cat([received, own], 1).flip(2)
            new.conv.weight.copy_(torch.cat([old.conv.weight, other]))
            new.conv.bias.copy_(old.conv.bias.repeat(2))
    return narrow, wide


def rcps_trunk(case: Wide) -> tuple[Tensor, ...]:
    """Frames of an RCPS trunk."""
    return tuple(z.detach() for z in _trunks(case)[0](whole(6, 2, 4, 14), 2, False, "frames"))


def wide_trunk(case: Wide) -> tuple[Tensor, ...]:
    """The first half of the frames of a conjoined trunk of twice the filters."""
    frames = _trunks(case)[1](whole(6, 2, 4, 14), 2, False, "frames")
    return tuple(z[:, : case[0]].detach() for z in frames)


def remerged(case: Member) -> tuple[Tensor, ...]:
    """The member changed to the other of sum and mean."""
    other = change_merge(case.build(), {"sum": "mean", "mean": "sum"}[case.merge])
    assert other.config.merge != case.merge
    return case.answers(other)


def gained() -> Iterator[Member]:
    """Members with a gain of 2."""
    yield from (member._replace(gain=2.0) for member in members())


def folded(case: Member) -> tuple[Tensor, ...]:
    """The member with its gain folded into the kernels."""
    other = fold_gain(case.build())
    assert other.config.gain == 1
    return case.answers(other)


def gain_layers() -> Iterator[tuple[float, int]]:
    """Gains and dilations."""
    yield from itertools.product((1.0, 2.0, 3.0), (1, 2))


def gained_layer(case: tuple[float, int]) -> Tensor:
    """The package's layer less its bias, and its effective kernel's largest entry over the drawn one's."""
    layer = fill(GainConv1d(3, 2, 3, case[1], case[0]), 5)
    return (layer(whole(6, 2, 3, 9)) - layer.bias[:, None]).detach()


def kernel_multiplied(case: tuple[float, int]) -> Tensor:
    """The convolution by the kernel times the gain, by a loop over taps."""
    layer = fill(GainConv1d(3, 2, 3, case[1], case[0]), 5)
    return convolve(whole(6, 2, 3, 9), case[0] * layer.weight.detach(), 1, case[1])


Head = tuple[int, int]


def heads() -> Iterator[Head]:
    """How many channels a head receives, and a seed."""
    yield from itertools.product((0, 1, 2), (5, 6))


def _frames(case: Head) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A head's kernel on its own two channels and on those received, and features of both frames."""
    k, seed = case
    return whole(seed, 2, 2, 3), whole(seed + 1, 2, k, 3), whole(seed + 2, 1, 2, 7), whole(seed + 3, 1, 2, 7)


def mixing_head(case: Head) -> Tensor:
    """A head that also reads k channels of the other frame, merged by mean, by the package."""
    A, B, *frames = _frames(case)
    W = torch.cat([A, B], 1)
    return merge(tuple(F.conv1d(z, W) for z in exchange(tuple(frames), case[0])), Rep("1r"), "mean")


def head_of_one_frame(case: Head) -> Tensor:
    """A + R B on a frame's own channels, merged by mean by hand."""
    A, B, z0, z1 = _frames(case)
    alone = A.clone()
    alone[:, : case[0]] += B.flip(0, 2)
    return (convolve(z0, alone) + convolve(z1, alone).flip(1, 2)) / 2


def tied_head(case: Head) -> Tensor:
    """A / 2 on a frame's own channels and R A / 2 on the other's, read in its direction."""
    A, _, z0, z1 = _frames(case)
    return convolve(torch.cat([z0, z1.flip(2)], 1), torch.cat([A, A.flip(0, 2)], 1) / 2)


def plain_heads() -> Iterator[Head]:
    """Heads that receive nothing."""
    yield from ((0, seed) for seed in range(4))


Classes = tuple[Member, Member]


def classes() -> Iterator[Classes]:
    """Pairs of members."""
    first = Member("tf-cnn", 0.5, "sum")
    changes = ({}, {"merge": "mean"}, {"gain": 2.0}, {"mixing": 0.6}, {"mixing": 1.0}, {"merge": "max"})
    yield from ((first, first._replace(**change)) for change in changes)
    yield Member("motif-cnn", 0.0, "mean"), Member("motif-cnn", 1.0, "sum")


def called_equal(case: Classes) -> bool:
    """Whether the package says that both represent the same functions."""
    return same_function_class(*(m.build() for m in case)).verdict == "equal"


def equal_by_theorem(case: Classes) -> bool:
    """Whether equally many filters are exchanged, and the merges are the same or linear both."""
    exchanged = [[b.exchanged for b in m.build().trunk.blocks] for m in case]
    a, b = (m.merge for m in case)
    return exchanged[0] == exchanged[1] and (a == b or {a, b} == {"sum", "mean"})


Explained = tuple[Member, str]


def explained() -> Iterator[Explained]:
    """Small members with each attribution that needs no other library."""
    for member in (Member("motif-cnn", 0.0, "mean"), Member("tf-cnn", 0.5, "sum")):
        yield from itertools.product((member,), ("saliency", "input-x-gradient", "ism"))


def palindromes() -> Iterator[str]:
    """Sequences that are their own reverse complement, so that a global maximum is tied."""
    yield from ("ACGT", "AATTAATT", "GGATCC")


def _pooled_gradient(sequence: str) -> Tensor:
    """The gradient of a conjoined maximum over positions, at a tie."""
    pooled = torch.nn.Sequential(torch.nn.Conv1d(4, 2, 1), torch.nn.AdaptiveMaxPool1d(1), torch.nn.Flatten())
    model, x = conjoin(fill(pooled, 5), outputs="2t").eval(), one_hot(sequence).requires_grad_()
    return torch.autograd.grad(model(x).sum(), x)[0]


def gradient_at_a_tie(sequence: str) -> Tensor:
    """The gradient at R x, which is x."""
    return _pooled_gradient(sequence)


def turned_gradient_at_a_tie(sequence: str) -> Tensor:
    """R of the gradient at x."""
    return act(DNA, _pooled_gradient(sequence))


def attributed_turned(case: Explained) -> Tensor:
    """The attribution of R x."""
    network = case[0].build()
    return attribute(network, act(DNA, case[0].input()[:1]), method=case[1], target=0)


def turned_attribution(case: Explained) -> Tensor:
    """R of the attribution of x."""
    return act(DNA, attribute(case[0].build(), case[0].input()[:1], method=case[1], target=0))
