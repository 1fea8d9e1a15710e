"""One job: train, score, and leave the results where any later sweep finds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from rczoo.data.task import Task, load_task
from rczoo.family.architectures import ARCHITECTURES
from rczoo.family.checkpoint import load_checkpoint, read_config
from rczoo.family.ensembles import Model
from rczoo.family.network import Network
from rczoo.files.atomic import write_bytes
from rczoo.files.storage import CONFIG
from rczoo.hardware import hardware
from rczoo.training.resume import STATE
from rczoo.training.trainer import train

from ..baselines import write_baselines
from ..fingerprints import record
from ..locks import alone
from ..packs import EXAMPLES, is_done, to_npz
from ..plan import DONE, Job
from ..rows import MODEL, Row, commit, write_rows
from ..strategies import derived, members, options
from ..trained import trainings
from .ensembles import assemble, check_seed
from .scoring import Scores, mixing_text, score


def run(job: Job, runs: Path) -> None:
    """Do a job unless it is done: go on with its training where a killed one stopped.

    The trainings of an ensemble's members are jobs, too, and are done first. Two processes may be asked for
    the same job, for instance when a sweep was killed but its job was not: the second waits for the first and
    finds it done.
    """
    check_seed(job)
    if is_done(job, runs):
        return
    for training in trainings(job):
        if training != job:
            run(training, runs)
    with alone(job.folder(runs)):
        if not is_done(job, runs):
            _do(job, runs)


def _do(job: Job, runs: Path) -> None:
    """Make the job's model, score it and what is derived from it, and leave the results in its folder."""
    torch.set_num_threads(1)
    made_by, folder, task = commit(), job.folder(runs), load_task(job.task)
    record(task, folder.parent.parent)
    write_baselines(task, folder.parent.parent)
    model = assemble(job, task, runs) if members(job.strategy) else trained(job, task, folder)
    found = {job.strategy: (model, *score(model, task))}
    for name, merge in derived(job.strategy, task.kind).items():
        other = model.remerge(merge)
        found[name] = (other, *score(other, task))
    write_bytes(folder / EXAMPLES, to_npz({name: kept for name, (_, _, kept) in found.items()}))
    rows = [
        row
        for name, (model, values, _) in found.items()
        for row in table(job, folder, name, model, values, made_by)
    ]
    write_rows(folder / DONE, rows)


def finished(folder: Path) -> bool:
    """Whether a job's training came to its end, be it scored or not."""
    return (folder / CONFIG).exists() and not (folder / STATE).exists()


def trained(job: Job, task: Task, folder: Path, device: str = "cpu") -> Network:
    """The job's trained model: loaded if its training is finished, else trained."""
    if finished(folder):
        return load_checkpoint(folder)
    task, keywords = asked(job, task)
    return train(task, seed=job.seed, out=folder, device=device, **keywords)


def asked(job: Job, task: Task) -> tuple[Task, dict[str, Any]]:
    """The task as a job trains it, and the keywords of training."""
    keywords = options(job.strategy)
    changes = {"patience": 0} if "epochs" in keywords else {}
    if "subset" in keywords:
        changes["subset"] = keywords.pop("subset")
    if "width" in keywords:
        usual = (
            keywords.get("filters") or task.model.filters or ARCHITECTURES[task.model.architecture].filters
        )
        keywords["filters"] = round(keywords.pop("width") * usual)
    return replace(task, training=task.training.model_copy(update=changes)), keywords


def table(job: Job, folder: Path, name: str, model: Model, values: Scores, made_by: str) -> Iterator[Row]:
    """The rows of one model; an ensemble has no epochs of its own, those of its members are in their rows."""
    config = read_config(folder)
    machine = config.get("hardware") or hardware()  # that of the training; the scores are a processor's
    for split, metrics in values.items():
        for metric, value in metrics.items():
            yield Row(
                task=job.task_name,
                strategy=name,
                kind=MODEL,
                mixing=mixing_text(model.config),
                merge=model.config.merge,
                seed=job.seed,
                split=split,
                metric=metric,
                value=value,
                epochs=len(config.get("history", ())),
                seconds=config.get("seconds", 0.0),
                hardware=machine,
                commit=made_by,
            )
