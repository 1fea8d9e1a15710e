"""What the recommended models make of known motifs, and the patterns they rest on: tables and pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from rczoo._plotting import GREY, MINUS, OTHER, PLUS, new_figure
from rczoo.symmetry import dna

from ..studies.biology.effects import BACKGROUNDS, NEAR, Footprint, Mean, Shown
from ..studies.biology.measured import Measured
from ..studies.biology.motifs import ORDERS
from ..studies.biology.patterns import Pattern, listed
from .tables import markdown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path

COLOURS = {"A": "#2a8a3e", "C": PLUS, "G": OTHER, "T": MINUS}
ACROSS = 3
"""Panels beside each other."""

Tracks = Sequence[Sequence[float]]
"""Shares of reads by strand and position."""
Records = Mapping[str, Measured]
"""What was measured, by task."""

ABOUT = (
    "Of each recommended model, by `python -m zoo.studies.biology`. **Inserted**: a site drawn from the "
    "known motif (of the task file or the simulation) in the middle of "
    f"{BACKGROUNDS} dinucleotide shuffles of test windows, on either strand; how far it moves the logit or, "
    f"of a profile, the share of reads within {NEAR} bases. Scrambled: the same bases in that of {ORDERS} "
    "orders least like the motif, on either strand. Means with 95 % intervals over windows; above 0 in the "
    "last column, the model answers to the motif and not to its bases."
)
EXPLAINED = (
    "**Explained**: what share of the attributions (DeepLIFT, the default of `rczoo explain`) of test "
    "windows with a match lies in matches, and in as many bases moved at random. A match fits the "
    "consensus, or is rarer than one in ten shuffled windows. Patterns are made of the same attributions, "
    "without a motif: the words that add most, in brackets at how many places."
)
FOOTPRINTS = (
    "**Footprints**: profiles at matches in windows of held-out chromosomes, and at the same places of "
    f"windows that have none: the share of reads within {NEAR} bases, observed and predicted, and the "
    "correlation, over strands and bases, of the mean difference between matches and others as observed "
    "with that predicted."
)


def section(records: Records) -> Iterator[str]:
    """The section of the report; nothing where nothing was measured."""
    if records:
        yield from ("## Does it find biology?", *tables(records))


def tables(records: Records) -> Iterator[str]:
    """The tables with what they say: of inserted motifs, attributions and patterns, footprints."""
    if effects := [(known, effect) for known in records.values() for effect in known.effects]:
        yield ABOUT
        yield summary(records)
        head = [
            "model",
            "output",
            "motif",
            "inserted",
            "on the other strand",
            "scrambled",
            "more than scrambled",
        ]
        yield markdown(head, [[f"`{k.model}`", *e[:2], *map(text, e[2:])] for k, e in effects])
    if any(known.patterns for known in records.values()):
        yield EXPLAINED
        head = ["model", "output", "windows", "in matches", "moved at random", "times", "patterns"]
        yield markdown(head, [line for known in records.values() for line in _explained(known)])
    if prints := [(known.model, known.footprint) for known in records.values() if known.footprint]:
        yield FOOTPRINTS
        head = ["model", "matches", "observed", "elsewhere", "predicted", "elsewhere", "correlation"]
        yield markdown(head, [[f"`{model}`", str(p.found), *map(text, p[2:7])] for model, p in prints])


def summary(records: Records) -> str:
    """How many motifs move their model's answer more than scrambled ones."""
    effects = [(known, effect) for known in records.values() for effect in known.effects]
    less = [f"{effect.output} (`{known.model}`)" for known, effect in effects if effect.above.low <= 0]
    unknown = [f"`{known.model}`" for known in records.values() if not known.effects]
    raised = f"Of {len(effects)} known motifs {len(effects) - len(less)} raise the answer more than scrambled"
    not_so = f"; not so {', '.join(less)}" if less else ""
    none = f" No motif is declared for {', '.join(unknown)}." if unknown else ""
    return f"{raised} ones, by their intervals{not_so}.{none}"


def text(mean: Mean) -> str:
    """A mean with its interval."""
    return f"{mean.mean:.3f} ({mean.low:.3f} to {mean.high:.3f})"


def _explained(known: Measured) -> Iterator[list[str]]:
    """A line for each output with a motif or a pattern."""
    inside = {one.output: one for one in known.explained}
    for output in dict.fromkeys([*inside, *(pattern.output for pattern in known.patterns)]):
        one = inside.get(output)
        told = (
            [str(one.windows), text(one.inside), text(one.by_chance), f"{one.times:.1f}"] if one else [""] * 4
        )
        yield [f"`{known.model}`", output, *told, listed(p for p in known.patterns if p.output == output)]


def picture(known: Measured) -> Figure | None:
    """The patterns of a model as logos and, of profiles, one of them and a footprint; None for neither."""
    panels = [*known.patterns, *filter(None, (known.footprint, known.shown))]
    if not panels:
        return None
    across = min(ACROSS, len(panels))
    down = -(-len(panels) // across)
    figure, axes = new_figure(down, across, 3.3 * across, 2.1 * down)
    for ax in axes.flat[len(panels) :]:
        ax.remove()
    for ax, panel in zip(axes.flat, panels, strict=False):
        _DRAWN[type(panel)](ax, panel)
    return figure


def _draw_pattern(ax: Axes, pattern: Pattern) -> None:
    values = np.array(pattern.contributions)
    draw_letters(ax, values)
    ax.set_title(f"{pattern.output}: {pattern.text}, {pattern.places} places", fontsize=8)
    ax.set_ylabel("contribution", fontsize=7)


def draw_letters(ax: Axes, values: np.ndarray) -> None:
    """A logo: letters as tall as their values (width, 4), the tallest on top, negative ones below zero."""
    for place, row in enumerate(values):
        for sign in (1, -1):
            bottom = 0.0
            for base in np.argsort(np.abs(row), kind="stable"):
                if sign * row[base] > 0:
                    _letter(ax, dna.BASES[base], place, bottom, row[base])
                    bottom += row[base]
    low, high = np.minimum(values, 0).sum(axis=1).min(), np.maximum(values, 0).sum(axis=1).max()
    ax.set(xlim=(0, len(values)), ylim=(1.05 * low, 1.05 * high or 1), xticks=[])
    ax.axhline(0, color=GREY, lw=0.5)
    ax.tick_params(labelsize=7)


def _letter(ax: Axes, base: str, place: float, bottom: float, height: float) -> None:
    """A letter as a shape that fills its place, from ``bottom`` up or, of negative height, down."""
    from matplotlib.patches import PathPatch
    from matplotlib.transforms import Affine2D

    fitted = Affine2D().scale(0.95, height).translate(place + 0.025, bottom)
    shape = fitted.transform_path(_outline(base))
    ax.add_artist(PathPatch(shape, color=COLOURS[base], lw=0))  # add_patch would measure it, for limits


@cache
def _outline(base: str) -> Path:
    """A letter that fills the unit square."""
    from matplotlib.textpath import TextPath
    from matplotlib.transforms import Affine2D

    path = TextPath((0, 0), base, size=1)
    box = path.get_extents()
    return Affine2D().translate(-box.x0, -box.y0).scale(1 / box.width, 1 / box.height).transform_path(path)


def _draw_footprint(ax: Axes, known: Footprint) -> None:
    """The mean profiles at matches."""
    observed, _, predicted, _ = known.profiles
    _draw_strands(ax, np.arange(-NEAR, NEAR + 1), observed, predicted)
    ax.set_title(f"{known.output}: mean of {known.found} matches", fontsize=8)
    ax.set_xlabel("bases from the motif's middle", fontsize=7)


def _draw_shown(ax: Axes, known: Shown) -> None:
    """The test window with the most reads."""
    _draw_strands(ax, np.arange(len(known.observed[0])), known.observed, known.predicted)
    ax.set_title(f"{known.output}: test window with the most reads", fontsize=8)
    ax.set_xlabel("position", fontsize=7)


def _draw_strands(ax: Axes, place: np.ndarray, observed: Tracks, predicted: Tracks) -> None:
    """Observed as areas, predicted as lines, the other strand downwards."""
    for given, made, colour, sign in zip(observed, predicted, (PLUS, MINUS), (1, -1), strict=False):
        ax.fill_between(place, sign * np.array(given), color=colour, alpha=0.3, lw=0)
        ax.plot(place, sign * np.array(made), color=colour, lw=1)
    ax.axhline(0, color=GREY, lw=0.5)
    ax.set_ylabel("share of reads", fontsize=7)
    ax.tick_params(labelsize=7)


_DRAWN: dict[type, Callable[[Axes, Any], None]] = {
    Pattern: _draw_pattern,
    Footprint: _draw_footprint,
    Shown: _draw_shown,
}
