"""Task files are checked entry by entry: mistakes are found on reading, not while training."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from .rep import Rep
from .task_rules import ANY_SOURCE, DATA, KINDS, STRANDS, TASK, Table


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
