"""The index of the published models, made from their folders."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rczoo.data.task import list_tasks, load_task
from rczoo.files.atomic import write_bytes
from rczoo.files.storage import CONFIG, WEIGHTS, read_json, to_json, weights_path
from rczoo.hub.index import FILES, FORMAT, INDEX, parse_index

from .recommended import recommended


def write_index(models: Path, to_beat: Mapping[str, float] | None = None) -> None:
    """Write the index of all published models, in the order of their names.

    ``to_beat``: by task the score that needs no network; of other tasks what the index had stays.
    """
    index = models / INDEX
    before = parse_index(index.read_bytes(), str(models)) if index.exists() else {}
    had = {entry.task: entry.bar for entry in before.values() if entry.bar is not None}
    known = {**had, **(to_beat or {})}
    entries: dict[str, Any] = {}
    for task, configs in published(models).items():
        of_task = {"bar": known[task]} if task in known else {}
        of_task |= {"organism": organism} if (organism := organism_of(task)) else {}
        best = recommended(configs)
        for strategy, config in configs.items():
            marked = {"recommended": True} if strategy == best else {}
            entries[f"{task}/{strategy}"] = {**_entry(models / task / strategy, config), **of_task, **marked}
    write_bytes(index, to_json({"format": FORMAT, "models": entries}))


def published(models: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """The configs of the published models, by task and strategy, sorted."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for path in sorted(models.glob(f"*/[!.]*/{CONFIG}")):
        found.setdefault(path.parts[-3], {})[path.parts[-2]] = read_json(path)
    return found


def organism_of(task: str) -> str | None:
    """The organism of one of the zoo's tasks, if it says so; None for another task."""
    return load_task(task).origin.organism if task in list_tasks() else None


def _entry(folder: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    """What the index says of the model in a folder, but for what it says of its task."""
    places = [file_of(folder, file, config["sha256"]) for file in FILES]
    model = config["model"]
    return {
        "files": {f: _record(p, folder.parents[1]) for f, p in zip(FILES, places, strict=True) if p.exists()},
        "merge": config["merge"],
        "kind": "profile" if "jsd" in config["metrics"]["test"] else "labels",
        "architecture": (model["ensemble"][0] if "ensemble" in model else model)["architecture"],
        "metrics": config["metrics"]["test"],
    }


def file_of(folder: Path, file: str, digest: str) -> Path:
    """Where a file of the published model in ``folder`` lies; ``digest`` is the sha256 of its weights."""
    return weights_path(folder, digest) if file == WEIGHTS else folder / file


def _record(path: Path, models: Path) -> dict[str, Any]:
    content, place = path.read_bytes(), path.absolute().relative_to(models.absolute()).as_posix()
    return {"path": place, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
