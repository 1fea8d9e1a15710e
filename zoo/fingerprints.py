"""Which data the runs of a task saw, and by which recipe they were trained: recorded once, and compared by
every later run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rczoo.data.preparation import load_examples
from rczoo.data.task import Task

from .packs import Arrays, Pack, begin
from .splits import examples_of, splits

BLOCK = 50_000


def fingerprint(task: Task) -> dict[str, Any]:
    """For each split the number of examples and a sha256 of sequences and targets."""
    found = {}
    for split in splits(task):
        examples = examples_of(task, split)
        digest = hashlib.sha256()
        for array in (examples.codes, examples.target):
            digest.update(np.ascontiguousarray(array).tobytes())
        found[split] = {"examples": len(examples), "sha256": digest.hexdigest()}
    return found


def recipe(task: Task) -> dict[str, Any]:
    """The tables of a task that say what is trained and how."""
    return {"model": task.model.plain(), "training": task.training.plain()}


def record(task: Task, folder: Path) -> dict[str, Any]:
    """Begin a task's pack with its data and recipe, or check that they are those of the earlier runs.

    Raises ValueError when they differ: numbers of different data, or of different trainings, do not belong
    in one table.
    """
    found = fingerprint(task)
    if not Pack(folder).data():
        begin(folder, found, recipe(task), targets(task))
    check_data(task, folder, found)
    if Pack(folder).recipe() != recipe(task):
        raise ValueError(
            f"{task.name}: [model] or [training] are not those of the earlier runs: restore the task file, "
            f"or remove {folder} and train the task again"
        )
    return found


def check_data(task: Task, folder: Path, found: Mapping[str, Any]) -> None:
    """Refuse splits, by their fingerprints, that are not those that the runs of a pack saw."""
    known = Pack(folder).data()
    for split, data in found.items():
        if known.get(split) != data:
            raise ValueError(
                f"{task.name}: the {split} data are {data['sha256'][:12]}..., earlier runs saw "
                f"{known.get(split, {}).get('sha256', 'none')[:12]}...: restore the data and the code that "
                f"prepares it, or remove {folder} and train the task again"
            )


def targets(task: Task) -> Arrays:
    """``target`` of the test split (labels only) and ``block`` (:func:`blocks`) where places are known."""
    examples = load_examples(task, "test")
    arrays = {"target": _labels(np.asarray(examples.target))} if task.kind == "labels" else {}
    if examples.chrom is not None and examples.start is not None:
        arrays["block"] = blocks(np.asarray(examples.chrom), np.asarray(examples.start))
    return arrays


def _labels(target: np.ndarray) -> np.ndarray:
    """Labels, small; NaN, which no whole number says, where some were not measured."""
    return target.astype(np.float16 if np.isnan(target).any() else np.int8)


def blocks(chrom: np.ndarray, start: np.ndarray) -> np.ndarray:
    """A number for each example: the stretch of :data:`BLOCK` bases of a chromosome where its window begins.

    A bootstrap draws these together, since neighbours share sequence and chromatin.
    """
    names = [f"{name}:{stretch}" for name, stretch in zip(chrom, start // BLOCK, strict=True)]
    return np.unique(names, return_inverse=True)[1].astype(np.int32)
