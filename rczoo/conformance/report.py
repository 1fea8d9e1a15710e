"""What ``rczoo check`` says of a model: verdict, checks, causes and repair, as text and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

from rich.console import Console
from rich.markup import escape as literal
from rich.table import Table

from .checks.catalogue import LAWS
from .results import Diagnosis, Result

SIGNS = {
    "passed": "pass",
    "failed": "FAIL",
    "skipped": "skip",
    "noted": "note",
    "expected": "xfail",
    "unrun": "ERROR",
}
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem;
  margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; vertical-align: top; padding: .4rem }
tr { border-bottom: 1px solid #ddd } .passed { color: #176f2c } .failed { color: #b3261e; font-weight: bold }
.expected, .unrun { color: #8a5a00 } .skipped { color: #666 } small { color: #555; display: block }
pre { background: #f4f4f4; padding: .7rem; white-space: pre-wrap }
"""


@dataclass(frozen=True)
class Report:
    """The outcome of a check. ``passed`` is the verdict; a model on which no law was tried has not passed.

    ``expected`` maps names of checks that may fail to the reason why; an expected failure that does not
    happen fails the report, so that the list stays true. ``forwards`` passes through the model were made by
    the checks, and ``explaining`` more to explain a failure; ``trouble`` is what of that could not be done.
    ``notes`` are facts about the whole model that fail nothing.
    """

    model: str
    results: list[Result]
    diagnoses: list[Diagnosis] = field(default_factory=list)
    place: str | None = None
    repair: str | None = None
    expected: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    forwards: int = 0
    explaining: int = 0
    trouble: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Every check that ran passed or failed as expected, and the law itself was tried."""
        statuses = {r.name: self.status(r) for r in self.results}
        if {"failed", "unrun"} & set(statuses.values()):
            return False
        tried = any(statuses.get(name) in ("passed", "expected") for name in LAWS)
        return tried and statuses.get("runs", "passed") == "passed"

    @property
    def ran(self) -> int:
        """How many checks ran to a pass or a failure."""
        return sum(r.status in ("passed", "failed") for r in self.results)

    def status(self, result: Result) -> str:
        """A result's status in view of expected failures: its own, or ``expected``."""
        if result.name not in self.expected or result.status in ("skipped", "noted", "unrun"):
            return result.status
        return "expected" if result.status == "failed" else "failed"

    def detail(self, result: Result) -> str:
        """A result's detail, with what was expected of it."""
        status = self.status(result)
        if result.name in self.expected and result.status == "passed":
            return (
                f"passes, though it was expected to fail ({self.expected[result.name]}): drop the expectation"
            )
        if status == "expected":
            return f"{result.detail} (expected: {self.expected[result.name]})"
        return result.detail

    @property
    def verdict(self) -> str:
        """One line."""
        counts = [self.status(r) for r in self.results]
        failures = counts.count("failed")
        if self.passed:
            words = (
                "obeys reverse complement" if "expected" not in counts else "passes but for what was expected"
            )
        elif not self.ran or any(r.name == "runs" and r.status == "failed" for r in self.results):
            words = "COULD NOT BE CHECKED"
        elif failures:
            words = "FAILS"
        else:
            words = "NOT WHOLLY CHECKED" if "unrun" in counts else "NO LAW WAS TRIED"
        return f"{self.model}: {words}; {self.ran} of {len(self.results)} checks ran, {failures} failed"

    @property
    def cost(self) -> str:
        """How many forward passes it took, in words."""
        failed = any(r.status == "failed" for r in self.results)
        why = "explain what failed" if failed else "tell it from rounding"
        more = f", and {self.explaining} to {why}" if self.explaining else ""
        return f"{self.forwards} forward passes{more}, {self.seconds:.1f} s"

    def __getitem__(self, name: str) -> Result:
        """The result of one check. KeyError, with the names there are, for any other."""
        found = {r.name: r for r in self.results}
        if name not in found:
            raise KeyError(f"no result of {name!r}: this report has {', '.join(found)}")
        return found[name]

    def __str__(self) -> str:
        lines = [self.verdict, self.cost, ""]
        for r in self.results:
            lines.append(f"  {SIGNS[self.status(r)]:5} {r.name:19} {self.detail(r)}")
            if r.counterexample is not None and r.status == "failed":
                lines.append(f"  {'':5} {'':19} smallest: {r.counterexample}")
        for title, items in self._findings():
            lines += ["", title, *(f"  {item}" for item in items)]
        return "\n".join(lines)

    def _findings(self) -> list[tuple[str, list[str]]]:
        """Cause, place, repair and notes, each with its title."""
        found = [("Likely cause", [str(d) for d in self.diagnoses])] if self.diagnoses else []
        if self.place:
            found.append(("First broken", [self.place]))
        if self.repair:
            found.append(("Repair", [self.repair]))
        if self.trouble:
            found.append(("Not explained", self.trouble))
        if self.notes:
            found.append(("Note", self.notes))
        return found

    def show(self) -> None:
        """Print the report with rich."""
        colours = {
            "passed": "green",
            "failed": "red",
            "expected": "yellow",
            "noted": "cyan",
            "skipped": "dim",
            "unrun": "magenta",
        }
        table = Table(title=literal(self.verdict), title_justify="left", box=None, pad_edge=False)
        for heading in ("", "check", "what was found"):
            table.add_column(heading, overflow="fold")
        for r in self.results:
            more = f"\nsmallest: {r.counterexample}" if r.counterexample and r.status == "failed" else ""
            colour = colours[self.status(r)]
            sign = f"[{colour}]{SIGNS[self.status(r)]}[/{colour}]"
            table.add_row(sign, r.name, literal(self.detail(r) + more))
        console = Console(emoji=False)  # a name such as models:m: is no picture
        console.print(table)
        console.print(literal(self.cost))
        for title, items in self._findings():
            console.print(f"\n[bold]{title}[/bold]", *(literal(f"  {item}") for item in items), sep="\n")

    def as_dict(self) -> dict[str, Any]:
        """Everything, in plain JSON types."""
        return {
            "model": self.model,
            "passed": self.passed,
            "verdict": self.verdict,
            "ran": self.ran,
            "seconds": round(self.seconds, 3),
            "forwards": self.forwards,
            "forwards_explaining": self.explaining,
            "trouble": self.trouble,
            "notes": self.notes,
            "checks": [
                {
                    "name": r.name,
                    "sentence": r.sentence,
                    "status": self.status(r),
                    "detail": self.detail(r),
                    "error": r.error if r.error is not None and math.isfinite(r.error) else None,
                    "counterexample": r.counterexample.as_dict() if r.counterexample else None,
                    "seconds": round(r.seconds, 3),
                }
                for r in self.results
            ],
            "diagnoses": [
                {"cause": d.cause, "sentence": d.sentence, "verified": d.verified} for d in self.diagnoses
            ],
            "first_broken": self.place,
            "repair": self.repair,
        }

    def to_json(self) -> str:
        """:meth:`as_dict` as a JSON text."""
        return json.dumps(self.as_dict(), indent=2, default=str)

    def to_html(self) -> str:
        """One self-contained page."""
        return _page(self)

    def expecting(self, expected: Mapping[str, str]) -> Report:
        """The same report with other expected failures."""
        return replace(self, expected=dict(expected))


def _page(report: Report) -> str:
    """The report as HTML: verdict, cause, repair, then every check with its sentence."""
    rows = "".join(
        f'<tr><td class="{report.status(r)}">{report.status(r)}</td>'
        f"<td>{escape(r.name)}<small>{escape(r.sentence)}</small></td>"
        f"<td>{escape(report.detail(r))}"
        + (f"<small>smallest: {escape(str(r.counterexample))}</small>" if r.counterexample else "")
        + "</td></tr>\n"
        for r in report.results
    )
    causes = "".join(f"<p>{escape(str(d))}</p>\n" for d in report.diagnoses)
    place = f"<h2>First broken</h2><p>{escape(report.place)}</p>\n" if report.place else ""
    repair = f"<h2>Repair</h2><pre>{escape(report.repair)}</pre>\n" if report.repair else ""
    notes = "".join(f"<p>{escape(note)}</p>\n" for note in report.notes)
    state = "passed" if report.passed else "failed"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(report.model)}</title>'
        f'<style>{_STYLE}</style></head><body>\n<h1 class="{state}">{escape(report.verdict)}</h1>\n'
        + (f"<h2>Likely cause</h2>{causes}" if causes else "")
        + place
        + repair
        + (f"<h2>Note</h2>{notes}" if notes else "")
        + f"<p>{escape(report.cost)}</p>\n"
        + f"<h2>Checks</h2><table><tr><th></th><th>check</th><th>what was found</th></tr>\n{rows}</table>"
        "</body></html>\n"
    )
