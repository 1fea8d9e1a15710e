"""The baselines of a task as rows of the results: what no model, a little model or a perfect one reaches."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from rczoo.data.task import Task, load_task
from rczoo.evaluation.baselines import baselines
from rczoo.evaluation.tables import METRICS
from rczoo.hardware import hardware

from .fingerprints import check_data, fingerprint
from .packs import CONFIGS, Pack, add_baselines
from .rows import BASELINE, Row, commit

CHOSEN = ("k", "C")
"""What a baseline may have chosen on the validation split, and its row says beside its metrics."""


def write_baselines(task: Task, folder: Path) -> list[str]:
    """Write the baselines that are missing, of the test split, into a task's pack; returns their names."""
    known = Pack(folder).baselines()
    missing = {name: compute for name, compute in baselines(task).items() if name not in known}
    machine, made_by = hardware(), commit()
    rows = [
        Row(
            task.name,
            name,
            BASELINE,
            "",
            "",
            0,
            "test",
            metric,
            float(found[metric]),
            0,
            0.0,
            machine,
            made_by,
        )
        for name, compute in missing.items()
        for found in [compute(task, "test")]
        for metric in (*METRICS, *CHOSEN)
        if metric in found
    ]
    add_baselines(folder, rows)
    return list(missing)


def complete_packs(runs: Path, tasks: Collection[str] = ()) -> Iterator[str]:
    """Write the missing baselines into the packs of some of the zoo's tasks, or of all: a line for each.

    Raises ValueError for a task without a pack, and where the test data are not those that its runs saw.
    """
    packed = sorted(path.parent.name for path in runs.glob(f"*/{CONFIGS}"))
    if unknown := sorted(set(tasks) - set(packed)):
        raise ValueError(f"no pack of {unknown[0]!r} in {runs}: choose from {', '.join(packed)}")
    for name in packed:
        if not tasks or name in tasks:
            task = load_task(name)
            check_data(task, runs / name, {"test": fingerprint(task)["test"]})
            yield f"{name}: {', '.join(write_baselines(task, runs / name)) or 'none was missing'}"
