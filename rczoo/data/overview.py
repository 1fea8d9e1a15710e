"""What a task consists of: its files with their licences, its splits and their balance."""

from __future__ import annotations

from typing import Any

import numpy as np

from .preparation import load_examples, notes
from .task import SPLITS, Task


def overview(task: Task) -> dict[str, Any]:
    """Sources, sizes, licences, splits, class balance and the notes of preparation, ready for JSON."""
    return {
        "name": task.name,
        "title": task.title,
        "kind": task.kind,
        "rep_in": [str(rep) for rep in task.rep_in],
        "rep_out": [str(rep) for rep in task.rep_out],
        "sources": [_file(task, name) for name in task.file_names()],
        "splits": {split: _split(task, split) for split in SPLITS},
        "notes": notes(task),
    }


def _file(task: Task, name: str) -> dict[str, Any]:
    """One file; a file beside the task file has neither address nor licence."""
    source = task.source(name)
    return {
        "path": name,
        "url": source.url if source else None,
        "bytes": task.path(name).stat().st_size,
        "licence": source.licence if source else "your own file",
    }


def _split(task: Task, split: str) -> dict[str, Any]:
    """Number of examples, and share of positives or mean counts."""
    examples = load_examples(task, split)
    target = examples.unshifted_target
    if not len(examples):
        return {"examples": 0, "balance": "empty"}
    if task.kind == "labels":
        shares = ", ".join(f"{share:.3f}" for share in target.mean(axis=0))
        return {"examples": len(examples), "balance": f"positive: {shares}"}
    counts = np.nansum(target, dtype=np.float64) / len(target)
    return {"examples": len(examples), "balance": f"{counts:.1f} counts per example"}
