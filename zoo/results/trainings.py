"""How the trainings of a task went: on which machines, for how long, and whether they had ended learning."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from rczoo.data.task import Task

from ..fingerprints import recipe
from ..packs import Pack
from ..rows import MODEL, Row
from ..strategies import TRIAL, members, source

EARLIER = (
    "Trained before the task file was as it is now (its data, network or recipe): the next training of the "
    "task begins with another pack (`git rm -r zoo/runs/{task}`)."
)
LAST = 2
"""A training that was best in so many last epochs was perhaps stopped while it still learnt."""


def was_trained(strategy: str) -> bool:
    """Whether a strategy's models are trainings of their own, not made of others."""
    return source(strategy)[1] is None and members(strategy) is None


class Late(NamedTuple):
    """How many of some trainings were best in their last epochs."""

    late: int
    trainings: int

    def __str__(self) -> str:
        return f"{self.late} of {self.trainings}"


def is_earlier(task: Task, runs: Path) -> bool:
    """Whether a task has runs that were trained otherwise than its file now says."""
    pack = Pack(runs / task.name)
    return bool(pack.configs()) and pack.recipe() != recipe(task)


def histories(pack: Pack) -> dict[str, list[list[dict[str, Any]]]]:
    """The epochs of the trainings of a pack, by strategy and seed; those of one epoch are left out."""
    found: dict[str, list[list[dict[str, Any]]]] = {}
    for name, config in sorted(pack.configs().items()):
        if len(config.get("history", ())) > 1:
            found.setdefault(name.split("/")[0], []).append(config["history"])
    return found


def best_late(configs: Mapping[str, Mapping[str, Any]]) -> Late:
    """Of a pack's configs by ``STRATEGY/SEED``; trials of one epoch and ensembles do not count."""
    found = [
        config["best_epoch"] > len(config["history"]) - LAST
        for name, config in configs.items()
        if "history" in config and not name.split("/")[0].endswith(TRIAL)
    ]
    return Late(sum(found), len(found))


def machines(rows: Sequence[Row], task: str) -> str:
    """How many trainings of a task each machine did."""
    made = [r for r in rows if r.task == task and r.kind == MODEL and was_trained(r.strategy)]
    counted = Counter(hardware for *_, hardware in {(r.strategy, r.seed, r.hardware) for r in made})
    return "Trained: " + ", ".join(f"{n} on {name}" for name, n in sorted(counted.items())) + "."


def longer_trainings(rows: Sequence[Row], task: str) -> Iterator[str]:
    """What each training of a fixed number of epochs took, beside the mean of those that stop early."""
    took = {(r.strategy, r.seed): r for r in rows if r.task == task}
    for (name, _), row in sorted(took.items()):
        if match := re.fullmatch(r"(.+)-[0-9]+-epochs", name):
            usual = [r.epochs for (other, _), r in took.items() if other == match[1]]
            early = f"; `{match[1]}` stopped after {fmean(usual):.0f} on average" if usual else ""
            yield f"`{name}`: {row.epochs} epochs in {row.seconds:.0f} s on {row.hardware}{early}."
