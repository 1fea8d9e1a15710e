"""The splits on which models of a task are scored, and their examples."""

from __future__ import annotations

from dataclasses import replace

from rczoo.data.examples import Examples
from rczoo.data.preparation import load_examples
from rczoo.data.schema import SimulationData
from rczoo.data.task import Task

CLEAN = "train-clean"
"""The training sequences with the labels as they were before noise was added."""


def splits(task: Task) -> tuple[str, ...]:
    """The splits on which models of a task are scored."""
    noisy = isinstance(task.data, SimulationData) and task.data.label_noise > 0
    return (*task.splits, *((CLEAN,) if noisy else ()))


def examples_of(task: Task, split: str) -> Examples:
    """The examples of a split."""
    if split == CLEAN:
        noiseless = task.data.model_copy(update={"label_noise": 0.0})
        return load_examples(replace(task, data=noiseless), "train")
    return load_examples(task, split)
