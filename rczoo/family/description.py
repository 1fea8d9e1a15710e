"""Where in the family a network sits: per block its exchange, parameters and cost, and the paper's name."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, overload

import torch
from torch import Tensor, nn

from .costs import multiply_adds
from .ensembles import Ensemble
from .interpolated import AnyNetwork, InterpolatedNetwork
from .irreps import IrrepsBlock, IrrepsTrunk
from .network import Network
from .trunk import Block


class BlockRow(NamedTuple):
    """One block (or the head): filters received from the other strand, parameters, multiply-adds.

    ``channels``: how many it could receive, where that is not the number of filters.
    """

    block: str
    received: int
    share: float | None
    parameters: int
    multiply_adds: int
    channels: int | None = None


@dataclass(frozen=True)
class Summary:
    """What :func:`summary` returns; printing it shows a table."""

    architecture: str
    names: tuple[str, ...]
    merge: str
    filters: int
    rows: tuple[BlockRow, ...]
    carries: str | None = None
    """What a block carries, where it is no pairs: the text of a Rep."""

    @property
    def parameters(self) -> int:
        """All trainable parameters."""
        return sum(row.parameters for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds for one sequence of the configured length, over the strands read."""
        return sum(row.multiply_adds for row in self.rows)

    def __str__(self) -> str:
        known_as = ", ".join(self.names) or "between the paper's names"
        width = f"{self.filters} filters per strand"
        if self.carries:
            known_as, width = "irreps of Mallet and Vert 2021", f"{self.carries} in a block"
        wide = max([8, *(len(row.block) for row in self.rows)])
        lines = [
            f"{self.architecture}, {width}, merge {self.merge}: {known_as}",
            f"{'block':<{wide}} {'received':>9} {'mixing':>7} {'parameters':>11} {'multiply-adds':>15}",
        ]
        for row in [*self.rows, BlockRow("total", 0, None, self.parameters, self.multiply_adds)]:
            received = "" if row.share is None else f"{row.received}/{row.channels or self.filters}"
            share = "" if row.share is None else f"{row.share:.2f}"
            lines.append(
                f"{row.block:<{wide}} {received:>9} {share:>7} {row.parameters:>11,} {row.multiply_adds:>15,}"
            )
        return "\n".join(lines)


@dataclass(frozen=True)
class EnsembleSummary:
    """What :func:`summary` returns of an ensemble; printing it shows a table with a row for each member."""

    members: tuple[Summary, ...]

    @property
    def parameters(self) -> int:
        """All trainable parameters."""
        return sum(member.parameters for member in self.members)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds for one sequence of the configured length, over members and strands."""
        return sum(member.multiply_adds for member in self.members)

    def __str__(self) -> str:
        texts = [*(str(member).splitlines()[0] for member in self.members), "total"]
        wide = max(map(len, texts))
        lines = [f"{f'mean of {len(self.members)}':<{wide}} {'parameters':>11} {'multiply-adds':>15}"]
        costs: list[Summary | EnsembleSummary] = [*self.members, self]
        for text, cost in zip(texts, costs, strict=True):
            lines.append(f"{text:<{wide}} {cost.parameters:>11,} {cost.multiply_adds:>15,}")
        return "\n".join(lines)


@overload
def summary(model: AnyNetwork) -> Summary: ...


@overload
def summary(model: Ensemble) -> EnsembleSummary: ...


def summary(model: AnyNetwork | Ensemble) -> Summary | EnsembleSummary:
    """Where in the family a network sits, or each member of an ensemble.

    For every block the filters that it receives from the other strand, its parameters, and its multiply-adds
    for one sequence of the configured length; and the names that the paper has for this member. Of the
    field's architectures the blocks are the sites, and all other layers are one row.

    Args:
        model: what :func:`rczoo.build`, ``load`` or ``ensemble`` made; others raise ValueError.
    """
    if isinstance(model, Ensemble):
        return EnsembleSummary(tuple(map(_summary, model.members)))
    if not isinstance(model, AnyNetwork):
        raise ValueError(
            f"summary: {type(model).__name__} was not made by build: an interpolated model's table is sites()"
        )
    return _summary(model)


def _summary(network: AnyNetwork) -> Summary:
    config = network.config
    rows = _site_rows(network) if isinstance(network, InterpolatedNetwork) else _block_rows(network)
    names, carries = paper_names(network), None
    if isinstance(network, Network) and isinstance(network.trunk, IrrepsTrunk):
        names, carries = (), str(network.trunk.rep)
    return Summary(config.architecture, names, config.merge, config.filters, tuple(rows), carries)


def _site_rows(network: InterpolatedNetwork) -> list[BlockRow]:
    """A row for each site, and one for all else."""
    inputs: list[Tensor] = [torch.zeros(1, 4, network.config.length)]
    if network.control.channels:
        inputs.append(torch.zeros(1, network.control.channels, network.positions))
    like = next(network.parameters())
    costs = multiply_adds(deepcopy(network).eval(), *(x.to(like.device, like.dtype) for x in inputs))
    sites = network.sites().rows
    rows = [
        BlockRow(s.name, s.received, s.share, s.parameters, costs.pop(f"model.{s.name}"), s.channels)
        for s in sites
    ]
    rest = _parameters(network) - sum(row.parameters for row in rows)
    return [*rows, BlockRow("the rest", 0, None, rest, sum(costs.values()))]


def _block_rows(network: Network) -> list[BlockRow]:
    config = network.config
    strands = 1 if config.merge == "none" else 2
    length = config.length
    rows = []
    blocks: Sequence[Block | IrrepsBlock] = network.trunk.blocks
    shares = [None, *config.mixing] if config.irreps is None else [None] * len(blocks)
    for number, (block, share) in enumerate(zip(blocks, shares, strict=True), start=1):
        length -= block.shape.dilation * (block.shape.kernel_size - 1)
        cost = block.cost(strands) * length
        rows.append(BlockRow(str(number), block.exchanged, share, _parameters(block), cost))
    rows.append(BlockRow("head", 0, None, _parameters(network.head), network.head.cost(length, config.merge)))
    return rows


def paper_names(network: AnyNetwork) -> tuple[str, ...]:
    """The names that Zhou et al. 2022 have for this member, none for most of the family."""
    shares, merge = network.config.mixing, network.config.merge
    ends = {("none", 0.0): "standard", ("sum", 1.0): "rcps", ("mean", 1.0): "rcps-mean"}
    ends |= {("mean", 0.0): "conjoined", ("max", 0.0): "conjoined-max"}
    ends |= {("sum", 0.0): "fully wrapped hybrid"}
    names = [name for (how, m), name in ends.items() if how == merge and all(s == m for s in shares)]
    if not shares:
        return tuple(name for name in names if name not in ("rcps-mean", "fully wrapped hybrid"))
    if set(shares) == {0.0, 1.0} and isinstance(network, Network):
        starts = [0, *(n for n, s in enumerate(shares, start=1) if s), len(shares) + 1]
        sizes = ", ".join(str(b - a) for a, b in pairwise(starts))
        names.append(f"hybrid wrap=({sizes})")
    return tuple(names)


def _parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())
