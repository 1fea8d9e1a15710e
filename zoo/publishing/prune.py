"""Weights that nothing needs: of runs that no published model comes from, or whose weights are published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from rczoo.files.cache import sha256
from rczoo.files.storage import WEIGHTS, shared_weights

from ..packs import Pack
from ..results.summary import best_seeds
from ..rows import Row
from ..strategies import source
from .publish import drop_unnamed


def prune(rows: Iterable[Row], runs: Path, criterion: Mapping[str, str], models: Path) -> list[Path]:
    """Remove the weights of packed runs, but for those best on validation that are not published yet.

    Published weights that the index does not name go, too. ``criterion`` by task, as
    ``zoo/results/summary.py`` gives it. Returns the files removed. A run's numbers stay, so a later seed is
    compared with it.
    """
    best = {
        runs / task / source(strategy)[0] / str(seed)
        for (task, strategy), seed in best_seeds(rows, criterion).items()
    }
    removed = [path for path in packed_weights(runs) if path.parent not in best or is_published(path, models)]
    for path in removed:
        path.unlink()
    return [*removed, *drop_unnamed(models)]


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
