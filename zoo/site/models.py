"""The published models as tables: all of them to filter and sort, and those of a task."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path

from rczoo.evaluation.tables import LOWER_IS_BETTER, METRICS, with_arrow
from rczoo.hub.index import INDEX, Entry, parse_index

MODELS = Path(__file__).parents[1] / "models"
COLUMNS = ("model", "task", "strategy", "equivariant")


@cache
def entries() -> dict[str, Entry]:
    """The index of the published models."""
    return parse_index((MODELS / INDEX).read_bytes(), str(MODELS))


def models_of(task: str) -> str:
    """The models of a task as a Markdown table: name, strands and scores of the published file."""
    found = [entry for name, entry in entries().items() if name.split("/")[0] == task]
    shown = [metric for metric in METRICS if any(entry.metrics.get(metric) is not None for entry in found)]
    head = ["model", "equivariant", *map(with_arrow, shown)]
    rows = [[f"`{e.name}`", _equivariant(e), *(f"{e.metrics[m]:.4f}" for m in shown)] for e in found]
    lines = [" | ".join(row) for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(f"| {line} |" for line in lines)


def models_table() -> str:
    """All models as an HTML table with filters, which a script shows."""
    found = entries()
    shown = [metric for metric in METRICS if any(metric in entry.metrics for entry in found.values())]
    head = "".join(f'<th scope="col" data-key="{key}">{key}</th>' for key in COLUMNS)
    head += "".join(_metric_head(metric) for metric in shown)
    rows = "".join(_row(entry, shown) for entry in found.values())
    return (
        f"{_controls(found, shown)}"
        '<div class="wide" role="region" tabindex="0" aria-label="Published models">'
        f'<table id="all-models"><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n'
    )


def _equivariant(entry: Entry) -> str:
    return "no" if entry.merge == "none" else "yes"


def _metric_head(metric: str) -> str:
    better = "ascending" if metric in LOWER_IS_BETTER else "descending"
    return f'<th scope="col" data-key="{metric}" data-first="{better}">{with_arrow(metric)}</th>'


def _controls(found: dict[str, Entry], shown: list[str]) -> str:
    """The filters; hidden until the script that they need runs."""
    tasks, strategies = (sorted({name.split("/")[part] for name in found}) for part in (0, 1))
    return (
        '<form id="filters" hidden>\n'
        '<p><label for="search">Name</label><input id="search" type="search" autocomplete="off"></p>\n'
        + "".join(
            _choice(*choice)
            for choice in (
                ("task", "Task", tasks),
                ("strategy", "Strategy", strategies),
                ("metric", "Metric", shown),
            )
        )
        + '<p><button type="reset">All models</button></p>\n</form>\n'
        f'<p id="count" role="status">{len(found)} models</p>\n'
    )


def _choice(name: str, label: str, options: list[str]) -> str:
    listed = '<option value="">any</option>' + "".join(f"<option>{escape(o)}</option>" for o in options)
    return f'<p><label for="{name}">{label}</label><select id="{name}">{listed}</select></p>\n'


def _row(entry: Entry, shown: list[str]) -> str:
    task, strategy = map(escape, entry.name.split("/"))
    cells = "".join(
        f'<td data-key="{metric}" data-value="{entry.metrics[metric]!r}">{entry.metrics[metric]:.4f}</td>'
        if entry.metrics.get(metric) is not None
        else f'<td data-key="{metric}"></td>'
        for metric in shown
    )
    return (
        f'<tr data-task="{task}" data-strategy="{strategy}">'
        f'<th scope="row" data-key="model">{task}/{strategy}</th>'
        f'<td data-key="task"><a href="../tasks/{task}.html">{task}</a></td>'
        f'<td data-key="strategy">{strategy}</td>'
        f'<td data-key="equivariant">{_equivariant(entry)}</td>{cells}</tr>\n'
    )
