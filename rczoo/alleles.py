"""The two sequences of a variant, both of the model's length, and which of their bases correspond."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import dna
from .genome import Genome, cut
from .vcf import Variant

NOWHERE = -(1 << 62)
"""The place of an alternative base that corresponds to none of the reference."""


class Alleles(NamedTuple):
    """Codes (2, length) of reference and alternative, and the place in the genome of each base (2, length).

    Each window has its allele in the middle (of n bases, number n // 2 lies at ``length // 2``), without the
    bases that both share at their ends. So an indel draws in, or pushes out, both flanks alike.
    """

    codes: np.ndarray
    place: np.ndarray


class Reference:
    """A genome against which variants are checked; one chromosome in memory."""

    def __init__(self, genome: Genome, file: str) -> None:
        self.genome, self.file, self._known = genome, file, ""
        self._names: dict[str, str] = {}
        self._codes = np.zeros(0, dtype=np.uint8)

    def check(self, variant: Variant) -> None:
        """Raise ValueError, with the line, unless the genome has REF where the variant says."""
        where = f"{self.file} line {variant.line}"
        try:
            codes = self._chromosome(variant.chrom)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error
        end = variant.position + len(variant.ref)
        if end > len(codes):
            raise ValueError(
                f"{where}: {variant.chrom}:{variant.position + 1} with {len(variant.ref)} bases runs off its "
                f"chromosome of {len(codes)} in {self.genome.name}: use the genome that the VCF was made on"
            )
        found = dna.decode(codes[variant.position : end])
        if found != variant.ref:
            raise ValueError(
                f"{where}: REF is {variant.ref[:20]} but {self.genome.name} has {found[:20]} at "
                f"{variant.chrom}:{variant.position + 1}: use the genome that the VCF was made on"
            )

    def alleles(self, variant: Variant, length: int) -> Alleles:
        """Both sequences of a checked variant; N beyond the ends of the chromosome."""
        codes = self._chromosome(variant.chrom)
        position, ref, alt = variant.trimmed()
        rows = [_window(codes, position, len(ref), allele, length) for allele in (ref, alt)]
        return Alleles(*(np.stack(part) for part in zip(*rows, strict=True)))

    def _chromosome(self, chrom: str) -> np.ndarray:
        if chrom not in self._names:
            self._names |= self.genome.resolve([chrom])
        if self._names[chrom] != self._known:
            self._known = self._names[chrom]
            self._codes = self.genome.chromosome(self._known)
        return self._codes


def _window(
    codes: np.ndarray, position: int, removed: int, allele: str, length: int
) -> tuple[np.ndarray, np.ndarray]:
    """Codes and places of the window whose middle is ``allele`` in the place of ``removed`` bases."""
    left = length // 2 - len(allele) // 2
    right = length - left - len(allele)
    before = np.arange(position - left, position)
    after = np.arange(position + removed, position + removed + right)
    inside = np.arange(position, position + removed)
    place = inside if len(allele) == removed else np.full(len(allele), NOWHERE)
    flanks = (cut(codes, p[:1], len(p), dna.UNKNOWN)[0] if len(p) else codes[:0] for p in (before, after))
    low, high = flanks
    return np.concatenate([low, dna.encode(allele), high]), np.concatenate([before, place, after])
