"""Scores drawn as letters: a figure with a row per sequence, around its highest scores."""

from __future__ import annotations

import io

import numpy as np

from .._plotting import new_figure
from ..symmetry import dna
from .files import Explanation

SHOWN = 80
"""Bases in a row: more would not be legible."""
SMOOTH = 11
"""Bases over which scores are added up to find the peak: about a motif's width."""


def logo_figure(explanation: Explanation, title: str, rows: int = 6, shown: int = SHOWN) -> bytes:
    """The first ``rows`` sequences' scores of the bases present, each around its peak: the bytes of a PNG.

    Letters up to 2% of a row's largest are left out. Drawn with tangermeme's ``plot_logo``.
    """
    present = explanation.present()[:rows]
    figure, axes = new_figure(len(present), 1, 13, 0.5 + 1.6 * len(present))
    for ax, name, scores, positions in zip(
        axes[:, 0], explanation.names, present, explanation.positions, strict=False
    ):
        first = window_of_interest(scores.sum(0), shown)
        inside = slice(first, first + shown)
        _draw(ax, scores[:, inside], positions[inside])
        ax.set_title(name, fontsize=9, loc="left")
    figure.suptitle(title, fontsize=11)
    figure.supylabel("score of the base present", fontsize=9)
    packed = io.BytesIO()
    figure.savefig(packed, dpi=130, format="png")
    return packed.getvalue()


def window_of_interest(scores: np.ndarray, shown: int) -> int:
    """First position of the ``shown`` ones around the largest scores, smoothed: (length,) -> int."""
    smooth = np.convolve(np.abs(scores), np.ones(min(SMOOTH, len(scores))), "same")
    return int(np.clip(smooth.argmax() - shown // 2, 0, max(len(scores) - shown, 0)))


def _draw(ax, scores: np.ndarray, positions: np.ndarray) -> None:  # type: ignore[no-untyped-def]
    from tangermeme.plot import plot_logo

    low, high = min(scores.min(), 0.0), max(scores.max(), 0.0)
    room = 0.05 * (high - low) or 1.0
    if high > low:
        plot_logo(scores, ax=ax, alphabet=list(dna.BASES), ylim=(low - room, high + room))
    ax.set_xlim(0, len(positions))
    ticks = np.arange(0, len(positions), 10)
    ax.set_xticks(ticks + 0.5, positions[ticks], fontsize=8)
    ax.tick_params(axis="y", labelsize=8)
    ax.axhline(0, color="black", lw=0.5)
