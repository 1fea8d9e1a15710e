"""Where files that come with the package lie: in an installed copy, or in a checkout."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent


def package_data(path: str) -> Path:
    """The place of a file or folder that comes with rczoo: ``"evaluation/paper.csv"``, ``"zoo/tasks"``.

    What begins with ``zoo/`` lies beside the package in a checkout, and inside it, in ``_zoo``, in an
    installed copy, where the build puts it (``pyproject.toml``, ``force-include``).
    """
    if not path.startswith("zoo/"):
        return HERE / path
    installed = HERE / f"_{path}"
    return installed if installed.exists() else HERE.parent / path
