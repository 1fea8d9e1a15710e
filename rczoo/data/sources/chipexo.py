"""ChIP-exo read signal around GEM events: the tables of the Chalmers ChIP-exo pipeline.

One row per event: the row number in the events table, the peak's strength, then the plus and the minus
strand at columns -50..+50 around the event. ``Position`` of an event is read as 1-based.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...io.chromosomes import describe
from ...io.genome import Genome
from ..examples import Prepared
from ..schema import ChipExoData
from ..task import Task
from .splits import by_chromosome, listed_chromosomes

EDGE = 50
"""The tables run from column -EDGE to +EDGE."""


@dataclass(frozen=True)
class Events:
    """Events of one factor: ``chrom`` and 0-based ``position`` (n,), ``counts`` (n, 2, columns) of reads."""

    chrom: np.ndarray
    position: np.ndarray
    counts: np.ndarray


def read_events(events: Path, profiles: Path, columns: tuple[int, int]) -> Events:
    """Read the signal of one factor at the columns ``first``..``last`` (both included) around its events.

    The signal is divided by its smallest non-zero value, which makes it counts of reads (averaged over
    replicates, so not whole numbers). Raises ValueError on a row without its event or of the wrong width.
    """
    with events.open(encoding="utf-8", newline="") as stream:
        places = [row["Position"] for row in csv.DictReader(stream, delimiter="\t")]
    with profiles.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream, delimiter="\t"))[1:]
    width = 2 * EDGE + 1
    for number, row in enumerate(rows, 2):
        if len(row) != 2 + 2 * width or not 0 <= int(row[0]) < len(places):
            raise ValueError(
                f"{profiles.name} line {number}: event {row[0]!r} of {len(places)} with {len(row)} columns, "
                f"expected {2 + 2 * width}: the two tables do not belong together"
            )
    found = [places[int(row[0])].split(":") for row in rows]
    signal = np.array([row[2:] for row in rows], dtype=np.float64).reshape(-1, 2, width)
    counts = signal / signal[signal > 0].min()
    first, last = columns
    return Events(
        np.array([chrom for chrom, _ in found]),
        np.array([int(position) - 1 for _, position in found]),
        counts[:, :, EDGE + first : EDGE + last + 1].astype(np.float32),
    )


def chipexo(task: Task) -> Prepared:
    """Stranded profiles of one factor or several around events; a factor not measured at an event is NaN."""
    data = task.data_from(ChipExoData)
    genome = Genome([task.path(name) for name in data.genome])
    factors = [
        read_events(task.path(factor.events), task.path(factor.profiles), data.columns)
        for factor in data.factors
    ]
    names = genome.resolve(np.concatenate([f.chrom for f in factors]))
    first, last = data.columns
    if last - first + 1 != task.out_length:
        raise ValueError(f"task {task.name}: columns {first}..{last} are not {task.out_length} positions")
    rows: dict[tuple[str, int], np.ndarray] = {}
    for i, factor in enumerate(factors):
        for chrom, position, counts in zip(factor.chrom, factor.position, factor.counts, strict=True):
            unmeasured = np.full((2 * len(factors), task.out_length), np.nan, dtype=np.float32)
            rows.setdefault((names[str(chrom)], int(position)), unmeasured)[2 * i : 2 * i + 2] = counts
    chrom = np.array([c for c, _ in rows])
    start = np.array([p for _, p in rows]) + first - (task.length - task.out_length) // 2
    arrays = {
        "codes": genome.windows(chrom, start, task.length),
        "target": np.stack(list(rows.values())),
        "chrom": chrom,
        "start": start,
    }
    return by_chromosome(arrays, listed_chromosomes(data.splits), genome), [describe(names, genome.name)]
