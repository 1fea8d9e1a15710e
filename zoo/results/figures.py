"""The report's figures, from rows alone: small SVG files that come out the same every time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from math import ceil
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from rczoo._plotting import GREY, MINUS, OTHER, PLUS, new_figure
from rczoo.evaluation.tables import LOWER_IS_BETTER

from ..rows import Row
from .comparisons import AGAINST, Verdict
from .summary import CHOICE, GAIN, HEADLINE, baselines, learned_split, trained

Histories = Mapping[str, Sequence[Sequence[Mapping[str, Any]]]]
"""By strategy, the history of each seed: its epochs."""

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CONTINUUM = {"conjoined-sum": 0.0, "mixing-0.25": 0.25, "mixing-0.5": 0.5, "mixing-0.75": 0.75, "rcps": 1.0}
"""The family at one merge, the sum, so that nothing but mixing changes; by mixing."""
KINDS = {
    "reads one strand": (GREY, "o", r"standard"),
    "conjoined after training": (PLUS, "D", r"posthoc"),
    "conjoined while training": (OTHER, "s", r"conjoined|wrap|mixing-0-"),
    "strands mixed: the family, RCPS": (MINUS, "^", r"mixing|rcps"),
}
"""What a strategy is: colour, mark, and how its names begin."""
UNITS = {"auroc": "", "jsd": " (nats)"}
"""What a metric is measured in."""
REFERENCE_LINES = ("--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 4)))
"""The references of a task are told apart by their lines."""
ACROSS = 3
"""Panels beside each other."""
LEGEND_ACROSS = 3
"""Entries beside each other below a single panel."""
MOST = {"auroc": 1.005, "jsd": float("inf")}
"""Where an axis ends: no auROC is above 1."""
FOREST_ACROSS = 4
"""Panels of differences, which have no legend."""
PAGE = 10.0
"""Inches that a figure may be tall: a page of a journal."""


def kind_of(strategy: str) -> str:
    """What a strategy is, as it is coloured."""
    return next(kind for kind, (_, _, names) in KINDS.items() if re.match(names, strategy))


def style(strategy: str) -> dict[str, Any]:
    """The mark of a strategy."""
    color, marker, _ = KINDS[kind_of(strategy)]
    return {"ls": "", "marker": marker, "color": color}


def kinds_legend(figure: Figure, names: Iterable[str], more: Sequence[Any] = ()) -> None:
    """Below a figure, what its colours say of the strategies drawn, and marks beside them."""
    from matplotlib.lines import Line2D

    drawn = {kind_of(name) for name in names}
    marks = [
        Line2D([], [], ls="", marker=marker, color=color, label=kind)
        for kind, (color, marker, _) in KINDS.items()
        if kind in drawn
    ]
    handles, across = [*marks, *more], LEGEND_ACROSS if more else len(marks)
    figure.legend(handles=handles, fontsize=8, frameon=False, loc="outside lower center", ncols=across)


def task_figure(rows: Sequence[Row], task: str, metric: str) -> Figure:
    """A task's test scores: a row for each strategy with its seeds, mean and interval; references as lines.

    The interval is of the mean over seeds, 95 % by Student's t; a strategy of one seed has none.
    """
    from matplotlib.lines import Line2D

    rows = [row for row in rows if row.task == task]
    found = {name: scores(rows, task, name, "test", metric) for name in trained(rows, task)}
    found = {name: values for name, values in found.items() if values}
    sign = -1 if metric in LOWER_IS_BETTER else 1
    order = sorted(found, key=lambda name: sign * mean(found[name]))  # the best on top
    figure, axes = new_figure(1, 1, 7.5, min(PAGE, 1.6 + 0.24 * len(order)))
    ax = axes[0, 0]
    for y, name in enumerate(order):
        shown = style(name)
        ax.plot(found[name], [y] * len(found[name]), **shown, ms=3, alpha=0.35)
        ax.plot(interval(found[name]), [y, y], color=shown["color"], lw=1.5)
        ax.plot([mean(found[name])], [y], **shown, ms=6)
    references = [
        ax.axvline(value, color="k", lw=1, ls=ls, label=name)
        for (name, value), ls in zip(_references(rows, task, metric).items(), REFERENCE_LINES, strict=False)
    ]
    ax.set_yticks(range(len(order)), order, fontsize=8)
    better = "lower" if sign < 0 else "higher"
    ax.set(
        title=f"{task}: test scores of every strategy", xlabel=f"{metric}{UNITS[metric]}, {better} is better"
    )
    mark = Line2D([], [], color="k", marker="o", ms=5, lw=1.5, label="mean of seeds, 95 % interval")
    kinds_legend(figure, order, [mark, *references])
    return figure


def _references(rows: Sequence[Row], task: str, metric: str) -> dict[str, float]:
    """A task's references by name: what needs no network, and what no model can pass."""
    found = {name: scores(rows, task, name, "test", metric) for name in baselines(rows, task)}
    return {name: mean(values) for name, values in found.items() if values}


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of a mean over seeds, by Student's t; of one seed the value itself."""
    from scipy.stats import t

    if len(values) == 1:
        return values[0], values[0]
    half = float(t.ppf(0.975, len(values) - 1)) * stdev(values) / len(values) ** 0.5
    return mean(values) - half, mean(values) + half


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
        metric = HEADLINE[verdict.kind]
        ax.set_xlabel(f"{metric}{UNITS[metric]}, better than {AGAINST} by", fontsize=8)
        ax.tick_params(axis="x", labelsize=7)
        ax.locator_params(axis="x", nbins=4)
    return save(figure, path)


def _interval(ax: Axes, y: float, mean: float, ends: tuple[float, float], mark: str, color: str) -> None:
    ax.plot(ends, [y, y], color=color, lw=1)
    ax.plot([mean], [y], mark, color=color, ms=4)


def continuum_figure(path: Path, rows: Sequence[Row], metrics: Mapping[str, str]) -> Path:
    """Test score against mixing at one merge, a panel for each task: seeds, their means and intervals."""
    figure, axes = panel_grid(len(metrics), 4.2, 3.4)
    for ax, (task, metric) in zip(axes, metrics.items(), strict=True):
        found = {m: scores(rows, task, name, "test", metric) for name, m in CONTINUUM.items()}
        _seeds_and_means(ax, {m: values for m, values in found.items() if values})
        ax.set(title=f"{task}: the family at merge sum", ylabel=f"{metric}{UNITS[metric]}, test")
        ax.set(xlabel="mixing: 0 conjoined, 1 RCPS")
        ax.set_xticks(list(CONTINUUM.values()))
    return save(figure, path)


def overfitting_figure(path: Path, rows: Sequence[Row], metrics: Mapping[str, str]) -> Path:
    """Test score against the score on the training split, a panel for each task, both axes alike."""
    height = min(3.3, PAGE / ceil(len(metrics) / FOREST_ACROSS))
    figure, axes = panel_grid(len(metrics), 3.3, height, FOREST_ACROSS)
    for ax, (task, metric) in zip(axes, metrics.items(), strict=True):
        chosen = learned_split(rows, task)
        for name in sorted(trained(rows, task), key=CHOICE.__contains__):  # the others below, and paler
            x, y = (by_seed(rows, task, name, split, metric) for split in (chosen, "test"))
            both = sorted(x.keys() & y.keys())
            of_kind = {"ms": 4, "alpha": 0.9} if name in CHOICE else {"ms": 3, "alpha": 0.3}
            ax.plot([x[seed] for seed in both], [y[seed] for seed in both], **style(name), **of_kind)
        _equal_axes(ax, MOST[metric])
        ax.set_title(task, fontsize=9)
        ax.set_xlabel(f"{metric}{UNITS[metric]}, {chosen}", fontsize=8)
        ax.set_ylabel(f"{metric}{UNITS[metric]}, test", fontsize=8)
    kinds_legend(figure, CHOICE)
    return save(figure, path)


def _equal_axes(ax: Axes, most: float) -> None:
    """One scale for both axes, and the diagonal where training and test agree."""
    ends = [*ax.get_xlim(), *ax.get_ylim()]
    low, high = min(ends), min(max(ends), most)
    ax.plot([low, high], [low, high], color=GREY, lw=0.8)
    ax.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    ax.locator_params(nbins=4)
    ax.tick_params(labelsize=7)
    x, y = (low + share * (high - low) for share in (0.03, 0.07))  # beside the line
    ax.text(x, y, "test = training", fontsize=7, color=GREY, rotation=45, rotation_mode="anchor")


def curves_figure(path: Path, found: Mapping[str, Histories], criteria: Mapping[str, str]) -> Path:
    """The criterion on validation by epoch, a line for each training, a panel per task."""
    figure, axes = panel_grid(len(found), 4.6, 3.4)
    for ax, (task, histories) in zip(axes, found.items(), strict=True):
        for strategy, of_seeds in histories.items():
            for history in of_seeds:
                shown = {"color": style(strategy)["color"], "lw": 1, "alpha": 0.6}
                ax.plot([e["epoch"] for e in history], [e[criteria[task]] for e in history], **shown)
        ax.set(title=f"{task}: each training", xlabel="epoch", ylabel=f"{criteria[task]}, validation")
    kinds_legend(figure, {strategy for histories in found.values() for strategy in histories})
    return save(figure, path)


def gain_figure(path: Path, rows: Sequence[Row], task: str) -> Path:
    """Training and test loss with the gain of the paper's code: every seed."""
    figure, axes = panel_grid(2, 3.5, 3.2)
    for ax, split in zip(axes, ("train", "test"), strict=True):
        found = {x: scores(rows, task, name, split, "loss") for x, name in enumerate(["conjoined", *GAIN])}
        _seeds_and_means(ax, {x: values for x, values in found.items() if values})
        ax.set_xticks(range(3), ["conjoined", "rcps", "rcps, gain 2"])
        ax.set(title=f"{task}: loss, {split} split", ylabel="loss (nats an example)")
    return save(figure, path)


def scores(rows: Sequence[Row], task: str, strategy: str, split: str, metric: str) -> list[float]:
    """The values of all seeds, in the order of seeds."""
    return [value for _, value in sorted(by_seed(rows, task, strategy, split, metric).items())]


def by_seed(rows: Sequence[Row], task: str, strategy: str, split: str, metric: str) -> dict[int, float]:
    """The value of each seed."""
    wanted = (task, strategy, split, metric)
    return {r.seed: r.value for r in rows if (r.task, r.strategy, r.split, r.metric) == wanted}


def save(figure: Any, path: Path) -> Path:
    """Write an SVG file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(svg(figure))
    return path


def svg(figure: Any) -> bytes:
    """A figure as SVG without dates or random names."""
    import matplotlib as mpl

    file = BytesIO()
    with mpl.rc_context({"svg.hashsalt": "rczoo"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def panel_grid(number: int, width: float, height: float, most: int = ACROSS) -> tuple[Figure, list[Axes]]:
    """So many axes, row by row, each of this size in inches."""
    across, down = min(number, most), ceil(number / most)
    figure, axes = new_figure(down, across, width * across, height * down)
    for ax in axes.flat[number:]:
        ax.remove()
    return figure, list(axes.flat[:number])


def _seeds_and_means(ax: Axes, found: Mapping[float, Sequence[float]]) -> None:
    for x, values in found.items():
        ax.plot([x] * len(values), values, "o", color=PLUS, ms=4, alpha=0.5)
        ax.plot([x, x], interval(values), color=MINUS, lw=1.5)
    ax.plot(list(found), [mean(values) for values in found.values()], "D-", color=MINUS, lw=1, ms=5)
