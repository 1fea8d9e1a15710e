"""Task files: what to learn from which files, in TOML, for the zoo and for anybody's own data."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from .._package_data import package_data
from ..files import downloads
from ..files.storage import stays_below
from ..symmetry.rep import REGULAR, TRIVIAL, Rep
from . import schema
from .examples import Examples
from .schema import SPLITS as SPLITS

FILE_KEYS = {"genome", "positives", "negatives", "sites", "events", "profiles", "plus", "minus", "both"}
FILE_KEYS |= {"train", "validation", "test"}

UNSHARED = "test-unshared"
"""The test set of a cleaned table without what it shares with training."""


@dataclass(frozen=True)
class Task:
    """A task file, read and checked: an immutable description from which examples are prepared.

    ``kind`` is "labels" or "profile"; ``model`` holds the keywords of ``rczoo.build``, ``training`` how to
    train, ``data`` where examples come from; ``sources`` are the files to download, by name. ``in_memory``:
    examples by split, which then come from nowhere else.
    """

    name: str
    title: str
    kind: str
    model: dict[str, Any]
    training: dict[str, Any]
    data: dict[str, Any]
    description: str = ""
    symmetry: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, downloads.Source] = field(default_factory=dict)
    folder: Path = Path()
    in_memory: Mapping[str, Examples] = field(default_factory=dict, compare=False)

    @property
    def length(self) -> int:
        """Input length in bases."""
        return int(self.model["length"])

    @property
    def out_length(self) -> int:
        """Output length in bases (profiles)."""
        return int(self.data["out_length"])

    @property
    def rep_in(self) -> tuple[Rep, ...]:
        """The Rep of each input: DNA, and the control tracks if there are any."""
        control = self.model.get("control")
        return (Rep.dna(), Rep(control)) if control else (Rep.dna(),)

    @property
    def rep_out(self) -> tuple[Rep, ...]:
        """The Rep of the target: one trivial channel per label, one pair per stranded profile."""
        if self.kind == "labels":
            return (int(self.model.get("outputs", 1)) * TRIVIAL,)
        signals = self.data.get("signal")
        if not signals:
            return (int(self.model.get("outputs", 1)) * REGULAR,)
        rep = Rep()
        for signal in signals:
            rep = rep + (REGULAR if "plus" in signal else TRIVIAL)
        return (rep,)

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of the splits that have examples."""
        return (*SPLITS, UNSHARED) if self.data.get("clean") else SPLITS

    def path(self, name: str, progress: Any = False) -> Path:
        """The local path of a file the task names: fetched if it has a source, else beside the task file."""
        source = self.sources.get(name) or downloads.manifest().get(name)
        if source:
            return downloads.fetch(source, progress)
        path = self.folder / name
        if not path.is_file():
            near = get_close_matches(name, [*self.sources, *downloads.manifest()], 1, 0.8)
            raise FileNotFoundError(
                f"task {self.name}: no file {name!r} in {self.folder}"
                + (f"; did you mean {near[0]!r}?" if near else ": give its path relative to the task file")
            )
        return path

    def file_names(self) -> list[str]:
        """Every file that the data table names, in order, without repeats."""
        return list(dict.fromkeys(mentioned(self.data)))


def list_tasks() -> list[str]:
    """Names of the tasks that come with rczoo, sorted."""
    return sorted(path.stem for path in _folder().glob("*.toml"))


def load_task(name_or_path: str | os.PathLike[str]) -> Task:
    """Read a task: one of :func:`list_tasks`, or the path of a TOML file.

    Raises ValueError for an unknown name (with the nearest ones) and for a file that is not a task.
    """
    text = os.fspath(name_or_path)
    if text.endswith(".toml"):
        return read_task(Path(text))
    if text not in list_tasks():
        near = get_close_matches(text, list_tasks(), 3, 0.4) or list_tasks()[:3]
        raise ValueError(f"no task {text!r}; near it: {', '.join(near)}. A file of your own ends in .toml")
    return read_task(_folder() / f"{text}.toml")


def read_task(path: Path) -> Task:
    """Read a task file; ValueError names the first entry that is unknown, missing or not what it must be."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ValueError(f"no task file {path}: check the path") from error
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name} is not TOML ({error})") from error
    schema.check(content, path.name)
    if not stays_below(content.get("name", "plain")):
        raise ValueError(f"{path.name}: name is {content['name']!r}: write a plain one, it names folders")
    sources = _sources(content.pop("files", []), path)
    content.setdefault("name", path.stem)
    content.setdefault("title", content["name"])
    return Task(**content, sources=sources, folder=path.parent)


def mentioned(table: Any, key: str = "") -> Iterator[str]:
    """The file names in a data table."""
    if isinstance(table, dict):
        for inner, value in table.items():
            if inner != "splits":
                yield from mentioned(value, inner)
    elif isinstance(table, list):
        for value in table:
            yield from mentioned(value, key)
    elif key in FILE_KEYS and isinstance(table, str):
        yield table.partition("#")[0]


def _sources(entries: Any, path: Path) -> dict[str, downloads.Source]:
    """The files of a task, by name; ValueError for one that is not described, or leads out of the cache."""
    try:
        found = [downloads.Source(**entry) for entry in entries]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path.name}: [[files]]: {error}") from error
    return {source.path: source for source in found}


def _folder() -> Path:
    """The shipped task files: inside the installed package, or in the checkout."""
    return package_data("zoo/tasks")
