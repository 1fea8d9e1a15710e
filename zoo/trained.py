"""The models of finished runs, and of what is derived from them: by another merge, or as an ensemble.

Weights lie in the folder of the run or, where these were pruned, among the published ones. An ensemble has
none of its own until it is published: its run's config names those of its members.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rczoo.family.checkpoint import rebuild
from rczoo.family.ensembles import Ensemble, Model, ensemble
from rczoo.files.cache import sha256
from rczoo.files.storage import CONFIG, WEIGHTS, read_json, shared_weights

from .packs import Pack
from .plan import Job
from .strategies import members, source


def trainings(job: Job) -> list[Job]:
    """What has to be trained for a job: itself or, for an ensemble, the trainings of its members."""
    made = members(job.strategy)
    if made is None:
        return [job]
    return [replace(job, strategy=source(made.strategy)[0], seed=seed) for seed in made.seeds]


def run_of(job: Job) -> Job:
    """The run that a model comes from: of a merge its training, of an ensemble its own."""
    return job if members(job.strategy) else replace(job, strategy=source(job.strategy)[0])


def config_of(job: Job, runs: Path) -> dict[str, Any]:
    """The config of a finished run: in its folder or, once packed, in the pack; ValueError without one."""
    try:
        return read_json(job.folder(runs) / CONFIG)
    except FileNotFoundError:
        return Pack(runs / job.task_name).config(job.strategy, job.seed)


def model_of(job: Job, runs: Path, models: Path) -> Model:
    """The model of a finished run, or of a strategy derived from it: merged, or made of members, as it says.

    Raises ValueError where weights of the run are neither in its folder nor published.
    """
    run = run_of(job)
    config, folder = config_of(run, runs), run.folder(runs)
    if path := weights_of(config, folder, models):
        model = rebuild(config, path, folder / CONFIG)
        return model if run == job else model.remerge(source(job.strategy)[1])
    if members(job.strategy):
        return ensemble_of(job, runs, models)
    raise ValueError(
        f"the weights of {run.task_name}/{run.strategy}, seed {run.seed}, are neither in {folder} nor "
        "published: work where the model was trained"
    )


def ensemble_of(job: Job, runs: Path, models: Path) -> Ensemble:
    """The ensemble that a job asks for, of the models of finished runs."""
    made = members(job.strategy)
    assert made is not None
    runs_of = (replace(job, strategy=made.strategy, seed=seed) for seed in made.seeds)
    return ensemble(model_of(run, runs, models) for run in runs_of)


def weights_of(config: Mapping[str, Any], folder: Path, models: Path) -> Path | None:
    """The file with the weights that a run's config asks for: in its folder, published, or None."""
    digest = str(config["sha256"])
    places = (folder / WEIGHTS, shared_weights(models, digest))
    return next((path for path in places if path.exists() and sha256(path) == digest), None)
