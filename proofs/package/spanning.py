"""T4 and T15: trunks of one and two blocks whose first kernel spans the input."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from rczoo.family.architectures import build
from rczoo.family.embedding import same_function_class
from rczoo.family.network import Network
from rczoo.family.trunk import BlockShape, Trunk
from rczoo.symmetry.frames import merge
from rczoo.symmetry.rep import Rep

from .plain import DNA, act, fill, normal, whole


class Spanning(NamedTuple):
    """Two blocks whose first kernel spans the input; ``target`` is how many filters the target mixes."""

    filters: int
    taps: int
    exchanged: int
    target: int
    seed: int = 0

    def trunk(self, exchanged: int) -> Trunk:
        """The package's trunk."""
        shares = [exchanged / self.filters]
        return Trunk([BlockShape(self.taps), BlockShape(1)], self.filters, shares).double()

    def places(self) -> list[tuple[int, int]]:
        """(channel, position) of u_j; v_j is its reverse complement."""
        return list(itertools.product((0, 1), range(self.taps)))[: self.filters]

    def read(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """u and v of inputs (batch, 4, taps)."""
        u = torch.stack([x[:, c, t] for c, t in self.places()], 1)
        v = torch.stack([x[:, 3 - c, self.taps - 1 - t] for c, t in self.places()], 1)
        return u, v


def label(trunk: Trunk, x: Tensor, how: str = "sum") -> Tensor:
    """The sum of a trunk's filters over both strands."""
    frames = trunk(x, 2, False, "frames")
    return merge(tuple(z.sum((1, 2), keepdim=True) for z in frames), Rep("1t"), how)[:, 0, 0]


def spanning() -> Iterator[Spanning]:
    """Every number of filters up to 4 that 2 taps allow, and every step of the exchange."""
    for filters in range(1, 5):
        yield from (Spanning(filters, 2, k, k + 1, 7 * filters + k) for k in range(filters))


def target(case: Spanning) -> Tensor:
    """sum_{j <= m} |relu u_j - relu v_j| + sum_{j > m} (relu u_j + relu v_j)."""
    u, v = (side.clamp(min=0) for side in case.read(whole(8, 50, 4, case.taps, low=-5, high=5)))
    m = case.target
    return (u - v)[:, :m].abs().sum(1) + (u + v)[:, m:].sum(1)


def witness(case: Spanning) -> Trunk:
    """The package's trunk that exchanges m filters, with the weights that compute the target."""
    trunk, m = case.trunk(case.target), case.target
    with torch.no_grad():
        for parameter in trunk.parameters():
            parameter.zero_()
        for j, (c, t) in enumerate(case.places()):
            trunk.blocks[0].conv.weight[j, c, t] = 1
            trunk.blocks[1].conv.weight[j, j] = 1
            if j < m:
                trunk.blocks[1].conv.weight[j, case.filters + j] = -1
    return trunk


def witnessed(case: Spanning) -> Tensor:
    """What that trunk computes."""
    return label(witness(case), whole(8, 50, 4, case.taps, low=-5, high=5)).detach()


def _unseen(trunk: Trunk, case: Spanning) -> tuple[Tensor, Tensor]:
    """Directions that the first frame's answer does not depend on, and those of the second."""
    W = trunk.blocks[0].conv.weight.detach()
    rows = torch.cat([W.flatten(1), act(DNA, W)[: case.exchanged].flatten(1)])
    basis = torch.linalg.svd(rows)[2][len(rows) :].view(-1, 4, case.taps)
    return basis, act(DNA, basis)


def _mixed(case: Spanning, of_target: bool) -> float:
    """The largest mixed difference along the two sets of directions, around the target's kinks."""
    trunk = fill(case.trunk(case.exchanged), case.seed)
    with torch.no_grad():
        for n, parameter in enumerate(trunk.parameters()):
            parameter.copy_(normal(case.seed + n, *parameter.shape))
    f = witness(case) if of_target else trunk
    first, second = _unseen(trunk, case)
    worst = 0.0
    start = normal(case.seed + 9, 200, 4, case.taps)
    for a, b in zip(first, second.flip(0), strict=True):
        corners = [label(f, start + m * a + n * b) for m, n in ((1, 1), (1, 0), (0, 1), (0, 0))]
        worst = max(worst, float((corners[0] - corners[1] - corners[2] + corners[3]).abs().max().detach()))
    return worst if worst > 1e-9 else 0.0


def mixed_of_member(case: Spanning) -> float:
    """Of a member that exchanges fewer filters, drawn at random."""
    return _mixed(case, False)


def mixed_of_target(case: Spanning) -> float:
    """Of the target along the same directions."""
    return _mixed(case, True)


def one_filter() -> Iterator[Spanning]:
    """One filter of one tap: |relu(x_A) - relu(x_T)|."""
    yield from (Spanning(1, 1, 0, 1, seed) for seed in range(4))


def _odd(how: str, x: Tensor) -> Tensor:
    """T(x) - T(-x) of one block and one filter that reads the base A."""
    trunk = Trunk([BlockShape(1)], 1, []).double()
    with torch.no_grad():
        trunk.blocks[0].conv.weight.copy_(torch.eye(4)[:1, :, None])
    return label(trunk, x, how) - label(trunk, -x, how)


def merges_of_one_block() -> Iterator[str]:
    """The merges."""
    yield from ("max", "sum", "mean")


def additive(how: str) -> bool:
    """Whether the odd part at (x_A, x_T) = (1, 1) is that at (1, 0) plus that at (0, 1)."""
    a, t = torch.eye(4, dtype=torch.float64)[[0, 3], :, None]
    together, apart = _odd(how, (a + t)[None]), _odd(how, a[None]) + _odd(how, t[None])
    return torch.equal(together.detach(), apart.detach())


def is_linear(how: str) -> bool:
    """Whether the merge is a sum or a mean."""
    return how in ("sum", "mean")


class Spanned(NamedTuple):
    """A network of two blocks by hand: filters, taps, input length, and filters exchanged by two of them."""

    filters: int
    taps: int
    length: int
    exchanged: tuple[int, int]
    merges: tuple[str, str] = ("sum", "mean")

    def build(self, n: int) -> Network:
        """The first or the second network."""
        mixing = (self.exchanged[n] / self.filters,)
        shape = {"length": self.length, "pool": (1, 1), "mixing": mixing, "merge": self.merges[n]}
        config = replace(build("tf-cnn", mixing=0.0).config, filters=self.filters, **shape)
        return Network([BlockShape(self.taps), BlockShape(1)], config)


def spanning_networks() -> Iterator[Spanned]:
    """Shares that differ and do not, kernels that span the input and do not, F up to 2K and beyond."""
    for exchanged in ((0, 1), (1, 2), (2, 0), (1, 1)):
        yield from (Spanned(2, taps, length, exchanged) for taps, length in ((2, 2), (1, 1), (2, 3)))
    yield Spanned(3, 1, 1, (0, 3))
    yield Spanned(2, 2, 2, (0, 1), ("sum", "max"))


def called_different(case: Spanned) -> bool:
    """Whether the package says so, by T15."""
    verdict = same_function_class(case.build(0), case.build(1))
    return verdict == ("different", ("T15",))


def differ_by_theorem(case: Spanned) -> bool:
    """Whether the kernel spans the input, F <= 2K, merges are linear, and the shares differ."""
    spans = case.taps == case.length and case.filters <= 2 * case.taps
    return spans and case.exchanged[0] != case.exchanged[1] and "max" not in case.merges
