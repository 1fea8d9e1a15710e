"""Which task of the package a checkpoint was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from .task import list_tasks, load_task
from .task_file import Data


def packaged(config: Mapping[str, Any]) -> str | None:
    """The packaged task of a checkpoint's config; None for one of the user's own, whatever its name.

    A training keeps the task's data, which must be those of the package. A published model keeps the
    fingerprints of its splits instead, and names a task of the package.
    """
    name, data = config.get("task"), config.get("data", {})
    if name not in list_tasks():
        return None
    return None if "source" in data and _read(data) != load_task(name).data else str(name)


def _read(data: Any) -> Any:
    """Data as a task holds them; None for what no task file may hold."""
    try:
        return TypeAdapter(Data).validate_python(data)
    except ValidationError:
        return None
