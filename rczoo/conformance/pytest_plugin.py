"""The pytest plugin: one test for each named check of each model.

``@rczoo.parametrize_with_checks([...])`` on a test, or ``pytest --rc-model package.module:factory``. Expected
failures are strict, and the summary counts the checks that ran.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import pytest

_ran: dict[str, list[str]] = {}


class Case:
    """One model to check: a module, a factory or its place, and options of :func:`rczoo.check`."""

    def __init__(self, model: Any, options: dict[str, Any]) -> None:
        self.model, self.options = model, dict(options)
        self.expected: dict[str, str] = self.options.pop("expect_fail", None) or {}
        name = model if isinstance(model, str) else getattr(model, "__name__", type(model).__name__)
        self.name: str = self.options.pop("name", None) or name
        self.report = cache(self._report)

    def _report(self) -> Any:
        """The report, made once, when the first of its checks runs."""
        from torch import nn

        from ._text import load_model
        from .suite import check

        if isinstance(self.model, str):
            model = load_model(self.model)
        else:
            model = self.model if isinstance(self.model, nn.Module) else self.model()
        return check(model, name=self.name, **self.options)


class NamedCheck:
    """One check of one case: call it in the test."""

    def __init__(self, case: Case, name: str) -> None:
        self.case, self.name = case, name

    def __repr__(self) -> str:
        return f"{self.case.name}-{self.name}"

    def __call__(self) -> None:
        """Pass, skip with a reason, or fail with the finding, its smallest counter-example and its cause.

        A check that the report lacks is skipped: of a model that could not be described, or not asked for.
        """
        try:
            report = self.case.report()
        except ValueError as error:
            _count(self.case.name, "failed")
            raise AssertionError(f"{self.case.name}: {error}") from None
        if self.name not in {r.name for r in report.results}:
            _count(self.case.name, "skipped")
            asked = self.name in (self.case.options.get("only") or [self.name])
            pytest.skip("skipped: the model does not run" if asked else "skipped: not asked for")
        result = report[self.name]
        _count(self.case.name, result.status)
        if result.status in ("skipped", "noted"):
            pytest.skip(f"{result.status}: {result.detail}")
        if result.status == "failed":
            found = [f"{result.sentence} Not so: {result.detail}"]
            found += [f"smallest: {result.counterexample}"] if result.counterexample else []
            found += [f"cause: {d}" for d in report.diagnoses]
            found += [f"repair: {report.repair}"] if report.repair else []
            raise AssertionError("\n".join(found))


def parametrize_with_checks(models: Iterable[Any]) -> Callable[[Callable], Callable]:
    """Run a test once for each named check of each model; the test takes ``check`` and calls ``check()``.

    Each model is a module, a factory, or a pair of one and a dict of options of :func:`rczoo.check`
    (``outputs``, ``lengths``, ``expect_fail`` and so on).
    """
    cases = [Case(*entry) if isinstance(entry, tuple) else Case(entry, {}) for entry in models]
    params = [
        pytest.param(check, id=repr(check), marks=_marks(case, name))
        for case in cases
        for name, check in _checks(case)
    ]
    return pytest.mark.parametrize("check", params)


def _checks(case: Case) -> list[tuple[str, NamedCheck]]:
    from .checks.catalogue import CHECKS

    for name in case.expected:
        if name not in CHECKS:
            raise ValueError(f"no check named {name!r}: the checks are {', '.join(CHECKS)}")
    return [(name, NamedCheck(case, name)) for name in CHECKS]


def _marks(case: Case, name: str) -> list[Any]:
    if name not in case.expected:
        return []
    return [pytest.mark.xfail(reason=case.expected[name], strict=True, raises=AssertionError)]


def _count(model: str, status: str) -> None:
    _ran.setdefault(model, []).append(status)


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
    group.addoption("--rc-model", action="append", default=[], help="package.module:factory; repeatable")
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
        for name, check in _checks(case):
            item = CheckItem.from_parent(session, name=repr(check), check=check)
            for mark in _marks(case, name):
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
    for model, statuses in _ran.items():
        ran = sum(status in ("passed", "failed") for status in statuses)
        terminalreporter.write_line(
            f"rczoo: {model}: {ran} checks ran ({statuses.count('passed')} passed, "
            f"{statuses.count('failed')} failed), {len(statuses) - ran} skipped or noted"
        )
    _ran.clear()
