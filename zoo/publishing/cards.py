"""The cards of all published models of some tasks, written from what is packed: no model runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rczoo.data.task import Task
from rczoo.files.atomic import write_bytes
from rczoo.hub.index import CARD

from ..packs import Pack
from ..results.summary import tasks_of
from ..rows import Row
from .by_label import by_label
from .calibration import reliability
from .card import Subject, card
from .expected import read
from .index import published, write_index
from .recommended import recommended


def write_cards(
    rows: list[Row],
    runs: Path,
    models: Path,
    tasks: Path | None = None,
    chosen: Collection[str] | None = None,
) -> list[str]:
    """Write the cards of the published models, all or of chosen tasks, and the index; returns their names.

    ``rows``: all results of the tasks. A card says which model of its task is recommended, so all cards of a
    task are written together.
    """
    known, written = tasks_of(rows, tasks), []
    for task, configs in published(models).items():
        if task not in known or (chosen is not None and task not in chosen):
            continue
        of_task = [row for row in rows if row.task == task]
        for subject in _subjects(known[task], configs, of_task, Pack(runs / task), models / task):
            write_bytes(models / subject.name / CARD, card(subject).encode())
            written.append(subject.name)
    write_index(models)
    return written


def _subjects(
    task: Task, configs: Mapping[str, Mapping[str, Any]], rows: list[Row], pack: Pack, folder: Path
) -> Iterator[Subject]:
    """What the cards of a task's models are written from; ``folder`` holds the models."""
    best = recommended(configs)
    target = pack.targets()["target"] if task.kind == "labels" else None
    for strategy, about in configs.items():
        subject = Subject(task, strategy, about, rows, read(folder / strategy), best=best)
        if target is not None:
            logits = pack.examples(strategy, about["seed"])
            labels = by_label(about["outputs"], target, logits)
            subject = replace(subject, bins=reliability(target, logits), labels=labels)
        yield subject
