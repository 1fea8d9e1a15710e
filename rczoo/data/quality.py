"""What is wrong with a task's data, found before training on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from ..io.genome import Genome
from ..symmetry import dna
from ..symmetry.rep import Rep
from .examples import Examples
from .preparation import load_examples, notes
from .schema import IntervalData
from .sources import table as tables
from .sources.sites import files_by_strand, open_track
from .task import SPLITS, Task

Splits = dict[str, Examples]
TOLERATED = 0.01
"""The share of repeated, leaking or unknown sequence that is let pass."""
TOLERATED_GENOME = 0.1
"""The same between chromosomes of one genome, which share transposons and duplicated genes."""

ENRICHMENT = 2.0
"""Signal at the summits over the genome's mean, below which the sites do not belong to the signal."""
CLEARER = 0.05
"""A shift must raise the correlation by this much to be believed."""
BLOCK = 2048  # profiles looked at at a time: some 10 MB


@dataclass(frozen=True)
class Finding:
    """One thing found: ``level`` "problem" (mend it before training) or "note", the check, and a sentence."""

    level: str
    check: str
    message: str

    def __str__(self) -> str:
        return f"{self.level}: {self.message}"


def check_task(task: Task, advance: Callable[[int], object] = bool) -> list[Finding]:
    """Check a task's data; problems first.

    Looks for names of chromosomes, windows off the end, negative or missing signal, swapped strands, signal
    off centre, summits without signal, repeats and leaks between splits on either strand, missing classes and
    labels other than 0 and 1. ``advance`` is called with 1 after each of its :func:`steps`.
    """
    try:
        splits = {split: load_examples(task, split) for split in SPLITS}
    except (ValueError, OSError, ImportError) as error:
        return [Finding("problem", "preparation", str(error))]
    found = [Finding("note", "preparation", note) for note in notes(task)]
    advance(1)
    for check in OF_SEQUENCES:
        found += check(task, splits)
        advance(1)
    if task.kind == "profile":
        profiles = {split: profiles_of(examples) for split, examples in splits.items()}
        for look in OF_PROFILES:
            found += look(task, profiles)
            advance(1)
    return sorted(found, key=lambda finding: finding.level != "problem")


def steps(task: Task) -> int:
    """How many steps checking a task takes: preparation, and each check."""
    return 1 + len(OF_SEQUENCES) + (len(OF_PROFILES) if task.kind == "profile" else 0)


class Profiles(NamedTuple):
    """What the checks need of the profiles (n, channels, length) of a split, from one reading of them.

    How many are ``partly`` NaN within a channel, ``negative`` somewhere, or ``empty``; ``total``, and how
    often ``measured``: (channels, length).
    """

    number: int
    partly: int
    negative: int
    empty: int
    total: np.ndarray
    measured: np.ndarray

    def plus(self, other: Profiles) -> Profiles:
        """Of both together."""
        pairs: Iterator[tuple[Any, Any]] = zip(self, other, strict=True)
        return Profiles._make(a + b for a, b in pairs)


def profiles_of(examples: Examples) -> Profiles:
    """Look at the unshifted profiles of a split, some at a time, in double precision."""
    target = examples.unshifted_target
    blocks = (target[start : start + BLOCK] for start in range(0, len(target), BLOCK))
    nothing = np.zeros(target.shape[1:])
    return reduce(Profiles.plus, map(_profiles_in, blocks), Profiles(0, 0, 0, 0, nothing, nothing))


def _profiles_in(block: np.ndarray) -> Profiles:
    unmeasured = np.isnan(block)
    values = np.nan_to_num(np.asarray(block, dtype=np.float64))
    partly = (unmeasured.any(axis=2) & ~unmeasured.all(axis=2)).any(axis=1)
    negative, empty = (values < 0).any(axis=(1, 2)), values.sum(axis=(1, 2)) == 0
    found = (int(which.sum()) for which in (partly, negative, empty))
    return Profiles._make([len(block), *found, values.sum(axis=0), (~unmeasured).sum(axis=0)])


def _mean(splits: dict[str, Profiles]) -> np.ndarray:
    """The mean profile of all splits, where it was measured: (channels, length)."""
    every = reduce(Profiles.plus, splits.values())
    mean: np.ndarray = every.total / np.maximum(every.measured, 1)
    return mean


def _sizes(task: Task, splits: Splits) -> Iterator[Finding]:
    for split, examples in splits.items():
        if not len(examples):
            yield Finding(
                "problem",
                "splits",
                f"{split} has no examples: name chromosomes that have sites in [data] splits",
            )


def _classes(task: Task, splits: Splits) -> Iterator[Finding]:
    if task.kind != "labels":
        return
    for split, examples in splits.items():
        for label, column in enumerate(np.asarray(examples.target).T):
            values = np.unique(column[~np.isnan(column)])
            for value in values[(values != 0) & (values != 1)][:1]:
                message = f"{split}: label {label} has the value {value:g}: labels are 0 and 1"
                yield Finding("problem", "classes", message)
            if unmeasured := int(np.isnan(column).sum()):
                message = f"{split}: label {label} is not measured (NaN) in {unmeasured} of {len(column)}"
                yield Finding("note", "classes", message)
            if len(examples) and len(values) < 2:
                only = f"only the class {values[0]:g}" if len(values) else "no class at all"
                yield Finding(
                    "problem",
                    "classes",
                    f"{split}: label {label} has {only}: give negatives as well as positives in every split",
                )


def _repeats(task: Task, splits: Splits) -> Iterator[Finding]:
    codes = splits["train"].unshifted_codes
    if len(codes) and task.data.source != "simulation":
        repeated = int((~tables.first_occurrences(codes)).sum())
        yield from _share(task, "repeats", repeated, len(codes), "train: {} sequences repeat an earlier one")


def _leaks(task: Task, splits: Splits) -> Iterator[Finding]:
    """Sequences that share a 50-mer on either strand across splits."""
    if task.data.source == "simulation":
        return
    for others, later in (("train", ("validation", "test")), ("validation", ("test",))):
        words = tables.Words(splits[others].unshifted_codes)
        for split in later:
            codes = splits[split].unshifted_codes
            shared = int(words.found_in(codes).sum())
            said = f"{split}: {{}} sequences share {tables.WORD} bases with {others}, on either strand"
            yield from _share(task, "leaks", shared, len(codes), said)


def _share(task: Task, check: str, count: int, total: int, said: str) -> Iterator[Finding]:
    """A problem if the share is large, a note if it is small or known, nothing if none."""
    most = TOLERATED if task.data.source == "table" else TOLERATED_GENOME
    known = task.clean and said.startswith("test")
    if count > most * total and not known:
        message = said.format(f"{count} of {total}") + ": leave them out, or split by chromosome"
        yield Finding("problem", check, message)
    elif count:
        why = "; test-unshared leaves those out" if known else ", as repeats in a genome do"
        yield Finding("note", check, said.format(f"{count} of {total}") + why)


def _unknown(task: Task, splits: Splits) -> Iterator[Finding]:
    for split, examples in splits.items():
        share = float((examples.unshifted_codes == dna.UNKNOWN).mean()) if len(examples) else 0.0
        if share > TOLERATED:
            message = f"{split}: {share:.1%} of the bases are N: is this the genome the sites were called on?"
            yield Finding("problem", "unknown bases", message)


def missing(task: Task, splits: dict[str, Profiles]) -> Iterator[Finding]:
    """Signal that is NaN or negative."""
    for split, found in splits.items():
        if found.partly:
            message = f"{split}: {found.partly} profiles have NaN within: fill them or drop the sites"
            yield Finding("problem", "missing", message)
        if found.negative:
            message = f"{split}: {found.negative} profiles have negative signal: counts are wanted"
            yield Finding("problem", "negative", message)


def silent(task: Task, splits: dict[str, Profiles]) -> Iterator[Finding]:
    """Windows, or whole channels, without any signal."""
    for split, found in splits.items():
        if found.empty:
            level = "problem" if found.empty > found.number / 10 else "note"
            message = f"{split}: {found.empty} of {found.number} windows have no signal at all"
            yield Finding(level, "silent", message)
        for c in np.flatnonzero(found.total.sum(axis=1) == 0) if found.number else []:
            yield Finding("problem", "silent", f"{split}: channel {c} has no signal: check its bigWig")


def swapped(task: Task, splits: dict[str, Profiles]) -> Iterator[Finding]:
    """Strands that are one file twice, or whose order is that of the other kind of assay.

    Reads of a bound factor begin to the left of the site on the plus strand and to the right on the minus
    strand; transcription (``assay = "transcription"`` in the data table) starts the other way round.
    """
    mean = _mean(splits)
    starts = isinstance(task.data, IntervalData) and task.data.assay == "transcription"
    positions = np.arange(mean.shape[-1])
    for plus, minus in (orbit for orbit in task.rep_out[0].orbits if len(orbit) == 2):
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


def off_centre(task: Task, splits: dict[str, Profiles]) -> Iterator[Finding]:
    """The mean profile should be its own reverse complement about the window's centre base (length // 2)."""
    mean = _mean(splits)
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


def enriched(task: Task, splits: dict[str, Profiles]) -> Iterator[Finding]:
    """Signal at the sites against the mean of the whole genome: no more of it means another genome."""
    data = task.data
    if not isinstance(data, IntervalData) or not data.signal:
        return
    genome = Genome([task.path(name) for name in data.genome])
    everywhere = 0.0
    for table in data.signal:
        for word, names in files_by_strand(table).items():
            for name in names:
                with closing(open_track(task, table, word, name, genome)) as track:
                    everywhere += track.mean()
    here = float(_mean(splits).sum(axis=0).mean())
    if here < ENRICHMENT * everywhere:
        yield Finding(
            "problem",
            "enrichment",
            f"signal around the sites is {here / max(everywhere, 1e-12):.2g} times the genome's mean "
            f"(at least {ENRICHMENT:g} is expected): are sites and signal of one genome assembly?",
        )


OF_SEQUENCES = (_sizes, _classes, _repeats, _leaks, _unknown)
OF_PROFILES = (missing, silent, swapped, off_centre, enriched)
