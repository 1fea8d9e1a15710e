"""The cards of all published models of some tasks, written from what is packed: no model runs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

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
        best, of_task = recommended(configs), [row for row in rows if row.task == task]
        pack, target = Pack(runs / task), None
        if known[task].kind == "labels":
            target = pack.targets()["target"]
        for strategy, about in configs.items():
            folder = models / task / strategy
            subject = Subject(known[task], strategy, about, of_task, read(folder), best=best)
            if target is not None:
                logits = pack.examples(strategy, about["seed"])
                labels = by_label(about["outputs"], target, logits)
                subject = replace(subject, bins=reliability(target, logits), labels=labels)
            write_bytes(folder / CARD, card(subject).encode())
            written.append(subject.name)
    write_index(models)
    return written
