"""Intervals of a genome: BED and narrowPeak, their summits, and windows around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .bad_lines import BadLines, LineError
from .chromosomes import match, nearest
from .genome import Genome
from .text import text_lines, whole_number

STRAND, SUMMIT = 5, 9
"""Columns, from 0, of BED's strand and of narrowPeak's summit, counted from the start of the interval."""
STRANDS = {"+": False, "-": True, ".": False}
"""What may stand for a strand, and whether it is the reverse one."""
HEADERS = ("#", "track ", "browser ")
"""How lines for browsers begin; a chromosome may be called track1."""
LONGEST_NAME = 255
"""Characters of a chromosome's name, as all of them take the memory of the longest."""


@dataclass(frozen=True)
class Intervals:
    """Intervals, arrays of (n,): ``chrom``, 0-based half-open ``start``, ``end``; ``summit``; ``reverse``.

    ``reverse`` is true on the minus strand; an interval without strand counts as plus. ``line``: numbers of
    the lines that they were read from, if they were.
    """

    chrom: np.ndarray
    start: np.ndarray
    end: np.ndarray
    summit: np.ndarray
    reverse: np.ndarray
    line: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.chrom)

    def take(self, rows: np.ndarray) -> Intervals:
        """The intervals chosen by indices or a mask."""
        columns = (self.chrom, self.start, self.end, self.summit, self.reverse, self.line)
        return Intervals(*(None if column is None else column[rows] for column in columns))  # type: ignore[arg-type]

    def renamed(self, names: dict[str, str]) -> Intervals:
        """The same intervals with other chromosome names."""
        chrom = np.array([names[str(c)] for c in self.chrom], dtype=str)
        return replace(self, chrom=chrom)


def read_bed(path: Path, bad: BadLines | None = None) -> Intervals:
    """Read BED (3 columns or more) or narrowPeak, plain or gzipped.

    The summit is narrowPeak's tenth column where it is not -1, else the middle (of an even length, the upper
    of the two). Raises ValueError listing the lines that are not BED, unless ``bad`` is given: it gets them.
    """
    own = BadLines(path.name) if bad is None else bad
    rows = []
    for number, fields in _lines(path):
        try:
            rows.append((*_row(fields), number))
        except LineError as error:
            own.add(number, error)
    if bad is None:
        own.refuse()
    chrom, start, end, summit, reverse, line = zip(*rows, strict=True) if rows else ((),) * 6
    return Intervals(
        np.array(chrom, dtype=str),
        np.array(start, dtype=np.int64),
        np.array(end, dtype=np.int64),
        np.array(summit, dtype=np.int64),
        np.array(reverse, dtype=bool),
        np.array(line, dtype=np.int64),
    )


def read_located(path: Path, genome: Genome, bad: BadLines | None = None) -> Intervals:
    """Read a BED file whose regions lie on a genome, under the genome's names; bad lines are listed together.

    Raises ValueError for bad lines that ``bad`` does not leave out, and if no region is left.
    """
    bad = BadLines(path.name) if bad is None else bad
    return located(read_bed(path, bad), genome, bad)


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
    _, code = np.unique(np.concatenate([sites.chrom, others.chrom]), return_inverse=True)
    own, theirs = code[: len(sites)], code[len(sites) :]
    order, other_order = np.argsort(own, kind="stable"), np.lexsort((others.summit, theirs))
    places, theirs = others.summit[other_order], theirs[other_order]
    nearest = np.full(len(sites), np.inf)
    for rows in np.split(order, np.flatnonzero(np.diff(own[order])) + 1) if len(sites) else []:
        low, high = np.searchsorted(theirs, [own[rows[0]], own[rows[0]] + 1])
        if low < high:
            at = np.searchsorted(places[low:high], sites.summit[rows]) + low
            above = np.abs(places[np.minimum(at, high - 1)] - sites.summit[rows])
            below = np.abs(places[np.maximum(at - 1, low)] - sites.summit[rows])
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


def located(sites: Intervals, genome: Genome, bad: BadLines | None = None) -> Intervals:
    """The regions :func:`on_genome`, under the genome's names."""
    kept = on_genome(sites, genome, bad)
    return kept.renamed(genome.resolve(kept.chrom))


def on_genome(sites: Intervals, genome: Genome, bad: BadLines | None = None) -> Intervals:
    """The regions that lie on a genome, whatever it calls its chromosomes; others are ``bad`` lines.

    Raises ValueError for bad lines, unless ``bad`` leaves them out, and if no region is left.
    """
    bad = BadLines("") if bad is None else bad
    names = match(dict.fromkeys(sites.chrom.tolist()), genome.lengths)
    ends = np.array([genome.lengths.get(names.get(chrom, ""), -1) for chrom in sites.chrom.tolist()])
    off = sites.end > ends
    for n in np.flatnonzero(off):
        bad.add(0 if sites.line is None else int(sites.line[n]), _off(sites, int(n), int(ends[n]), genome))
    bad.refuse()
    if off.all():
        left = f" ({bad} left out)" if str(bad) else ""
        raise ValueError(f"there are no regions to read{left}: give a BED file with at least one line")
    return sites.take(~off)


def _off(sites: Intervals, n: int, end: int, genome: Genome) -> LineError:
    """Why a region is not on the genome; ``end`` is -1 for an unknown chromosome."""
    chrom = str(sites.chrom[n])
    remedy = "use the genome that the regions were made on"
    if end < 0:
        return LineError("unknown chromosome", f"{nearest(chrom, genome.lengths, genome.name)}: {remedy}")
    place = f"region {chrom}:{sites.start[n]}-{sites.end[n]}"
    told = f"{place} runs off its chromosome, which has {end} bases in {genome.name}: {remedy}"
    return LineError("past the end", told)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Numbered lines of a file, in fields; without headers and empty lines."""
    for number, line in enumerate(text_lines(path, "BED"), 1):
        if line.strip() and not line.startswith(HEADERS):
            yield number, line.rstrip("\n").split("\t" if "\t" in line else None)


def _row(fields: list[str]) -> tuple[str, int, int, int, bool]:
    """Chromosome, start, end, summit and strand of one line; LineError where it is not BED."""
    start, end = map(whole_number, fields[1:3]) if len(fields) > 2 else (None, None)
    if start is None or end is None or len(fields[0]) > LONGEST_NAME:
        told = "expected chromosome, start and end, separated by tabs"
        raise LineError("not BED", f"{' '.join(fields)[:60]!r} is not BED: {told}")
    if not 0 <= start < end:
        reason = "empty interval" if start == end else "not BED"
        raise LineError(reason, f"start {start} and end {end}: BED needs 0 <= start < end")
    strand = fields[STRAND] if len(fields) > STRAND else "."
    if strand not in STRANDS:
        raise LineError("unknown strand", f"strand (column 6) is {strand!r}: write +, - or . for none")
    return fields[0], start, end, _summit(fields, start, end), STRANDS[strand]


def _summit(fields: list[str], start: int, end: int) -> int:
    """narrowPeak's own summit, or the middle."""
    if len(fields) <= SUMMIT or (len(fields) > SUMMIT + 2 and _has_blocks(fields, end - start)):
        return (start + end) // 2
    summit = whole_number(fields[SUMMIT])
    if summit is None or not -1 <= summit < end - start:
        told = f"write a whole number below the length {end - start}, or -1 for none"
        raise LineError(
            "unknown summit", f"column 10 is {fields[SUMMIT][:40]!r}, narrowPeak's summit: {told}"
        )
    return (start + end) // 2 if summit < 0 else start + summit


def _has_blocks(fields: list[str], length: int) -> bool:
    """Whether a line is BED12: its last block ends where the interval does, as that format demands."""
    sizes, starts = ([whole_number(n) for n in field.strip(",").split(",")] for field in fields[10:12])
    if not len(sizes) == len(starts) == whole_number(fields[SUMMIT]):
        return False
    size, start = sizes[-1], starts[-1]
    return size is not None and start is not None and start + size == length
