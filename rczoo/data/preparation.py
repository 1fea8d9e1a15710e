"""From a task's files to its examples: prepared once, kept as plain arrays that are memory-mapped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..files import cache
from .examples import Examples, Prepared
from .sources.chipexo import chipexo
from .sources.peaks import deepbind, peaks
from .sources.simulation import simulated
from .sources.sites import site_windows
from .sources.table import table
from .sources.tiles import tiles
from .task import Task

PREPARATION = 2
"""The version of what turns files into examples, which names the folders of the cache.

Raise it when a change of code gives other arrays for the same files: a folder of an earlier version is then
not read again. The tests record a digest of the arrays of each kind of source, and fail when these change and
the number does not.
"""
SOURCES: dict[str, Callable[[Task], Prepared]] = {
    "simulation": simulated,
    "chalmers-chipexo": chipexo,
    "intervals": site_windows,
    "table": table,
    "peaks": peaks,
    "deepbind-encode": deepbind,
    "tiles": tiles,
}
"""What prepares the examples of each kind of source."""
ARRAYS = ("codes", "target", "control", "chrom", "start", "reverse", "room")


def load_examples(task: Task, split: str) -> Examples:
    """The examples of "train", "validation" or "test", memory-mapped; files are fetched when needed.

    A cleaned table has "test-unshared" too, peaks with two kinds of negatives "test-peaks" and
    "test-shuffles". Raises ValueError for another split.
    """
    if split not in task.splits:
        raise ValueError(f"task {task.name}: no split {split!r}: choose from {', '.join(task.splits)}")
    if task.in_memory:
        return task.in_memory[split]
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
        jitter=task.jitter if split == "train" else 0,
    )


def prepare(task: Task) -> Path:
    """The folder of a task's prepared examples; made, whole or not at all, unless the cache has it whole."""

    def write(temporary: Path) -> None:
        splits, notes = SOURCES[task.data.source](task)
        for split, arrays in splits.items():
            (temporary / split).mkdir(parents=True)
            for name, array in arrays.items():
                np.save(temporary / split / f"{name}.npy", array)
        (temporary / "summary.json").write_text(json.dumps({"notes": notes}, indent=1), "utf-8")

    return cache.whole_folder(cache.cache_folder() / "prepared" / f"{task.name}-{_key(task)}", write)


def notes(task: Task) -> list[str]:
    """What preparation found worth saying: names resolved, windows dropped."""
    return list(json.loads((prepare(task) / "summary.json").read_text("utf-8"))["notes"])


def _key(task: Task) -> str:
    """A name for what the examples depend on: the task's data, its files, and the version of the code."""
    content = {
        "data": task.data.plain(),
        "model": {"length": task.length, "outputs": task.model.outputs},
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
    source = task.source(name)
    if source and source.sha256:
        return source.sha256
    status = task.path(name).stat()
    return [status.st_size, status.st_mtime_ns]
