"""Two short comparisons: architectures of the field along the family, and a published model opened.

``python -m zoo.studies.family FOLDER`` trains what is not trained yet, one after the other on one core. It
goes on after a kill, and writes a line of ``FOLDER/family.csv`` as soon as a model is scored: the metric of
its task on the validation split, by which its best epoch was chosen, and on the test split.
``--quick`` takes two steps an epoch, one epoch and one seed: it shows that all of it runs, and nothing else.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from rczoo import conjoin, embed, interpolate, load
from rczoo.data.task import Task, load_task
from rczoo.evaluation.scoring import evaluate
from rczoo.family.architectures.blocks import Attention
from rczoo.family.architectures.catalogue import sites_of
from rczoo.family.architectures.danq import DanQ
from rczoo.files.locks import alone
from rczoo.training.fitting import fit
from rczoo.training.resume import ResumableState, to_plain
from rczoo.training.trainer import LOCK, SEEDS

TABLE = "family.csv"
EPOCHS = 5
"""Few, for an answer within half an hour of a core; chosen by a timing, before there was any result."""
MEMBERS = ("posthoc", "0", "0.5", "1")
OPENED = ("gcn4", "gue-tf0")
"""Tasks of both kinds; the models of sim-200 have one block, in which there is nothing to open."""
METRIC = {"labels": "auroc", "profile": "jsd"}


class Attentive(nn.Module):
    """As Enformer, on bins of 4 bases, for labels: (batch, 4, length) -> logits (batch, 1)."""

    def __init__(self, filters: int = 32) -> None:
        super().__init__()
        conv = nn.Conv1d(4, filters, 15, padding=7)
        self.stem = nn.Sequential(conv, nn.BatchNorm1d(filters), nn.GELU(), nn.MaxPool1d(4))
        self.attention = nn.Sequential(*(Attention(filters, 4) for _ in range(2)))
        self.head = nn.Linear(filters, 1)

    def forward(self, X: Tensor) -> Tensor:
        """Logits."""
        logits: Tensor = self.head(self.attention(self.stem(X).mT).relu().mean(1))
        return logits


PLAIN = {"danq": lambda length: DanQ(length, 1, 32), "attentive": lambda length: Attentive()}
"""One recurrent and one attentive network, of one strand, by the length of the input."""


class Run(NamedTuple):
    """One model: a network of :data:`PLAIN` at a mixing, or a published one that is trained on."""

    study: str
    task: str
    model: str
    how: str
    seed: int


class Row(NamedTuple):
    """What became of a run."""

    run: Run
    epochs: int
    best_epoch: int
    seconds: float
    metric: str
    validation: float
    test: float


def runs(seeds: Iterable[int]) -> Iterator[Run]:
    """Every run, the first seed's before the second's."""
    for task in OPENED:
        yield Run("opened", task, "standard+aug", "before", 0)
    for seed in seeds:
        for model, how in product(PLAIN, MEMBERS):
            yield Run("architectures", "gue-tf0", model, how, seed)
        for task, how in product(OPENED, ("conjoined", "opened")):
            yield Run("opened", task, "standard+aug", how, seed)


def recipe(task: Task, run: Run, quick: bool) -> Task:
    """The task at a constant rate for a fixed number of epochs, so that all are trained alike."""
    rate = task.training.learning_rate / (10 if run.study == "opened" else 1)
    changes: dict[str, Any] = {"epochs": 1 if quick else EPOCHS, "patience": 0, "schedule": "constant"}
    changes |= {"learning_rate": rate} | ({"steps_per_epoch": 2} if quick else {})
    return replace(task, training=task.training.model_copy(update=changes))


def start(run: Run, length: int) -> Any:
    """The network before its training."""
    torch.manual_seed(run.seed)
    if run.study == "opened":
        conjoined = load(f"{run.task}/{run.model}").remerge("mean")
        return embed(conjoined, "rcps") if run.how == "opened" else conjoined
    network = plain = PLAIN[run.model](length)
    if run.how != "posthoc":
        options = {"mixing": float(run.how), "at": sites_of(plain), "start": "fresh"}
        network = interpolate(plain, inputs="2r:flip", outputs="1t", **options)
    network.executions, network.resolution = ("frames",), 1  # as a training asks of what ``build`` makes
    return network


def trained(run: Run, task: Task, folder: Path) -> tuple[nn.Module, ResumableState]:
    """The network at its best epoch, conjoined if that is left for the end, and its training."""
    network = start(run, task.length)
    about = to_plain({**run._asdict(), "strategy": run.how, "epochs": task.training.epochs})
    state = ResumableState(folder, about, task.training.criterion)
    if not state.finished:
        fit(network, task, "batch" if run.how == "posthoc" else "", state, "cpu", None)
    network.load_state_dict(state.best_weights)
    if run.how == "posthoc":
        return conjoin(network, inputs="2r:flip", outputs="1t"), state
    network.execution = "frames"
    return network, state


def score(run: Run, task: Task, folder: Path) -> Row:
    """Train and score."""
    metric = METRIC[task.kind]
    if run.how == "before":
        model, spent = start(run, task.length), (0, 0, 0.0)
    else:
        with alone(folder / LOCK, f"{folder} is being written by another study: wait for it"):
            model, state = trained(run, task, folder)
        spent = len(state.history), state.best_epoch or 0, round(state.elapsed(), 1)
    values = (evaluate(model.eval(), task, split)[metric] for split in ("validation", "test"))
    return Row(run, *spent, metric, *values)


def table(folder: Path, wanted: Iterable[Run], quick: bool) -> Iterator[Row]:
    """Do what is not in the table yet; gives each row once it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / TABLE
    if not path.exists():
        path.write_text(",".join([*Run._fields, *Row._fields[1:]]) + "\n", "utf-8")
    with path.open(encoding="utf-8", newline="") as file:
        done = {tuple(line[: len(Run._fields)]) for line in csv.reader(file)}
    for run in wanted:
        if tuple(map(str, run)) in done:
            continue
        row = score(run, recipe(load_task(run.task), run, quick), folder.joinpath(*map(str, run)))
        with path.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow([*run, *row[1:]])
        yield row


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    for row in table(given.folder, runs(SEEDS[: 1 if given.quick else 3]), given.quick):
        print(*row.run, *row[1:], flush=True)
