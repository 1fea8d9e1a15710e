"""FASTA laid flat in the cache: each record on one line, which pyfaidx reads from anywhere.

pyfaidx asks for lines of one length and for bgzip, and writes its index beside the file; people's files
have ragged lines and plain gzip, and lie where nothing may be written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pyfaidx import Faidx

from ..files.cache import CHUNK, derived, whole_folder
from ..symmetry import dna
from .text import require_file, unpacked

SEQUENCES = "sequences.fa"
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
        folder = whole_folder(derived(path, path.name + ".flat"), lambda made: _lay_flat(path, made))
        self._file = Faidx(str(folder / SEQUENCES), build_index=False)
        self.lengths: Index = {name: record.rlen for name, record in self._file.index.items()}

    def letters(self, name: str, start: int, end: int) -> bytes:
        """The letters from ``start`` up to ``end``, both within the record."""
        read: str = self._file.fetch(name, start + 1, end).seq
        return read.encode()


def _lay_flat(path: Path, folder: Path) -> None:
    """Write each record of a FASTA file on one line, and its index: name, length, place, and twice its
    line."""
    index: Index = {}
    begin: Index = {}
    name = ""
    folder.mkdir(exist_ok=True)
    with unpacked(path, "genome") as source, (folder / SEQUENCES).open("wb") as file:
        for piece in _pieces(source):
            if piece.startswith(b">"):
                file.write(b"\n" if name else b"")
                name = _name(piece, index, path.name)
                file.write(f">{name}\n".encode())
                index[name], begin[name] = 0, file.tell()
            elif letters := piece.translate(None, b"\n\t "):
                _refuse_others(letters, index, name, path.name)
                file.write(letters)
                index[name] += len(letters)
        file.write(b"\n")
    if not index:
        raise ValueError(f"{path.name} is neither FASTA (it is empty) nor 2bit: name a genome file")
    rows = (f"{n}\t{size}\t{begin[n]}\t{size}\t{size + 1}\n" for n, size in index.items())
    (folder / f"{SEQUENCES}.fai").write_text("".join(rows), "utf-8")


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
