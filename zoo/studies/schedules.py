"""Which schedule of the learning rate: a short trial on validation alone, for one choice for all.

``python -m zoo.studies.schedules FOLDER`` trains what is not trained yet, one after the other on one core,
and prints a table. The test split is never read. What came of it stands in ``recipe.md`` beside this file.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from rczoo.data.task import Task, load_task
from rczoo.family.checkpoint import read_config
from rczoo.files.storage import CONFIG
from rczoo.training.trainer import SEEDS, train

TRAININGS = (("gcn4", "standard+aug"), ("gcn4", "rcps-mean"), ("gue-tf3", "standard+aug"))
"""On tasks of both kinds on which a training takes minutes."""
RECIPES: dict[str, dict[str, Any]] = {
    "constant": {"schedule": "constant", "patience": 10},
    "plateau": {"schedule": "plateau", "patience": 9},
    "cosine": {"schedule": "cosine", "patience": 0},
}
COSINE_EPOCHS = {"gcn4": 60, "gue-tf3": 20}
"""About as many as the others take, since this one has no other end."""


def run(folder: Path, seeds: tuple[int, ...] = SEEDS[:1]) -> Iterator[str]:
    """Train all combinations; gives the lines of the table."""
    yield "| task | strategy | seed | schedule | best validation | epoch | epochs | seconds |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for seed, (task, strategy), recipe in product(seeds, TRAININGS, RECIPES):
        out = folder / task / strategy / str(seed) / recipe
        if not (out / CONFIG).exists():
            train(tried(load_task(task), recipe), strategy=strategy, seed=seed, out=out)
        config = read_config(out)
        best = config["history"][config["best_epoch"] - 1][load_task(task).training.criterion]
        yield (
            f"| {task} | {strategy} | {seed} | {recipe} | {best:.4f} | {config['best_epoch']} "
            f"| {len(config['history'])} | {config['seconds']:.0f} |"
        )


def tried(task: Task, recipe: str) -> Task:
    """The task with another recipe."""
    changes = dict(RECIPES[recipe])
    if recipe == "cosine":
        changes["epochs"] = COSINE_EPOCHS[task.name]
    return replace(task, training=task.training.model_copy(update=changes))


if __name__ == "__main__":
    for line in run(Path(sys.argv[1])):
        print(line, flush=True)
