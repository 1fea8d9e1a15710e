"""The cache folder, and files made in it that are whole or absent.

``RCZOO_CACHE`` names the folder; by default it is the system's cache folder.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

CHUNK = 1 << 20
"""Bytes read at a time."""
GZIP = b"\x1f\x8b"


def cache_folder() -> Path:
    """Where downloads and prepared examples are kept: ``RCZOO_CACHE``, or the system's cache folder."""
    import pooch

    return Path(os.environ.get("RCZOO_CACHE") or pooch.os_cache("rczoo"))


def sha256(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def unpacked(path: Path) -> Path:
    """The plain version of a gzip or bgzip file, unpacked once into the cache; other files as they are."""
    if not _packed(path):
        return path
    target = derived(path, path.name.removesuffix(".gz").removesuffix(".bgz"))

    def unpack(temporary: Path) -> None:
        try:
            with gzip.open(path, "rb") as packed, temporary.open("wb") as plain:
                shutil.copyfileobj(packed, plain, CHUNK)
        except (EOFError, OSError) as error:
            raise ValueError(f"{path.name} is not a whole gzip file ({error}): fetch it again") from error

    return target if target.exists() else atomically(target, unpack)


def text_lines(path: Path, kind: str) -> Iterator[str]:
    """The lines of a text file, plain or gzip, each with its end; ``kind`` is what an error calls the file.

    What is not UTF-8 is replaced, so that whoever reads the lines refuses a binary file by its content.
    Raises FileNotFoundError for no file, ValueError for a gzip file that is cut short.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no {kind} file {path}: check the path")
    opened = gzip.open if _packed(path) else open
    with opened(path, "rt", encoding="utf-8", errors="replace") as lines:
        try:
            yield from lines
        except (EOFError, gzip.BadGzipFile) as error:
            raise ValueError(f"{path.name} is not a whole gzip file ({error}): fetch it again") from error


def _packed(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(GZIP)) == GZIP


def derived(path: Path, name: str) -> Path:
    """Where the cache keeps something made from ``path``: a change of the original gives another place."""
    size, modified = stamp(path)
    key = hashlib.sha256(f"{path.resolve()} {size} {modified}".encode()).hexdigest()[:16]
    return cache_folder() / "derived" / key / name


def atomically(target: Path, write: Callable[[Path], None]) -> Path:
    """Let ``write`` make a file or fill a folder at a temporary path, then give it its name in one step."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=partial()) as folder:
        temporary = Path(folder) / target.name
        write(temporary)
        try:
            temporary.replace(target)
        except OSError:
            if not target.is_dir():  # a parallel process finished the same folder first: keep that one
                raise
    return target


def partial() -> Path:
    """The folder for unfinished work; what a killed process left there is removed after a day."""
    folder = cache_folder() / "partial"
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.iterdir():
        try:
            old = time.time() - left.stat().st_mtime > 86_400
        except FileNotFoundError:
            continue
        if old:
            shutil.rmtree(left, ignore_errors=True)
    return folder


def stamp(path: Path) -> list[int]:
    """Size and time of change: what tells, cheaply, that a file is still the same."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def write_text(path: Path, text: str) -> None:
    """Write a text and return nothing, as :func:`atomically` wants it."""
    path.write_text(text, "utf-8")
