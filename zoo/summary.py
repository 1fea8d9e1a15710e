"""Rows of results summed up over seeds."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .references import MERGE
from .rows import Row

Key = tuple[str, str, str, str]
"""Task, strategy, split and metric."""

HEADLINE = {"labels": "auroc", "profile": "jsd"}
"""The metric by which strategies of a task of this kind are compared."""


class Stat(NamedTuple):
    """Mean and standard deviation (n - 1; NaN for one seed) over seeds."""

    mean: float
    std: float
    seeds: int


def summarise(rows: Iterable[Row]) -> dict[Key, Stat]:
    """Every metric over all its seeds."""
    values: dict[Key, list[float]] = {}
    for row in rows:
        values.setdefault((row.task, row.strategy, row.split, row.metric), []).append(row.value)
    return {key: _stat(found) for key, found in values.items()}


def trained(rows: Iterable[Row], task: str) -> list[str]:
    """The strategies of a task that have results, in the order of their first names, references left out."""
    found = {row.strategy for row in rows if row.task == task and row.merge != MERGE}
    return sorted(found, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))


def references(rows: Iterable[Row], task: str) -> list[str]:
    """The names of a task's reference rows."""
    return sorted({row.strategy for row in rows if row.task == task and row.merge == MERGE})


def best_seeds(rows: Iterable[Row], metric: Mapping[str, str]) -> dict[tuple[str, str], int]:
    """For each task and strategy the seed with the best validation score; ``metric`` by task.

    The test split plays no part. Of equal seeds the smaller one.
    """
    scores: dict[tuple[str, str], list[tuple[float, int]]] = {}
    for row in rows:
        if row.split == "validation" and row.metric == metric.get(row.task):
            loss = row.value if row.metric in ("loss", "jsd") else -row.value
            scores.setdefault((row.task, row.strategy), []).append((loss, row.seed))
    return {key: min(found)[1] for key, found in scores.items()}


def _stat(values: list[float]) -> Stat:
    spread = statistics.stdev(values) if len(values) > 1 else float("nan")
    return Stat(statistics.fmean(values), spread, len(values))


ORDER = [
    "standard",
    "standard+aug",
    "posthoc-noaug",
    "posthoc",
    "posthoc-max",
    "posthoc-probability",
    "conjoined",
    "conjoined-sum",
    "conjoined-max",
    "conjoined-probability",
    "mixing-0.25",
    "wrap-2-1",
    "mixing-0.5",
    "wrap-1-2",
    "mixing-0.75",
    "rcps-half",
    "rcps",
    "rcps-mean",
    "rcps-gain-2",
]
