"""Variants of a VCF file, plain or gzipped: one at a time, lines of several alleles split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from os.path import commonprefix
from pathlib import Path

from ..files.cache import text_lines

BASES = frozenset("ACGTN")


@dataclass(frozen=True)
class Variant:
    """One alternative allele, in upper case: ``position`` is 0-based, ``line`` is that of the file."""

    chrom: str
    position: int
    ref: str
    alt: str
    name: str = "."
    line: int = 0

    def trimmed(self) -> tuple[int, str, str]:
        """Position and alleles without the bases that both share at their ends; one may be empty.

        >>> Variant("chr1", 9, "CAT", "CT").trimmed()
        (10, 'A', '')
        """
        last = _shared(self.ref[::-1], self.alt[::-1])
        ref, alt = self.ref[: len(self.ref) - last], self.alt[: len(self.alt) - last]
        first = _shared(ref, alt)
        return self.position + first, ref[first:], alt[first:]


def read_vcf(path: Path, skipped: Counter[str] | None = None) -> Iterator[Variant]:
    """Each alternative allele, in the file's order.

    Alleles without a sequence (``<DEL>``, ``*``, ``.``, breakends) are left out and counted in ``skipped`` as
    ``"symbolic"``. Raises ValueError naming the line that is not VCF.
    """
    skipped = Counter() if skipped is None else skipped
    for number, line in _lines(path):
        fields = line.split("\t")
        where = f"{path.name} line {number}"
        if len(fields) < 5 or not fields[1].isdecimal() or int(fields[1]) < 1:
            raise ValueError(
                f"{where}: {line[:40]!r} is not VCF: expected CHROM, POS (from 1), ID, REF and ALT, "
                "separated by tabs"
            )
        chrom, ref = fields[0], fields[3].upper()
        if not ref or not set(ref) <= BASES:
            raise ValueError(f"{where}: REF {fields[3]!r} is not made of the bases A, C, G, T and N")
        for alt in fields[4].upper().split(","):
            if _symbolic(alt):
                skipped["symbolic"] += 1
            elif not alt or not set(alt) <= BASES:
                raise ValueError(f"{where}: ALT {alt!r} is not made of the bases A, C, G, T and N")
            else:
                yield Variant(chrom, int(fields[1]) - 1, ref, alt, fields[2], number)


def _shared(a: str, b: str) -> int:
    """How many letters two strings share at their beginnings."""
    return len(commonprefix([a, b]))  # noqa: RUF071 - letters are what is compared


def _symbolic(alt: str) -> bool:
    """Whether an allele is named or missing rather than spelled."""
    return alt in ("*", ".", "<*>") or alt.startswith("<") or any(sign in alt for sign in "[]") or "." in alt


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines without headers and empty lines."""
    for number, line in enumerate(text_lines(path, "VCF"), 1):
        if line.strip() and not line.startswith("#"):
            yield number, line.rstrip("\r\n")
