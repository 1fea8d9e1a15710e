"""The baselines of a task as rows of the results: what no model, a little model or a perfect one reaches."""

from __future__ import annotations

from pathlib import Path

from rczoo.data.task import Task
from rczoo.evaluation.baselines import baseline_rows
from rczoo.hardware import hardware

from .packs import Pack, add_baselines
from .rows import BASELINE, Row, commit


def write_baselines(task: Task, folder: Path) -> None:
    """Write the baselines of a task's test split into its pack, unless they are there."""
    if any(row.kind == BASELINE for row in Pack(folder).rows()):
        return
    machine, made_by = hardware(), commit()
    rows = [
        Row(task.name, name, BASELINE, "", "", 0, "test", metric, value, 0, 0.0, machine, made_by)
        for name, found in baseline_rows(task).items()
        for metric, value in found.items()
        if isinstance(value, float)
    ]
    add_baselines(folder, rows)
