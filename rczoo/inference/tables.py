"""Predictions as tables: a row for each sequence or window (labels), or for each position (profiles)."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from ..files.journal import Journal
from ..io.fasta import Sequences
from .bigwig_output import Averager
from .outputs import Outputs
from .regions import Regions

Row = list[object]


def write_table(path: Path, header: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a table, its columns separated by tabs, numbers with six digits; gzipped if its name says so."""
    with ExitStack() as stack:
        stream: BinaryIO = stack.enter_context(path.open("wb"))
        if path.suffix == ".gz":  # without a time and a name, so that equal tables are equal files
            packed = stack.enter_context(gzip.GzipFile("", "wb", fileobj=stream, mtime=0))
            stream = cast(BinaryIO, packed)
        file = stack.enter_context(io.TextIOWrapper(stream, encoding="utf-8"))
        print(*header, sep="\t", file=file)
        for row in rows:
            cells = (format(cell, ".6g") if isinstance(cell, float) else str(cell) for cell in row)
            print(*cells, sep="\t", file=file)


def sequence_table(
    sequences: Sequences, journal: Journal, outputs: Outputs, both: bool
) -> tuple[list[str], Iterator[Row]]:
    """Header and rows for a FASTA file. ``position`` is 0-based in the bases that the model read."""
    place = ["position"] if outputs.positions else []
    return ["name", *place, *columns(outputs, both)], _sequence_rows(sequences, journal, outputs, both)


def region_table(
    regions: Regions, journal: Journal, outputs: Outputs, both: bool
) -> tuple[list[str], Iterator[Row]]:
    """Header and rows for regions, in the order of their file, with the file's chromosome names.

    Labels have a row for each window of a region, from ``window_start`` to ``window_end``; profiles one for
    each ``position`` (0-based), the mean of the region's windows there. ``strand`` is the one that was read.
    """
    place = ["position"] if outputs.positions else ["window_start", "window_end"]
    header = ["chrom", "start", "end", "strand", *place, *columns(outputs, both)]
    return header, _region_rows(regions, journal, outputs, both)


def columns(outputs: Outputs, both: bool) -> list[str]:
    """Names of the columns with numbers."""
    endings = ("", "_other", "_difference") if both else ("",)
    return [channel + ending for channel in outputs.channels for ending in endings]


def numbers(values: np.ndarray) -> list[float]:
    """(strands, channels) -> the numbers of a row, channel by channel: given, other and their difference."""
    given = values.astype(np.float64)
    shown = [given[0]] if len(given) == 1 else [given[0], given[1], given[1] - given[0]]
    return np.stack(shown, axis=1).ravel().tolist()


def _sequence_rows(sequences: Sequences, journal: Journal, outputs: Outputs, both: bool) -> Iterator[Row]:
    records = journal.read(0, journal.done)
    for (name, _), record in zip(sequences, records, strict=True):
        values = record.reshape(1 + both, len(outputs.channels), -1)
        for n in range(values.shape[2]):
            place = [outputs.margin + n] if outputs.positions else []
            yield [name, *place, *numbers(values[..., n])]


def _region_rows(regions: Regions, journal: Journal, outputs: Outputs, both: bool) -> Iterator[Row]:
    shape = (1 + both, len(outputs.channels))
    for region in regions.given:
        sites, begin, end = regions.sites, int(regions.begin[region]), int(regions.begin[region + 1])
        strand = "-" if sites.reverse[region] else "+"
        place = [regions.names[region], sites.start[region], sites.end[region], strand]
        windows, records = regions.windows(begin, end), journal.read(begin, end - begin)
        if not outputs.positions:
            for start, record in zip(windows.start, records, strict=True):
                yield [*place, start, start + outputs.length, *numbers(record.reshape(shape))]
            continue
        sums = Averager(shape[0] * shape[1], int(regions.size[region]))
        for n, record in enumerate(records):
            yield from _positions(place, sums.take(int(windows.first[n])), shape)
            sums.add(int(windows.first[n]), record.reshape(shape[0] * shape[1], -1))
        yield from _positions(place, sums.take(), shape)


def _positions(place: Row, runs: Iterable[tuple[int, np.ndarray]], shape: tuple[int, int]) -> Iterator[Row]:
    for first, values in runs:
        for n, column in enumerate(values.T, first):
            yield [*place, n, *numbers(column.reshape(shape))]
