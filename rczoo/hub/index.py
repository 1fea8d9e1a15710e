"""The index of published models: names, files, hashes and metrics, read with suspicion.

An index comes from elsewhere, so nothing in it is believed before it is checked: a name must be a plain
``task/strategy``, a file one of the few that a model has, a path one that stays below the hub's folder.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..files.storage import CONFIG, WEIGHTS, stays_below

FORMAT = "rczoo index 1"
INDEX = "index.json"
REQUIRED = (CONFIG, WEIGHTS)
CARD = "README.md"
FILES = (*REQUIRED, "expected.json", CARD)
"""The files of a model. Anything else, such as a pickle, is refused."""
LARGEST = 1 << 30
"""Bytes of the largest file that a model may have: it is held in memory."""

_NAME = re.compile(r"[A-Za-z0-9][\w.+-]*/[A-Za-z0-9][\w.+-]*")
_WORD = re.compile(r"[a-z][a-z0-9-]*")
WORDS = ("merge", "organism", "kind", "architecture")
"""What an index may say of a model in a word."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class File:
    """Where a file lies below the hub's folder, and what it must be."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Entry:
    """A published model: its files by name, and for a glance its metrics and what it is.

    ``merge`` is how it merges strands; ``bar`` what the best reference without a network scores on the task,
    by the metric that models of its ``kind`` ("labels", "profile") are compared by. What an index does not
    say is None. ``recommended``: it is the one to take for its task. Models that share weights name one file.
    """

    name: str
    files: Mapping[str, File]
    metrics: Mapping[str, Any]
    merge: str | None = None
    bar: float | None = None
    organism: str | None = None
    kind: str | None = None
    architecture: str | None = None
    recommended: bool = False

    @property
    def score(self) -> float | None:
        """What it scores on the test split by the metric that models of its kind are compared by."""
        value = self.metrics.get("jsd" if "jsd" in self.metrics else "auroc")
        return float(value) if isinstance(value, int | float) else None

    @property
    def above_bar(self) -> bool | None:
        """Whether it is better than what needs no network; None where an index does not say."""
        if self.score is None or self.bar is None:
            return None
        return self.score < self.bar if "jsd" in self.metrics else self.score > self.bar

    @property
    def task(self) -> str:
        """The task in its name."""
        return self.name.partition("/")[0]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files.values())

    @property
    def frozen(self) -> dict[str, str]:
        """The hashes of what never changes under a name: every file but the card."""
        return {name: file.sha256 for name, file in self.files.items() if name != CARD}

    @property
    def version(self) -> str:
        """A short hash of what never changes."""
        return hashlib.sha256(json.dumps(self.frozen, sort_keys=True).encode()).hexdigest()[:12]


def parse_index(content: bytes, where: str) -> dict[str, Entry]:
    """The entries of an index by name; ValueError, in one line, for anything wrong in it."""
    try:
        index = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the index of {where} is not JSON ({error}): it is damaged or no hub") from error
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        found = index.get("format") if isinstance(index, dict) else type(index).__name__
        raise ValueError(f"the index of {where} has format {found!r}, expected {FORMAT!r}")
    models = index.get("models")
    if not isinstance(models, dict):
        raise ValueError(f"the index of {where} lists no models")
    entries = {name: _entry(name, value, where) for name, value in models.items()}
    chosen = Counter(entry.task for entry in entries.values() if entry.recommended)
    for task, number in chosen.items():
        if number > 1:
            raise ValueError(f"the index of {where} recommends {number} models of {task}, one may be")
    return entries


def _entry(name: str, value: Any, where: str) -> Entry:
    if not _NAME.fullmatch(name) or ".." in name:
        raise ValueError(f"the index of {where} has the model name {name!r}, expected task/strategy")
    given = value.get("files") if isinstance(value, dict) else None
    if not isinstance(given, dict) or not set(REQUIRED) <= set(given):
        raise ValueError(f"the index of {where}: {name} lacks {' or '.join(REQUIRED)}")
    files = {}
    for file, about in given.items():
        if file not in FILES:
            raise ValueError(
                f"the index of {where}: {name} has a file {file!r}, only {', '.join(FILES)} may be"
            )
        files[file] = _file(about, f"the index of {where}: {name}/{file}")
    metrics = value.get("metrics")
    words = {key: _word(value.get(key), key, f"the index of {where}: {name}") for key in WORDS}
    bar = value.get("bar")
    if bar is not None and (isinstance(bar, bool) or not isinstance(bar, int | float)):
        raise ValueError(f"the index of {where}: {name} has the bar {bar!r}, expected a number")
    known = metrics if isinstance(metrics, dict) else {}
    return Entry(name, files, known, bar=bar, recommended=value.get("recommended") is True, **words)


def _word(value: Any, key: str, what: str) -> str | None:
    if value is not None and not (isinstance(value, str) and _WORD.fullmatch(value)):
        raise ValueError(f"{what} has the {key} {value!r}, expected a word")
    return value


def _file(about: Any, what: str) -> File:
    if not isinstance(about, dict):
        raise ValueError(f"{what} is a {type(about).__name__}, not path, sha256 and size")
    path, digest, size = (about.get(key) for key in ("path", "sha256", "size"))
    if not stays_below(path) or any(character in path for character in "?#%"):
        raise ValueError(f"{what} has the path {path!r}, which leaves the hub's folder")
    if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise ValueError(f"{what} has no sha256, so it could not be verified")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ValueError(f"{what} has the size {size!r}, expected bytes")
    if size > LARGEST:
        raise ValueError(f"{what} has {size:,} bytes, a file may have {LARGEST:,}")
    return File(path, digest, size)
