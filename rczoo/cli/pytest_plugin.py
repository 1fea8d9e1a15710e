"""The pytest plugin of the package: that of the suite, whose models may be published ones and checkpoints."""

from __future__ import annotations

from typing import Any

from ..conformance.cases import Case

pytest_plugins = ["rczoo.conformance.pytest_plugin"]


def pytest_configure() -> None:
    """Let the suite's cases read whatever a command of the command line reads."""
    Case.load = staticmethod(_load)


def _load(target: str) -> Any:
    from .check import load_target

    return load_target(target)
