"""Figures, drawn with matplotlib into files: no window is ever opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PLUS, MINUS, OTHER, GREY = "#1f5fa8", "#c4452f", "#e0a030", "#8a8a8a"
"""Colours: of the strands (or of what agrees, and what does not), of a third, of the background."""


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
