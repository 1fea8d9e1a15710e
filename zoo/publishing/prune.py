"""Weights that no published model comes from: hundreds of files, each of which one command trains again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from rczoo.files.storage import WEIGHTS

from ..plan import DONE
from ..results.summary import best_seeds
from ..rows import Row
from ..strategies import source


def prune(rows: Iterable[Row], runs: Path, criterion: Mapping[str, str]) -> list[Path]:
    """Remove the weights of finished runs other than those best on validation; returns the files removed.

    ``criterion`` by task, as ``zoo/results/summary.py`` gives it. What else a run left stays, so its
    numbers and intervals do, and a later seed is compared with it.
    """
    kept = {
        runs / task / source(strategy)[0] / str(seed)
        for (task, strategy), seed in best_seeds(rows, criterion).items()
    }
    unused = [
        done.with_name(WEIGHTS) for done in sorted(runs.glob(f"*/*/*/{DONE}")) if done.parent not in kept
    ]
    removed = [path for path in unused if path.exists()]
    for path in removed:
        path.unlink()
    return removed
