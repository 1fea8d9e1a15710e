"""Locks of files, which end with the process that holds them, however it ends."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

BUSY = (errno.EAGAIN, errno.EACCES)
"""What a system says of a lock that another process holds."""


def lock(file: IO[Any], busy: str) -> None:
    """Hold an open file alone; BlockingIOError with the words ``busy`` while another process does.

    Many file systems of clusters have no locks; there, nothing can be told, and nothing is refused.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in BUSY:
            raise BlockingIOError(busy) from None


@contextmanager
def alone(path: Path, busy: str) -> Iterator[None]:
    """Hold a lock file, made with its folders and removed at the end; a folder left empty goes with it.

    Raises BlockingIOError with the words ``busy`` while another process holds it, and OSError, in one line,
    where nothing can be written: so whoever takes the lock knows before the work.
    """
    made = not path.parent.exists()
    with _opened(path) as file:
        lock(file, busy)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
            with suppress(OSError):  # it holds what was to be written
                if made:
                    path.parent.rmdir()


def _opened(path: Path) -> IO[Any]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b", buffering=0)
    except OSError as error:
        raise OSError(
            f"cannot write in {path.parent} ({error.strerror}): choose another place for the output"
        ) from error
