"""Windows that tile a genome where its promoters and sites are, with a label for each factor."""

from __future__ import annotations

import numpy as np

from ...io import bed
from ...io.bed import Intervals
from ...io.chromosomes import describe
from ...io.genome import Genome
from ..examples import Arrays, Prepared
from ..schema import TileData
from ..task import SPLITS, Task
from .sites import concatenate
from .splits import listed_chromosomes, split_of


def tiles(task: Task) -> Prepared:
    """Every window with a promoter or a site, divided by chromosome; (n, factors) labels.

    Windows begin every ``step`` bases of a chromosome, from its first. A label is 1 where a site of the
    factor lies in the window, at least ``margin`` bases from its ends, open (NaN) where one lies nearer to an
    end, and else 0.
    """
    data = task.data_from(TileData)
    genome = Genome([task.path(name) for name in data.genome])
    factors = [_sites(task, factor.sites, genome) for factor in data.factors]
    chrom, start = windows(genome, task.length, data.step)
    inside = [_count(chrom, start, task.length, sites, data.margin) > 0 for sites in factors]
    near = [_count(chrom, start, task.length, sites, 0) > 0 for sites in factors]
    labels = np.where(inside, 1.0, np.where(near, np.nan, 0.0)).T.astype(np.float32)
    promoters = _count(chrom, start, task.length, _sites(task, data.places, genome), 0) > 0
    kept = promoters | np.any(near, axis=0)
    where = split_of(chrom, listed_chromosomes(data.splits), genome.resolve)
    splits = {s: _arrays(genome, task.length, chrom, start, labels, kept & (where == s)) for s in SPLITS}
    named = [name for names in listed_chromosomes(data.splits).values() for name in names]
    notes = [f"{int(kept.sum())} of {len(kept)} windows have a promoter or a site: the others are left out"]
    return splits, [*notes, *filter(None, [describe(genome.resolve(named), genome.name)])]


def windows(genome: Genome, length: int, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Chromosome and first base (0-based) of windows that lie inside, every ``step`` bases: (n,) each."""
    starts = {name: np.arange(0, end - length + 1, step) for name, end in genome.lengths.items()}
    chrom = np.repeat(np.array(list(starts)), [len(found) for found in starts.values()])
    return chrom, np.concatenate(list(starts.values()))


def _sites(task: Task, names: tuple[str, ...], genome: Genome) -> Intervals:
    return concatenate([bed.read_located(task.path(name), genome) for name in names])


def _count(chrom: np.ndarray, start: np.ndarray, length: int, sites: Intervals, margin: int) -> np.ndarray:
    """How many sites lie in each window, at least ``margin`` bases from its ends: (n,)."""
    found = np.zeros(len(start), dtype=np.int64)
    for name in np.unique(chrom):
        rows = chrom == name
        places = np.sort(sites.summit[sites.chrom == name])
        low, high = start[rows] + margin, start[rows] + length - margin
        found[rows] = np.searchsorted(places, high) - np.searchsorted(places, low)
    return found


def _arrays(
    genome: Genome, length: int, chrom: np.ndarray, start: np.ndarray, labels: np.ndarray, rows: np.ndarray
) -> Arrays:
    codes = genome.windows(chrom[rows], start[rows], length)
    return {"codes": codes, "target": labels[rows], "chrom": chrom[rows], "start": start[rows]}
