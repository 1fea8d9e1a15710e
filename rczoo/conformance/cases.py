"""One test for each named check of each model, for pytest: which is imported when a test is made or run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

RAN: dict[str, list[str]] = {}
"""The status of each check that was called, by model, for the plugin's summary."""


def _of_factory(place: str) -> Any:
    from ._text import load_model

    return load_model(place)


class Case:
    """One model to check: a module, a factory or its place, and options of :func:`rczoo.check`."""

    load: Callable[[str], Any] = staticmethod(_of_factory)
    """From a place to its model; the command line's plugin knows published names and folders, too."""

    def __init__(self, model: Any, options: dict[str, Any]) -> None:
        self.model, self.options = model, dict(options)
        self.expected: dict[str, str] = self.options.pop("expect_fail", None) or {}
        name = model if isinstance(model, str) else getattr(model, "__name__", type(model).__name__)
        self.name: str = self.options.pop("name", None) or name
        self.report = cache(self._report)

    def checks(self) -> list[NamedCheck]:
        """Every check of this model, those of ``extra_checks`` last. ValueError on unknown names."""
        from .checks.catalogue import named_checks

        checks = named_checks(self.options.get("extra_checks"), [*self.expected, *self._only()])
        return [NamedCheck(self, name) for name in checks]

    def _only(self) -> list[str]:
        return list(self.options.get("only") or ())

    def _report(self) -> Any:
        """The report, made once, when the first of its checks runs."""
        from torch import nn

        from .suite import check

        if isinstance(self.model, str):
            model = self.load(self.model)
        else:
            model = self.model if isinstance(self.model, nn.Module) else self.model()
        return check(model, name=self.name, **self.options)


class NamedCheck:
    """One check of one case: call it in the test."""

    def __init__(self, case: Case, name: str) -> None:
        self.case, self.name = case, name

    def __repr__(self) -> str:
        return f"{self.case.name}-{self.name}"

    @property
    def marks(self) -> list[Any]:
        """A strict xfail where the check is expected to fail."""
        import pytest

        if self.name not in self.case.expected:
            return []
        return [pytest.mark.xfail(reason=self.case.expected[self.name], strict=True, raises=AssertionError)]

    def __call__(self) -> None:
        """Pass, skip with a reason, or fail with the finding, its smallest counter-example and its cause.

        A check that the report lacks is skipped: of a model that could not be described, or not asked for.
        """
        import pytest

        try:
            report = self.case.report()
        except (ValueError, OSError) as error:
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
        if result.status == "unrun":
            pytest.fail(f"unrun: {result.detail}", pytrace=False)
        if result.status == "failed":
            found = [f"{result.sentence} Not so: {result.detail}"]
            found += [f"smallest: {result.counterexample}"] if result.counterexample else []
            found += [f"cause: {d}" for d in report.diagnoses]
            found += [f"repair: {report.repair}"] if report.repair else []
            raise AssertionError("\n".join(found))


def parametrize_with_checks(models: Iterable[Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Run a test once for each named check of each model; the test takes ``check`` and calls ``check()``.

    Needs pytest.

    Args:
        models: each a module, a factory, the place of one (``"package.module:factory"``, a published name or
            a checkpoint folder), or a pair of one and a dict of options of :func:`rczoo.check` (``outputs``,
            ``lengths``, ``expect_fail``, ``extra_checks`` and so on).
    """
    import pytest

    cases = [Case(*entry) if isinstance(entry, tuple) else Case(entry, {}) for entry in models]
    checks = [check for case in cases for check in case.checks()]
    params = [pytest.param(check, id=repr(check), marks=check.marks) for check in checks]
    return pytest.mark.parametrize("check", params)


def _count(model: str, status: str) -> None:
    RAN.setdefault(model, []).append(status)
