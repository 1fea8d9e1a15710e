"""Checks of a profile task's signal: missing, silent, strands swapped, off centre, not at the summits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .checks import Finding, Splits
from .examples import Examples
from .rep import Rep
from .tasks import Task

ENRICHMENT = 2.0
"""Signal at the summits over the genome's mean, below which the sites do not belong to the signal."""
CLEARER = 0.05
"""A shift must raise the correlation by this much to be believed."""


def missing(task: Task, splits: Splits) -> Iterator[Finding]:
    """Signal that is NaN or negative."""
    for split, examples in splits.items():
        values = _target(examples)
        unmeasured = np.isnan(values)
        partly = int((unmeasured.any(axis=2) & ~unmeasured.all(axis=2)).any(axis=1).sum())
        if partly:
            yield Finding(
                "problem",
                "missing",
                f"{split}: {partly} profiles have NaN within: fill them or drop the sites",
            )
        negative = int((np.nan_to_num(values) < 0).any(axis=(1, 2)).sum())
        if negative:
            yield Finding(
                "problem", "negative", f"{split}: {negative} profiles have negative signal: counts are wanted"
            )


def silent(task: Task, splits: Splits) -> Iterator[Finding]:
    """Windows, or whole channels, without any signal."""
    for split, examples in splits.items():
        values = np.nan_to_num(_target(examples))
        empty = int((values.sum(axis=(1, 2)) == 0).sum())
        if empty:
            level = "problem" if empty > len(values) / 10 else "note"
            yield Finding(level, "silent", f"{split}: {empty} of {len(values)} windows have no signal at all")
        for c in np.flatnonzero(values.sum(axis=(0, 2)) == 0) if len(values) else []:
            yield Finding("problem", "silent", f"{split}: channel {c} has no signal: check its bigWig")


def swapped(task: Task, splits: Splits) -> Iterator[Finding]:
    """Strands that are one file twice, or whose order is that of the other kind of assay.

    Reads of a bound factor begin to the left of the site on the plus strand and to the right on the minus
    strand; transcription (``assay = "transcription"`` in the data table) starts the other way round.
    """
    mean = np.nanmean(np.concatenate([_target(e) for e in splits.values()]), axis=0)
    starts = task.data.get("assay") == "transcription"
    positions = np.arange(mean.shape[-1])
    for plus, minus in _pairs(task.rep_out[0]):
        if np.array_equal(mean[plus], mean[minus]):
            message = f"channels {plus} and {minus} are the same signal: give the plus and the minus strand"
            yield Finding("problem", "strands", message)
            continue
        right = float(
            np.diff([(m * positions).sum() / max(m.sum(), 1e-9) for m in (mean[minus], mean[plus])])[0]
        )
        if (right > 1) != starts and abs(right) > 1:
            side = "right" if right > 0 else "left"
            kind = "transcription starts" if starts else "a bound factor"
            yield Finding(
                "problem",
                "strands",
                f"plus-strand signal lies on average {abs(right):.0f} bases to the {side} of minus-strand "
                f"signal, which is the wrong way round for {kind}: are the strands swapped? For "
                + ("a bound factor remove" if starts else "transcription write")
                + ' assay = "transcription" in [data]',
            )


def off_centre(task: Task, splits: Splits) -> Iterator[Finding]:
    """The mean profile should be its own reverse complement about the window's centre base (length // 2)."""
    mean = np.nanmean(np.concatenate([_target(e) for e in splits.values()]), axis=0)
    offset, gain = centre(mean, task.rep_out[0])
    if abs(offset) >= 1 and gain > CLEARER:
        yield Finding(
            "problem",
            "centre",
            f"signal is centred {offset:+g} bases from the middle of the window: "
            "shift the windows, or check whether positions count from 0 or from 1",
        )


def centre(mean: np.ndarray, rep: Rep) -> tuple[float, float]:
    """How far from base ``length // 2`` a mean profile is centred, and how much clearer its symmetry is.

    ``mean`` is (channels, length). A profile that is its own RC about a place d from the middle of the window
    matches its RC at lag 2d; of an even window the centre base itself lies half a base from the middle.
    Places up to a third of the window from the middle are tried, so that a third is left to compare: one
    further off is found to be off, at a wrong distance.
    """
    turned = rep.act(mean[None])[0]
    length = mean.shape[-1]
    most, expected = 2 * length // 3, 1 - length % 2
    scores = {}
    for lag in range(-most, most + 1):
        a = mean[:, max(lag, 0) : length + min(lag, 0)]
        b = turned[:, max(-lag, 0) : length + min(-lag, 0)]
        scores[lag] = float(np.corrcoef(a.ravel(), b.ravel())[0, 1])
    best = max(scores, key=lambda lag: (scores[lag], -abs(lag)))
    return (best - expected) / 2, scores[best] - scores[expected]


def enriched(task: Task, splits: Splits) -> Iterator[Finding]:
    """Signal at the sites against the mean of the whole genome: no more of it means another genome."""
    if "signal" not in task.data:
        return
    from .genome import Genome
    from .windows import STRANDS, listed, open_track

    genome = Genome([task.path(name) for name in listed(task.data["genome"])])
    everywhere = 0.0
    for table in task.data["signal"]:
        for word in STRANDS:
            for name in listed(table.get(word, [])):
                track = open_track(task, name, word, genome)
                everywhere += track.mean()
                track.close()
    here = np.nanmean(np.concatenate([_target(e).sum(axis=1) for e in splits.values()]))
    if here < ENRICHMENT * everywhere:
        yield Finding(
            "problem",
            "enrichment",
            f"signal around the sites is {here / max(everywhere, 1e-12):.2g} times the genome's mean "
            f"(at least {ENRICHMENT:g} is expected): "
            "are sites and signal of one genome assembly and one experiment?",
        )


def _target(examples: Examples) -> np.ndarray:
    """Profiles without the margin for jitter."""
    target = np.asarray(examples.target, dtype=np.float64)
    return target[..., examples.jitter : target.shape[-1] - examples.jitter]


def _pairs(rep: Rep) -> list[tuple[int, int]]:
    return [(c, j) for c, j in enumerate(rep.partners) if c < j]
