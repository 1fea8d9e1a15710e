"""The pytest plugin's hooks: ``pytest --rc-model package.module:factory``, and a count of the checks.

The tests themselves are in ``cases.py``; ``@rczoo.parametrize_with_checks([...])`` needs no option.
Expected failures are strict.
"""

from __future__ import annotations

from typing import Any

import pytest

from .cases import RAN, Case, NamedCheck


class CheckItem(pytest.Item):
    """A check that the command line asked for."""

    def __init__(self, *, check: NamedCheck, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.check = check

    def runtest(self) -> None:
        """Run the check."""
        self.check()

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """The finding alone, without a traceback."""
        if isinstance(excinfo.value, AssertionError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """How pytest names it."""
        return self.path, None, f"rczoo check {self.name}"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The ``--rc-*`` options, as ``rczoo check`` has them."""
    group = parser.getgroup("rczoo", "reverse-complement checks of a DNA model")
    group.addoption(
        "--rc-model",
        action="append",
        default=[],
        help="package.module:factory, a published model's name or a checkpoint folder; repeatable",
    )
    group.addoption("--rc-input", action="append", default=[], help="dna, 2t, name=1r; repeatable")
    group.addoption("--rc-output", action="append", default=[], help="1r, profile=1r; repeatable")
    group.addoption("--rc-length", action="append", default=[], type=int, help="sequence length; repeatable")
    group.addoption("--rc-layout", default="NCL", help="NCL or NLC")
    group.addoption("--rc-quick", action="store_true", help="fewer checks")
    group.addoption("--rc-inference-only", action="store_true", help="leave out the checks of training")
    group.addoption("--rc-expect-fail", action="append", default=[], help="NAME=REASON; strict; repeatable")


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add one test for each check of each ``--rc-model``."""
    for place in config.getoption("--rc-model"):
        case = Case(place, _options(config))
        for check in case.checks():
            item = CheckItem.from_parent(session, name=repr(check), check=check)
            for mark in check.marks:
                item.add_marker(mark)
            items.append(item)


def _options(config: pytest.Config) -> dict[str, Any]:
    from ._text import read_reasons, read_specs

    get = config.getoption
    try:
        return {
            "inputs": read_specs(get("--rc-input")) if get("--rc-input") else None,
            "outputs": read_specs(get("--rc-output")) if get("--rc-output") else None,
            "lengths": get("--rc-length") or None,
            "layout": get("--rc-layout"),
            "quick": get("--rc-quick"),
            "inference_only": get("--rc-inference-only"),
            "expect_fail": read_reasons(get("--rc-expect-fail")),
        }
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How many checks ran, so that a suite that skipped everything is seen."""
    for model, statuses in RAN.items():
        ran = sum(status in ("passed", "failed") for status in statuses)
        terminalreporter.write_line(
            f"rczoo: {model}: {ran} checks ran ({statuses.count('passed')} passed, "
            f"{statuses.count('failed')} failed), {len(statuses) - ran} skipped or noted"
        )
    RAN.clear()
