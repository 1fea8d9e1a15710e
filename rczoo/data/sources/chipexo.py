"""ChIP-exo read signal around GEM events: the tables of the Chalmers ChIP-exo pipeline.

One row per event: the row number in the events table, the peak's strength, then the plus and the minus
strand at columns -50..+50 around the event. ``Position`` of an event is read as 1-based.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...io.bad_lines import BadLines, LineError
from ...io.chromosomes import describe
from ...io.genome import Genome
from ...io.text import text_lines, whole_number
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
    places = [
        row.get("Position") or "" for row in csv.DictReader(text_lines(events, "table"), delimiter="\t")
    ]
    found, rows, bad = list[tuple[str, int]](), list[list[str]](), BadLines(profiles.name)
    for number, row in enumerate(list(csv.reader(text_lines(profiles, "table"), delimiter="\t"))[1:], 2):
        try:
            found.append(_place(row, places))
            rows.append(row[2:])
        except LineError as error:
            bad.add(number, error)
    bad.refuse()
    if not rows:
        raise ValueError(f"{profiles.name} has no events: it needs a header and a row for each")
    signal = _signal(rows, profiles.name)
    counts = signal / signal[signal > 0].min()
    first, last = columns
    return Events(
        np.array([chrom for chrom, _ in found]),
        np.array([position for _, position in found]),
        counts[:, :, EDGE + first : EDGE + last + 1].astype(np.float32),
    )


def _place(row: list[str], places: list[str]) -> tuple[str, int]:
    """Chromosome and 0-based position of a row's event."""
    width = 2 * EDGE + 1
    event = whole_number(row[0]) if len(row) == 2 + 2 * width else None
    if event is None or not 0 <= event < len(places):
        had = f"event {''.join(row[:1])!r} of {len(places)} with {len(row)} columns, expected {2 + 2 * width}"
        raise LineError("no event", f"{had}: the two tables do not belong together")
    chrom, _, text = places[event].partition(":")
    position = whole_number(text)
    if position is None:
        raise LineError("no position", f"event {event} lies at {places[event]!r}: expected chrom:position")
    return chrom, position - 1


def _signal(rows: list[list[str]], file: str) -> np.ndarray:
    """The numbers of the rows: (n, 2, columns), finite and somewhere above 0."""
    try:
        signal = np.array(rows, dtype=np.float64).reshape(-1, 2, 2 * EDGE + 1)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None
    if not np.isfinite(signal).all() or not (signal > 0).any():
        raise ValueError(f"{file}: signal must be finite, and not 0 throughout")
    return signal


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
