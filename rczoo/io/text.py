"""Lines and bytes of files: plain or gzip, of any system, from a file, a pipe or standard input."""

from __future__ import annotations

import gzip
import io
import re
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

GZIP = b"\x1f\x8b"
WHOLE = re.compile(r"\s*-?[0-9]{1,18}\s*")
STDIN = ("-", "/dev/stdin")


@contextmanager
def read_twice(path: Path | None) -> Iterator[Path | None]:
    """A file to be read as often as needed: ``path`` itself, or a copy of standard input (``-``) or a pipe.

    The copy lies among the system's temporary files as long as the context lasts.
    """
    if path is None or not (str(path) in STDIN or path.is_fifo()):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / ("standard input" if str(path) in STDIN else path.name)
        with copy.open("wb") as stream:
            if str(path) in STDIN:
                shutil.copyfileobj(sys.stdin.buffer, stream)
            else:
                with path.open("rb") as pipe:
                    shutil.copyfileobj(pipe, stream)
        yield copy


def require_file(path: Path, kind: str) -> None:
    """Raise FileNotFoundError for no file, ValueError for a folder, a pipe or a device, which may not end."""
    if not path.exists():
        raise FileNotFoundError(f"no {kind} file {path}: check the path")
    if not path.is_file():
        raise ValueError(f"{path} is a folder, a pipe or a device: give a {kind} file")


@contextmanager
def unpacked(path: Path, kind: str) -> Iterator[BinaryIO]:
    """The bytes of a plain, gzip or bgzip file; ``kind`` is what an error calls the file.

    Raises the errors of :func:`require_file`, and ValueError for a broken gzip file.
    """
    require_file(path, kind)
    with path.open("rb") as stream:
        packed = stream.read(len(GZIP)) == GZIP
    with gzip.open(path, "rb") if packed else path.open("rb") as content:
        try:
            yield cast(BinaryIO, content)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path.name} is not a whole gzip file ({error}): fetch it again") from error


def text_lines(path: Path, kind: str) -> Iterator[str]:
    """The lines of a text file, each ending in a newline, whatever system wrote it; without byte order mark.

    What is not UTF-8 is replaced, so that whoever reads the lines refuses a binary file by its content.
    Raises the errors of :func:`unpacked`.
    """
    with (
        unpacked(path, kind) as stream,
        io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace") as lines,
    ):
        yield from lines


def whole_number(text: str) -> int | None:
    """A whole number of at most 18 digits, which 64 bits hold and which can be added; None for anything else.

    >>> whole_number(" 12"), whole_number("-1"), whole_number("1e3"), whole_number("9" * 19)
    (12, -1, None, None)
    """
    return int(text) if WHOLE.fullmatch(text) else None
