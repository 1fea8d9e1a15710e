"""Publishing: a run's model as weights and config, refused unless it proves itself from disk.

Its weights are kept once for all models that have them, in ``weights``, under their sha256.
"""

from __future__ import annotations

import shutil
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import torch

from rczoo.conformance.suite import check
from rczoo.data.output_names import control_widths, output_names
from rczoo.data.task import Task
from rczoo.family.checkpoint import load_checkpoint, read_config, save_checkpoint
from rczoo.family.ensembles import Model
from rczoo.files.cache import sha256
from rczoo.files.storage import SHARED, WEIGHTS, shared_weights
from rczoo.hub.index import INDEX, parse_index

from ..packs import Pack
from ..plan import MODELS, RUNS, Job
from ..results.summary import bars, best_seeds, criteria, summarise, tasks_of
from ..rows import Row
from ..strategies import TRIAL, source
from ..trained import model_of, run_of
from .cards import write_cards
from .expected import TOLERANCE, Expected, expected, keep, reproduce
from .index import write_index
from .members import training

PUBLISHED_MERGES = (None, "mean")
"""What a trained model may be turned into: any other merge is one call, ``remerge``."""


def publish(
    rows: list[Row],
    runs: Path = RUNS,
    models: Path = MODELS,
    tasks: Path | None = None,
    pattern: str = "*",
) -> list[str]:
    """Publish every (task, strategy) with packed results, from the seed best on validation.

    Left out are models that another merge alone makes of a published one (:data:`PUBLISHED_MERGES`).
    ``tasks``: a folder of task files, instead of the shipped ones; ``pattern``: which models, as ``rap1/*``.
    Returns the names. A model that fails its check is left out, what was published under its name stays, and
    when all others are published ValueError says why. The index is right after each model, so a kill leaves
    the published models usable.
    """
    known = tasks_of(rows, tasks)
    to_beat = bars(summarise(rows), known)
    published, refused = [], []
    for (task, strategy), seed in sorted(best_seeds(rows, criteria(known)).items()):
        if not fnmatchcase(f"{task}/{strategy}", pattern):
            continue
        if strategy.endswith(TRIAL) or source(strategy)[1] not in PUBLISHED_MERGES:
            continue
        try:
            publish_model(known[task], strategy, seed, rows, runs, models)
        except ValueError as error:
            refused.append(str(error))
        else:
            published.append(f"{task}/{strategy}")
    write_index(models, to_beat)
    write_cards(rows, runs, models, tasks, {name.partition("/")[0] for name in published})
    drop_unnamed(models)
    if refused:
        raise ValueError("\n".join(["not published:", *refused]))
    return published


def publish_model(task: Task, strategy: str, seed: int, rows: list[Row], runs: Path, models: Path) -> Path:
    """Publish one model: written beside its place, proved from disk, only then put there and listed."""
    model = model_of(Job(task.name, strategy, seed), runs, models)
    target = models / task.name / strategy
    draft = target.with_name(f".{strategy}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        made = expected(model, task)
        write_model(model, task, strategy, seed, rows, Pack(runs / task.name), draft)
        prove(draft, task, made)
        share_weights(draft, models)
        keep(target, made)
        shutil.rmtree(target, ignore_errors=True)
        draft.replace(target)
        write_index(models)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def share_weights(draft: Path, models: Path) -> None:
    """Move a draft's weights to where all models that have them find them."""
    digest = sha256(draft / WEIGHTS)
    place = shared_weights(models, digest)
    if place.exists() and sha256(place) == digest:
        (draft / WEIGHTS).unlink()
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    (draft / WEIGHTS).replace(place)


def drop_unnamed(models: Path) -> list[Path]:
    """Remove the shared weights that no entry of the index names; returns the files removed."""
    index = models / INDEX
    entries = parse_index(index.read_bytes(), str(models)) if index.exists() else {}
    named = {models / entry.files[WEIGHTS].path for entry in entries.values()}
    unnamed = [path for path in sorted((models / SHARED).glob("*.safetensors")) if path not in named]
    for path in unnamed:
        path.unlink()
    return unnamed


def write_model(
    model: Model,
    task: Task,
    strategy: str,
    seed: int,
    rows: list[Row],
    pack: Pack,
    folder: Path,
) -> None:
    """Write a model's weights and config; cards are written when all models of the task are there."""
    own = [row for row in rows if (row.task, row.strategy, row.seed) == (task.name, strategy, seed)]
    trained = run_of(Job(task.name, strategy, seed)).strategy
    ran = pack.config(trained, seed)
    about: dict[str, Any] = {
        "task": task.name,
        "strategy": strategy,
        "strategy_trained": trained,
        "merge": model.config.merge,
        "seed": seed,
        "trained_as": ran["trained_as"],
        **training(ran),
        "data": pack.data(),
        "outputs": output_names(task),
        "control_widths": control_widths(task),
        "metrics": _by_split(own),
        "hardware": own[0].hardware,
        "commit": own[0].commit,
        "provenance": ran["provenance"],
    }
    save_checkpoint(model, folder, **about)


def prove(folder: Path, task: Task, made: Expected) -> None:
    """Raise ValueError unless the model, read back from its folder, is what it says it is and answers so."""
    model, name = load_checkpoint(folder), f"{task.name}/{read_config(folder)['strategy']}"
    if len(model.rep_out) > 1 and not task.training.counts_weight:
        raise ValueError(
            f"{name} has a count head that was never trained (counts_weight 0): build it without"
        )
    outputs, given = reproduce(model, made)
    difference = (outputs - given).abs().max().item()
    if not difference <= TOLERANCE * max(1.0, given.abs().max().item()):
        raise ValueError(
            f"{name} read back gives outputs that differ by {difference:.2g} from those expected"
        )
    if not torch.isfinite(outputs).all() or outputs.std(dim=0).max() == 0:
        raise ValueError(f"{name} gives outputs that are not finite, or the same for every sequence")
    if not model.equivariant:
        return
    report = check(model, quick=True, name=name)
    if not report.passed:
        raise ValueError(f"{name} read back fails its check:\n{report}")


def _by_split(rows: list[Row]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        found.setdefault(row.split, {})[row.metric] = row.value
    return found
