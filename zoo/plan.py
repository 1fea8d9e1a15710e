"""The jobs of the sweep, from ``sweep.toml``: one per task, strategy and seed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rczoo.data.recipe import SEEDS

HERE = Path(__file__).parent
RUNS = HERE / "runs"
MODELS = HERE / "models"
PLAN = HERE / "sweep.toml"
DONE = "metrics.csv"
"""Written last into a job's folder: where it is, the job is finished, and can be packed."""


@dataclass(frozen=True)
class Job:
    """One training; ``task`` is a name or the path of a task file."""

    task: str
    strategy: str
    seed: int
    tier: int = 0

    @property
    def task_name(self) -> str:
        """The task's name as it is in paths and tables."""
        return Path(self.task).stem if self.task.endswith(".toml") else self.task

    def __str__(self) -> str:
        return f"{self.task_name} {self.strategy} {self.seed}"

    def folder(self, runs: Path) -> Path:
        """Where the job keeps everything it makes."""
        return runs / self.task_name / self.strategy / str(self.seed)


def plan(path: Path = PLAN, tier: int | None = None, tasks: Sequence[str] = ()) -> list[Job]:
    """The jobs of a plan in their order, of one tier or of chosen tasks if given.

    Raises ValueError for a task or tier that the plan does not have.
    """
    jobs = list(_jobs(path))
    known = {job.task_name for job in jobs}
    if unknown := [task for task in tasks if task not in known]:
        raise ValueError(f"no jobs for task {unknown[0]!r} in {path.name}: it has {', '.join(sorted(known))}")
    chosen = [job for job in jobs if tier in (None, job.tier) and (not tasks or job.task_name in tasks)]
    if not chosen:
        raise ValueError(f"tier {tier} of {path.name} has no such jobs: its tiers are {_tiers(jobs)}")
    return chosen


def _jobs(path: Path) -> Iterator[Job]:
    """Group by group, seed by seed, so that early seeds of all strategies can be compared soon; each once."""
    seen = set()
    for group in tomllib.loads(path.read_text("utf-8"))["group"]:
        for task in group["tasks"]:
            for seed in SEEDS[: group["seeds"]]:
                for strategy in group["strategies"]:
                    if (task, strategy, seed) not in seen:
                        seen.add((task, strategy, seed))
                        yield Job(task, strategy, seed, group["tier"])


def _tiers(jobs: Sequence[Job]) -> str:
    return ", ".join(str(tier) for tier in sorted({job.tier for job in jobs}))
