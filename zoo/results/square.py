"""The square of mixing and agreement: what each of its points reaches, and which one validation chooses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from rczoo.evaluation.tables import LOWER_IS_BETTER

from ..publishing.card import cell
from ..rows import Row
from .figures import panel_grid, save
from .summary import HEADLINE, learned_split, summarise, trained
from .tables import markdown


class Point(NamedTuple):
    """How much of the other strand every block receives, and how much agreement the loss asks of both."""

    mixing: float
    agreement: float

    def __str__(self) -> str:
        return f"({self.mixing:g}, {self.agreement:g})"


NAMED = {"conjoined": Point(0, 0), "rcps-mean": Point(1, 0)}
"""Strategies that are points by another name, bit for bit: their merge is the mean, too."""
PLACE = re.compile(r"mixing-([0-9.]+)-agreement-([0-9.]+)")

Square = Mapping[Point, str]
"""The points that a task has, with their strategies."""


def square(rows: Sequence[Row], task: str) -> dict[Point, str]:
    """The points of a task in their order."""
    found = {point(name): name for name in trained(rows, task)}
    return {p: found[p] for p in sorted(p for p in found if p is not None)}


def point(strategy: str) -> Point | None:
    """Where in the square a strategy lies, if it does."""
    match = PLACE.fullmatch(strategy)
    return Point(float(match[1]), float(match[2])) if match else NAMED.get(strategy)


def squares(rows: Sequence[Row], kinds: Mapping[str, str]) -> dict[str, dict[Point, str]]:
    """The squares of all tasks that have several points, some of them of agreement."""
    found = {task: square(rows, task) for task in kinds}
    return {
        task: points for task, points in found.items() if len(points) > 1 and any(p.agreement for p in points)
    }


def square_table(rows: Sequence[Row], task: str, kind: str, points: Square) -> str:
    """Test scores, mean ± standard deviation (seeds): a line for each mixing, a column for each agreement."""
    stats = summarise(rows, task)
    return _table(points, lambda name: cell(stats.get((task, name, "test", HEADLINE[kind]))))


def lost_table(rows: Sequence[Row], task: str, kind: str, points: Square) -> str:
    """By how much the training score is better than the test score, as :func:`square_table`."""
    stats, learned = summarise(rows, task), learned_split(rows, task)
    sign = -1 if HEADLINE[kind] in LOWER_IS_BETTER else 1

    def lost(name: str) -> str:
        train, test = (stats.get((task, name, split, HEADLINE[kind])) for split in (learned, "test"))
        return f"{sign * (train.mean - test.mean):+.4f}" if train and test else ""

    return _table(points, lost)


def apart_table(rows: Sequence[Row], task: str, points: Square) -> str:
    """How far the strands are apart before their merge, in nats an example, as :func:`square_table`."""
    stats = summarise(rows, task)

    def apart(name: str) -> str:
        found = stats.get((task, name, "test", "strands_apart"))
        return f"{found.mean:.4f}" if found else ""

    return _table(points, apart)


def ranking(rows: Sequence[Row], found: Mapping[str, Square], kinds: Mapping[str, str]) -> dict[Point, float]:
    """Mean ranks on validation over the tasks, the best first; none where no two tasks can be ranked.

    Of as many points as two tasks have, and by the tasks that have all of them: where a single task has the
    whole square, its corners are ranked with those of the others. The test split plays no part, and ranks
    have no scale, so that auROC and jsd count alike.
    """
    sizes = sorted((len(points) for points in found.values()), reverse=True)
    if len(sizes) < 2:
        return {}
    voting = {task: points for task, points in found.items() if len(points) >= sizes[1]}
    common = sorted(set.intersection(*(set(points) for points in voting.values())))
    if len(common) < 2:
        return {}
    stats = summarise(rows)

    def losses(task: str, points: Square) -> list[float]:
        metric = HEADLINE[kinds[task]]
        sign = 1 if metric in LOWER_IS_BETTER else -1
        return [sign * stats[task, points[p], "validation", metric].mean for p in common]

    ranks = [rankdata(losses(task, points)) for task, points in voting.items()]
    means = dict(zip(common, np.mean(ranks, axis=0).tolist(), strict=True))
    return dict(sorted(means.items(), key=lambda item: item[1]))


def rankings(
    rows: Sequence[Row], found: Mapping[str, Square], kinds: Mapping[str, str]
) -> dict[str, dict[Point, float]]:
    """:func:`ranking` by the tasks of each kind."""
    return {
        kind: ranking(rows, {task: points for task, points in found.items() if kinds[task] == kind}, kinds)
        for kind in HEADLINE
    }


def square_figure(
    path: Path, rows: Sequence[Row], found: Mapping[str, Square], kinds: Mapping[str, str]
) -> Path:
    """A heat map for each task, darker where the test score is better; each with a scale of its own."""
    stats = summarise(rows)
    figure, axes = panel_grid(len(found), 3.6, 2.2)
    for ax, (task, points) in zip(axes, found.items(), strict=True):
        metric = HEADLINE[kinds[task]]
        across, down = (sorted({p[axis] for p in points}) for axis in (1, 0))
        values = np.full((len(down), len(across)), np.nan)
        for p, name in points.items():
            values[down.index(p.mixing), across.index(p.agreement)] = stats[task, name, "test", metric].mean
        ax.imshow(values, cmap="Blues_r" if metric in LOWER_IS_BETTER else "Blues", aspect="auto")
        middle = (np.nanmin(values) + np.nanmax(values)) / 2
        for (y, x), value in np.ndenumerate(values):
            color = "w" if (value < middle) == (metric in LOWER_IS_BETTER) else "k"
            if not np.isnan(value):
                ax.text(x, y, f"{value:.4f}", ha="center", va="center", fontsize=7, color=color)
        ax.set_xticks(range(len(across)), [f"{a:g}" for a in across])
        ax.set_yticks(range(len(down)), [f"{m:g}" for m in down])
        ax.set(title=f"{task}, {metric}", xlabel="agreement", ylabel="mixing")
    return save(figure, path)


def _table(points: Square, text: Callable[[str], str]) -> str:
    across = sorted({p.agreement for p in points})
    body = [
        [f"{m:g}", *(text(points[Point(m, a)]) if (m, a) in points else "" for a in across)]
        for m in sorted({p.mixing for p in points})
    ]
    return markdown(["mixing, agreement", *(f"{a:g}" for a in across)], body)
