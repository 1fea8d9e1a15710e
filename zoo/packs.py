"""The finished runs of a task, packed into three files; how they get there, and what is not done yet.

``runs.json`` has the sha256 of the data, the recipe (the task's model and training), and the config of every
run on a line of its own. ``metrics.csv`` has the rows of all runs and of the baselines. ``test-examples.npz``
has the targets of the test split, and what each model gave for it. A run is in the pack where its rows are:
they are written last.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from rczoo.files.atomic import write_bytes
from rczoo.files.storage import CONFIG, HISTORY, read_json

from .locks import LOCK, alone
from .plan import DONE, RUNS, Job
from .rows import BASELINE, MODEL, RESULTS, Row, read_rows, write_rows

CONFIGS = "runs.json"
METRICS = "metrics.csv"
EXAMPLES = "test-examples.npz"

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Pack:
    """The pack in a task's folder; what is not there yet is empty."""

    folder: Path

    def data(self) -> dict[str, Any]:
        """What the runs were trained and tested on (:func:`zoo.fingerprints.fingerprint`)."""
        return dict(self._content()["data"])

    def recipe(self) -> dict[str, Any]:
        """The tables of the task by which the runs were trained (:func:`zoo.fingerprints.recipe`)."""
        return dict(self._content().get("recipe", {}))

    def configs(self) -> dict[str, dict[str, Any]]:
        """The configs of the trainings, by ``STRATEGY/SEED``."""
        return dict(self._content()["runs"])

    def config(self, strategy: str, seed: int) -> dict[str, Any]:
        """The config of a training, as its checkpoint had it; ValueError if it is not packed."""
        if (name := member(strategy, seed)) not in (known := self.configs()):
            raise ValueError(f"{self.folder / CONFIGS} has no run {name}: python -m zoo collect packs runs")
        return known[name]

    def rows(self) -> list[Row]:
        """The rows of all runs and baselines."""
        return read_rows(self.folder / METRICS)

    def done(self) -> set[tuple[str, int]]:
        """Strategy and seed of all models that are packed."""
        return {(row.strategy, row.seed) for row in self.rows() if row.kind == MODEL}

    def baselines(self) -> set[str]:
        """The names of the baselines that it has."""
        return {row.strategy for row in self.rows() if row.kind == BASELINE}

    def targets(self) -> Arrays:
        """What is known of the test split itself (:func:`zoo.fingerprints.targets`)."""
        return {name: array for name, array in self.arrays().items() if "/" not in name}

    def examples(self, model: str, seed: int) -> np.ndarray:
        """What a model gave for the test split (:func:`zoo.sweep.scoring.per_example`)."""
        with self._opened() as content:
            return np.asarray(content[member(model, seed)])

    def arrays(self) -> Arrays:
        """Targets by name, and what each model gave for them by ``MODEL/SEED``."""
        if not (self.folder / EXAMPLES).exists():
            return {}
        with self._opened() as content:
            return dict(content)

    def _content(self) -> dict[str, Any]:
        path = self.folder / CONFIGS
        return read_json(path) if path.exists() else {"data": {}, "runs": {}}

    def _opened(self) -> Any:
        return np.load(self.folder / EXAMPLES, allow_pickle=False)  # reads what is asked for alone


def member(strategy: str, seed: int) -> str:
    """The name of a run, or of a model's outputs, in a pack."""
    return f"{strategy}/{seed}"


def begin(
    folder: Path, data: Mapping[str, Any], recipe: Mapping[str, Any], targets: Mapping[str, np.ndarray]
) -> None:
    """Make a task's pack, without runs, unless it is there."""
    with alone(folder):
        if not (folder / CONFIGS).exists():
            write_bytes(folder / EXAMPLES, to_npz(targets))
            write_bytes(folder / CONFIGS, to_lines(data, recipe, {}))


def add_baselines(folder: Path, rows: Iterable[Row]) -> None:
    """Write the rows of baselines into a task's pack, but for those that it has already."""
    with alone(folder):
        had = Pack(folder).rows()
        known = {(row.strategy, row.split, row.metric) for row in had if row.kind == BASELINE}
        if new := [row for row in rows if (row.strategy, row.split, row.metric) not in known]:
            write_rows(folder / METRICS, sorted([*had, *new]))


def pack(folder: Path) -> None:
    """Take the finished runs in a task's folder into its pack; what was packed is removed only afterwards.

    A kill leaves runs that are in their folders, in the pack, or in both, and the next call goes on. Weights
    stay in the run's folder: they are published or pruned.
    """
    if not any(folder.glob(f"*/*/{DONE}")):
        return
    with alone(folder):
        packed = Pack(folder)
        done, runs = packed.done(), sorted(path.parent for path in folder.glob(f"*/*/{DONE}"))
        if new := [run for run in runs if (run.parent.name, int(run.name)) not in done]:
            _add(packed, new)
        for run in runs:
            _clear(run)


def _add(packed: Pack, runs: Iterable[Path]) -> None:
    arrays, configs, rows = packed.arrays(), packed.configs(), packed.rows()
    for run in runs:
        with np.load(run / EXAMPLES, allow_pickle=False) as kept:
            arrays |= {member(model, int(run.name)): kept[model] for model in kept}
        configs[member(run.parent.name, int(run.name))] = read_json(run / CONFIG)
        rows += read_rows(run / DONE)
    write_bytes(packed.folder / EXAMPLES, to_npz(arrays))
    write_bytes(packed.folder / CONFIGS, to_lines(packed.data(), packed.recipe(), configs))
    write_rows(packed.folder / METRICS, sorted(rows))


def _clear(run: Path) -> None:
    """Remove what is packed of a run, the mark of its end last; and its folder, if no weights are in it."""
    for name in (EXAMPLES, CONFIG, HISTORY, DONE):
        (run / name).unlink(missing_ok=True)
    if {path.name for path in run.iterdir()} <= {LOCK}:
        (run / LOCK).unlink(missing_ok=True)
        run.rmdir()
        if not any(run.parent.iterdir()):
            run.parent.rmdir()


def to_npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Arrays as a file, the same for the same arrays in whatever order."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **{name: arrays[name] for name in sorted(arrays)})  # type: ignore[arg-type]
    return stream.getvalue()


def to_lines(
    data: Mapping[str, Any], recipe: Mapping[str, Any], configs: Mapping[str, Mapping[str, Any]]
) -> bytes:
    """JSON with a line for each run, so that a difference between two versions shows which runs differ."""
    lines = ",\n".join(f"{json.dumps(name)}: {_compact(configs[name])}" for name in sorted(configs))
    head = f'"data": {_compact(data)}, "recipe": {_compact(recipe)}'
    return f'{{{head}, "runs": {{\n{lines}\n}}}}\n'.encode()


def _compact(value: Any) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def is_done(job: Job, runs: Path) -> bool:
    """Whether a job has its results: in its folder or, looked at afterwards, in the pack."""
    folder = job.folder(runs)
    return (folder / DONE).exists() or (job.strategy, job.seed) in Pack(runs / job.task_name).done()


def left(jobs: Iterable[Job], runs: Path) -> list[Job]:
    """The jobs that are not done."""

    @cache
    def packed(task: str) -> set[tuple[str, int]]:
        return Pack(runs / task).done()

    return [
        job
        for job in jobs
        if not (job.folder(runs) / DONE).exists() and (job.strategy, job.seed) not in packed(job.task_name)
    ]


def gather(runs: Path) -> list[Row]:
    """The rows of all finished jobs, which are packed before, and of the baselines, in a fixed order."""
    folders = [path for path in runs.glob("*") if path.is_dir()]
    for folder in folders:
        pack(folder)
    return sorted(row for folder in folders for row in Pack(folder).rows())


def collect(runs: Path = RUNS, results: Path = RESULTS) -> list[Row]:
    """Pack all finished jobs, and write the rows of packs and of ensembles into one table; returns them."""
    from .answers import of_ensembles  # and with it torch, which a dry run does not need

    rows = gather(runs)
    rows = sorted([*rows, *of_ensembles(rows, runs)])
    write_rows(results, rows)
    return rows
