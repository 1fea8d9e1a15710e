"""FASTA laid flat in the cache: the letters of all records without line ends, to be read from anywhere.

One file: the letters, then names and lengths as JSON, then the length of that and a mark. A file without the
mark was cut, and is made anew.
"""

from __future__ import annotations

import json
import os
import re
import weakref
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

from ..files.cache import CHUNK, atomically, derived
from ..symmetry import dna
from .text import require_file, unpacked

MARK = b"rczooflat1"
SIZE = 8
"""Bytes of the length of the index, before the mark."""
BOM = b"\xef\xbb\xbf"
LETTERS = (dna.BASES + dna.BASES.lower() + "Nn" + dna.READ_AS_N).encode()
"""All that may stand in a genome."""
Index = dict[str, int]
"""Length of each record by name, in the file's order."""


class FlatFasta:
    """Letters of a FASTA file (plain, gzip or bgzip, lines of any length); opened once, read by place.

    Raises ValueError for a file that is not FASTA, repeats a name, or holds letters that are none.
    """

    def __init__(self, path: Path) -> None:
        require_file(path, "genome")
        flat = derived(path, path.name + ".flat")
        index = _index(flat)
        if index is None:
            atomically(flat, lambda made: _lay_flat(path, made))
            index = _index(flat)
        self.lengths: Index = index or {}
        ends = accumulate(self.lengths.values())
        self._begin = {name: end - self.lengths[name] for name, end in zip(self.lengths, ends, strict=True)}
        self._file = os.open(flat, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)

    def letters(self, name: str, start: int, end: int) -> bytes:
        """The letters from ``start`` up to ``end``, both within the record."""
        return os.pread(self._file, end - start, self._begin[name] + start)


def _index(flat: Path) -> Index | None:
    """The index of a flat file; None unless it is whole."""
    if not flat.exists() or flat.stat().st_size < SIZE + len(MARK):
        return None
    with flat.open("rb") as file:
        file.seek(-SIZE - len(MARK), os.SEEK_END)
        size, mark = int.from_bytes(file.read(SIZE), "little"), file.read()
        if mark != MARK:
            return None
        file.seek(-SIZE - len(MARK) - size, os.SEEK_END)
        index: Index = json.loads(file.read(size))
    return index


def _lay_flat(path: Path, flat: Path) -> None:
    """Write the flat file of a FASTA file."""
    index: Index = {}
    name = ""
    with unpacked(path, "genome") as source, flat.open("wb") as file:
        for piece in _pieces(source):
            if piece.startswith(b">"):
                name = _name(piece, index, path.name)
                index[name] = 0
            elif letters := piece.translate(None, b"\n\t "):
                _refuse_others(letters, index, name, path.name)
                file.write(letters)
                index[name] += len(letters)
        if not index:
            raise ValueError(f"{path.name} is neither FASTA (it is empty) nor 2bit: name a genome file")
        content = json.dumps(index).encode()
        file.write(content + len(content).to_bytes(SIZE, "little") + MARK)


def _pieces(source: BinaryIO) -> Iterator[bytes]:
    """Headers, which begin with ``>``, and stretches of letters and newlines between them."""
    rest, first = b"", True
    while chunk := source.read(CHUNK):
        block = rest + (chunk.removeprefix(BOM) if first else chunk).replace(b"\r", b"\n")
        last = block.rfind(b"\n") + 1
        end = last if block[last : last + 1] == b">" else len(block)  # a header waits for its end
        yield from re.split(rb"^(>[^\n]*)", block[:end], flags=re.MULTILINE)
        rest, first = block[end:], False
    yield rest


def _name(header: bytes, index: Index, file: str) -> str:
    """The first word of a header, which no other record has."""
    words = header[1:].decode("utf-8", "replace").split(maxsplit=1)
    if not words:
        raise ValueError(f"{file}: record {len(index) + 1} has no name: write '>name'")
    if words[0] in index:
        raise ValueError(f"{file} has {words[0]!r} twice: give each record a name of its own")
    return words[0]


def _refuse_others(letters: bytes, index: Index, name: str, file: str) -> None:
    """Raise ValueError for letters that are none, with their place."""
    if not index:
        shown = letters[:20].decode("utf-8", "replace")
        raise ValueError(
            f"{file} is neither FASTA (it begins with {shown!r}, not with '>') nor 2bit: name a genome file"
        )
    if others := letters.translate(None, LETTERS):
        place, shown = index[name] + letters.index(others[:1]), chr(others[0])
        raise ValueError(
            f"{file}: {name} has {shown!r} at position {place} (0-based): only A, C, G, T and N are bases "
            "(IUPAC letters, - and . are read as N)"
        )
