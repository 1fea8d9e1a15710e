"""Verification: published models evaluated anew, and compared with what their cards say."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rczoo._arguments import check_choice
from rczoo.data.task import Task, load_task
from rczoo.family.checkpoint import load_checkpoint, read_config
from rczoo.files.cache import sha256
from rczoo.hardware import hardware
from rczoo.hub.index import INDEX, Entry, parse_index

from ..fingerprints import fingerprint
from ..plan import MODELS
from ..sweep.scoring import score
from .expected import TOLERANCE, read, reproduce
from .index import file_of

SAME, ELSEWHERE = 1e-6, 1e-4
"""Differences of metrics allowed on the same type of machine, and on another."""
MEASURED = ("equivariance_error", "equivariance_error_tied")
"""Errors of rounding: reported, never compared."""


@dataclass(frozen=True)
class Verdict:
    """What came of one model; ``problems`` is empty when it is as published."""

    name: str
    outputs: float
    metrics: float
    problems: tuple[str, ...]


def verify(name: str | None = None, models: Path = MODELS, tasks: Path | None = None) -> Iterator[Verdict]:
    """Verify published models one by one: all, one, or those of a pattern such as ``gcn4/*``.

    Raises ValueError for a name that is not published.
    """
    index = models / INDEX
    entries = parse_index(index.read_bytes(), str(models)) if index.exists() else {}
    wanted = fnmatch.filter(entries, name or "*")
    if name and not wanted:
        check_choice("model", name, list(entries))
    for chosen in wanted:
        task = chosen.partition("/")[0]
        yield verify_model(load_task(str(tasks / f"{task}.toml") if tasks else task), entries[chosen], models)


def verify_model(task: Task, entry: Entry, models: Path) -> Verdict:
    """Compare one published model with the index; reproduce its expected outputs and its test metrics."""
    folder = models / entry.name
    model, config = load_checkpoint(folder), read_config(folder)
    outputs, given = reproduce(model, read(folder))
    output_error = (outputs - given).abs().max().item() / max(1.0, given.abs().max().item())
    problems = [
        f"{name} is not the file of the index"
        for name, file in entry.files.items()
        if sha256(file_of(folder, name, config["sha256"])) != file.sha256
    ]
    if not output_error <= TOLERANCE:
        problems.append(
            f"outputs differ by {output_error:.2g} from the published ones, allowed {TOLERANCE:g}"
        )
    if fingerprint(task)["test"] != config["data"]["test"]:
        problems.append("the test data are not those of the card")
    found, said = score(model, task, ("test",))[0]["test"], config["metrics"]["test"]
    errors = {m: difference(found[m], said[m]) for m in said if m not in MEASURED}
    allowed = SAME if config["hardware"] == hardware() else ELSEWHERE
    problems += [
        f"{metric} is {found[metric]:.6f}, the card says {said[metric]:.6f}, allowed {allowed:g} "
        "(relative above 1)"
        for metric, error in errors.items()
        if not error <= allowed
    ]
    return Verdict(entry.name, output_error, max(errors.values()), tuple(problems))


def difference(found: float, said: float) -> float:
    """Absolute up to 1, relative above: the loss of a profile is in thousands. Infinite for NaN."""
    away = abs(found - said) / max(1.0, abs(said))
    return float("inf") if math.isnan(away) else away
