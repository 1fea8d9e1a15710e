"""What a strategy is worth in data: test scores of models trained on a part of the examples."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..publishing.card import cell
from ..rows import Row
from .figures import panel_grid, save, scores
from .summary import HEADLINE, place, summarise, trained
from .tables import markdown

SUBSET = re.compile(r"(.+)-subset-([0-9.]+)")

Parts = Mapping[str, Mapping[float, str]]
"""By strategy, the name of its models of each share of the examples."""


def parts_of(rows: Sequence[Row], task: str) -> dict[str, dict[float, str]]:
    """The strategies of a task that were trained on parts of the examples, and on all."""
    found: dict[str, dict[float, str]] = {}
    for name in trained(rows, task):
        if match := SUBSET.fullmatch(name):
            found.setdefault(match[1], {})[float(match[2])] = name
    for name, shares in found.items():
        if name in trained(rows, task):
            shares[1.0] = name
    return {name: dict(sorted(found[name].items())) for name in sorted(found, key=place)}


def subset_table(rows: Sequence[Row], task: str, kind: str, found: Parts) -> str:
    """Test scores, mean ± standard deviation (seeds): a line for each strategy, a column for each share."""
    stats = summarise(rows, task)
    shares = sorted({share for known in found.values() for share in known})
    body = [
        [name, *(cell(stats.get((task, known.get(share, ""), "test", HEADLINE[kind]))) for share in shares)]
        for name, known in found.items()
    ]
    return markdown([f"{HEADLINE[kind]}, test", *(f"{share:.0%} of the examples" for share in shares)], body)


def subset_figure(
    path: Path, rows: Sequence[Row], tasks: Mapping[str, Parts], kinds: Mapping[str, str]
) -> Path:
    """Test score against the share of the examples, every seed and the mean, a panel for each task."""
    figure, axes = panel_grid(len(tasks), 4.2, 3.4)
    for ax, (task, found) in zip(axes, tasks.items(), strict=True):
        metric = HEADLINE[kinds[task]]
        for number, (name, known) in enumerate(found.items()):
            values = {
                share: scores(rows, task, strategy, "test", metric) for share, strategy in known.items()
            }
            for share, of_seeds in values.items():
                ax.plot([share] * len(of_seeds), of_seeds, ".", color=f"C{number}", ms=4, alpha=0.6)
            means = [sum(of_seeds) / len(of_seeds) for of_seeds in values.values()]
            ax.plot(list(values), means, color=f"C{number}", lw=1, label=name)
        ax.set(title=task, xlabel="share of the training examples", ylabel=f"{metric}, test", xscale="log")
        ax.legend(fontsize=7, frameon=False)
    return save(figure, path)
