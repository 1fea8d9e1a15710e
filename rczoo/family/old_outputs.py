"""What configs of earlier versions leave out: names of outputs, and widths of the smoothing of controls."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from .._package_data import package_data

ENTRIES = ("outputs", "control_widths")


@cache
def table() -> dict[str, dict[str, list[Any]]]:
    """Both entries by packaged task, for those that have any; a test compares them with the task files."""
    text = package_data("family/old_outputs.json").read_text("utf-8")
    content: dict[str, dict[str, list[Any]]] = json.loads(text)
    return content


def with_outputs(config: dict[str, Any]) -> dict[str, Any]:
    """The config of a checkpoint with both entries: its own, else what an earlier version kept instead.

    A training kept the task's data, which tell what they are. A published model kept the fingerprints of its
    splits, and names a task of the package.
    """
    if all(name in config for name in ENTRIES):
        return config
    data = config.get("data")
    if isinstance(data, dict) and not {"source", "control"}.isdisjoint(data):
        old = _of_data(data)
    else:
        old = table().get(str(config.get("task")), {})
    return {**{name: old.get(name, []) for name in ENTRIES}, **config}


def _of_data(data: dict[str, Any]) -> dict[str, list[Any]]:
    """What a task's data say; the simulator has always made the same labels."""
    if data.get("source") == "simulation":
        return table()["sim-200"]
    try:
        names = [factor["name"] for factor in data.get("factors", [])]
        return {"outputs": names, "control_widths": data.get("control", {}).get("widths", [])}
    except (TypeError, KeyError, AttributeError):
        return {}
