"""A conformance report as one self-contained HTML page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .reports import Report

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem;
  margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; vertical-align: top; padding: .4rem }
tr { border-bottom: 1px solid #ddd } .passed { color: #176f2c } .failed { color: #b3261e; font-weight: bold }
.expected { color: #8a5a00 } .skipped { color: #666 } small { color: #555; display: block }
pre { background: #f4f4f4; padding: .7rem; white-space: pre-wrap }
"""


def page(report: Report) -> str:
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
    state = "passed" if report.passed else "failed"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(report.model)}</title>'
        f'<style>{STYLE}</style></head><body>\n<h1 class="{state}">{escape(report.verdict)}</h1>\n'
        + (f"<h2>Likely cause</h2>{causes}" if causes else "")
        + place
        + repair
        + f"<h2>Checks</h2><table><tr><th></th><th>check</th><th>what was found</th></tr>\n{rows}</table>"
        "</body></html>\n"
    )
