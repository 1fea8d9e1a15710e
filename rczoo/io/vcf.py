"""Variants of a VCF file, plain or gzipped: one at a time, lines of several alleles split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from os.path import commonprefix
from pathlib import Path

from .bad_lines import BadLines, LineError
from .text import text_lines, whole_number

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


def read_vcf(
    path: Path, skipped: Counter[str] | None = None, bad: BadLines | None = None
) -> Iterator[Variant]:
    """Each alternative allele, in the file's order.

    Alleles without a sequence (``<DEL>``, ``*``, ``.``, breakends) are left out and counted in ``skipped`` as
    ``"symbolic"``. When all are read, raises ValueError listing the lines that are not VCF, unless ``bad`` is
    given, which gets them.
    """
    skipped = Counter() if skipped is None else skipped
    own = BadLines(path.name) if bad is None else bad
    for number, line in _lines(path):
        try:
            variants = _row(line.split("\t"), number)
        except LineError as error:
            own.add(number, error)
            continue
        for variant in variants:
            if _symbolic(variant.alt):
                skipped["symbolic"] += 1
            else:
                yield variant
    if bad is None:
        own.refuse()


def _row(fields: list[str], number: int) -> list[Variant]:
    """The alleles of a line, symbolic ones among them; LineError where it is not VCF."""
    position = whole_number(fields[1]) if len(fields) > 4 else None
    if position is None or position < 1:
        shown = "\t".join(fields)[:40]
        told = "expected CHROM, POS (from 1), ID, REF and ALT, separated by tabs"
        raise LineError("not VCF", f"{shown!r} is not VCF: {told}")
    ref, alts = fields[3].upper(), fields[4].upper().split(",")
    spelled = [("REF", ref), *(("ALT", alt) for alt in alts if not _symbolic(alt))]
    for name, allele in spelled:
        if not allele or not set(allele) <= BASES:
            raise LineError(
                "other letters", f"{name} {allele[:40]!r} is not made of the bases A, C, G, T and N"
            )
    return [Variant(fields[0], position - 1, ref, alt, fields[2], number) for alt in alts]


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
            yield number, line.rstrip("\n")
