"""The checks and the entries of a task file as tables, read from what runs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rczoo.conformance.checks.catalogue import CHECKS, LAWS, QUICK_OMITS, sentence
from rczoo.data.task_file import json_schema

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
    parts = [("The file", schema), *sorted(schema["$defs"].items())]
    return "\n\n".join(_table(name, part) for name, part in parts)


def _table(name: str, part: Schema) -> str:
    about = " ".join(part.get("description", "").split()).replace("``", "`")
    rows = list(_rows(part.get("properties", {}), part.get("required", ())))
    return f"## {name}\n\n{about}\n\n| entry | meaning | default |\n|---|---|---|\n" + "\n".join(rows)


def _rows(entries: Mapping[str, Schema], required: Any) -> Iterator[str]:
    for name, entry in entries.items():
        tables = sorted(set(_tables(entry)))
        see = ", ".join(f"[{table}](#{table.lower()})" for table in tables)
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
    return (
        ""
        if value is None or isinstance(value, dict | list)
        else f"`{str(value).lower() if isinstance(value, bool) else value}`"
    )
