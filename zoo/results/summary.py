"""Rows of results summed up over seeds."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rczoo.data.task import Task, load_task
from rczoo.evaluation.baselines import SCAN, THREE_MERS, WORDS
from rczoo.evaluation.tables import LOWER_IS_BETTER, paper

from ..rows import BASELINE, MODEL, Row
from ..strategies import parts

Key = tuple[str, str, str, str]
"""Task, strategy, split and metric."""

HEADLINE = {"labels": "auroc", "profile": "jsd"}
"""The metric by which strategies of a task of this kind are compared."""
KIND = {"labels": "label", "profile": "profile"}
"""What tasks of a kind are called, before "tasks"."""

TO_BEAT = {
    "labels": (WORDS, SCAN, THREE_MERS),
    "profile": ("mean training profile",),
}
"""The references that need no network; a task's bar is the best of those that it has (:func:`to_beat`)."""
CHOICE = ("standard", "standard+aug", "posthoc", "conjoined", "rcps")
"""The strategies between which a user chooses first."""
GAIN = ("rcps", "rcps-gain-2")
"""Strategies that tell what the doubled convolution of the paper's code does."""
PAPER_NAMES = {
    "wrap-2-1": "groups(2,1)",
    "wrap-1-2": "groups(1,2)",
    "conjoined-sum": "groups(3)",
    "rcps-frozen-gain-2": "rcps",
}
"""The paper's names where they differ."""

DEEPBIND = ("arid3a", "ctcfl", "elk1", "foxa1", "gabpa", "myc", "rest", "sp1", "usf1", "zbtb7a")
STAND_INS = {
    "sim-": "the paper's own simulation, drawn anew by its procedure; its exact sequences are not public",
    "gcn4": "a stand-in for the paper's Oct4, Sox2, Nanog, Klf4: yeast ChIP-exo, about a thousand events",
    "cbf1": "a stand-in, as gcn4",
    "ino2": "a stand-in, as gcn4",
    "joint": "not in the paper: the four yeast factors in one model",
    "ctcf-": "the paper's factor in other peaks: human ChIP-seq, 100 bp",
    "spi1-": "the paper's factor in other peaks, as ctcf-100",
    "yeast-factors": "not in the paper: thirteen yeast factors in one model",
    **dict.fromkeys(DEEPBIND, "not in the paper: DeepBind's human ChIP-seq peaks against their shuffles"),
    "gue-": "a stand-in for the paper's CTCF, MAX, SPI1: a benchmark of human ChIP-seq, 101 bp",
    "yeast-tss": "a stand-in for the paper's profiles: transcription starts, not factor binding",
}
OTHERWISE = "a stand-in for the paper's CTCF, MAX, SPI1: yeast ChIP-exo against other promoters"


class Stat(NamedTuple):
    """Mean and standard deviation (n - 1; NaN for one seed) over seeds."""

    mean: float
    std: float
    seeds: int


def summarise(rows: Iterable[Row], task: str | None = None) -> dict[Key, Stat]:
    """Every metric over all its seeds, of one task or of all."""
    values: dict[Key, list[float]] = {}
    for row in rows:
        if task in (None, row.task):
            values.setdefault((row.task, row.strategy, row.split, row.metric), []).append(row.value)
    return {key: _stat(found) for key, found in values.items()}


def trained(rows: Iterable[Row], task: str) -> list[str]:
    """The strategies of a task that have results, those with an ending such as ``-frozen`` last."""
    found = {row.strategy for row in rows if row.task == task and row.kind == MODEL}
    return sorted(found, key=place)


def baselines(rows: Iterable[Row], task: str) -> list[str]:
    """The names of a task's baselines."""
    return sorted({row.strategy for row in rows if row.task == task and row.kind == BASELINE})


def in_paper(task: str, strategy: str, metric: str, split: str = "test") -> tuple[float, float] | None:
    """The paper's mean and standard deviation over seeds, if it has them."""
    return paper().get((task, PAPER_NAMES.get(strategy, strategy), split, metric))


def to_beat(stats: Mapping[Key, Stat], task: str, kind: str) -> str | None:
    """The strongest of a task's references that need no network; None where it has none.

    Chosen by the test split itself, which can only raise the bar.
    """
    known = [name for name in TO_BEAT[kind] if (task, name, "test", HEADLINE[kind]) in stats]
    found = {name: stats[task, name, "test", HEADLINE[kind]].mean for name in known}
    best = min if HEADLINE[kind] in LOWER_IS_BETTER else max
    return best(found, key=lambda name: found[name]) if found else None


def bars(stats: Mapping[Key, Stat], tasks: Mapping[str, Task]) -> dict[str, float]:
    """The score of :func:`to_beat` for each task that has one."""
    names = {name: to_beat(stats, name, task.kind) for name, task in tasks.items()}
    kinds = {name: HEADLINE[task.kind] for name, task in tasks.items()}
    return {task: stats[task, name, "test", kinds[task]].mean for task, name in names.items() if name}


def label_bars(stats: Mapping[Key, Stat], task: str) -> dict[str, float]:
    """The best of :data:`TO_BEAT` for each metric of each label, as ``auroc Abf1``, on the test split."""
    found: dict[str, float] = {}
    for (of, name, split, metric), stat in stats.items():
        if (of, split) == (task, "test") and name in TO_BEAT["labels"] and " " in metric:
            found[metric] = max(stat.mean, found.get(metric, stat.mean))
    return found


def beats_the_baseline(stats: Mapping[Key, Stat], task: str, strategy: str, kind: str) -> bool:
    """Whether the mean test score is better than :func:`to_beat`; True where that is not known."""
    metric, bar = HEADLINE[kind], to_beat(stats, task, kind)
    stat = stats.get((task, strategy, "test", metric))
    if not stat or not bar:
        return True
    sign = -1 if metric in LOWER_IS_BETTER else 1
    return sign * stat.mean > sign * stats[task, bar, "test", metric].mean


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


def measured(rows: Iterable[Row]) -> set[tuple[str, str, int]]:
    """Task, strategy and seed of everything that has results."""
    return {(row.task, row.strategy, row.seed) for row in rows}


def learned_split(rows: Sequence[Row], task: str) -> str:
    """The split of the training sequences, with clean labels where the task adds noise."""
    clean = any(row.split == "train-clean" and row.task == task for row in rows)
    return "train-clean" if clean else "train"


def tasks_of(rows: Iterable[Row], tasks: Path | None = None) -> dict[str, Task]:
    """The tasks of the results, from a folder of task files if given."""
    names = sorted({row.task for row in rows})
    return {name: load_task(str(tasks / f"{name}.toml") if tasks else name) for name in names}


def criteria(tasks: Mapping[str, Task]) -> dict[str, str]:
    """By what the best seed of each task is chosen on the validation split."""
    return {name: task.training.criterion for name, task in tasks.items()}


def stand_in(task: str) -> str:
    """What a task is to the paper's data."""
    return next((text for start, text in STAND_INS.items() if task.startswith(start)), OTHERWISE)


def place(strategy: str) -> tuple[str, int, str]:
    """What to sort strategies by: endings, the order of first names, others by name."""
    name, ending = parts(strategy)
    return ending, ORDER.index(name) if name in ORDER else len(ORDER), name


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
]
