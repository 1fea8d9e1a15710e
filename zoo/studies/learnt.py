"""How trainings of the present recipe went, beside the scores of an earlier commit: tables for ``recipe.md``.

``python -m zoo.studies.learnt TASK ... --before COMMIT`` reads the packs of label tasks and the
``results.csv`` of the commit. ``rise`` and ``fall`` are the largest from one epoch to the next on validation:
of the loss as a factor, of the auROC as a difference.
"""

from __future__ import annotations

import argparse
import csv
import io
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..packs import Pack
from ..plan import HERE, RUNS
from ..results.summary import place
from ..results.tables import markdown
from ..rows import RESULTS, Row, read_rows
from ..strategies import members

Scores = Mapping[tuple[str, str, int], float]
"""Test auROC by task, strategy and seed."""
HEAD = ["strategy", "seed", "before", "now", "epochs", "best", "rise", "fall"]


def table(pack: Pack, task: str, now: Scores, before: Scores) -> str:
    """A line for each model of a task, ensembles last; what was not trained itself has no epochs."""
    configs = pack.configs()
    keys = sorted(
        (k for k in now if k[0] == task), key=lambda k: (members(k[1]) is not None, place(k[1]), k[2])
    )
    body = [
        [
            strategy,
            str(seed),
            f"{before[key]:.4f}" if (key := (task, strategy, seed)) in before else "not run",
            f"{now[key]:.4f}",
            *went(configs.get(f"{strategy}/{seed}", {})),
        ]
        for _, strategy, seed in keys
    ]
    return markdown(HEAD, body)


def went(config: Mapping[str, Any]) -> list[str]:
    """Epochs, the best of them, and the largest rise of the loss and fall of the auROC on validation."""
    history: Sequence[Mapping[str, float]] = config.get("history", ())
    if len(history) < 2:
        return [""] * 4
    rise = max(later["loss"] / epoch["loss"] for epoch, later in pairwise(history))
    fall = max(epoch["auroc"] - later["auroc"] for epoch, later in pairwise(history))
    return [str(len(history)), str(config["best_epoch"]), f"{rise:.2f}", f"{max(fall, 0):.4f}"]


def scores(rows: Sequence[Row]) -> dict[tuple[str, str, int], float]:
    """The test auROC of every model."""
    wanted = [r for r in rows if (r.split, r.metric) == ("test", "auroc") and r.seed]
    return {(r.task, r.strategy, r.seed): r.value for r in wanted}


def earlier(commit: str) -> dict[tuple[str, str, int], float]:
    """The test auROC of every model in the results of a commit."""
    show = ["git", "show", f"{commit}:{RESULTS.relative_to(HERE.parent).as_posix()}"]
    text = subprocess.run(show, cwd=HERE.parent, capture_output=True, text=True, check=True).stdout
    return {
        (r["task"], r["strategy"], int(r["seed"])): float(r["value"])
        for r in csv.DictReader(io.StringIO(text))
        if (r["split"], r["metric"]) == ("test", "auroc") and int(r["seed"])
    }


def tables(tasks: Sequence[str], before: Scores, runs: Path = RUNS, results: Path = RESULTS) -> Iterator[str]:
    """The table of each task under its name."""
    now = scores(read_rows(results))
    for task in tasks:
        yield f"**{task}**\n\n{table(Pack(runs / task), task, now, before)}\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="+", metavar="TASK")
    parser.add_argument("--before", required=True, metavar="COMMIT")
    asked = parser.parse_args()
    for part in tables(asked.tasks, earlier(asked.before)):
        print(part)
