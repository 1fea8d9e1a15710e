"""What all tasks say together, in sentences: each gives a mean difference, its interval and its tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .comparisons import AGAINST, COMPARISONS, Fit, Pair, Scores, Verdict, fits
from .summary import HEADLINE, KIND

FITTED = (Pair("conjoined", AGAINST), Pair("rcps-mean", "conjoined"))
"""Pairs of which the paper, or the theory, says that the first fits its training data more closely."""

HOW = (
    "Differences are between models of the same seed on the test split, in auROC or jsd, positive where the "
    "first is better; their means over tasks are with 95 % intervals (random effects, Hartung-Knapp; of one "
    "task, its own). A task is significant by its own seeds and test examples (in training, by its seeds), "
    "at 5 % after Holm's correction over the tasks."
)


def compared(found: Mapping[Pair, Sequence[Verdict]]) -> Iterator[str]:
    """A sentence for each comparison that has tasks."""
    for c in COMPARISONS:
        if verdicts := found.get(c.pair):
            said = "; ".join(map(sentence, verdicts))
            name = c.name[0].upper() + c.name[1:]
            yield f"**{name}** ({c.changes}), `{c.pair.one}` against `{c.pair.other}`: {said}."


def fitted(scores: Scores) -> dict[Pair, list[Fit]]:
    """How the pairs that have tasks fit their training data."""
    return {pair: known for pair in FITTED if (known := fits(scores, pair))}


def overfitting(found: Mapping[Pair, Sequence[Fit]]) -> Iterator[str]:
    """For each pair, whether the first fits its training data better, and loses more of it."""
    for pair, known in found.items():
        training, lost = ("; ".join(map(sentence, verdicts)) for verdicts in zip(*known, strict=True))
        yield (
            f"**In training**, `{pair.one}` against `{pair.other}`: {training}. Lost more than by "
            f"`{pair.other}` from there to the test split: {lost}."
        )


def sentence(verdict: Verdict) -> str:
    """A mean difference, its interval, the number of tasks, and on how many it is significant."""
    pooled, count = verdict.pooled, len(verdict.by_task)
    return (
        f"{pooled.mean:+.4f} {HEADLINE[verdict.kind]} ({pooled.low:+.4f} to {pooled.high:+.4f}) on {count} "
        f"{KIND[verdict.kind]} task{'s' * (count > 1)}, {_significant(verdict)}"
    )


def _significant(verdict: Verdict) -> str:
    """On how many tasks, which is asked only of those with two seeds or more."""
    tested, (up, down) = len(verdict.corrected), verdict.significant
    if not tested:
        return "with one seed each, of the test examples alone"
    of_all = "" if tested == len(verdict.by_task) else f" of the {tested} with more than one seed"
    ways = [f"{way} on {len(tasks)}" for way, tasks in (("up", up), ("down", down)) if tasks]
    return f"significantly {' and '.join(ways)}{of_all}" if ways else f"significant on none{of_all}"
