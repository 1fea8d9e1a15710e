"""Numbers of fixed size per record, kept as they come, so that a killed run goes on where it stopped.

The file's first line says, as JSON, what the records are of; a run with anything else starts anew. Its name
begins with a dot and ends in ``.partial``: nobody takes it for a result.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from .locks import lock

BLOCK = 1024
"""Records read at a time."""


class Journal:
    """Records of ``size`` float32 numbers beside ``target``; ``done`` of them are there already.

    Only whole batches of ``batch`` records are kept from an earlier run, so that batches, and with them every
    rounding, are those of a run without interruption. Raises BlockingIOError while another run writes it.
    """

    def __init__(self, target: Path, about: dict[str, Any], size: int, batch: int = 1) -> None:
        self.path, self.size = self.beside(target), size
        header = _header(about)
        self._header = len(header)
        self._file = _open(self.path)
        try:
            lock(self._file, f"{target} is being written by another run: wait for it")
        except BlockingIOError:
            self._file.close()
            raise
        if self._file.read(self._header) != header:
            self._file.truncate(0)
            self._write(0, header)
        left = os.fstat(self._file.fileno()).st_size - self._header
        self.done = left // (4 * size) // batch * batch

    @staticmethod
    def beside(target: Path) -> Path:
        """The file of the journal of this target."""
        return target.with_name(f".{target.name}.partial")

    def append(self, values: np.ndarray) -> None:
        """Add records (n, size)."""
        self._write(self._place(self.done), np.ascontiguousarray(values, dtype=np.float32).tobytes())
        self.done += len(values)

    def read(self, first: int, number: int) -> Iterator[np.ndarray]:
        """Records, one by one: (size,) float32."""
        for start in range(first, first + number, BLOCK):
            count = min(BLOCK, first + number - start)
            self._file.seek(self._place(start))
            yield from np.frombuffer(self._file.read(4 * self.size * count), np.float32).reshape(count, -1)

    def remove(self) -> None:
        """The result is written: nothing is to go on."""
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def _place(self, record: int) -> int:
        return self._header + 4 * self.size * record

    def _write(self, place: int, content: bytes) -> None:
        try:
            self._file.seek(place)
            left = memoryview(content)
            while left:  # a disk that becomes full takes a part, and says so at the next call
                left = left[self._file.write(left) :]
        except OSError as error:
            raise OSError(
                f"cannot write {self.path} ({error.strerror}): make room and run the same command again, "
                "which goes on from here"
            ) from error


def is_unfinished(target: Path, about: dict[str, Any]) -> bool:
    """Whether a run of just this was killed before its end, so that what is at ``target`` is its own."""
    header = _header(about)
    try:
        with Journal.beside(target).open("rb") as file:
            return file.read(len(header)) == header
    except OSError:
        return False


def kept(target: Path, about: dict[str, Any], size: int) -> np.ndarray | None:
    """The records (n, size) of a run of just this, left where they are; None where there are none."""
    path, begin = Journal.beside(target), len(_header(about))
    if not is_unfinished(target, about):
        return None
    number = (path.stat().st_size - begin) // (4 * size)
    if not number:
        return None
    return np.memmap(path, np.float32, "r", begin, (number, size))


def _header(about: dict[str, Any]) -> bytes:
    return (json.dumps(about, sort_keys=True) + "\n").encode()


def _open(path: Path) -> Any:
    try:
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b", buffering=0)
    except OSError as error:
        raise OSError(
            f"cannot write in {path.parent} ({error.strerror}): choose another place for the output"
        ) from error
