"""Letters of a 2bit file, read by place: the format of UCSC, told by its first bytes.

Header, an index of names and places, then for each record its length, its runs of N, its runs of lower case,
and its bases, four to a byte in the order T, C, A, G. Source: genome.ucsc.edu/FAQ/FAQformat.html#format7.
"""

from __future__ import annotations

import os
import weakref
from pathlib import Path

import numpy as np

MAGIC = 0x1A412743
HEADER = 16
_BASES = np.frombuffer(b"TCAG", dtype=np.uint8)
_UNPACKED = _BASES[np.arange(256)[:, None] >> np.array([6, 4, 2, 0]) & 3]
"""The four letters of each byte: (256, 4)."""


def is_2bit(path: Path) -> bool:
    """Whether a file is 2bit, by its first bytes; what is no plain file is not."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        start = file.read(4)
    return MAGIC in (int.from_bytes(start, "little"), int.from_bytes(start, "big"))


class TwoBit:
    """Letters of a 2bit file of either byte order and version. Raises ValueError for a damaged one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)
        self._size = os.fstat(self._file).st_size
        little = int.from_bytes(self._bytes(0, 4), "little") == MAGIC
        self._word = np.dtype("<u4" if little else ">u4")
        version, number = self._words(4, 2).tolist()
        self._place = self._index(number, 8 if version else 4)
        self.lengths = {name: int(self._words(place, 1)[0]) for name, place in self._place.items()}
        self._unknown: dict[str, tuple[np.ndarray, np.ndarray, int]] = {}

    def letters(self, name: str, start: int, end: int) -> bytes:
        """The letters from ``start`` up to ``end``, both within the record, in upper case."""
        if name not in self._unknown:
            self._unknown[name] = self._record(name)
        begin, ends, place = self._unknown[name]
        first, last = start // 4, -(-end // 4)
        packed = np.frombuffer(self._bytes(place + first, last - first), dtype=np.uint8)
        letters = _UNPACKED[packed].ravel()[start - 4 * first : end - 4 * first]
        for run in range(np.searchsorted(ends, start, side="right"), np.searchsorted(begin, end)):
            letters[max(begin[run] - start, 0) : ends[run] - start] = ord("N")
        text: bytes = letters.tobytes()
        return text

    def _index(self, number: int, width: int) -> dict[str, int]:
        """Where each record is."""
        places, at = dict[str, int](), HEADER
        order = "<" if self._word.str.startswith("<") else ">"
        for _ in range(number):
            size = self._bytes(at, 1)[0]
            entry = self._bytes(at + 1, size + width)
            place = np.frombuffer(entry[size:], dtype=f"{order}u{width}")[0]
            places[self._name(entry[:size], places)] = int(place)
            at += 1 + size + width
        return places

    def _name(self, content: bytes, places: dict[str, int]) -> str:
        """A name, which no other record has."""
        name = content.decode("utf-8", "replace")
        if not name or name in places:
            wrong = f"{name!r} twice" if name else f"no name for record {len(places) + 1}"
            raise ValueError(f"{self.path.name} has {wrong}: give each record a name of its own")
        return name

    def _record(self, name: str) -> tuple[np.ndarray, np.ndarray, int]:
        """Begins and ends of a record's runs of N, and the place of its bases, which are all there."""
        at = self._place[name] + 4
        unknown = int(self._words(at, 1)[0])
        runs = self._words(at + 4, 2 * unknown).astype(np.int64)
        at += 4 + 8 * unknown
        at += 4 + 8 * int(self._words(at, 1)[0]) + 4
        self._bytes(at + self.lengths[name] // 4 - 1, 1)
        return runs[:unknown], runs[:unknown] + runs[unknown:], at

    def _words(self, place: int, number: int) -> np.ndarray:
        return np.frombuffer(self._bytes(place, 4 * number), dtype=self._word)

    def _bytes(self, place: int, number: int) -> bytes:
        if place + number > self._size:
            raise ValueError(f"{self.path.name} is not a whole 2bit file: check that it was downloaded whole")
        return os.pread(self._file, number, place)
