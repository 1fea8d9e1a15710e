"""The run of an ensemble: nothing is trained, and its config names the runs of its members."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rczoo.data.output_names import control_widths, output_names
from rczoo.data.task import Task
from rczoo.family.checkpoint import contents
from rczoo.family.ensembles import Ensemble
from rczoo.files.atomic import write_bytes
from rczoo.files.storage import CONFIG
from rczoo.hardware import hardware

from ..plan import MODELS, Job
from ..strategies import members
from ..trained import config_of, ensemble_of, trainings


def check_seed(job: Job) -> None:
    """Refuse an ensemble under any seed but the first of its members, which stands for all."""
    made = members(job.strategy)
    if made and job.seed != made.seeds[0]:
        seeds = ", ".join(map(str, made.seeds))
        raise ValueError(f"{job}: its members have the seeds {seeds}: ask for seed {made.seeds[0]}")


def assemble(job: Job, task: Task, runs: Path) -> Ensemble:
    """The ensemble of finished runs; the config of a checkpoint goes into the job's folder, no weights do.

    Its sha256 is that of the weights with which the ensemble will be published.
    """
    model = ensemble_of(job, runs, runs.parent / MODELS.name)
    _, config = contents(model, _about(job, task, runs))
    write_bytes(job.folder(runs) / CONFIG, config)
    return model


def _about(job: Job, task: Task, runs: Path) -> dict[str, Any]:
    configs = [config_of(training, runs) for training in trainings(job)]
    return {
        "task": task.name,
        "strategy": job.strategy,
        "seed": job.seed,
        "outputs": output_names(task),
        "control_widths": control_widths(task),
        "trained_as": configs[0]["trained_as"],
        "members": list(map(_member, configs)),
        "hardware": ", ".join(sorted({config.get("hardware") or hardware() for config in configs})),
    }


def _member(config: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of the training of a member."""
    kept = {name: config[name] for name in ("strategy", "seed", "sha256", "best_epoch", "seconds")}
    return {**kept, "epochs": len(config["history"])}
