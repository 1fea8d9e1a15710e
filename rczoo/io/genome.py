"""Windows of a genome, from FASTA (plain, gzip or bgzip, one file or many) or 2bit, as base codes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..symmetry import dna
from .chromosomes import resolve
from .flat import FlatFasta
from .stretches import cut_windows
from .twobit import TwoBit, is_2bit


class Genome:
    """Read-only genome: chromosome lengths, and windows as codes.

    ``paths`` are FASTA or 2bit files. They are opened once, and read by place: a window costs the same in
    any order, and no chromosome is held in memory. FASTA is laid flat in the cache first; nothing is written
    beside the files. ``empty`` names the records without a base.
    """

    def __init__(self, paths: Sequence[Path] | Path) -> None:
        self.paths = [paths] if isinstance(paths, Path) else list(paths)
        if not self.paths:
            raise ValueError("genome: no files given: name a FASTA or 2bit file")
        self.name = self.paths[0].name + (f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else "")
        self._where: dict[str, tuple[str, FlatFasta | TwoBit]] = {}
        self.lengths: dict[str, int] = {}
        for path in self.paths:
            file = TwoBit(path) if is_2bit(path) else FlatFasta(path)
            for chrom, length in file.lengths.items():
                if chrom in self.lengths:
                    raise ValueError(f"genome: {chrom} is in both {self._where[chrom][0]} and {path.name}")
                self.lengths[chrom], self._where[chrom] = length, (path.name, file)

    @property
    def empty(self) -> list[str]:
        """The names of chromosomes without a base."""
        return [name for name, length in self.lengths.items() if not length]

    def resolve(self, names: Sequence[str] | np.ndarray) -> dict[str, str]:
        """Map chromosome names to this genome's names; ValueError on one it does not have."""
        return resolve((str(name) for name in names), self.lengths, self.name)

    def letters(self, chrom: str, start: int, end: int) -> str:
        """What the file has from ``start`` up to ``end``, both on the chromosome, in upper case."""
        return self._where[chrom][1].letters(chrom, start, end).decode().upper() if start < end else ""

    def read(self, chrom: str, start: int, end: int) -> np.ndarray:
        """Codes (end - start,) uint8 of a stretch; N beyond the chromosome's ends and for other letters."""
        codes = np.full(end - start, dna.UNKNOWN, dtype=np.uint8)
        low, high = max(start, 0), min(end, self.lengths[chrom])
        if low < high:
            codes[low - start : high - start] = dna.read(self._where[chrom][1].letters(chrom, low, high))
        return codes

    def chromosome(self, chrom: str) -> np.ndarray:
        """All codes of one chromosome: (length,) uint8."""
        return self.read(chrom, 0, self.lengths[chrom])

    def windows(self, chrom: np.ndarray, start: np.ndarray, length: int) -> np.ndarray:
        """Codes of windows: (n, length) uint8, N beyond the ends of a chromosome.

        ``chrom`` (n,) are this genome's names, ``start`` (n,) 0-based.
        """
        codes = np.empty((len(start), length), dtype=np.uint8)
        cut_windows(codes, chrom, start, self.read)
        return codes
