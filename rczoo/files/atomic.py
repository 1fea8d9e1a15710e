"""Results that appear under their names only when they are whole."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file beside its place, then move it there: readers see the old file or the new one, whole.

    Raises OSError, in one line with the path, where it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise OSError(
            f"cannot write {path} ({error.strerror or error}): make room, or choose another place"
        ) from error
    finally:
        with suppress(OSError):  # where it could not be made
            temporary.unlink()


def remove_leftovers(path: Path) -> None:
    """Remove what killed writers of a file left beside it; for whoever is alone with the file."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.{'[0-9a-f]' * 32}"):
        left.unlink(missing_ok=True)


@contextmanager
def written_whole(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Temporary paths beside ``paths``, which get their names when all is written, and vanish otherwise.

    Raises OSError, in one line with the paths, when one cannot be written; then none is there.
    """
    named: list[Path] = []
    made = [path.with_name(f".{path.name}.unfinished") for path in paths]
    try:
        yield made
        for temporary in made:
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
        for temporary, path in zip(made, paths, strict=True):
            os.replace(temporary, path)
            named.append(path)
    except OSError as error:
        for path in named:
            path.unlink(missing_ok=True)
        names = " and ".join(map(str, paths))
        raise OSError(f"cannot write {names} ({error.strerror or error}): nothing was left there") from error
    finally:
        for temporary in made:
            temporary.unlink(missing_ok=True)


def refuse_existing(paths: Sequence[Path], force: bool) -> None:
    """Refuse places that cannot be written, or that hold a file which nobody said to overwrite."""
    if repeated := [path for n, path in enumerate(paths) if path in paths[:n]]:
        raise ValueError(f"{repeated[0]} is named for two outputs: give each a file of its own")
    for path in paths:
        if not path.parent.is_dir():
            raise ValueError(f"{path}: there is no folder {path.parent}: make it, or choose another place")
        if path.is_dir():
            raise ValueError(f"{path} is a folder: name a file")
        if not os.access(path.parent, os.W_OK):
            raise ValueError(f"{path}: {path.parent} is not writable: choose another place for the output")
        if path.exists() and not force:
            raise ValueError(f"{path} exists: choose another name, or give --force")


def refuse_unwritable(folder: Path) -> None:
    """Refuse a folder that is none, or that could not be made or written in; nothing is made."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir():
        raise ValueError(f"{there} is a file: name a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ValueError(f"cannot write in {there}: choose another place for the output")
