"""Signal along the genome: windows of bigWig files, controls and their smoothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyBigWig

from .chromosomes import describe, match
from .stretches import cut_windows

STRETCH, MOST_READ = 100_000, 20_000_000
"""Bases read at a time for a mean, and about how many of a large file: a second's work, and 200 places."""


LARGEST = 1e30
"""A value beyond which sums overflow float32: it is an infinity, or what a tool wrote in its place."""


class Track:
    """Windows of one bigWig file; ``sign`` -1 for one whose values are written negative.

    Names of chromosomes may differ from the genome's. Positions without data (NaN) are 0, and so is a
    chromosome that the file leaves out, which is noted. Raises ValueError if the file is not a bigWig, or has
    none of the genome's chromosomes.
    """

    def __init__(self, path: Path, chromosome_lengths: Mapping[str, int], sign: int = 1) -> None:
        self.path, self.sign = path, sign
        try:
            self._file = pyBigWig.open(str(path))
            wrong = not self._file.isBigWig()
        except RuntimeError:
            wrong = True
        if wrong:
            raise ValueError(f"{path.name} is not a bigWig file: check that it was made or downloaded whole")
        self.lengths: dict[str, int] = dict(self._file.chroms() or {})
        self._names, self._wanted = match(chromosome_lengths, self.lengths), dict(chromosome_lengths)
        self.missing = [chrom for chrom in chromosome_lengths if chrom not in self._names]
        if not self._names:
            own, wanted = ", ".join([*self.lengths][:3]), ", ".join([*chromosome_lengths][:3])
            raise ValueError(
                f"{path.name} has none of the genome's chromosomes (it has {own}; the genome {wanted}): "
                "use files of one genome"
            )

    @property
    def notes(self) -> list[str]:
        """What the user should know: other names, chromosomes left out."""
        said = [describe(self._names, self.path.name)]
        if self.missing:
            more = f" and {len(self.missing) - 3} more" if len(self.missing) > 3 else ""
            said.append(
                f"{self.path.name} leaves out {', '.join(self.missing[:3])}{more}: taken as no signal"
            )
        return [note for note in said if note]

    def check(self, chroms: Iterable[str]) -> None:
        """Raise ValueError if one of these chromosomes has another length in the file."""
        for chrom in chroms:
            name = self._names.get(chrom)
            if name is not None and self.lengths[name] != self._wanted[chrom]:
                raise ValueError(
                    f"{self.path.name}: {name} has {self.lengths[name]} bases, the genome's {chrom} "
                    f"{self._wanted[chrom]}: use files of one genome assembly"
                )

    def windows(self, chrom: np.ndarray, start: np.ndarray, length: int) -> np.ndarray:
        """Signal of windows: (n, length) float32, 0 without data and beyond the ends of the chromosome.

        Raises ValueError where it is infinite or as good as that, and for a chromosome of another length than
        the genome's.
        """
        self.check(np.unique(chrom).tolist())
        out = np.empty((len(start), length), dtype=np.float32)
        cut_windows(out, chrom, start, self._stretch)
        return out

    def mean(self) -> float:
        """Mean signal per base of the file's chromosomes: of all, or of stretches evenly spread over them."""
        total, bases = 0.0, 0
        every = max(1, sum(self.lengths.values()) // MOST_READ)
        for name, length in self.lengths.items():
            for low in range(0, length, every * STRETCH):
                high = min(low + STRETCH, length)
                total += float(self._values(name, low, high).sum(dtype=np.float64))
                bases += high - low
        return total / max(bases, 1)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _stretch(self, chrom: str, first: int, end: int) -> np.ndarray:
        """Values of a stretch of the genome's chromosome: (end - first,), 0 where the file has none."""
        values, name = np.zeros(end - first, dtype=np.float32), self._names.get(chrom)
        low, high = max(first, 0), min(end, self.lengths[name] if name is not None else 0)
        if name is not None and low < high:
            values[low - first : high - first] = self._values(name, low, high)
        return values

    def _values(self, name: str, low: int, high: int) -> np.ndarray:
        """Values of a stretch: (high - low,) float32, 0 without data.

        What the file's header says of its values is never asked for: a NaN there ends the process.
        """
        try:
            values = np.array(self._file.values(name, low, high, numpy=True), dtype=np.float32)
        except RuntimeError as error:
            raise ValueError(f"{self.path.name}: {name}:{low + 1}-{high} cannot be read ({error})") from error
        if not values.size:  # a file without any data
            return np.zeros(high - low, dtype=np.float32)
        values[np.isnan(values)] = 0
        for at in np.flatnonzero(np.abs(values) > LARGEST)[:1]:
            raise ValueError(
                f"{self.path.name}: {name}:{low + at + 1} is {values[at]:g}, which is no signal: "
                "make the file without infinite values"
            )
        return self.sign * values


def smooth(x: np.ndarray, width: int) -> np.ndarray:
    """Moving mean of an odd ``width`` along the last axis, whole windows only: (..., L) -> (..., L-width+1).

    Odd, so that it commutes with reversal; summed in whole steps from the left in float64, then rounded, so
    it is to be used in genome orientation. Raises ValueError on an even width.
    """
    if width < 1 or width % 2 == 0:
        raise ValueError(
            f"smooth: width {width} is even, which shifts the signal by half a base: make it odd"
        )
    total = np.cumsum(np.asarray(x, dtype=np.float64), axis=-1)
    total = np.concatenate([np.zeros_like(total[..., :1]), total], axis=-1)
    return ((total[..., width:] - total[..., :-width]) / width).astype(np.float32)


def write_bigwig(
    path: Path, lengths: Mapping[str, int], chrom: np.ndarray, position: np.ndarray, value: np.ndarray
) -> None:
    """Write single-base values (0-based positions, any order) as a bigWig; other positions have no data."""
    order = {name: i for i, name in enumerate(lengths)}
    rank = np.array([order[str(c)] for c in chrom], dtype=np.int64)
    by_place = np.lexsort((position, rank))
    out = pyBigWig.open(str(path), "w")
    out.addHeader([(name, int(length)) for name, length in lengths.items()])
    for name in lengths:
        rows = by_place[rank[by_place] == order[name]]
        if rows.size:
            values = [float(v) for v in value[rows]]
            out.addEntries(name, [int(p) for p in position[rows]], values=values, span=1)
    out.close()


def smoothed_windows(
    tracks: Sequence[Track], widths: Sequence[int], chrom: np.ndarray, start: np.ndarray, length: int
) -> np.ndarray:
    """The sum of several files over windows, smoothed at each of the odd ``widths``: (n, widths, length)."""
    edge = max(widths) // 2
    total = sum_windows(tracks, chrom, start - edge, length + 2 * edge)
    spare = [edge - width // 2 for width in widths]
    rows = [smooth(total[:, s : total.shape[1] - s], w) for s, w in zip(spare, widths, strict=True)]
    return np.stack(rows, axis=1)


def sum_windows(tracks: Sequence[Track], chrom: np.ndarray, start: np.ndarray, length: int) -> np.ndarray:
    """The sum of several files over windows: (n, length) float32."""
    total = np.zeros((len(start), length), dtype=np.float32)
    for track in tracks:
        total += track.windows(chrom, start, length)
    return total
