"""The demo's one figure: both strands before and after, an explanation, the short trainings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..._plotting import GREY, MINUS, PLUS, new_figure, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Scatter(NamedTuple):
    """Logits (n,) of sequences, and of their reverse complements."""

    title: str
    given: np.ndarray
    other: np.ndarray

    @property
    def flipped(self) -> np.ndarray:
        """Which calls depend on the strand: (n,) bool."""
        flipped: np.ndarray = (self.given > 0) != (self.other > 0)
        return flipped

    @property
    def flips(self) -> float:
        """The share of such calls."""
        return float(self.flipped.mean())

    @property
    def largest(self) -> float:
        """The largest difference."""
        return float(np.abs(self.given - self.other).max())


def story_figure(
    path: Path,
    scatters: tuple[Scatter, Scatter],
    explained: tuple[np.ndarray, np.ndarray, str],
    results: Mapping[str, Mapping[str, Any]],
) -> Path:
    """Two scatters, the scores of a sequence's bases with its site, auROC of the trainings."""
    figure, axes = new_figure(2, 2, 9, 7.5)
    for ax, scatter in zip(axes[0], scatters, strict=True):
        _draw_scatter(ax, scatter)
    _draw_scores(axes[1, 0], *explained)
    _draw_results(axes[1, 1], results)
    return save(figure, path)


def _draw_scatter(ax: Axes, scatter: Scatter) -> None:
    given, other, flipped = scatter.given, scatter.other, scatter.flipped
    low, high = min(given.min(), other.min()) - 0.3, max(given.max(), other.max()) + 0.3
    ax.plot([low, high], [low, high], color=GREY, lw=0.8, ls="--")
    ax.plot(given[~flipped], other[~flipped], ".", ms=4, color=PLUS)
    ax.plot(given[flipped], other[flipped], ".", ms=5, color=MINUS)
    ax.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    ax.set(xlabel="logit, sequence", ylabel="logit, reverse complement")
    ax.set_title(f"{scatter.title}: {scatter.flips:.0%} of calls flip", fontsize=10)


def _draw_scores(ax: Axes, scores: np.ndarray, site: np.ndarray, target: str) -> None:
    ax.bar(np.arange(1, len(scores) + 1), scores, width=1, color=PLUS)
    ax.fill_between(
        np.arange(1, len(scores) + 1),
        *ax.get_ylim(),
        where=site,
        color=MINUS,
        alpha=0.2,
        lw=0,
        label="planted",
    )
    ax.set(xlabel="position (bp)", ylabel="importance (logit)")
    ax.set_title(f"what the call of {target} rests on", fontsize=10)
    ax.legend(frameon=False, fontsize=8)


def _draw_results(ax: Axes, results: Mapping[str, Mapping[str, Any]]) -> None:
    names = list(results)
    ax.plot([results[name]["auroc"] for name in names], range(len(names)), "o", color=PLUS)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(axis="x", alpha=0.3)
    ax.set(xlabel="auROC, test")
    ax.set_title("short trainings of one network", fontsize=10)
