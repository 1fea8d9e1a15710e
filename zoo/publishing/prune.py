"""Weights that nothing needs: of runs that no published model comes from, or whose weights are published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from rczoo.files.cache import sha256
from rczoo.files.storage import WEIGHTS, shared_weights

from ..packs import Pack
from ..plan import Job
from ..results.summary import best_seeds
from ..rows import Row
from ..strategies import members
from ..trained import config_of, run_of, trainings, weights_of
from .publish import drop_unnamed


def prune(rows: Iterable[Row], runs: Path, criterion: Mapping[str, str], models: Path) -> list[Path]:
    """Remove the weights of packed runs, but for those that are still to be published.

    These are of the runs best on validation, and of the members of ensembles. Published weights that the
    index does not name go, too. ``criterion`` by task, as ``zoo/results/summary.py`` gives it. Returns the
    files removed. A run's numbers stay, so a later seed is compared with it.
    """
    best = [Job(task, strategy, seed) for (task, strategy), seed in best_seeds(rows, criterion).items()]
    needed = {run.folder(runs) for job in best for run in _needed(job, runs, models)}
    removed = [
        path for path in packed_weights(runs) if path.parent not in needed or is_published(path, models)
    ]
    for path in removed:
        path.unlink()
    return [*removed, *drop_unnamed(models)]


def _needed(job: Job, runs: Path, models: Path) -> list[Job]:
    """The runs from whose weights a model is published."""
    if not members(job.strategy):
        return [run_of(job)]
    published = weights_of(config_of(job, runs), job.folder(runs), models)
    return [] if published else trainings(job)


def packed_weights(runs: Path) -> list[Path]:
    """The files of weights in the folders of runs that are packed."""
    done = {folder: Pack(folder).done() for folder in runs.glob("*") if folder.is_dir()}
    return [
        path
        for path in sorted(runs.glob(f"*/*/*/{WEIGHTS}"))
        if (path.parts[-3], int(path.parts[-2])) in done[path.parents[2]]
    ]


def is_published(weights: Path, models: Path) -> bool:
    """Whether the same weights are among the published ones."""
    digest = sha256(weights)
    place = shared_weights(models, digest)
    return place.exists() and sha256(place) == digest
