"""Figures, drawn with matplotlib into PNG files: no window is ever opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLUS, MINUS, OTHER, GREY = "#1f5fa8", "#c4452f", "#e0a030", "#8a8a8a"

Both = tuple[np.ndarray, np.ndarray]
"""A model's answer for sequences, and that for their reverse complements, turned back."""


def new_figure(
    rows: int, columns: int, width: float, height: float, shared: bool = False
) -> tuple[Figure, np.ndarray]:
    """A figure and its (rows, columns) axes, sized in inches; ``shared`` gives each row one scale."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False, sharey="row" if shared else False)
    for ax in axes.flat:
        ax.spines[["top", "right"]].set_visible(False)
    return figure, axes


def save(figure: Figure, path: Path) -> Path:
    """Write the figure as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    return path


def label_figure(
    path: Path,
    family: Mapping[float, Mapping[str, float]],
    results: Mapping[str, Mapping[str, Any]],
    published: Mapping[str, tuple[float, float]],
    answers: Mapping[str, Both],
) -> Path:
    """The family's cost, each strategy's auROC beside the paper's, both strands' answers."""
    figure, axes = new_figure(1, 2 + len(answers), 3.7 * (2 + len(answers)), 3.6)
    _draw_family(axes[0, 0], family)
    _draw_results(axes[0, 1], results, published)
    for ax, (name, both) in zip(axes[0, 2:], answers.items(), strict=True):
        _draw_agreement(ax, name, both)
    return save(figure, path)


def profile_figure(
    path: Path, observed: np.ndarray, answers: Mapping[str, Both], titles: Sequence[str]
) -> Path:
    """Observed and predicted stranded profiles: a row per event, a column per model, minus strand downwards.

    ``observed`` (events, 2, length) counts; ``answers`` probabilities of that shape, from the sequence and
    (dashed) from its reverse complement: one line for a model that obeys, two for one that does not.
    """
    figure, axes = new_figure(len(observed), len(answers), 4.4 * len(answers), 2.3 * len(observed), True)
    for column, (name, both) in enumerate(answers.items()):
        for row, counts in enumerate(observed):
            _draw_profile(axes[row, column], counts, both[0][row], both[1][row])
            axes[row, 0].set_ylabel(f"{titles[row]}\nreads, minus strand down", fontsize=8)
        axes[0, column].set_title(name)
        axes[-1, column].set_xlabel("position from the window's centre (bp)")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False)
    return save(figure, path)


def _draw_family(ax: Axes, family: Mapping[float, Mapping[str, float]]) -> None:
    mixing = list(family)
    ax.plot(mixing, [row["parameters"] / 1e3 for row in family.values()], "o-", color=PLUS)
    ax.set(xlabel="mixing", ylabel="parameters (thousands)", title="tf-cnn: from conjoined to RCPS")
    ax.set_ylim(bottom=0)
    ax.set_xticks(mixing, ["0\nconjoined", *(f"{m:g}" for m in mixing[1:-1]), "1\nRCPS"])
    worst = max(row["equivariance_error"] for row in family.values())
    ax.text(0.03, 0.94, f"equivariance error: {worst:g} at every point", transform=ax.transAxes, fontsize=8)


def _draw_results(
    ax: Axes, results: Mapping[str, Mapping[str, Any]], published: Mapping[str, tuple[float, float]]
) -> None:
    for y, (name, row) in enumerate(results.items()):
        ax.plot(row["auroc"], y, "o", color=PLUS, label="here, short run" if y == 0 else None)
        if name in published:
            mean, spread = published[name]
            ax.errorbar(mean, y, xerr=spread, fmt="D", mfc="white", color=GREY, zorder=0, capsize=3)
    ax.plot([], [], "D", mfc="white", color=GREY, label="paper, full training (mean ± s.d.)")
    ax.set_yticks(range(len(results)), list(results))
    ax.set_ylim(len(results) - 0.5, -0.5)
    ax.grid(axis="x", alpha=0.3)
    ax.set(xlabel="auROC, test", title="Strategies")
    ax.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.35, -0.18), frameon=False, ncols=2)


def _draw_agreement(ax: Axes, name: str, both: Both) -> None:
    one, other = both
    low, high = min(one.min(), other.min()), max(one.max(), other.max())
    ax.plot([low, high], [low, high], color=GREY, lw=0.8)
    ax.plot(one, other, ".", ms=3, color=MINUS if np.abs(one - other).max() > 0 else PLUS)
    ax.set(xlabel="logit of the sequence", ylabel="logit of its reverse complement", title=name)
    ax.text(
        0.03, 0.94, f"largest difference {np.abs(one - other).max():.2g}", transform=ax.transAxes, fontsize=8
    )


def _draw_profile(ax: Axes, counts: np.ndarray, one: np.ndarray, other: np.ndarray) -> None:
    position = np.arange(counts.shape[-1]) - counts.shape[-1] // 2
    for strand, (sign, colour, name) in enumerate(((1, PLUS, "plus"), (-1, MINUS, "minus"))):
        total = counts[strand].sum()
        ax.bar(position, sign * counts[strand], width=1, color=colour, alpha=0.3, label=f"{name}, observed")
        ax.plot(position, sign * total * one[strand], color=colour, lw=1.2, label=f"{name}, predicted")
        ax.plot(
            position,
            sign * total * other[strand],
            color="black",
            lw=0.8,
            ls=(0, (2, 2)),
            label="predicted from the reverse complement" if strand else None,
        )
    ax.axhline(0, color="black", lw=0.5)
    ax.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
