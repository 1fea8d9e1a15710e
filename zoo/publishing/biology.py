"""What a recommended model makes of known motifs, and what it rests on, as a section of its card."""

from __future__ import annotations

from collections.abc import Iterator

from ..studies.biology.effects import BACKGROUNDS, NEAR, Effect
from ..studies.biology.measured import Measured
from ..studies.biology.patterns import listed


def biology_section(known: Measured) -> str:
    """The section; empty where no motif is known and no pattern was found."""
    lines = [*_effects(known), *_explained(known), *_patterns(known)]
    return "## Does it find biology?\n\n" + "\n".join(f"* {line}" for line in lines) if lines else ""


def _effects(known: Measured) -> Iterator[str]:
    what = f"the share of reads within {NEAR} bases" if known.footprint else "the logit"
    for one in known.effects:
        yield (
            f"{one.motif}, the motif of {one.output}, raises {what} by {_both(one):.3g} in the middle of "
            f"{BACKGROUNDS} shuffled test windows; its bases in another order by {one.scrambled.mean:.3g}. "
            f"More than these, 95 % interval: {one.above.low:.3g} to {one.above.high:.3g}."
        )


def _both(effect: Effect) -> float:
    """The effect over both strands."""
    return (effect.forward.mean + effect.reverse.mean) / 2


def _explained(known: Measured) -> Iterator[str]:
    for one in known.explained:
        yield (
            f"Of the attributions of {one.windows} test windows {one.inside.mean:.0%} lie in matches to the "
            f"motif of {one.output}, by chance {one.by_chance.mean:.0%}."
        )


def _patterns(known: Measured) -> Iterator[str]:
    if known.patterns:
        task = known.model.partition("/")[0]
        yield (
            f"It rests most on {listed(known.patterns)}; in brackets at how many places. They are drawn on "
            f"[the page of the task](../../../RESULTS.md#{task})."
        )
