"""The report's figures, from rows alone: small SVG files that come out the same every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rczoo._plotting import GREY, MINUS, PLUS, new_figure

from ..rows import Row
from .comparisons import AGAINST, Verdict
from .summary import CHOICE, GAIN, HEADLINE, learned_split, trained

Histories = Mapping[str, Sequence[Sequence[Mapping[str, Any]]]]
"""By strategy, the history of each seed: its epochs."""

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FAMILY = {"conjoined": 0.0, "mixing-0.25": 0.25, "mixing-0.5": 0.5, "mixing-0.75": 0.75, "rcps": 1.0}
MARKS = {
    name: {"ls": "", "marker": marker, "ms": 5, "color": f"C{number}", "label": name}
    for number, (name, marker) in enumerate(zip(CHOICE, "osD^v", strict=True))
}
OTHERS = {"ls": "", "marker": ".", "ms": 4, "color": GREY, "alpha": 0.6, "label": "other strategies"}
ACROSS = 3
"""Panels beside each other."""
FOREST_ACROSS = 4
"""Panels of differences, which have no legend."""


def forest_figure(path: Path, found: Mapping[str, Sequence[Verdict]]) -> Path:
    """Differences from one strategy: a panel for each strategy and kind of tasks, a row for each task."""
    panels = [
        (name, verdict)
        for kind in HEADLINE
        for name, known in found.items()
        for verdict in known
        if verdict.kind == kind
    ]
    most = max(len(verdict.by_task) for _, verdict in panels)
    figure, axes = panel_grid(len(panels), 3.2, 1.1 + 0.2 * (most + 1), FOREST_ACROSS)
    for ax, (name, verdict) in zip(axes, panels, strict=True):
        pooled = verdict.pooled
        _interval(ax, len(verdict.by_task), pooled.mean, (pooled.low, pooled.high), "D", MINUS)
        for y, difference in enumerate(verdict.by_task.values()):
            _interval(ax, y, difference.mean, difference.interval, "o", PLUS)
        ax.axvline(0, color=GREY, lw=0.8)
        ax.set_yticks(range(len(verdict.by_task) + 1), [*verdict.by_task, "all together"], fontsize=7)
        ax.invert_yaxis()
        ax.set_title(name, fontsize=9)
        ax.set_xlabel(f"{HEADLINE[verdict.kind]}, better than {AGAINST} by", fontsize=8)
        ax.tick_params(axis="x", labelsize=7)
        ax.locator_params(axis="x", nbins=4)
    return save(figure, path)


def _interval(ax: Axes, y: float, mean: float, ends: tuple[float, float], mark: str, color: str) -> None:
    ax.plot(ends, [y, y], color=color, lw=1)
    ax.plot([mean], [y], mark, color=color, ms=4)


def continuum_figure(path: Path, rows: Sequence[Row], metrics: Mapping[str, str]) -> Path:
    """Test score against mixing, a panel per task with more than one block."""
    figure, axes = panel_grid(len(metrics), 4.2, 3.4)
    for ax, (task, metric) in zip(axes, metrics.items(), strict=True):
        found = {m: scores(rows, task, name, "test", metric) for name, m in FAMILY.items()}
        _seeds_and_means(ax, {m: values for m, values in found.items() if values})
        ax.set(title=task, xlabel="mixing: 0 conjoined, 1 RCPS", ylabel=f"{metric}, test")
        ax.set_xticks(list(FAMILY.values()))
    return save(figure, path)


def overfitting_figure(path: Path, rows: Sequence[Row], metrics: Mapping[str, str]) -> Path:
    """Test score against the score on the training split, a panel per task."""
    from matplotlib.lines import Line2D

    figure, axes = panel_grid(len(metrics), 4.6, 3.8)
    for ax, (task, metric) in zip(axes, metrics.items(), strict=True):
        chosen = learned_split(rows, task)
        for name in sorted(trained(rows, task), key=CHOICE.__contains__):  # the others below
            x, y = (by_seed(rows, task, name, split, metric) for split in (chosen, "test"))
            both = sorted(x.keys() & y.keys())
            style = MARKS[name] if name in CHOICE else OTHERS
            ax.plot([x[seed] for seed in both], [y[seed] for seed in both], **style)
        low, high = (min(ax.get_xlim()[0], ax.get_ylim()[0]), max(ax.get_xlim()[1], ax.get_ylim()[1]))
        ax.plot([low, high], [low, high], color=GREY, lw=0.8, scalex=False, scaley=False)
        ax.set(title=task, xlabel=f"{metric}, {chosen}", ylabel=f"{metric}, test")
    handles = [Line2D([], [], **style) for style in (*MARKS.values(), OTHERS)]
    figure.legend(handles=handles, fontsize=8, frameon=False, loc="outside lower center", ncols=len(handles))
    return save(figure, path)


def curves_figure(path: Path, found: Mapping[str, Histories], criteria: Mapping[str, str]) -> Path:
    """The criterion on validation by epoch, a line for each training, a panel per task."""
    figure, axes = panel_grid(len(found), 4.6, 3.4)
    for ax, (task, histories) in zip(axes, found.items(), strict=True):
        for number, (strategy, of_seeds) in enumerate(histories.items()):
            for seed, history in enumerate(of_seeds):
                shown = {"color": f"C{number}", "lw": 1, "label": "" if seed else strategy}
                ax.plot([e["epoch"] for e in history], [e[criteria[task]] for e in history], **shown)
        ax.set(title=task, xlabel="epoch", ylabel=f"{criteria[task]}, validation")
        ax.legend(fontsize=7, frameon=False)
    return save(figure, path)


def gain_figure(path: Path, rows: Sequence[Row], task: str) -> Path:
    """Training and test loss with the gain of the paper's code: every seed."""
    figure, axes = panel_grid(2, 3.5, 3.2)
    for ax, split in zip(axes, ("train", "test"), strict=True):
        found = {x: scores(rows, task, name, split, "loss") for x, name in enumerate(["conjoined", *GAIN])}
        _seeds_and_means(ax, {x: values for x, values in found.items() if values})
        ax.set_xticks(range(3), ["conjoined", "rcps", "rcps, gain 2"])
        ax.set(title=task, ylabel=f"loss, {split}")
    return save(figure, path)


def scores(rows: Sequence[Row], task: str, strategy: str, split: str, metric: str) -> list[float]:
    """The values of all seeds, in the order of seeds."""
    return [value for _, value in sorted(by_seed(rows, task, strategy, split, metric).items())]


def by_seed(rows: Sequence[Row], task: str, strategy: str, split: str, metric: str) -> dict[int, float]:
    """The value of each seed."""
    wanted = (task, strategy, split, metric)
    return {r.seed: r.value for r in rows if (r.task, r.strategy, r.split, r.metric) == wanted}


def save(figure: Any, path: Path) -> Path:
    """Write SVG without dates or random names."""
    import matplotlib as mpl

    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"svg.hashsalt": "rczoo"}):
        figure.savefig(path, metadata={"Date": None})
    return path


def panel_grid(number: int, width: float, height: float, most: int = ACROSS) -> tuple[Figure, list[Axes]]:
    """So many axes, row by row, each of this size in inches."""
    across, down = min(number, most), ceil(number / most)
    figure, axes = new_figure(down, across, width * across, height * down)
    for ax in axes.flat[number:]:
        ax.remove()
    return figure, list(axes.flat[:number])


def _seeds_and_means(ax: Axes, found: Mapping[float, Sequence[float]]) -> None:
    for x, values in found.items():
        ax.plot([x] * len(values), values, "o", color=PLUS, ms=4, alpha=0.6)
    means = [sum(values) / len(values) for values in found.values()]
    ax.plot(list(found), means, "-", color=MINUS, lw=1)
