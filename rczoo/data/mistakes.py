"""What is wrong with the content of a task file, in one line: where, what stands there, what to write."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, NamedTuple, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .fields import Table
from .schema import SOURCES

FIRST = ("extra_forbidden", "missing")
"""A misspelt entry is also a missing one, and what is missing goes before what is not as it must be."""


class Place(NamedTuple):
    """A table by its name, its model and its content, and the entry in it, if it is not the whole table."""

    table: str
    model: type[Table]
    content: Any
    entry: str

    @property
    def prefix(self) -> str:
        """The table in front of a message."""
        return f"[{self.table}] " if self.table else ""


def in_words(error: ValidationError, model: type[Table], content: dict[str, Any]) -> str:
    """The first thing that is wrong with the content of a model."""
    found = min(error.errors(include_url=False), key=_rank)
    steps = (*found["loc"], "") if found["type"] == "value_error" else found["loc"]  # "": the whole table
    place = _place(steps, model, content)
    return place.prefix + _message(found, place)


def _rank(found: ErrorDetails) -> int:
    return FIRST.index(found["type"]) if found["type"] in FIRST else len(FIRST)


def _message(found: ErrorDetails, place: Place) -> str:
    """What is wrong at a place."""
    fields, entry = place.model.model_fields, place.entry
    if found["type"] == "extra_forbidden":
        near = get_close_matches(entry, fields, 1)
        remedy = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(fields)}"
        return f"unknown entry {entry!r}; {remedy}"
    if found["type"].startswith("union_tag"):
        return _source(place.content["data"])
    if not entry:
        return str(found["ctx"]["error"])
    says = fields[entry].description
    if found["type"] == "missing" and entry not in place.content:
        return f"needs {entry!r}: write {says}"
    return f"{entry} is {place.content[entry]!r}: write {says}"


def _source(data: dict[str, Any]) -> str:
    """What is wrong with a data table that has no source, or another than there are."""
    known = f"write one of {', '.join(SOURCES)}"
    if "source" not in data:
        return f"[data] needs 'source': {known}"
    return f"[data] source is {data['source']!r}: {known}"


def _place(steps: tuple[int | str, ...], model: type[Table], content: Any) -> Place:
    """The place of an error: pydantic's steps name entries, items of lists and the kind of source."""
    place = Place("", model, content, "")
    for step in steps:
        if not place.entry:
            place = place._replace(entry=str(step))
        elif place.table == "" and place.entry == "data":
            place = Place("data", SOURCES[str(step)], content["data"], "")
        elif inner := _table_in(place.model.model_fields[place.entry].annotation):
            held = place.content[place.entry]
            content, entry = (held[step], "") if isinstance(step, int) else (held, step)
            if not isinstance(content, dict):  # so it is the list that is wrong
                break
            place = Place(f"{place.table}.{place.entry}".lstrip("."), inner, content, entry)
    return place


def _table_in(annotation: Any) -> type[Table] | None:
    """The table in the type of a field, if there is one: itself, or None, or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return annotation
    return next(filter(None, map(_table_in, get_args(annotation))), None)
