"""Results as tables, beside the numbers of the paper."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from typing import Any

from rich.table import Table

from .._package_data import package_data

METRICS = ("auroc", "auprc", "jsd", "pearson", "spearman")
LOWER_IS_BETTER = ("jsd",)


@cache
def paper() -> dict[tuple[str, str, str, str], tuple[float, float]]:
    """Mean and standard deviation over seeds in Zhou et al. 2022, by task, strategy, split and metric."""
    rows = csv.DictReader(package_data("evaluation/paper.csv").read_text("utf-8").splitlines())
    return {
        (row["task"], row["strategy"], row["split"], row["metric"]): (float(row["mean"]), float(row["std"]))
        for row in rows
    }


def metrics_table(title: str, rows: Mapping[str, Mapping[str, Any]], task: str | None = None) -> Table:
    """One row per model or baseline; with ``task``, the paper's mean beside each metric that it reports.

    ``RC error`` is the equivariance error in frames (``0`` is exactly 0), ``tied`` that with tied kernels.
    """
    shown = [m for m in METRICS if any(m in row for row in rows.values())]
    errors = [
        m for m in ("equivariance_error", "equivariance_error_tied") if any(m in r for r in rows.values())
    ]
    table = Table(title=title, title_justify="left")
    table.add_column("model", no_wrap=True)
    for metric in shown:
        table.add_column(with_arrow(metric), justify="right", no_wrap=True)
        if _in_paper(task, rows, metric):
            table.add_column("paper", justify="right", no_wrap=True, style="dim")
    for error in errors:
        table.add_column("tied" if error.endswith("tied") else "RC error", justify="right", no_wrap=True)
    for name, row in rows.items():
        cells = []
        for metric in shown:
            cells.append(_number(row.get(metric)))
            if _in_paper(task, rows, metric):
                known = paper().get((str(task), name, "test", metric))
                cells.append(f"{known[0]:.3f}" if known else "")
        table.add_row(name, *cells, *(small(row.get(error)) for error in errors))
    return table


def _in_paper(task: str | None, rows: Mapping[str, Any], metric: str) -> bool:
    return any((str(task), name, "test", metric) in paper() for name in rows)


def _number(value: float | None) -> str:
    if value is None or value != value:
        return "" if value is None else "undefined"
    return f"{value:.4f}"


def with_arrow(metric: str) -> str:
    """A metric's name with an arrow that says where better is."""
    return f"{metric} {'↓' if metric in LOWER_IS_BETTER else '↑'}"


def small(value: float | None) -> str:
    """An error for a table: 0 only when it is exactly 0."""
    if value is None:
        return ""
    return "0" if value == 0 else f"{value:.1e}"
