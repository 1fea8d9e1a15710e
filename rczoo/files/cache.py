"""The cache folder, and files made in it that are whole or absent.

``RCZOO_CACHE`` names the folder; by default it is the system's cache folder.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

CHUNK = 1 << 20
"""Bytes read at a time."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors of a disk, whatever the file: no room, none left for this user, not to be written."""
SIZES = "sizes.json"
"""The file of a prepared folder that names its other files, with their bytes."""


def cache_folder() -> Path:
    """Where downloads and prepared examples are kept: ``RCZOO_CACHE``, or the system's cache folder."""
    import pooch

    return Path(os.environ.get("RCZOO_CACHE") or pooch.os_cache("rczoo"))


def sha256(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def derived(path: Path, name: str) -> Path:
    """Where the cache keeps something made from ``path``: a change of the original gives another place."""
    size, modified = stamp(path)
    key = hashlib.sha256(f"{path.resolve()} {size} {modified}".encode()).hexdigest()[:16]
    return cache_folder() / "derived" / key / name


def atomically(target: Path, write: Callable[[Path], None]) -> Path:
    """Let ``write`` make a file or fill a folder at a temporary path, then give it its name in one step.

    Raises OSError that names the cache and ``RCZOO_CACHE`` where the cache cannot be written.
    """
    with _writing():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=partial()) as folder:
            temporary = Path(folder) / target.name
            write(temporary)
            _give_name(temporary, target)
    return target


def _give_name(temporary: Path, target: Path) -> None:
    if temporary.is_dir() and target.is_file():  # of a version that kept it as one file
        target.unlink(missing_ok=True)
    try:
        temporary.replace(target)
    except OSError:
        if not target.is_dir():
            raise
        if (temporary / SIZES).exists() and not _is_whole(target):
            target.rename(temporary.with_name("damaged"))  # removed with the temporary folder
            temporary.replace(target)
        # else a parallel process finished the same folder first: keep that one


def whole_folder(target: Path, write: Callable[[Path], None]) -> Path:
    """A folder that ``write`` fills, unless it is there with every file that it had, each at its size.

    So a folder that somebody purged in part is made anew, and never read.
    """

    def write_with_sizes(temporary: Path) -> None:
        write(temporary)
        files = [path for path in temporary.rglob("*") if path.is_file()]
        sizes = {path.relative_to(temporary).as_posix(): path.stat().st_size for path in files}
        write_text(temporary / SIZES, json.dumps(sizes))

    return target if _is_whole(target) else atomically(target, write_with_sizes)


def _is_whole(folder: Path) -> bool:
    try:
        sizes = json.loads((folder / SIZES).read_text("utf-8"))
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, AttributeError):  # missing, or no JSON object
        return False


@contextmanager
def _writing() -> Iterator[None]:
    """Within, an error of the cache says which folder it is and how to choose another."""
    try:
        yield
    except OSError as error:
        inside = str(error.filename or "").startswith(str(cache_folder()))
        short = "requested and" in str(error)  # numpy's words for an array that was written in part
        if not (inside or short or error.errno in FULL):
            raise
        raise OSError(
            f"cannot write to the cache {cache_folder()} ({error.strerror or error}): make room, or set "
            "RCZOO_CACHE to a folder of yours"
        ) from error


def partial() -> Path:
    """The folder for unfinished work; what a killed process left there is removed after a day.

    Nothing is removed behind a link, nor what has another name than these folders get.
    """
    folder = cache_folder() / "partial"
    folder.mkdir(parents=True, exist_ok=True)
    for left in () if folder.is_symlink() else folder.glob(f"{tempfile.gettempprefix()}*"):
        try:
            old = time.time() - left.lstat().st_mtime > 86_400
        except FileNotFoundError:
            continue
        if old:
            shutil.rmtree(left, ignore_errors=True)  # which refuses a link
    return folder


def stamp(path: Path) -> list[int]:
    """Size and time of change: what tells, cheaply, that a file is still the same."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def write_text(path: Path, text: str) -> None:
    """Write a text and return nothing, as :func:`atomically` wants it."""
    path.write_text(text, "utf-8")


def write_content(path: Path, content: bytes) -> None:
    """Write bytes and return nothing."""
    path.write_bytes(content)
