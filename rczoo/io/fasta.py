"""Sequences of a FASTA file (plain, gzip or bgzip), one by one, as base codes of a model's length."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from ..files.cache import text_lines
from ..symmetry import dna


def read_sequences(path: str | Path, length: int, crop: bool = False) -> Iterator[tuple[str, np.ndarray]]:
    """Name and codes (length,) uint8 of each record, in the file's order; one record in memory at a time.

    The name is the header's first word. Letters for several bases (R, Y, ...) are read as N. A record longer
    than ``length`` is an error, or, with ``crop``, gives its central window (of an odd surplus, the base more
    is left out at its end). Raises ValueError, in one line, for a file without records, a record of another
    length and a letter that is no base; FileNotFoundError for no file.
    """
    path, number = Path(path), 0
    for name, letters in _records(path):
        number += 1
        yield name, _window(_encode(letters, name, path.name), name, path.name, length, crop)
    if not number:
        raise ValueError(f"{path.name} has no sequences: expected FASTA, a line '>name', then lines of bases")


class Sequences:
    """The sequences of a FASTA file, read through once to count them, so that a fault is known at once."""

    def __init__(self, path: str | Path, length: int, crop: bool = False) -> None:
        self.path, self.length, self.crop = Path(path), length, crop
        self._number = sum(1 for _ in self)

    def __len__(self) -> int:
        return self._number

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]:
        return read_sequences(self.path, self.length, self.crop)

    def batches(self, first: int, size: int) -> Iterator[np.ndarray]:
        """Codes (n, length) of the sequences from number ``first`` on, ``size`` at a time."""
        rest = islice(self, first, None)
        while batch := [codes for _, codes in islice(rest, size)]:
            yield np.stack(batch)


def _window(codes: np.ndarray, name: str, file: str, length: int, crop: bool) -> np.ndarray:
    """The ``length`` bases that a model reads."""
    if len(codes) < length:
        raise ValueError(
            f"{file}: sequence {name!r} has {len(codes)} bases, the model reads {length}: "
            "give longer sequences, or write N where bases are unknown"
        )
    if len(codes) > length and not crop:
        raise ValueError(
            f"{file}: sequence {name!r} has {len(codes)} bases, the model reads {length}: "
            "cut it, or give --crop (crop=True) to read the central bases"
        )
    first = (len(codes) - length) // 2
    return codes[first : first + length]


def _encode(letters: str, name: str, file: str) -> np.ndarray:
    try:
        return dna.encode(letters, unknown=dna.AMBIGUOUS)
    except ValueError as error:
        raise ValueError(f"{file}: sequence {name!r}: {error}") from error


def _records(path: Path) -> Iterator[tuple[str, str]]:
    """Name and letters of each record."""
    name, parts = None, list[str]()
    for number, line in enumerate(map(str.strip, text_lines(path, "FASTA")), 1):
        if line.startswith(">"):
            if name is not None:
                yield name, "".join(parts)
            words = line[1:].split(maxsplit=1)
            if not words:
                raise ValueError(f"{path.name} line {number}: a record without a name: write '>name'")
            name, parts = words[0], []
        elif line and name is None:
            raise ValueError(
                f"{path.name} line {number}: {line[:40]!r} is not FASTA: a record starts with '>name'"
            )
        else:
            parts.append(line)
    if name is not None:
        yield name, "".join(parts)
