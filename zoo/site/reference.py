"""The checks and the entries of a task file as tables, read from what runs them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rczoo.conformance.checks.catalogue import CHECKS, LAWS, QUICK_OMITS, sentence
from rczoo.data.task_file import json_schema

from .api import without_roles

Schema = Mapping[str, Any]


def checks() -> str:
    """Every check in the order in which they run: its name, what it states, of which kind it is."""
    rows = []
    for name, check in CHECKS.items():
        kind, quick = "a law" if name in LAWS else "", "" if name in QUICK_OMITS else "yes"
        rows.append(f"| `{name}` | {sentence(check)} | {kind} | {quick} |")
    return "| name | what it states | | with `--quick` |\n|---|---|---|---|\n" + "\n".join(rows)


def task_file() -> str:
    """Every table of a task file, with its entries."""
    schema = json_schema()
    places = dict(_places(schema, schema["$defs"], ""))
    parts = [("The file", "the-file", schema, schema["$defs"])]
    parts += [
        (f"`{at}`", name.lower(), schema["$defs"][name], schema["$defs"]) for name, at in places.items()
    ]
    return "\n\n".join(_table(*part) for part in parts)


def _places(part: Schema, known: Mapping[str, Schema], inside: str) -> Iterator[tuple[str, str]]:
    """Each table and how a file begins it: ``[model]``, ``[[data.signal]]``, ``[data]`` with its source."""
    for name, entry in part.get("properties", {}).items():
        for table in sorted(set(_tables(entry))):
            source = _source(known[table])
            brackets = ("[[", "]]") if '"items"' in json.dumps(entry) and not source else ("[", "]")
            yield table, f"{inside}{name}".join(brackets) + (f' source = "{source}"' if source else "")
            yield from _places(known[table], known, f"{inside}{name}.")


def _source(table: Schema) -> str:
    """The source that a kind of ``[data]`` names; empty for other tables."""
    return str(table.get("properties", {}).get("source", {}).get("const", ""))


def _table(place: str, name: str, part: Schema, known: Mapping[str, Schema]) -> str:
    about = without_roles(" ".join(part.get("description", "").split()))
    rows = list(_rows(part.get("properties", {}), part.get("required", ()), known))
    return (
        f"## {place} {{ #{name} }}\n\n{about}\n\n| entry | meaning | default |\n|---|---|---|\n"
        + "\n".join(rows)
    )


def _rows(entries: Mapping[str, Schema], required: Any, known: Mapping[str, Schema]) -> Iterator[str]:
    for name, entry in entries.items():
        tables = sorted(set(_tables(entry)))
        see = ", ".join(f"[{_source(known[table]) or 'below'}](#{table.lower()})" for table in tables)
        value = f'`"{entry["const"]}"`' if "const" in entry else entry.get("description", "")
        meaning = ": ".join(part for part in (value.replace("|", "\\|"), see) if part)
        default = "must be given" if name in required else _default(entry.get("default"))
        yield f"| `{name}` | {meaning} | {default} |"


def _tables(entry: Any) -> Iterator[str]:
    """The tables that an entry may hold."""
    if isinstance(entry, Mapping):
        if isinstance(place := entry.get("$ref"), str):
            yield place.rsplit("/", 1)[1]
        for value in entry.values():
            yield from _tables(value)
    elif isinstance(entry, list):
        for value in entry:
            yield from _tables(value)


def _default(value: Any) -> str:
    if value in (None, "") or isinstance(value, dict | list | tuple):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
