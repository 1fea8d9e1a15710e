"""Intervals of a genome: BED and narrowPeak, their summits, and windows around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..files.cache import text_lines
from .genome import Genome

NARROWPEAK_COLUMNS = 10
"""The last of which is the summit, counted from the start of the interval."""


@dataclass(frozen=True)
class Intervals:
    """Intervals, arrays of (n,): ``chrom``, 0-based half-open ``start``, ``end``; ``summit``; ``reverse``.

    ``reverse`` is true on the minus strand; an interval without strand counts as plus.
    """

    chrom: np.ndarray
    start: np.ndarray
    end: np.ndarray
    summit: np.ndarray
    reverse: np.ndarray

    def __len__(self) -> int:
        return len(self.chrom)

    def take(self, rows: np.ndarray) -> Intervals:
        """The intervals chosen by indices or a mask."""
        return Intervals(
            self.chrom[rows], self.start[rows], self.end[rows], self.summit[rows], self.reverse[rows]
        )

    def renamed(self, names: dict[str, str]) -> Intervals:
        """The same intervals with other chromosome names."""
        chrom = np.array([names[str(c)] for c in self.chrom], dtype=str)
        return Intervals(chrom, self.start, self.end, self.summit, self.reverse)


def read_bed(path: Path) -> Intervals:
    """Read BED (3 columns or more) or narrowPeak, plain or gzipped.

    The summit is narrowPeak's tenth column where it is not negative, else the middle (of an even length, the
    upper of the two). Raises ValueError naming the line that is not BED.
    """
    rows = [_row(fields, path.name, number) for number, fields in _lines(path)]
    chrom, start, end, summit, reverse = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    return Intervals(
        np.array(chrom, dtype=str),
        np.array(start, dtype=np.int64),
        np.array(end, dtype=np.int64),
        np.array(summit, dtype=np.int64),
        np.array(reverse, dtype=bool),
    )


def merge(sites: Intervals, distance: int) -> Intervals:
    """Join sites whose summits lie fewer than ``distance`` bases apart, in chains; the middle is the summit.

    Joined sites have no strand; a site on its own keeps its own. Sorted by chromosome and place.
    """
    if not len(sites):
        return sites
    order = np.lexsort((sites.summit, sites.chrom))
    s = sites.take(order)
    new = np.ones(len(s), dtype=bool)
    new[1:] = (s.chrom[1:] != s.chrom[:-1]) | (np.diff(s.summit) >= distance)
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(s)) - 1
    middle = (s.summit[first] + s.summit[last]) // 2
    ends = np.maximum.reduceat(s.end, first)
    return Intervals(s.chrom[first], s.start[first], ends, middle, s.reverse[first] & (first == last))


def distance_to(sites: Intervals, others: Intervals) -> np.ndarray:
    """Bases from each summit to the nearest of ``others`` on its chromosome: (n,), infinite if none."""
    nearest = np.full(len(sites), np.inf)
    for chrom in np.unique(sites.chrom):
        rows = np.flatnonzero(sites.chrom == chrom)
        places = np.sort(others.summit[others.chrom == chrom])
        if places.size:
            at = np.searchsorted(places, sites.summit[rows])
            above = np.abs(places[np.minimum(at, places.size - 1)] - sites.summit[rows])
            below = np.abs(places[np.maximum(at - 1, 0)] - sites.summit[rows])
            nearest[rows] = np.minimum(above, below)
    return nearest


def window_start(sites: Intervals, length: int) -> np.ndarray:
    """First base (0-based) of the window of ``length`` around each summit, on the plus strand: (n,)."""
    return sites.summit - length // 2


def within(sites: Intervals, length: int, chromosome_lengths: dict[str, int]) -> np.ndarray:
    """Which windows lie wholly inside their chromosome: (n,) of bool."""
    start = window_start(sites, length)
    ends = np.array([chromosome_lengths[str(c)] for c in sites.chrom], dtype=np.int64)
    return (start >= 0) & (start + length <= ends)


def room(start: np.ndarray, length: int, ends: np.ndarray, jitter: int) -> np.ndarray:
    """How far each window may move down and up without leaving its chromosome: (n, 2), at most ``jitter``."""
    each_way = np.stack([start, ends - start - length], axis=1)
    return each_way.clip(0, jitter)


def located(sites: Intervals, genome: Genome) -> Intervals:
    """The regions under the genome's names; ValueError for none, and for one off its chromosome."""
    if not len(sites):
        raise ValueError("there are no regions to read: give a BED file with at least one line")
    names = genome.resolve(sites.chrom)
    ends = np.array([genome.lengths[names[str(chrom)]] for chrom in sites.chrom], dtype=np.int64)
    for n in np.flatnonzero(sites.end > ends)[:1]:
        raise ValueError(
            f"region {sites.chrom[n]}:{sites.start[n]}-{sites.end[n]} runs off its chromosome, which has "
            f"{ends[n]} bases in {genome.name}: use the genome that the regions were made on"
        )
    return sites.renamed(names)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Numbered lines of a file, in fields; without headers and empty lines."""
    for number, line in enumerate(text_lines(path, "BED"), 1):
        if line.strip() and not line.startswith(("#", "track", "browser")):
            yield number, line.rstrip("\n\r").split("\t" if "\t" in line else None)


def _row(fields: list[str], file: str, number: int) -> tuple[str, int, int, int, bool]:
    """Chromosome, start, end, summit and strand of one line."""
    try:
        start, end = int(fields[1]), int(fields[2])
        offset = int(fields[9]) if len(fields) == NARROWPEAK_COLUMNS else -1
    except (IndexError, ValueError):
        raise ValueError(
            f"{file} line {number}: {' '.join(fields)[:60]!r} is not BED: "
            "expected chromosome, start and end, separated by tabs"
        ) from None
    if not 0 <= start < end:
        raise ValueError(f"{file} line {number}: start {start} and end {end}: BED needs 0 <= start < end")
    summit = start + offset if 0 <= offset < end - start else (start + end) // 2
    return fields[0], start, end, summit, len(fields) > 5 and fields[5] == "-"
