"""The rows of results: one number each, with what made it."""

from __future__ import annotations

import csv
import io
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from rczoo.files.atomic import write_bytes

from .plan import HERE

RESULTS = HERE / "results.csv"
MODEL, BASELINE = "model", "baseline"
"""The kinds of rows: of a trained model, and of what needs no network."""


class Row(NamedTuple):
    """One metric on one split: of a trained (or derived) model, or of a baseline."""

    task: str
    strategy: str
    kind: str
    mixing: str
    merge: str
    seed: int
    split: str
    metric: str
    value: float
    epochs: int
    seconds: float
    hardware: str
    commit: str


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write a table of rows, whole or not at all."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(Row._fields)
    table.writerows(rows)
    write_bytes(path, text.getvalue().encode())


def read_rows(path: Path) -> list[Row]:
    """The rows of a table, values as numbers; an empty list where there is no table."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [_row(entry) for entry in csv.DictReader(file)]


def commit() -> str:
    """The commit of the checkout, with a + if its code has since been changed."""
    head = _git("rev-parse", "--short=10", "HEAD")
    changed = _git("status", "--porcelain", "--", "rczoo", "zoo/tasks", "zoo/*.py")
    return f"{head}{'+' if changed else ''}" if head else "unknown"


def _row(entry: dict[str, str]) -> Row:
    numbers = {"seed": int, "value": float, "epochs": int, "seconds": float}
    return Row(**{name: numbers.get(name, str)(text) for name, text in entry.items()})


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=HERE.parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
