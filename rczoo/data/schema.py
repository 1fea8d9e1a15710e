"""What each table of a task file may hold and what it must: entries, and rules for their values."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from typing import Any, NamedTuple

from ..family.architectures import build
from ..symmetry.rep import Rep

SPLITS = ("train", "validation", "test")
STRANDS = ("plus", "minus", "both")
KINDS = {
    "simulation": ("labels",),
    "chalmers-chipexo": ("profile",),
    "intervals": ("labels", "profile"),
    "table": ("labels",),
}
"""The kinds of task that a source can give."""


class Rule(NamedTuple):
    """What an entry must be: in the words that follow "write", and as a test."""

    says: str
    holds: Callable[[Any], bool]


@dataclass(frozen=True)
class Table:
    """The entries that a table may have, and those that it needs; ``many``: a list of such tables."""

    entries: Entries
    needs: tuple[str, ...] = ()
    many: bool = False

    @property
    def says(self) -> str:
        """What it must be, as a rule says it."""
        kind = "a list of tables, [[...]]," if self.many else "a table"
        return f"{kind} with {', '.join(self.needs or self.entries)}"

    def holds(self, value: Any) -> bool:
        """Whether it is a table, or a list of some; what stands in it is checked on its own."""
        tables = value if self.many else [value]
        return isinstance(tables, list) and tables != [] and all(isinstance(one, dict) for one in tables)


Entries = Mapping[str, Rule | Table]


def one_of(*choices: str) -> Rule:
    """One of some words."""
    return Rule(f"one of {', '.join(choices)}", lambda value: value in choices)


def whole(least: int, what: str = "a whole number") -> Rule:
    """A whole number that is not smaller than the least."""
    return Rule(f"{what} >= {least}", lambda value: type(value) is int and value >= least)


def number(says: str, holds: Callable[[float], bool]) -> Rule:
    """A finite number in a range."""
    return Rule(
        f"a number {says}", lambda value: type(value) in (int, float) and isfinite(value) and holds(value)
    )


def listed(says: str, rule: Rule, least: int = 1) -> Rule:
    """A list of what another rule allows, at least so many."""
    return Rule(
        says, lambda value: isinstance(value, list) and len(value) >= least and all(map(rule.holds, value))
    )


TEXT = Rule("a text", lambda value: isinstance(value, str))
FLAG = Rule("true or false", lambda value: isinstance(value, bool))
BUILDS = Rule("what rczoo.build takes", lambda value: True)
FILE = Rule("the name of a file", TEXT.holds)
FILE_LIST = listed("a list of file names", FILE)
FILES = Rule("the name of a file, or a list of them", lambda v: FILE.holds(v) or FILE_LIST.holds(v))
SPLIT_ENTRIES = dict.fromkeys(SPLITS, listed('a list of chromosomes, as ["chr1"]', TEXT, least=0))
COLUMN = Rule("a whole number", lambda value: type(value) is int)

MODEL: Entries = {
    **dict.fromkeys(inspect.signature(build).parameters, BUILDS),
    "length": whole(1, "the number of input bases, a whole number"),
    "outputs": whole(1),
    "control": TEXT,
    "count_head": FLAG,
}
TRAINING: Entries = {
    "batch_size": whole(1),
    "epochs": whole(1),
    "patience": whole(0),
    "steps_per_epoch": whole(1),
    "positives": whole(1),
    "negatives": whole(1),
    "learning_rate": number("> 0", lambda value: value > 0),
    "counts_weight": number(">= 0", lambda value: value >= 0),
    "best": one_of("loss", "auroc"),
    "augment": one_of("batch", "set"),
    # Nothing reads these two, but the shipped files have them.
    "monitor": one_of("loss"),
    "negatives_per_positive": whole(1),
}
SOURCE: Entries = {"source": one_of(*KINDS)}
PLACES: Entries = {
    **SOURCE,
    "splits": Table(SPLIT_ENTRIES),
    "out_length": whole(1, "the number of profile positions, a whole number"),
}
TRACKS: Entries = dict.fromkeys(STRANDS, FILES)
CONTROL = Table({**TRACKS, "widths": listed("a list of odd whole numbers", whole(1))}, ("widths",))
MATCHED: Entries = {"sites": FILES, "distance": whole(0), "per_positive": whole(1), "seed": whole(0)}
FACTOR: Entries = {"name": TEXT, "events": FILE, "profiles": FILE}
INTERVALS: Entries = {
    **PLACES,
    **dict.fromkeys(("genome", "positives", "negatives"), FILES),
    "assay": one_of("transcription"),
    "merge": whole(0),
    "jitter": whole(0),
    "minimum_counts": number(">= 0", lambda value: value >= 0),
    "signal": Table(TRACKS, many=True),
    "control": CONTROL,
    "matched": Table(MATCHED, tuple(MATCHED)),
}
CHIPEXO: Entries = {
    **PLACES,
    "genome": FILE_LIST,
    "columns": Rule("two whole numbers, as [-48, 50]", lambda v: listed("", COLUMN).holds(v) and len(v) == 2),
    "factors": Table(FACTOR, tuple(FACTOR), many=True),
}
SIMULATION: Entries = {
    **SOURCE,
    "per_motif": whole(1),
    "counts": Table(dict.fromkeys(SPLITS, whole(0)), SPLITS),
    "label_noise": number("from 0 to 1", lambda value: 0 <= value <= 1),
    "seed": whole(0),
    "planted_labels": FLAG,
}
DATA = {
    "simulation": Table(SIMULATION, ("per_motif", "counts", "label_noise", "seed")),
    "chalmers-chipexo": Table(CHIPEXO, ("genome", "splits", "columns", "factors")),
    "intervals": Table(INTERVALS, ("genome", "positives", "splits")),
    "table": Table({**SOURCE, **dict.fromkeys(SPLITS, FILE), "clean": FLAG}, SPLITS),
}
ANY_SOURCE = Table({key: rule for table in DATA.values() for key, rule in table.entries.items()}, ("source",))
TASK: Entries = {
    **dict.fromkeys(("name", "title", "description"), TEXT),
    "kind": one_of("labels", "profile"),
    "files": Rule("[[files]] with path and url", lambda value: isinstance(value, list)),
    "symmetry": Table({"motif": TEXT, "radius": whole(0)}),
    "model": Table(MODEL, ("architecture", "length")),
    "training": Table(TRAINING, ("batch_size",)),
}


def check(content: dict[str, Any], file: str) -> None:
    """Raise ValueError, in one line, on the first entry that is unknown, missing or not what it must be."""
    data = content.get("data")
    source = str(data.get("source")) if isinstance(data, dict) else ""
    entries = {**TASK, "data": DATA.get(source, ANY_SOURCE)}
    _check_table(content, Table(entries, ("kind", "model", "training", "data")), "", file)
    for mistake in _mistakes(**{k: content[k] for k in ("kind", "model", "training", "data")}):
        raise ValueError(f"{file}: {mistake}")


def _check_table(content: Any, table: Table, place: str, file: str) -> None:
    """Check one table, and those in it."""
    path = f"[{place}] " if place else ""
    for key in content:
        if key not in table.entries:
            near = get_close_matches(key, table.entries, 1)
            remedy = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(table.entries)}"
            raise ValueError(f"{file}: {path}unknown entry {key!r}; {remedy}")
    for key in table.needs:
        if key not in content:
            raise ValueError(f"{file}: {path}needs {key!r}: write {table.entries[key].says}")
    for key, value in content.items():
        rule = table.entries[key]
        if not rule.holds(value):
            raise ValueError(f"{file}: {path}{key} is {value!r}: write {rule.says}")
        if isinstance(rule, Table):
            for inner in value if rule.many else [value]:
                _check_table(inner, rule, f"{place}.{key}".lstrip("."), file)


def _mistakes(
    kind: str, model: dict[str, Any], training: dict[str, Any], data: dict[str, Any]
) -> Iterator[str]:
    """What is wrong between entries that are right by themselves."""
    source = data["source"]
    if kind not in KINDS[source]:
        yield f"kind is {kind!r}, but [data] source {source!r} gives {KINDS[source][0]}"
    if kind == "profile" and training.get("best") == "auroc":
        yield "[training] best is 'auroc', which only labels have: write 'loss'"
    if ("positives" in training) != ("negatives" in training):
        yield "[training] gives one of positives and negatives: give both, their proportion in a batch"
    if kind == "profile" and "out_length" not in data:
        yield "[data] needs 'out_length', the number of profile positions"
    if kind == "profile" and source == "intervals" and "signal" not in data:
        yield "[data] needs 'signal': write [[data.signal]] with the bigWig files plus and minus"
    if {"negatives", "matched"} <= data.keys():
        yield "[data] gives both negatives and matched: keep one"
    control = data.get("control")
    for name, table in [("signal", t) for t in data.get("signal", [])] + [("control", control)]:
        given = [word for word in STRANDS if word in (table or ())]
        if table is not None and given not in (["plus", "minus"], ["both"]):
            yield f"[data.{name}] gives {' and '.join(given) or 'no strand'}: give plus and minus, or both"
    channels = Rep(model.get("control", "0t")).channels
    widths = len(control["widths"]) if control else 0
    if channels != widths:
        yield f"[model] control has {channels} channels, [data.control] {widths} widths: make them equal"
