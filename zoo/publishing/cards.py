"""The cards of published models of some tasks, from what is packed and was measured: no model runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rczoo.data.task import Task
from rczoo.files.atomic import write_bytes
from rczoo.hub.index import CARD

from ..packs import Pack
from ..results.summary import label_bars, tasks_of
from ..rows import Row
from ..studies.biology.measured import MEASURED, Measured, key_of
from ..studies.biology.measured import read as read_measured
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
    known, written = tasks_of(rows, tasks), list[str]()
    measured = read_measured(models.parent / MEASURED)
    for task, configs in published(models).items():
        if task not in known or (chosen is not None and task not in chosen):
            continue
        of_task = [row for row in rows if row.task == task]
        for made in _subjects(known[task], configs, of_task, Pack(runs / task), models / task):
            subject = replace(made, measured=_of(measured.get(task), made))
            write_bytes(models / subject.name / CARD, card(subject).encode())
            written.append(subject.name)
    write_index(models)
    return written


def _of(known: Measured | None, subject: Subject) -> Measured | None:
    """What was measured of the model of a card, if it was that one."""
    same = known and known.key == key_of(subject.task, subject.about["sha256"])
    return known if known and same and known.model == subject.name else None


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
            labels = by_label(about["outputs"], target, logits, label_bars(subject.stats, task.name))
            subject = replace(subject, bins=reliability(target, logits), labels=labels)
        yield subject
