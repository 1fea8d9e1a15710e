"""What is wrong with a task's data, found before training on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from . import dna, tables
from .examples import Examples
from .preparation import notes
from .tasks import SPLITS, Task

Splits = dict[str, Examples]
TOLERATED = 0.01
"""The share of repeated, leaking or unknown sequence that is let pass."""
TOLERATED_GENOME = 0.1
"""The same between chromosomes of one genome, which share transposons and duplicated genes."""


@dataclass(frozen=True)
class Finding:
    """One thing found: ``level`` "problem" (mend it before training) or "note", the check, and a sentence."""

    level: str
    check: str
    message: str

    def __str__(self) -> str:
        return f"{self.level}: {self.message}"


def check_task(task: Task) -> list[Finding]:
    """Check a task's data; problems first.

    Looks for names of chromosomes, windows off the end, negative or missing signal, swapped strands, signal
    off centre, summits without signal, repeats and leaks between splits on either strand, missing classes.
    """
    try:
        splits = {split: task.examples(split) for split in SPLITS}
    except (ValueError, OSError, ImportError) as error:
        return [Finding("problem", "preparation", str(error))]
    found = [Finding("note", "preparation", note) for note in notes(task)]
    for check in (_sizes, _classes, _repeats, _leaks, _unknown, *_profile_checks(task)):
        found += list(check(task, splits))
    return sorted(found, key=lambda finding: finding.level != "problem")


def _profile_checks(task: Task) -> list[Callable[[Task, Splits], Iterator[Finding]]]:
    from .signals import enriched, missing, off_centre, silent, swapped

    return [missing, silent, swapped, off_centre, enriched] if task.kind == "profile" else []


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
            if len(examples) and len(values) < 2:
                only = f"only the class {values[0]:g}" if len(values) else "no class at all"
                yield Finding(
                    "problem",
                    "classes",
                    f"{split}: label {label} has {only}: give negatives as well as positives in every split",
                )


def _repeats(task: Task, splits: Splits) -> Iterator[Finding]:
    codes = _codes(splits["train"])
    if len(codes) and task.data["source"] != "simulation":
        repeated = int((~tables.first_occurrences(codes)).sum())
        yield from _share(task, "repeats", repeated, len(codes), "train: {} sequences repeat an earlier one")


def _leaks(task: Task, splits: Splits) -> Iterator[Finding]:
    """Sequences that share a 50-mer on either strand across splits."""
    if task.data["source"] == "simulation":
        return
    for split, others in (("validation", "train"), ("test", "train"), ("test", "validation")):
        codes, known = _codes(splits[split]), _codes(splits[others])
        if len(codes) and len(known):
            shared = int(tables.shares(codes, known).sum())
            said = f"{split}: {{}} sequences share {tables.WORD} bases with {others}, on either strand"
            yield from _share(task, "leaks", shared, len(codes), said)


def _share(task: Task, check: str, count: int, total: int, said: str) -> Iterator[Finding]:
    """A problem if the share is large, a note if it is small or known, nothing if none."""
    most = TOLERATED if task.data["source"] == "table" else TOLERATED_GENOME
    known = task.data.get("clean") and said.startswith("test")
    if count > most * total and not known:
        message = said.format(f"{count} of {total}") + ": leave them out, or split by chromosome"
        yield Finding("problem", check, message)
    elif count:
        why = "; test-unshared leaves those out" if known else ", as repeats in a genome do"
        yield Finding("note", check, said.format(f"{count} of {total}") + why)


def _unknown(task: Task, splits: Splits) -> Iterator[Finding]:
    for split, examples in splits.items():
        share = float((_codes(examples) == dna.UNKNOWN).mean()) if len(examples) else 0.0
        if share > TOLERATED:
            message = f"{split}: {share:.1%} of the bases are N: is this the genome the sites were called on?"
            yield Finding("problem", "unknown bases", message)


def _codes(examples: Examples) -> np.ndarray:
    """Codes without the margin for jitter."""
    jitter = examples.jitter
    return np.asarray(examples.codes[:, jitter : examples.codes.shape[1] - jitter])
