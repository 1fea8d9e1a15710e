"""Sequences of a FASTA file (plain, gzip or bgzip), one by one, as base codes of a model's length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from ..symmetry import dna
from .bad_lines import BadLines, LineError
from .text import text_lines


@dataclass(frozen=True)
class Reading:
    """How sequences are read: by a model of ``length`` bases, ``crop`` to the centre, ``rna`` with U as T."""

    length: int
    crop: bool = False
    rna: bool = False

    def codes(self, name: str, letters: str) -> np.ndarray:
        """Codes (length,) of a record; LineError for what the model cannot read."""
        if not name:
            raise LineError("no name", "a record without a name: write '>name'")
        try:
            codes = dna.encode(letters, unknown=dna.READ_AS_N, rna=self.rna)
        except ValueError as error:
            remedy = "; --rna (rna=True) reads U as T" if dna.RNA.keys() & set(letters) else ""
            raise LineError("other letters", f"sequence {name!r}: {error}{remedy}") from None
        had = f"sequence {name!r} has {len(codes)} bases, the model reads {self.length}"
        if len(codes) < self.length:
            raise LineError("too short", f"{had}: give longer sequences, or write N where bases are unknown")
        if len(codes) > self.length and not self.crop:
            raise LineError(
                "too long", f"{had}: cut it, or give --crop (crop=True) to read the central bases"
            )
        first = (len(codes) - self.length) // 2
        return codes[first : first + self.length]


def read_sequences(
    path: str | Path, length: int, crop: bool = False, rna: bool = False, bad: BadLines | None = None
) -> Iterator[tuple[str, np.ndarray]]:
    """Name and codes (length,) uint8 of each record, in the file's order; one record in memory at a time.

    The name is the header's first word. Letters for several bases (R, Y, ...) and for none (``-``, ``.``) are
    read as N, and U as T with ``rna``. A record longer than ``length`` is bad, or, with ``crop``, gives its
    central window (of an odd surplus, the base more is left out at its end). Raises ValueError, in one line,
    for a file without records and, when all are read, listing the bad ones, unless ``bad`` is given, which
    gets them; FileNotFoundError for no file.
    """
    path, reading = Path(path), Reading(length, crop, rna)
    own, number = BadLines(path.name) if bad is None else bad, 0
    for line, name, letters in records(path):
        number += 1
        try:
            codes = reading.codes(name, letters)
        except LineError as error:
            own.add(line, error)
        else:
            yield name, codes
    if bad is None:
        own.refuse()
    if not number:
        raise ValueError(f"{path.name} has no sequences: expected FASTA, a line '>name', then lines of bases")


class Sequences:
    """The sequences of a FASTA file, read through once to count them, so that a fault is known at once.

    ``bad`` says what becomes of records that cannot be read; by default they are refused.
    """

    def __init__(self, path: str | Path, reading: Reading, bad: BadLines | None = None) -> None:
        self.path, self._reading = Path(path), reading
        bad = BadLines(self.path.name) if bad is None else bad
        self._number = sum(1 for _ in self._read(bad))
        bad.refuse()
        if not self._number:
            raise ValueError(f"{self.path.name}: no sequence can be read: {bad} left out")

    def __len__(self) -> int:
        return self._number

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]:
        return self._read(BadLines(self.path.name))

    def batches(self, first: int, last: int, size: int) -> Iterator[np.ndarray]:
        """Codes (n, length) of the sequences ``first`` to ``last``, ``size`` at a time."""
        rest = islice(self, first, last)
        while batch := [codes for _, codes in islice(rest, size)]:
            yield np.stack(batch)

    def _read(self, bad: BadLines) -> Iterator[tuple[str, np.ndarray]]:
        how = self._reading
        return read_sequences(self.path, how.length, how.crop, how.rna, bad)


def records(path: Path, whole_header: bool = False) -> Iterator[tuple[int, str, str]]:
    """The line of its header, the header's first word (or all of it) and the letters of each record."""
    begun, name, parts = 0, "", list[str]()
    for number, line in enumerate(map(str.strip, text_lines(path, "FASTA")), 1):
        if line.startswith(">"):
            if begun:
                yield begun, name, "".join(parts)
            [name] = [line[1:]] if whole_header else line[1:].split()[:1] or [""]
            begun, parts = number, []
        elif line and not begun:
            raise ValueError(
                f"{path.name} line {number}: {line[:40]!r} is not FASTA: a record starts with '>name'"
            )
        else:
            parts.append(line)
    if begun:
        yield begun, name, "".join(parts)
