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

    ``score`` is its headline metric on the test split, ``bar`` that of the best reference without a network,
    ``above_bar`` whether it beats that, if that is known. ``recommended``: the one to take for its task.
    """

    name: str
    task: str
    organism: str
    predicts: str
    length: int | None
    metric: str
    score: float
    bar: float
    above_bar: bool | None
    recommended: bool

    @property
    def rank(self) -> tuple[str, bool, float]:
        """Tasks by name; of each the recommended model, then from the best to those without a score."""
        worse = self.score if self.metric == "jsd" else -self.score
        return self.task, not self.recommended, math.inf if math.isnan(self.score) else worse


def shipped_tasks() -> dict[str, About]:
    """The tasks that come with the package, by name."""
    return {path.stem: _about(path.stem, path.read_text("utf-8")) for path in _task_files()}


def listed(entries: Iterable[Entry]) -> list[Listed]:
    """Published models with what their tasks say; of each task the recommended one and the best first."""
    tasks = shipped_tasks()
    return sorted((_listed(entry, tasks) for entry in entries), key=lambda model: model.rank)


def best_of_each_task(models: Iterable[Listed]) -> list[Listed]:
    """The first of the models of each task: the recommended one, if there is one."""
    best: dict[str, Listed] = {}
    for model in models:
        best.setdefault(model.task, model)
    return list(best.values())


def _task_files() -> list[Any]:
    return sorted(package_data("zoo/tasks").glob("*.toml"), key=lambda path: path.stem)


def _about(name: str, text: str) -> About:
    content = tomllib.loads(text)
    organism = content.get("origin", {}).get("organism", "")
    return About(name, content["kind"], content["model"]["length"], content["title"], organism)


def _listed(entry: Entry, tasks: Mapping[str, About]) -> Listed:
    task = tasks.get(entry.task)
    usual = "jsd" if "jsd" in entry.metrics else "auroc"
    metric = HEADLINE[task.kind] if task else usual
    score = entry.metrics.get(metric)
    number = float(score) if isinstance(score, int | float) else math.nan
    bar = math.nan if entry.bar is None else float(entry.bar)
    return Listed(
        name=entry.name,
        task=entry.task,
        organism=task.organism if task else entry.organism or "",
        predicts=task.title if task else "",
        length=task.length if task else None,
        metric=metric,
        score=number,
        bar=bar,
        above_bar=entry.above_bar,
        recommended=entry.recommended,
    )
