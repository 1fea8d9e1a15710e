"""Verification: published models evaluated anew, and compared with what their cards say."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rczoo.checkpoints import load_checkpoint, read_config
from rczoo.index import INDEX, parse_index
from rczoo.network import choose
from rczoo.tasks import Task, load_task

from .data import fingerprint
from .plan import MODELS
from .publish import TOLERANCE, reproduce
from .rows import hardware
from .scoring import score

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
    names = list(parse_index(index.read_bytes(), str(models))) if index.exists() else []
    wanted = fnmatch.filter(names, name or "*")
    if name and not wanted:
        choose("model", name, names)
    for chosen in wanted:
        task = chosen.partition("/")[0]
        yield verify_model(load_task(str(tasks / f"{task}.toml") if tasks else task), chosen, models / chosen)


def verify_model(task: Task, name: str, folder: Path) -> Verdict:
    """Reproduce the expected outputs and the test metrics of one published model."""
    model, config = load_checkpoint(folder), read_config(folder)
    outputs, given = reproduce(model, folder)
    output_error = (outputs - given).abs().max().item() / max(1.0, given.abs().max().item())
    problems = []
    if not output_error <= TOLERANCE:
        problems.append(
            f"outputs differ by {output_error:.2g} from the published ones, allowed {TOLERANCE:g}"
        )
    if fingerprint(task)["test"] != config["data"]["test"]:
        problems.append("the test data are not those of the card")
    found, said = score(model, task)[0]["test"], config["metrics"]["test"]
    errors = {m: difference(found[m], said[m]) for m in said if m not in MEASURED}
    worst = max(errors, key=lambda metric: errors[metric])
    allowed = SAME if config["hardware"] == hardware() else ELSEWHERE
    if not errors[worst] <= allowed:
        problems.append(
            f"{worst} is {found[worst]:.6f}, the card says {said[worst]:.6f}, allowed {allowed:g} "
            "(relative above 1)"
        )
    return Verdict(name, output_error, errors[worst], tuple(problems))


def difference(found: float, said: float) -> float:
    """Absolute up to 1, relative above: the loss of a profile is in thousands."""
    return abs(found - said) / max(1.0, abs(said))
