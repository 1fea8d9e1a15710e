"""What the wheel holds of the published models: the recommended ones, and those that the documents read.

The build runs this file (``pyproject.toml``) without the package and what it needs. All other models are in
the index that the wheel holds, and come from a hub.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DOCUMENTED = ("sim-200", "gcn4")
"""Tasks whose models the README, the guides and ``rczoo demo`` compare, so that these run without a hub."""
INDEX = "index.json"


def shipped(models: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The paths of the files that the wheel holds, below the folder of the models, of an index's entries."""
    paths = {
        file["path"]
        for name, entry in models.items()
        if entry.get("recommended") or name.partition("/")[0] in DOCUMENTED
        for file in entry["files"].values()
    }
    return sorted(paths)


class Models(BuildHookInterface):
    """Adds the models to the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files, before the wheel is built."""
        folder = Path(self.root, "zoo", "models")
        entries = json.loads((folder / INDEX).read_text("utf-8"))["models"]
        for path in (INDEX, *shipped(entries)):
            build_data["force_include"][str(folder / path)] = f"rczoo/_zoo/models/{path}"
