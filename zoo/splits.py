"""The splits on which models of a task are scored, and their examples."""

from __future__ import annotations

from dataclasses import replace

from rczoo.data.examples import Examples
from rczoo.data.preparation import load_examples
from rczoo.data.task import SPLITS, UNSHARED, Task

CLEAN = "train-clean"
"""The training sequences with the labels as they were before noise was added."""


def splits(task: Task) -> tuple[str, ...]:
    """The splits on which models of a task are scored."""
    clean = (CLEAN,) if task.data.get("label_noise") else ()
    return (*SPLITS, *clean, *((UNSHARED,) if task.data.get("clean") else ()))


def examples_of(task: Task, split: str) -> Examples:
    """The examples of a split."""
    if split == CLEAN:
        return load_examples(replace(task, data={**task.data, "label_noise": 0}), "train")
    return load_examples(task, split)
