"""Task files: what to learn from which files, in TOML, for the zoo and for anybody's own data."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar

from .._package_data import package_data
from ..files import downloads
from ..io.text import text_lines
from ..symmetry.rep import TRIVIAL, Rep
from .examples import Examples
from .fields import FileMark, Table
from .recipe import Model, Training
from .schema import (
    File,
    IntervalData,
    MemoryData,
    Origin,
    PeakData,
    Profiles,
    Reference,
    Symmetry,
    TableData,
)
from .task_file import Data, read_content

SPLITS = ("train", "validation", "test")
D = TypeVar("D", bound=Table)

UNSHARED = "test-unshared"
"""The test set of a cleaned table without what it shares with training."""
AGAINST_PEAKS, AGAINST_SHUFFLES = "test-peaks", "test-shuffles"
"""The test set of peaks with one kind of negatives alone: other peaks alike in GC content, or shuffles."""


@dataclass(frozen=True)
class Task:
    """A task file, read and checked: an immutable description from which examples are prepared.

    ``kind`` is "labels" or "profile"; ``model`` holds the keywords of ``rczoo.build``, ``training`` how to
    train, ``data`` where examples come from; ``sources`` are the files to download, by name. ``in_memory``:
    examples by split, which then come from nowhere else. The tables are those of ``schema.py``.
    """

    name: str
    title: str
    kind: Literal["labels", "profile"]
    model: Model
    training: Training
    data: Data | MemoryData
    description: str = ""
    symmetry: Symmetry = field(default_factory=Symmetry)
    origin: Origin = field(default_factory=Origin)
    reference: Reference = field(default_factory=Reference)
    sources: dict[str, downloads.Source] = field(default_factory=dict)
    folder: Path = Path()
    in_memory: Mapping[str, Examples] = field(default_factory=dict, compare=False)

    @property
    def length(self) -> int:
        """Input length in bases."""
        return self.model.length

    @property
    def out_length(self) -> int:
        """Output length in bases (profiles); ValueError where the task gives none."""
        if isinstance(self.data, Profiles) and self.data.out_length is not None:
            return self.data.out_length
        raise ValueError(f"task {self.name} has no out_length: only profiles have")

    @property
    def jitter(self) -> int:
        """By how many bases training windows may move."""
        return self.data.jitter if isinstance(self.data, IntervalData) else 0

    @property
    def clean(self) -> bool:
        """Whether repeats and what splits share are left out."""
        return isinstance(self.data, TableData) and self.data.clean

    @property
    def rep_in(self) -> tuple[Rep, ...]:
        """The Rep of each input: DNA, and the control tracks if there are any."""
        control = self.model.control
        return (Rep.dna(), Rep(control)) if control else (Rep.dna(),)

    @property
    def rep_out(self) -> tuple[Rep, ...]:
        """The Rep of the target: one trivial channel per label, one pair per stranded profile."""
        return (self.model.number * TRIVIAL if self.kind == "labels" else self.model.tracks,)

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of the splits that have examples."""
        if isinstance(self.data, PeakData):
            return (*SPLITS, AGAINST_PEAKS, AGAINST_SHUFFLES)
        return (*SPLITS, UNSHARED) if self.clean else SPLITS

    def data_from(self, source: type[D]) -> D:
        """The data table, which must be of this kind of source; TypeError for another."""
        if not isinstance(self.data, source):
            raise TypeError(f"task {self.name}: its data are {self.data.source}, not {source.__name__}")
        return self.data

    def source(self, name: str) -> downloads.Source | None:
        """Where a file comes from, by the task or else the package; None for one beside the task file."""
        return self.sources.get(name) or downloads.manifest().get(name)

    def path(self, name: str, progress: Any = False) -> Path:
        """The local path of a file the task names: fetched if it has a source, else beside the task file."""
        if source := self.source(name):
            return downloads.fetch(source, progress)
        path = self.folder / name
        if not path.is_file():
            near = get_close_matches(name, [*self.sources, *downloads.manifest()], 1, 0.8)
            raise FileNotFoundError(
                f"task {self.name}: no file {name!r} in {self.folder}"
                + (f"; did you mean {near[0]!r}?" if near else ": give its path relative to the task file")
            )
        return path

    def has_files(self) -> bool:
        """Whether every file is here, so that nothing has to be downloaded."""
        sources = {name: self.source(name) for name in self.file_names()}
        here = (downloads.at_hand(s) if s else (self.folder / name).is_file() for name, s in sources.items())
        return all(here)

    def file_names(self) -> list[str]:
        """Every file that the data table names, in order, without repeats."""
        return list(dict.fromkeys(files_in(self.data)))


def list_tasks() -> list[str]:
    """Names of the tasks that come with rczoo, sorted."""
    return sorted(path.stem for path in _folder().glob("*.toml"))


def load_task(name_or_path: str | os.PathLike[str]) -> Task:
    """Read a task.

    Args:
        name_or_path: one of :func:`list_tasks`, or the path of a TOML file.

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
        content = tomllib.loads("".join(text_lines(path, "task")))
    except FileNotFoundError as error:
        raise ValueError(f"no task file {path}: check the path") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(f"{path.name} is not TOML ({error})") from error
    found = read_content(content, path.name)
    name = found.name or path.stem
    return Task(
        name=name,
        title=found.title or name,
        kind=found.kind,
        model=found.model,
        training=found.training,
        data=found.data,
        description=found.description,
        symmetry=found.symmetry,
        origin=found.origin,
        reference=found.reference,
        sources=_sources(found.files, path),
        folder=path.parent,
    )


def files_in(table: Table) -> Iterator[str]:
    """The file names in a table and those in it; ``file.RDS#sample`` names file.RDS."""
    for name, about in type(table).model_fields.items():
        value = getattr(table, name)
        held = value if isinstance(value, tuple) else (value,)
        for one in held:
            if isinstance(one, Table):
                yield from files_in(one)
            elif one is not None and FileMark in about.metadata:
                yield one.partition("#")[0]


def _sources(entries: tuple[File, ...], path: Path) -> dict[str, downloads.Source]:
    """The files of a task, by name; ValueError for one that leads out of the cache."""
    try:
        sources = [downloads.Source(**entry.plain()) for entry in entries]
    except ValueError as error:
        raise ValueError(f"{path.name}: [[files]]: {error}") from error
    return {source.path: source for source in sources}


def _folder() -> Path:
    """The shipped task files: inside the installed package, or in the checkout."""
    return package_data("zoo/tasks")
