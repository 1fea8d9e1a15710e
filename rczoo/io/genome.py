"""Windows of a genome, from FASTA (plain, gzip or bgzip, one file or many) or 2bit, as base codes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..files.cache import atomically, derived, unpacked
from ..symmetry import dna
from .chromosomes import resolve


class Genome:
    """Read-only genome: chromosome lengths, and windows as codes.

    ``paths`` are FASTA files, or one 2bit file. Indices are written in the cache, never beside the files.
    """

    def __init__(self, paths: Sequence[Path] | Path) -> None:
        self.paths = [paths] if isinstance(paths, Path) else list(paths)
        if not self.paths:
            raise ValueError("genome: no files given: name a FASTA or 2bit file")
        self.name = self.paths[0].name + (f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else "")
        self._where: dict[str, Path] = {}
        self.lengths: dict[str, int] = {}
        for path in self.paths:
            for chrom, length in _lengths(path).items():
                if chrom in self.lengths:
                    raise ValueError(f"genome: {chrom} is in both {self._where[chrom].name} and {path.name}")
                self.lengths[chrom], self._where[chrom] = length, path

    def resolve(self, names: Sequence[str] | np.ndarray) -> dict[str, str]:
        """Map chromosome names to this genome's names; ValueError on one it does not have."""
        return resolve((str(name) for name in names), self.lengths, self.name)

    def chromosome(self, chrom: str) -> np.ndarray:
        """All codes of one chromosome: (length,) uint8; ambiguous letters are read as N."""
        path = self._where[chrom]
        if _is_2bit(path):
            import py2bit

            reader = py2bit.open(str(path))
            try:
                letters = reader.sequence(chrom)
            finally:
                reader.close()
        else:
            with _fasta(path) as fasta:
                letters = str(fasta[chrom])
        return dna.encode(letters, unknown=dna.AMBIGUOUS + dna.GAPS)

    def windows(self, chrom: np.ndarray, start: np.ndarray, length: int) -> np.ndarray:
        """Codes of windows: (n, length) uint8, N beyond the ends of a chromosome.

        ``chrom`` (n,) are this genome's names, ``start`` (n,) 0-based. Chromosomes are read one at a time.
        """
        codes = np.full((len(start), length), dna.UNKNOWN, dtype=np.uint8)
        for name in np.unique(chrom):
            rows = np.flatnonzero(chrom == name)
            codes[rows] = cut(self.chromosome(name), start[rows], length, dna.UNKNOWN)
        return codes


def cut(values: np.ndarray, start: np.ndarray, length: int, fill: float) -> np.ndarray:
    """Windows of an array along its last axis: (n, ..., length); ``fill`` beyond the ends."""
    positions = np.asarray(start)[:, None] + np.arange(length)
    inside = (positions >= 0) & (positions < values.shape[-1])
    found = np.moveaxis(values[..., np.clip(positions, 0, max(values.shape[-1] - 1, 0))], -2, 0)
    mask = inside.reshape(inside.shape[0], *(1,) * (values.ndim - 1), length)
    return np.where(mask, found, np.asarray(fill, dtype=values.dtype))


def _is_2bit(path: Path) -> bool:
    return path.suffix == ".2bit"


def _lengths(path: Path) -> dict[str, int]:
    """Chromosome lengths of a file."""
    if not _is_2bit(path):
        with _fasta(path) as fasta:
            return {name: len(fasta[name]) for name in fasta.keys()}  # noqa: SIM118 (not a dictionary)
    try:
        import py2bit
    except ImportError as error:
        raise ImportError(f"{path.name} is a 2bit file: pip install 'rczoo[data]' to read it") from error
    try:
        reader = py2bit.open(str(path))
    except RuntimeError as error:
        raise ValueError(f"{path.name} is not a 2bit file: check that it was downloaded whole") from error
    try:
        return {name: int(length) for name, length in reader.chroms().items()}
    finally:
        reader.close()


def _fasta(path: Path):  # type: ignore[no-untyped-def]
    """A pyfaidx reader whose index lies in the cache."""
    import pyfaidx

    plain = unpacked(path)
    index = derived(plain, plain.name + ".fai")
    try:
        if not index.exists():
            atomically(index, lambda made: pyfaidx.Fasta(str(plain), indexname=str(made)).close())
        return pyfaidx.Fasta(str(plain), indexname=str(index), rebuild=False)
    except pyfaidx.FastaIndexingError as error:
        raise ValueError(f"{path.name} is not FASTA ({error}): name a genome file") from error
