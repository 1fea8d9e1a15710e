"""Predicted profiles as bigWig files: windows averaged where they overlap, one file per channel."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyBigWig

from .regions import Regions

Stretch = tuple[int, np.ndarray]
"""First position, and values (channels, n) from there on without a gap."""


class Averager:
    """Adds windows (channels, n) at positions of one chromosome, and gives out means of what is complete."""

    def __init__(self, channels: int, size: int) -> None:
        self.size, self._low = size, 0
        self._total, self._count = np.zeros((channels, 0)), np.zeros(0, dtype=np.int64)

    def add(self, first: int, values: np.ndarray) -> None:
        """Add a window; what lies beyond the chromosome's ends is left out.

        Windows come in the order of their places, up to what :meth:`take` has left.
        """
        low, high = max(first, 0), min(first + values.shape[1], self.size)
        if low >= high:
            return
        if not self._count.size:
            self._low = low
        self._reserve(high - self._low)
        self._total[:, low - self._low : high - self._low] += values[:, low - first : high - first]
        self._count[low - self._low : high - self._low] += 1

    def take(self, end: int | None = None) -> Iterator[Stretch]:
        """The means before ``end`` (default: all), which no later window may reach, in runs without gaps."""
        number = self._count.size if end is None else min(max(end - self._low, 0), self._count.size)
        total, count = self._total[:, :number], self._count[:number]
        edges = np.flatnonzero(np.diff(np.concatenate([[0], count > 0, [0]]).astype(np.int8)))
        for low, high in zip(edges[::2], edges[1::2], strict=True):
            yield self._low + int(low), (total[:, low:high] / count[low:high]).astype(np.float32)
        self._total, self._count = self._total[:, number:].copy(), self._count[number:].copy()
        self._low += number

    def _reserve(self, number: int) -> None:
        if (more := number - self._count.size) > 0:
            more = max(more, self._count.size)  # doubled, so that growing costs little
            self._total = np.pad(self._total, ((0, 0), (0, more)))
            self._count = np.pad(self._count, (0, more))


Run = tuple[str, int, np.ndarray]
"""Chromosome, first position (0-based), and values (channels, n) from there on without a gap."""
EVERY = 1024
"""Windows after which complete positions are given out."""
MAGIC = (0x888FFC26).to_bytes(4, "little")
"""Ends every whole bigWig."""
SUMMARY = 44
"""Where the header says where the summary is, whose first number is that of the bases with a value.

The library's own ``header()`` ends the whole process where the smallest or largest value is NaN.
"""
BYTES_PER_BASE, OVERHEAD = 6, 1 << 17
"""More than a file with a value at each base needs, zoom levels included."""


def merged(regions: Regions, answers: Iterable[np.ndarray]) -> Iterator[Run]:
    """The mean at every position that windows answer for, in the genome's order.

    ``answers``: (channels * positions,) for each window, in the order of ``regions``. Where windows overlap,
    of one region or of several, the value is their mean; beyond a chromosome's ends there is none.
    """
    channels, coming = len(regions.outputs.channels), iter(answers)
    chrom, sums = "", Averager(channels, 0)
    for begin in range(0, len(regions), EVERY):
        windows = regions.windows(begin, min(begin + EVERY, len(regions)))
        names = regions.sites.chrom[windows.region]
        if names[0] == chrom:
            yield from ((chrom, *run) for run in sums.take(regions.earliest(begin)))
        for name, region, first in zip(names, windows.region, windows.first, strict=True):
            if name != chrom:
                yield from ((chrom, *run) for run in sums.take())
                chrom, sums = str(name), Averager(channels, int(regions.size[region]))
            sums.add(int(first), next(coming).reshape(channels, -1))
    yield from ((chrom, *run) for run in sums.take())


def write_bigwigs(
    paths: Sequence[Path | None], lengths: Mapping[str, int], runs: Iterable[Run], most: int
) -> None:
    """Write each channel of the runs, of ``most`` bases at most, to its file; none where its path is None.

    Room on the disk is made sure of first, and the files are read back: the library that writes them ends
    the whole process, or says nothing, when the disk is full. OSError if there is too little.
    """
    wanted = [path for path in paths if path is not None]
    _reserve(wanted, OVERHEAD + BYTES_PER_BASE * most)
    files = [None if path is None else pyBigWig.open(str(path), "w") for path in paths]
    bases = 0
    try:
        for file in filter(None, files):
            file.addHeader([(name, int(length)) for name, length in lengths.items()])
        for chrom, first, values in runs:
            bases += values.shape[1]
            for file, row in zip(files, values, strict=True):
                if file is not None:
                    file.addEntries(chrom, first, values=np.ascontiguousarray(row), span=1, step=1)
        for file in filter(None, files):
            file.close()
    except RuntimeError as error:
        raise OSError(f"the bigWig could not be written: {error}") from error
    for path in wanted:
        _verify(path, bases)


def _reserve(paths: Sequence[Path], size: int) -> None:
    """Take as much of the disk as the files will need, and give it back; OSError if there is less."""
    if not hasattr(os, "posix_fallocate"):
        return
    with ExitStack() as stack:
        for path in paths:
            os.posix_fallocate(stack.enter_context(path.open("wb")).fileno(), 0, size)
    for path in paths:
        path.unlink()


def _verify(path: Path, bases: int) -> None:
    """Refuse a file that was cut short, or that does not hold all bases."""
    with path.open("rb") as content:
        content.seek(-len(MAGIC), os.SEEK_END)
        whole = content.read() == MAGIC
        content.seek(SUMMARY)
        content.seek(int.from_bytes(content.read(8), "little"))
        held = int.from_bytes(content.read(8), "little")
    if not whole or held != bases:
        raise OSError(f"{held} of {bases} bases of {path.name} were written: the disk may be full")
