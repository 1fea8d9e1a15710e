"""Windows of a genome that cover regions: a short one by one window, a long one by windows that overlap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..io.bad_lines import BadLines
from ..io.bed import Intervals, on_genome, window_start
from ..io.chromosomes import describe
from ..io.genome import Genome
from .outputs import Outputs


@dataclass(frozen=True)
class Windows:
    """Some windows, arrays of (n,): ``region``, ``start`` of the input, ``first`` position it answers for."""

    region: np.ndarray
    start: np.ndarray
    first: np.ndarray


class Tiling(NamedTuple):
    """How long regions are covered: by windows ``step`` apart (default: half of one), or one each."""

    step: int | None = None
    at_summits: bool = False


class Regions:
    """Regions and the windows that cover them, in the genome's order; windows are made when asked for.

    A region no longer than a window's reach has one window, around its summit or middle, as in training.
    A longer one is covered by windows a step apart, the last one moved back to end with the region, unless
    the ``tiling`` says one window for each. ``sites``: by default each whole chromosome that is not empty.
    Arrays of a region (n,) are in sorted order; ``given``: the places in the file. Raises ValueError for
    regions off their chromosome and unknown chromosomes, unless ``bad`` leaves them out.
    """

    def __init__(
        self,
        genome: Genome,
        sites: Intervals | None,
        outputs: Outputs,
        tiling: Tiling = Tiling(),  # noqa: B008 - immutable
        bad: BadLines | None = None,
    ) -> None:
        sites = on_genome(_chromosomes(genome) if sites is None else sites, genome, bad)
        reach, names = outputs.reach, genome.resolve(sites.chrom)
        step = max(reach // 2, 1) if tiling.step is None else tiling.step
        if not 1 <= step <= reach:
            raise ValueError(
                f"--step {step}: a window answers for {reach} bases, so that steps of 1 to {reach} leave no "
                "gaps"
            )
        self.genome, self.outputs, self.step = genome, outputs, step
        self.notes = [note for note in [describe(names, genome.name), _left_out(genome)] if note]
        own = sites.renamed(names)
        many = (own.end - own.start > reach) & (not tiling.at_summits)
        first = np.where(many, own.start, window_start(own, outputs.length) + outputs.margin)
        rank = {name: n for n, name in enumerate(genome.lengths)}
        order = np.lexsort((first, np.array([rank[str(chrom)] for chrom in own.chrom])))
        self.given = np.argsort(order)
        self.names, self.sites, self.first = sites.chrom[order], own.take(order), first[order]
        self.tiles = np.where(many, -(-(own.end - own.start - reach) // step) + 1, 1)[order]
        self.begin = np.concatenate([[0], np.cumsum(self.tiles)])
        self.size = np.array([genome.lengths[str(chrom)] for chrom in self.sites.chrom], dtype=np.int64)

    def __len__(self) -> int:
        return int(self.begin[-1])

    def windows(self, first: int, last: int) -> Windows:
        """The windows of these numbers."""
        number = np.arange(first, last)
        region = np.searchsorted(self.begin, number, side="right") - 1
        tile, last_tile = number - self.begin[region], self.tiles[region] - 1
        place = self.first[region] + tile * self.step
        place = np.where((tile == last_tile) & (tile > 0), self.sites.end[region] - self.outputs.reach, place)
        return Windows(region, place - self.outputs.margin, place)

    def earliest(self, number: int) -> int:
        """The first position that this window, or a later one on its chromosome, answers for."""
        found = self.windows(number, number + 1)
        region, place = int(found.region[0]), int(found.first[0])
        following = region + 1 < len(self.first) and self.sites.chrom[region + 1] == self.sites.chrom[region]
        return min(place, int(self.first[region + 1])) if following else place

    def batches(self, first: int, last: int, size: int) -> Iterator[tuple[Windows, np.ndarray]]:
        """The windows ``first`` to ``last``, with their codes (n, length)."""
        for begin in range(first, last, size):
            windows = self.windows(begin, min(begin + size, last))
            chrom = self.sites.chrom[windows.region]
            yield windows, self.genome.windows(chrom, windows.start, self.outputs.length)

    def padded(self) -> int:
        """How many windows cross an end of their chromosome."""
        total = 0
        for begin in range(0, len(self), 65_536):
            found = self.windows(begin, min(begin + 65_536, len(self)))
            over = found.start + self.outputs.length > self.size[found.region]
            total += int(((found.start < 0) | over).sum())
        return total


def _chromosomes(genome: Genome) -> Intervals:
    """Each whole chromosome that has a base."""
    lengths = {name: length for name, length in genome.lengths.items() if length}
    if not lengths:
        raise ValueError(f"{genome.name} has no record with a base: name a genome file")
    chrom, end = np.array(list(lengths), dtype=str), np.array(list(lengths.values()), dtype=np.int64)
    start = np.zeros_like(end)
    return Intervals(chrom, start, end, end // 2, np.zeros(len(end), dtype=bool))


def _left_out(genome: Genome) -> str:
    """What to say of sequences without a base."""
    names = genome.empty
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{genome.name}: {', '.join(names[:3])}{more} without a base: left out" if names else ""
