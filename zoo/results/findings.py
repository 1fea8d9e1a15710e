"""What all tasks say together, in sentences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from rczoo.evaluation.tables import LOWER_IS_BETTER

from ..rows import MODEL, Row
from ..strategies import source
from .summary import HEADLINE, learned_split, summarise

AGAINST = "posthoc"
"""The strategy that the others are compared with."""


def standing(ranks: Mapping[str, Mapping[str, int]]) -> str:
    """On how many tasks post-hoc conjoining is best, and second-best."""
    first, second = (sum(of_task[AGAINST] == place for of_task in ranks.values()) for place in (1, 2))
    return f"`{AGAINST}` is first on {first} of {len(ranks)} and second on {second}"


def lost_in_training(rows: Sequence[Row], kinds: Mapping[str, str]) -> Iterator[str]:
    """Which strategies lose more between training and test, where there are results of both."""
    for one, other in (("conjoined", AGAINST), ("rcps", "conjoined")):
        if more := loses_more(rows, kinds, one, other):
            yield f"`{one}` loses more than `{other}` between training and test on {share(more)}."


def machines(rows: Sequence[Row], task: str) -> str:
    """How many trainings of a task each machine did."""
    made = [r for r in rows if r.task == task and r.kind == MODEL and source(r.strategy)[1] is None]
    counted = Counter(hardware for *_, hardware in {(r.strategy, r.seed, r.hardware) for r in made})
    return "Trained: " + ", ".join(f"{n} on {name}" for name, n in sorted(counted.items())) + "."


def longer_trainings(rows: Sequence[Row], task: str) -> Iterator[str]:
    """What each training of a fixed number of epochs took, beside the mean of those that stop early."""
    took = {(r.strategy, r.seed): r for r in rows if r.task == task}
    for (name, _), row in sorted(took.items()):
        if match := re.fullmatch(r"(.+)-[0-9]+-epochs", name):
            usual = [r.epochs for (other, _), r in took.items() if other == match[1]]
            early = f"; `{match[1]}` stopped after {fmean(usual):.0f} on average" if usual else ""
            yield f"`{name}`: {row.epochs} epochs in {row.seconds:.0f} s on {row.hardware}{early}."


def share(holds: Mapping[str, bool]) -> str:
    """On how many tasks something holds, and on which it does not."""
    others = ", ".join(task for task, true in holds.items() if not true)
    return f"{sum(holds.values())} of {len(holds)} tasks" + (f" (not {others})" if others else "")


def loses_more(rows: Sequence[Row], kinds: Mapping[str, str], one: str, other: str) -> dict[str, bool]:
    """By task with both strategies: whether one loses more than the other between training and test."""
    stats, found = summarise(rows), {}
    for task, kind in kinds.items():
        metric, split = HEADLINE[kind], learned_split(rows, task)
        scores = [[stats.get((task, name, s, metric)) for s in (split, "test")] for name in (one, other)]
        lost = [train.mean - test.mean for train, test in scores if train and test]
        if len(lost) == 2:
            found[task] = lost[0] < lost[1] if metric in LOWER_IS_BETTER else lost[0] > lost[1]
    return found
