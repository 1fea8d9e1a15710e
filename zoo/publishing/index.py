"""The index of the published models, made from their folders."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rczoo.files.atomic import write_bytes
from rczoo.files.storage import CONFIG, WEIGHTS, read_json, to_json, weights_path
from rczoo.hub.index import FILES, FORMAT, INDEX, parse_index


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


def file_of(folder: Path, file: str, digest: str) -> Path:
    """Where a file of the published model in ``folder`` lies; ``digest`` is the sha256 of its weights."""
    return weights_path(folder, digest) if file == WEIGHTS else folder / file


def _record(path: Path, models: Path) -> dict[str, Any]:
    content, place = path.read_bytes(), path.absolute().relative_to(models.absolute()).as_posix()
    return {"path": place, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
