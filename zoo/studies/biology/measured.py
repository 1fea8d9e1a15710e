"""The record of what was measured of the recommended models by running them: ``zoo/measured.json``.

A line for each task. Whoever measures again goes on with the models that are not in it as they are now.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from rczoo.data.batches import Plain
from rczoo.data.examples import Examples
from rczoo.data.output_names import output_names
from rczoo.data.preparation import load_examples
from rczoo.data.task import Task, list_tasks, load_task
from rczoo.evaluation.scoring import predict
from rczoo.family.checkpoint import load_checkpoint, read_config
from rczoo.family.ensembles import Model
from rczoo.files.atomic import write_bytes

from ...publishing.index import published
from ...publishing.recommended import recommended
from ...publishing.threshold import Threshold, on_test, threshold
from .effects import Effect, Explained, Footprint, Shown, effect, explained, footprint, scores_of, shown
from .motifs import Motif, motifs_of
from .patterns import Pattern, patterns

MEASURED = "measured.json"
VERSION = 2
"""Of what is measured and how: raise it, and all models are measured again."""
WINDOWS = 60
"""Test windows whose attributions are taken: a minute or two of the slowest model."""
PATTERNS = 3
"""Patterns of a model of one output; of several each has one."""


@dataclass(frozen=True)
class Measured:
    """What was measured of a model; ``key`` tells whether that is the model and the motifs of today."""

    model: str
    key: str
    thresholds: tuple[Threshold, ...] = ()
    effects: tuple[Effect, ...] = ()
    footprint: Footprint | None = None
    shown: Shown | None = None
    explained: tuple[Explained, ...] = ()
    patterns: tuple[Pattern, ...] = ()


_FILE = TypeAdapter(dict[str, Measured])


def read(path: Path) -> dict[str, Measured]:
    """What was measured, by task; nothing where there is no record."""
    return _FILE.validate_json(path.read_bytes()) if path.exists() else {}


def complete(models: Path, chosen: Collection[str] = (), tasks: Path | None = None) -> Iterator[str]:
    """Measure the recommended models that the record beside ``models`` lacks; their tasks, each once written.

    ``chosen``: only these tasks; ``tasks``: a folder of task files, instead of the shipped ones.
    """
    path = models.parent / MEASURED
    for name, configs in published(models).items():
        best = recommended(configs)
        if best is None or (chosen and name not in chosen) or not (tasks or name in list_tasks()):
            continue
        task, folder = load_task(str(tasks / f"{name}.toml") if tasks else name), models / name / best
        key, known = key_of(task, str(read_config(folder)["sha256"])), read(path)
        if name not in known or (known[name].model, known[name].key) != (f"{name}/{best}", key):
            found = measure(load_checkpoint(folder), task, f"{name}/{best}", key)
            write(path, {**known, name: found})
            yield name


def write(path: Path, records: dict[str, Measured]) -> None:
    """Write the record, a line for each task."""
    content = _FILE.dump_python(records, mode="json")
    lines = (
        f"{json.dumps(name)}: {json.dumps(_rounded(content[name]), separators=(',', ':'))}"
        for name in sorted(content)
    )
    write_bytes(path, ("{\n" + ",\n".join(lines) + "\n}\n").encode())


def measure(model: Model, task: Task, name: str, key: str) -> Measured:
    """All there is to measure of a model; random draws are the same every time."""
    test, rng = load_examples(task, "test"), np.random.default_rng(0)
    codes, motifs = np.asarray(test.unshifted_codes), {m.number: m for m in motifs_of(task)}
    by_profile = task.kind == "profile"
    found: list[Explained] = []
    strongest: list[Pattern] = []
    outputs = output_names(task) or [task.name]
    for number, output in enumerate(outputs[:1] if by_profile else outputs):
        rows = rng.permutation(_windows(task, test, number))[:WINDOWS]
        scores = scores_of(model, task, number, codes[rows])
        of_motif = explained(motifs[number], codes[rows], scores, rng) if number in motifs else None
        found += [of_motif] if of_motif else []
        about = ", ".join(outputs) if by_profile else output
        strongest += patterns(about, codes[rows], scores, 1 if len(outputs) > 1 else PATTERNS)
    return Measured(
        name,
        key,
        thresholds=tuple(_thresholds(model, task, test, outputs)) if task.kind == "labels" else (),
        effects=tuple(effect(model, task, motif, codes, rng) for motif in motifs.values()),
        footprint=_footprint(model, task, motifs, test, rng) if by_profile else None,
        shown=shown(model, task, test, outputs) if by_profile else None,
        explained=tuple(found),
        patterns=tuple(strongest),
    )


def key_of(task: Task, digest: str) -> str:
    """What a model's weights, its task's motifs and this code come to."""
    said = [VERSION, digest, task.reference.plain(), task.symmetry.plain()]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def _windows(task: Task, test: Examples, number: int) -> np.ndarray:
    """The windows whose answers are explained: those with the label, or all."""
    if task.kind == "profile":
        return np.arange(len(test))
    return np.flatnonzero(np.asarray(test.target)[:, number] > 0.5)


def _footprint(
    model: Model, task: Task, motifs: dict[int, Motif], test: Examples, rng: np.random.Generator
) -> Footprint | None:
    return footprint(model, task, motifs[0], test, rng) if 0 in motifs else None


def _thresholds(model: Model, task: Task, test: Examples, outputs: list[str]) -> Iterator[Threshold]:
    """The thresholds chosen on the validation split, of the outputs that have one."""
    splits = load_examples(task, "validation"), test
    (chosen, chosen_by), (given, truth) = (predict(model, Plain(examples, 500)) for examples in splits)
    for number, output in enumerate(outputs):
        logit = threshold(chosen_by[:, number].numpy(), chosen[:, number].numpy())
        if logit is not None:
            yield on_test(output, logit, truth[:, number].numpy(), given[:, number].numpy())


def _rounded(value: Any) -> Any:
    """Numbers with five digits, in lists and tables however deep: more say nothing, and fewer are read."""
    if isinstance(value, dict):
        return {name: _rounded(held) for name, held in value.items()}
    if isinstance(value, list):
        return [_rounded(held) for held in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value
