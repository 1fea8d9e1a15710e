"""From a task's files to its examples: prepared once, kept as plain arrays that are memory-mapped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import downloads, files
from .examples import Examples

if TYPE_CHECKING:
    from .tasks import Task

PREPARATION = 1
"""The version of what turns files into examples, which names the folders of the cache.

Raise it when a change of code gives other arrays for the same files: a folder of an earlier version is then
not read again. The tests record a digest of the arrays of each kind of source, and fail when these change and
the number does not.
"""
ARRAYS = ("codes", "target", "control", "chrom", "start", "reverse", "room")
FILE_KEYS = {"genome", "positives", "negatives", "sites", "events", "profiles", "plus", "minus", "both"}
FILE_KEYS |= {"train", "validation", "test"}

Arrays = dict[str, np.ndarray]
Prepared = tuple[dict[str, Arrays], list[str]]
"""Arrays of each split, and notes for the user."""


def load(task: Task, split: str) -> Examples:
    """The examples of one split, memory-mapped from the cache; prepared first if need be."""
    folder = prepare(task) / split
    arrays = {
        name: np.load(folder / f"{name}.npy", mmap_mode="r")
        for name in ARRAYS
        if (folder / f"{name}.npy").exists()
    }
    return Examples(
        **arrays,
        rep_out=task.rep_out[0],
        rep_control=task.rep_in[1] if len(task.rep_in) > 1 else None,
        jitter=int(task.data.get("jitter", 0)) if split == "train" else 0,
    )


def prepare(task: Task) -> Path:
    """The folder of a task's prepared examples; made, whole or not at all, when it is not in the cache."""
    folder = files.cache_folder() / "prepared" / f"{task.name}-{_key(task)}"
    if (folder / "summary.json").exists():
        return folder
    splits, notes = _source(task.data["source"])(task)

    def write(temporary: Path) -> None:
        for split, arrays in splits.items():
            (temporary / split).mkdir(parents=True)
            for name, array in arrays.items():
                np.save(temporary / split / f"{name}.npy", array)
        (temporary / "summary.json").write_text(json.dumps({"notes": notes}, indent=1), "utf-8")

    return files.atomically(folder, write)


def notes(task: Task) -> list[str]:
    """What preparation found worth saying: names resolved, windows dropped."""
    return list(json.loads((prepare(task) / "summary.json").read_text("utf-8"))["notes"])


def mentioned(table: Any, key: str = "") -> Iterator[str]:
    """The file names in a data table."""
    if isinstance(table, dict):
        for inner, value in table.items():
            if inner != "splits":
                yield from mentioned(value, inner)
    elif isinstance(table, list):
        for value in table:
            yield from mentioned(value, key)
    elif key in FILE_KEYS and isinstance(table, str):
        yield table.partition("#")[0]


def _source(name: str) -> Callable[[Task], Prepared]:
    """The function that prepares the examples of a kind of source."""
    from . import sources, windows

    return {
        "simulation": sources.simulated,
        "chalmers-chipexo": sources.chipexo,
        "intervals": windows.windows,
        "table": sources.table,
    }[name]


def _key(task: Task) -> str:
    """A name for what the examples depend on: the task's data, its files, and the version of the code."""
    content = {
        "data": task.data,
        "model": {k: task.model.get(k) for k in ("length", "outputs")},
        "kind": task.kind,
        "files": identities(task),
        "preparation": PREPARATION,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def identities(task: Task) -> dict[str, Any]:
    """What tells each file of a task from another of the same name."""
    return {name: _identity(task, name) for name in task.file_names()}


def _identity(task: Task, name: str) -> Any:
    """The published hash of a file, or else its size and time of change."""
    source = task.sources.get(name) or downloads.manifest().get(name)
    if source and source.sha256:
        return source.sha256
    status = task.path(name).stat()
    return [status.st_size, status.st_mtime_ns]
