"""Which data the runs of a task saw: recorded once, and compared by every later run."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np

from rczoo.data.preparation import load_examples
from rczoo.data.task import Task
from rczoo.files.atomic import write_bytes
from rczoo.files.storage import read_bytes, read_json, to_json

from .splits import examples_of, splits

FINGERPRINT = "data.json"
TARGETS = "test-targets.npz"
REFERENCES = "references.csv"
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


def record(task: Task, folder: Path) -> dict[str, Any]:
    """Write a task's fingerprint and test targets, or check that they are those of the earlier runs.

    Raises ValueError when they differ: numbers of different data do not belong in one table.
    """
    found, path = fingerprint(task), folder / FINGERPRINT
    if not path.exists():
        write_bytes(folder / TARGETS, _targets(task))
        write_bytes(path, to_json(found))
    known = read_json(path)
    if different := [split for split in found if known.get(split) != found[split]]:
        raise ValueError(
            f"{task.name}: the {different[0]} data are {found[different[0]]['sha256'][:12]}..., earlier runs "
            f"saw {known.get(different[0], {}).get('sha256', 'none')[:12]}...: restore the data and the code "
            f"that prepares it, or remove {folder} and train the task again"
        )
    return found


def test_targets(folder: Path) -> dict[str, np.ndarray]:
    """``target`` of the test split (labels only) and ``block`` (:func:`blocks`) where places are known."""
    with np.load(io.BytesIO(read_bytes(folder / TARGETS)), allow_pickle=False) as content:
        return dict(content)


def blocks(chrom: np.ndarray, start: np.ndarray) -> np.ndarray:
    """A number for each example: the stretch of :data:`BLOCK` bases of a chromosome where its window begins.

    A bootstrap draws these together, since neighbours share sequence and chromatin.
    """
    names = [f"{name}:{stretch}" for name, stretch in zip(chrom, start // BLOCK, strict=True)]
    return np.unique(names, return_inverse=True)[1].astype(np.int32)


def _targets(task: Task) -> bytes:
    examples, stream = load_examples(task, "test"), io.BytesIO()
    arrays = {"target": np.array(examples.target, dtype=np.int8)} if task.kind == "labels" else {}
    if examples.chrom is not None and examples.start is not None:
        arrays["block"] = blocks(np.asarray(examples.chrom), np.asarray(examples.start))
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()
