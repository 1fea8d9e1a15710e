"""Results that appear under their names only when they are whole."""

from __future__ import annotations

import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

STDOUT = ("-", "/dev/stdout")
"""Names of standard output: never opened anew, which would empty a file that a shell sends it to."""


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


def is_stream(path: Path) -> bool:
    """Whether a path is standard output, a pipe or a device: what is written to, and never replaced."""
    place = path.absolute()
    if str(path) in STDOUT or place.parent == Path("/dev/fd") or place.parts[1:2] == ("proc",):
        return True
    return path.exists() and not path.is_file() and not path.is_dir()


@contextmanager
def written_whole(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Temporary paths for ``paths``, which get their content when all is written, and vanish otherwise.

    They end as ``paths`` do. A link is followed: what it names is replaced. A stream is given the content at
    the end. Raises OSError, in one line with the paths, when one cannot be written; then no file is there.
    """
    named: list[Path] = []
    with tempfile.TemporaryDirectory() as folder:
        made = [_temporary(path, Path(folder) / str(n)) for n, path in enumerate(paths)]
        try:
            yield made
            for temporary in made:
                with temporary.open("rb") as file:
                    os.fsync(file.fileno())
            for temporary, path in zip(made, paths, strict=True):
                if is_stream(path):
                    _pour(temporary, path)
                else:
                    os.replace(temporary, _place(path))
                    named.append(_place(path))
        except OSError as error:
            for path in named:
                path.unlink(missing_ok=True)
            names = " and ".join(map(str, paths))
            raise OSError(
                f"cannot write {names} ({error.strerror or error}): nothing was left there"
            ) from error
        finally:
            for temporary in made:
                temporary.unlink(missing_ok=True)


def refuse_existing(paths: Sequence[Path], force: bool, inputs: Iterable[Path | None] = ()) -> None:
    """Refuse places that cannot be written, that hold a file which nobody said to overwrite, or an input.

    A folder among the ``inputs``, as a model's, stands for every file in it.
    """
    files = [path for path in paths if not is_stream(path)]
    real = [path.resolve() for path in files]
    if repeated := [path for n, path in enumerate(files) if real[n] in real[:n]]:
        raise ValueError(f"{repeated[0]} is named for two outputs: give each a file of its own")
    read = [path.resolve() for path in inputs if path is not None]
    for path, folder in zip(files, (path.parent for path in real), strict=True):
        if not folder.is_dir():
            place = folder if path.is_symlink() else path.parent
            raise ValueError(f"{path}: there is no folder {place}: make it, or choose another place")
        if path.is_dir():
            raise ValueError(f"{path} is a folder: name a file")
        if path.exists() and _is_one_of(path, read):
            raise ValueError(f"{path} is read as well, and writing would destroy it: choose another name")
        if not os.access(folder, os.W_OK):
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


def _is_one_of(path: Path, inputs: Sequence[Path]) -> bool:
    """Whether a file is one of the inputs, under whatever name, or lies in one that is a folder."""
    inside = not set(path.resolve().parents).isdisjoint(inputs)
    return inside or any(path.samefile(other) for other in inputs if other.exists())


def _temporary(path: Path, elsewhere: Path) -> Path:
    """Where a result is made: beside its place, so that it can be moved there; for a stream, elsewhere."""
    real = _place(path)
    return elsewhere if is_stream(path) else real.with_name(f".unfinished.{real.name}")


def _place(path: Path) -> Path:
    """The file itself, or what a link names."""
    return path.resolve() if path.is_symlink() else path


def _pour(temporary: Path, path: Path) -> None:
    """Give a stream the content of a file."""
    with temporary.open("rb") as content:
        if str(path) in STDOUT:
            shutil.copyfileobj(content, sys.stdout.buffer)
            sys.stdout.flush()
            return
        with os.fdopen(os.open(path, os.O_WRONLY), "wb") as stream:
            shutil.copyfileobj(content, stream)
