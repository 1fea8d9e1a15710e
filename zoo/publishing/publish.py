"""Publishing: a run's model as config, expected outputs and card, refused unless it proves itself from disk.

Its weights are kept once for all models that have them, in ``weights``, under their sha256.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from rczoo.conformance.suite import check
from rczoo.data.output_names import control_widths, output_names
from rczoo.data.preparation import load_examples
from rczoo.data.task import Task
from rczoo.evaluation.losses import first
from rczoo.family.checkpoint import load_checkpoint, read_config, save_checkpoint
from rczoo.family.ensembles import Model
from rczoo.files.atomic import write_bytes
from rczoo.files.cache import sha256
from rczoo.files.storage import CONFIG, SHARED, WEIGHTS, read_json, shared_weights, to_json, weights_path
from rczoo.hub.index import FILES, FORMAT, INDEX, parse_index
from rczoo.inference.controls import zero_control
from rczoo.inference.outputs import name_outputs
from rczoo.symmetry import dna
from rczoo.symmetry.equivariance import equivariance_error

from ..packs import Pack
from ..plan import MODELS, RUNS, Job
from ..results.summary import bars, best_seeds, criteria, summarise, tasks_of
from ..rows import Row
from ..strategies import TRIAL, source
from ..trained import model_of, run_of
from .card import SEQUENCES, card
from .members import section, training

EXPECTED = "expected.json"
TOLERANCE = 1e-5
PUBLISHED_MERGES = (None, "mean")
"""What a trained model may be turned into: any other merge is one call, ``remerge``."""


def publish(
    rows: list[Row], runs: Path = RUNS, models: Path = MODELS, tasks: Path | None = None
) -> list[str]:
    """Publish every (task, strategy) with packed results, from the seed best on validation.

    Left out are models that another merge alone makes of a published one (:data:`PUBLISHED_MERGES`).
    ``tasks``: a folder of task files, instead of the shipped ones. Returns the names. A model that fails its
    check is left out, what was published under its name stays, and when all others are published ValueError
    says why. The index is right after each model, so a kill leaves the published models usable.
    """
    known = tasks_of(rows, tasks)
    to_beat = bars(summarise(rows), known)
    published, refused = [], []
    for (task, strategy), seed in sorted(best_seeds(rows, criteria(known)).items()):
        if strategy.endswith(TRIAL) or source(strategy)[1] not in PUBLISHED_MERGES:
            continue
        try:
            publish_model(known[task], strategy, seed, rows, runs, models)
        except ValueError as error:
            refused.append(str(error))
        else:
            published.append(f"{task}/{strategy}")
    write_index(models, to_beat)
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
        write_model(model, task, strategy, seed, rows, Pack(runs / task.name), draft)
        prove(draft, task)
        share_weights(draft, models)
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
    model: Model, task: Task, strategy: str, seed: int, rows: list[Row], pack: Pack, folder: Path
) -> None:
    """Write a model's four files: weights, config, expected outputs and card."""
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
    sequences, outputs = expected(model, task)
    shown = json.dumps({"sequences": sequences, "outputs": outputs}, allow_nan=False)
    write_bytes(folder / EXPECTED, f"{shown}\n".encode())
    text = card(
        task, strategy, about, summarise(rows), rows, equivariance(load_checkpoint(folder), sequences)
    )
    write_bytes(folder / "README.md", f"{text}{section(model, about)}".encode())


def expected(model: Model, task: Task) -> tuple[list[str], Any]:
    """The first test sequences as text, and what the model says of them (first output)."""
    examples = load_examples(task, "test")
    sequences = [dna.decode(codes) for codes in examples.take(range(min(SEQUENCES, len(examples)))).codes]
    return sequences, _rounded(answers(model, sequences).tolist())


def prove(folder: Path, task: Task) -> None:
    """Raise ValueError unless the model, read back from its folder, is what it says it is."""
    model, name = load_checkpoint(folder), f"{task.name}/{read_config(folder)['strategy']}"
    if len(model.rep_out) > 1 and not task.training.counts_weight:
        raise ValueError(
            f"{name} has a count head that was never trained (counts_weight 0): build it without"
        )
    outputs, given = reproduce(model, folder)
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


def reproduce(model: Model, folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """A model's outputs for the sequences published with it, and the outputs published."""
    content = read_json(folder / EXPECTED)
    return answers(model, content["sequences"]), torch.tensor(content["outputs"])


def answers(model: Model, sequences: Sequence[str]) -> torch.Tensor:
    """A model's first output for sequences, in eval mode."""
    with torch.no_grad():
        return first(model.eval()(*inputs(model, sequences)))


def equivariance(model: Model, sequences: Sequence[str]) -> float:
    """The equivariance error of a published file, on the sequences published with it."""
    return equivariance_error(model, *inputs(model, sequences))


def inputs(model: Model, sequences: Sequence[str]) -> list[torch.Tensor]:
    """Sequences as a model reads them; control tracks, if it has any, without signal."""
    X = torch.cat([dna.one_hot(sequence) for sequence in sequences])
    control = zero_control(model.rep_in, len(X), name_outputs(model, {}))
    return [X] if control is None else [X, torch.from_numpy(control)]


def write_index(models: Path, to_beat: Mapping[str, float] | None = None) -> None:
    """Write the index of all published models, in the order of their names.

    ``to_beat``: by task the score that needs no network; of other tasks what the index had stays.
    """
    index = models / INDEX
    before = parse_index(index.read_bytes(), str(models)) if index.exists() else {}
    had = {entry.task: entry.bar for entry in before.values() if entry.bar is not None}
    known = {**had, **(to_beat or {})}
    entries = {}
    for path in sorted(models.glob(f"*/[!.]*/{CONFIG}")):
        config, folder = read_json(path), path.parent
        places = [file_of(folder, file, config["sha256"]) for file in FILES]
        entries[f"{folder.parent.name}/{folder.name}"] = {
            "files": {f: _record(p, models) for f, p in zip(FILES, places, strict=True) if p.exists()},
            "merge": config["merge"],
            "metrics": config["metrics"]["test"],
            **({"bar": known[folder.parent.name]} if folder.parent.name in known else {}),
        }
    write_bytes(index, to_json({"format": FORMAT, "models": entries}))


def _rounded(values: Any) -> Any:
    """Numbers with as many digits as single precision has, in lists however deep."""
    return [_rounded(v) for v in values] if isinstance(values, list) else float(f"{values:.8g}")


def file_of(folder: Path, file: str, digest: str) -> Path:
    """Where a file of the published model in ``folder`` lies; ``digest`` is the sha256 of its weights."""
    return weights_path(folder, digest) if file == WEIGHTS else folder / file


def _record(path: Path, models: Path) -> dict[str, Any]:
    content, place = path.read_bytes(), path.absolute().relative_to(models.absolute()).as_posix()
    return {"path": place, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def _by_split(rows: list[Row]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        found.setdefault(row.split, {})[row.metric] = row.value
    return found
