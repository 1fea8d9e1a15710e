"""What a task consists of: its files with their licences, its splits and their balance."""

from __future__ import annotations

from typing import Any

import numpy as np

from .preparation import load_examples, notes
from .task import SPLITS, Task

MISSING = "its files are not all here, so its examples are not counted: rczoo tasks fetch {}"


def overview(task: Task) -> dict[str, Any]:
    """Sources, sizes, licences, splits, class balance and the notes of preparation, ready for JSON.

    Nothing is downloaded: ``splits`` is empty where files of the task are not here, and a note says so.
    """
    here = task.has_files()
    return {
        "name": task.name,
        "title": task.title,
        "kind": task.kind,
        "rep_in": [str(rep) for rep in task.rep_in],
        "rep_out": [str(rep) for rep in task.rep_out],
        "sources": [_file(task, name) for name in task.file_names()],
        "splits": {split: _split(task, split) for split in SPLITS} if here else {},
        "notes": notes(task) if here else [MISSING.format(task.name)],
    }


def _file(task: Task, name: str) -> dict[str, Any]:
    """One file; a file beside the task file has neither address nor licence, one elsewhere maybe no size."""
    source, beside = task.source(name), task.folder / name
    if source is None:
        size = beside.stat().st_size if beside.is_file() else None
        return {"path": name, "url": None, "bytes": size, "licence": "your own file"}
    return {"path": name, "url": source.url, "bytes": source.bytes, "licence": source.licence}


def _split(task: Task, split: str) -> dict[str, Any]:
    """Number of examples, and share of positives or mean counts."""
    examples = load_examples(task, split)
    target = examples.unshifted_target
    if not len(examples):
        return {"examples": 0, "balance": "empty"}
    if task.kind == "labels":
        shares = ", ".join(f"{share:.3f}" for share in np.nanmean(target, axis=0))
        return {"examples": len(examples), "balance": f"positive: {shares}"}
    counts = np.nansum(target, dtype=np.float64) / len(target)
    return {"examples": len(examples), "balance": f"{counts:.1f} counts per example"}
