"""The shipped tasks and the published models at a glance, read without torch."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .._package_data import package_data
from ..hub.index import Entry

Organism = Literal["yeast", "human", "mouse", "simulated"]
WORDS: dict[Organism, tuple[str, ...]] = {
    "yeast": ("yeast",),
    "human": ("human", "gm12878"),
    "mouse": ("mouse", "mm10"),
    "simulated": ("simulat",),
}
"""By which words in a task's title or description its organism is told."""
HEADLINE = {"labels": "auroc", "profile": "jsd"}
"""The metric by which models of a kind of task are compared; of ``jsd``, lower is better."""


@dataclass(frozen=True)
class About:
    """What a task file says of itself."""

    name: str
    kind: str
    length: int
    title: str
    organism: str


@dataclass(frozen=True)
class Listed:
    """A published model beside what its task says.

    ``score`` is its headline metric on the test split, ``bar`` that of the best reference without a network.
    """

    name: str
    task: str
    organism: str
    predicts: str
    length: int | None
    metric: str
    score: float
    bar: float

    @property
    def rank(self) -> tuple[str, float]:
        """Tasks by name, and the models of each from the best to those without a score."""
        worse = self.score if self.metric == "jsd" else -self.score
        return self.task, math.inf if math.isnan(self.score) else worse


def shipped_tasks() -> dict[str, About]:
    """The tasks that come with the package, by name."""
    return {path.stem: _about(path.stem, path.read_text("utf-8")) for path in _task_files()}


def listed(entries: Iterable[Entry]) -> list[Listed]:
    """Published models with what their tasks say, the best of each task first."""
    tasks = shipped_tasks()
    return sorted((_listed(entry, tasks) for entry in entries), key=lambda model: model.rank)


def best_of_each_task(models: Iterable[Listed]) -> list[Listed]:
    """The first of the models of each task."""
    best: dict[str, Listed] = {}
    for model in models:
        best.setdefault(model.task, model)
    return list(best.values())


def _task_files() -> list[Any]:
    return sorted(package_data("zoo/tasks").glob("*.toml"))


def _about(name: str, text: str) -> About:
    content = tomllib.loads(text)
    words = f"{content['title']} {content.get('description', '')}".lower()
    organism = next((kind for kind, known in WORDS.items() if any(word in words for word in known)), "")
    return About(name, content["kind"], content["model"]["length"], content["title"], organism)


def _listed(entry: Entry, tasks: Mapping[str, About]) -> Listed:
    task = tasks.get(entry.task)
    usual = "jsd" if "jsd" in entry.metrics else "auroc"
    metric = HEADLINE[task.kind] if task else usual
    score = entry.metrics.get(metric)
    number = float(score) if isinstance(score, int | float) else math.nan
    bar = math.nan if entry.bar is None else float(entry.bar)
    if not task:
        return Listed(entry.name, entry.task, "", "", None, metric, number, bar)
    return Listed(entry.name, task.name, task.organism, task.title, task.length, metric, number, bar)
