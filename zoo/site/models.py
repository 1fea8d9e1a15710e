"""The published models as pages, made from the index, configs and cards; and a table of them all."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from rczoo.evaluation.tables import LOWER_IS_BETTER, METRICS, with_arrow
from rczoo.files.storage import read_json
from rczoo.hub.index import INDEX, Entry, parse_index

from . import markdown
from .links import Links
from .shell import Page, table

COLUMNS = ("model", "task", "strategy", "equivariant")


def places(root: Path) -> dict[str, str]:
    """Each model's card and its page."""
    return {f"zoo/models/{name}/README.md": _place(name) for name in entries(root)}


def entries(root: Path) -> dict[str, Entry]:
    """The index of the published models."""
    path = root / "zoo" / "models" / INDEX
    return parse_index(path.read_bytes(), str(path))


def pages(root: Path, links: Links) -> list[Page]:
    """The table of models and a page for each."""
    found = entries(root)
    configs = {name: read_json(root / "zoo" / "models" / name / "config.json") for name in found}
    return [_index(found, configs), *(_page(root, links, found[name], configs[name]) for name in found)]


def _place(name: str) -> str:
    return f"models/{name}.html"


def _index(found: Mapping[str, Entry], configs: Mapping[str, Mapping[str, Any]]) -> Page:
    shown = [metric for metric in METRICS if any(metric in entry.metrics for entry in found.values())]
    rows = "".join(_row(entry, configs[name], shown) for name, entry in found.items())
    head = "".join(f'<th scope="col" data-key="{key}">{key}</th>' for key in COLUMNS)
    head += "".join(_metric_head(metric) for metric in shown)
    body = (
        "<h1>Published models</h1>\n"
        '<p>Each loads by its name: <code>rczoo.load("sim-200/rcps")</code>. The figures are of the '
        "published file itself (one seed, the best on validation) on the test split; means over seeds are "
        'in the <a href="../results.html">results</a>.</p>\n'
        f"{_controls(found, shown)}"
        '<div class="wide" role="region" tabindex="0" aria-label="Published models">'
        '<table id="models"><caption>Published models. A heading sorts by its column.</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n"
    )
    return Page("models/index.html", "Models", body, script="models/filter.js")


def _metric_head(metric: str) -> str:
    better = "ascending" if metric in LOWER_IS_BETTER else "descending"
    return f'<th scope="col" data-key="{metric}" data-first="{better}">{with_arrow(metric)}</th>'


def _controls(found: Mapping[str, Entry], shown: list[str]) -> str:
    """The filters; hidden until the script that they need runs."""
    tasks, strategies = (sorted({name.split("/")[part] for name in found}) for part in (0, 1))
    return (
        '<form id="filters" hidden>\n'
        '<p><label for="search">Name</label><input id="search" type="search" autocomplete="off"></p>\n'
        + _choice("task", "Task", tasks)
        + _choice("strategy", "Strategy", strategies)
        + _choice("metric", "Metric", shown)
        + '<p><button type="reset">All models</button></p>\n</form>\n'
        f'<p id="count" role="status">{len(found)} models</p>\n'
    )


def _choice(name: str, label: str, options: list[str]) -> str:
    listed = '<option value="">any</option>' + "".join(
        f"<option>{escape(option)}</option>" for option in options
    )
    return f'<p><label for="{name}">{label}</label><select id="{name}">{listed}</select></p>\n'


def _row(entry: Entry, config: Mapping[str, Any], shown: list[str]) -> str:
    task, strategy = entry.name.split("/")
    address = _place(entry.name).removeprefix("models/")
    equivariant = "no" if config["merge"] == "none" else "yes"
    cells = "".join(
        f'<td data-key="{metric}" data-value="{entry.metrics[metric]!r}">{entry.metrics[metric]:.4f}</td>'
        if entry.metrics.get(metric) is not None
        else f'<td data-key="{metric}"></td>'
        for metric in shown
    )
    return (
        f'<tr data-task="{escape(task)}" data-strategy="{escape(strategy)}">'
        f'<th scope="row" data-key="model"><a href="{escape(address)}">{escape(entry.name)}</a></th>'
        f'<td data-key="task">{escape(task)}</td><td data-key="strategy">{escape(strategy)}</td>'
        f'<td data-key="equivariant">{equivariant}</td>{cells}</tr>\n'
    )


def _page(root: Path, links: Links, entry: Entry, config: Mapping[str, Any]) -> Page:
    place, card = _place(entry.name), f"zoo/models/{entry.name}/README.md"
    html = markdown.render((root / card).read_text("utf-8"), links.of(card, place))
    task = entry.name.split("/")[0]
    task_file = links.page_of(f"zoo/tasks/{task}.toml", place)
    results = (
        f'<a href="{links.page_of("zoo/RESULTS.md", place)}#{markdown.slug(task)}">results of {task}</a>'
    )
    body = (
        f'<p><a href="../index.html#task={escape(task)}">All models of {escape(task)}</a> · {results} · '
        f'<a href="{task_file}">task file</a></p>\n{html.body}'
        f'<h2 id="metrics">Metrics of this file</h2>\n{_metrics(config["metrics"])}'
        f'<h2 id="files">Files</h2>\n{_files(entry)}'
    )
    return Page(place, entry.name, body)


def _metrics(by_split: Mapping[str, Mapping[str, float | None]]) -> str:
    names = sorted({name for found in by_split.values() for name in found})
    rows = [[name, *(_number(found.get(name)) for found in by_split.values())] for name in names]
    return table(["metric", *by_split], rows, "Metrics on every split")


def _files(entry: Entry) -> str:
    rows = [[name, f"{file.size:,}", f"<code>{file.sha256}</code>"] for name, file in entry.files.items()]
    return table(["file", "bytes", "sha256"], rows, "Files of this model")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
