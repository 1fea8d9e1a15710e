"""Which strategies are compared, each pair changing one thing, and what all tasks of a kind say of a pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import numpy as np

from rczoo.evaluation.tables import LOWER_IS_BETTER

from ..answers import answers
from ..packs import Arrays, Pack
from ..rows import Row
from ..strategies import members
from .influence import influence, standard_error
from .meta import Pooled, holm, random_effects, sign_test
from .paired import Difference, difference
from .summary import HEADLINE, learned_split, place


class Pair(NamedTuple):
    """Two strategies; differences are positive where the first is better."""

    one: str
    other: str


@dataclass(frozen=True)
class Comparison:
    """A pair that changes one thing, and what that is."""

    name: str
    pair: Pair
    changes: str


AGAINST = "posthoc"
"""The strategy that all others are compared with, task by task: it costs no training of its own."""
DEFAULT = {"labels": "mixing-1-agreement-8", "profile": "mixing-0-agreement-8"}
"""The points of mixing and agreement that validation chooses on the tasks of each kind
(:func:`zoo.results.square.rankings`)."""
AS_LARGE = f"{AGAINST}-wide"
"""Post-hoc with as many parameters as the default of labels has."""
LEGNET = "mixing-0-agreement-8-legnet-32"
"""LegNet's network, where words beat that of the paper."""
COMPARISONS = (
    Comparison(
        "augmentation",
        Pair("standard+aug", "standard"),
        "training also sees the reverse complement of every sequence",
    ),
    Comparison(
        "conjoining after training",
        Pair(AGAINST, "standard+aug"),
        "the same weights answer for both strands",
    ),
    Comparison(
        "conjoining while training",
        Pair("conjoined", AGAINST),
        "the mean of both strands is trained, not each strand's answer",
    ),
    Comparison(
        "mixing, merge mean",
        Pair("rcps-mean", "conjoined"),
        "every block sees both strands' filters",
    ),
    Comparison(
        "the merged answer is validated",
        Pair("mixing-0-agreement-1", AGAINST),
        "the same steps: the merged answer, not one strand's, decides when the rate falls, when to stop and "
        "which epoch is best",
    ),
    Comparison(
        "agreement 1 after 0, mixing 0",
        Pair("mixing-0-agreement-1", "conjoined"),
        "each strand's answer is trained, not their mean",
    ),
    Comparison(
        "agreement 1 after 0, mixing 1",
        Pair("mixing-1-agreement-1", "rcps-mean"),
        "each strand's answer is trained, not their mean",
    ),
    Comparison(
        "agreement 8 after 1, mixing 0",
        Pair("mixing-0-agreement-8", "mixing-0-agreement-1"),
        "disagreement of the strands counts eight times as much",
    ),
    Comparison(
        "agreement 8 after 1, mixing 1",
        Pair("mixing-1-agreement-8", "mixing-1-agreement-1"),
        "disagreement of the strands counts eight times as much",
    ),
    Comparison(
        "agreement 8 after 0, mixing 0",
        Pair("mixing-0-agreement-8", "conjoined"),
        "disagreement of the strands counts, eight times",
    ),
    Comparison(
        "agreement 8 after 0, mixing 1",
        Pair("mixing-1-agreement-8", "rcps-mean"),
        "disagreement of the strands counts, eight times",
    ),
    Comparison(
        "mixing at agreement 1",
        Pair("mixing-1-agreement-1", "mixing-0-agreement-1"),
        "every block sees both strands' filters",
    ),
    Comparison(
        "mixing at agreement 8",
        Pair("mixing-1-agreement-8", "mixing-0-agreement-8"),
        "every block sees both strands' filters",
    ),
    Comparison(
        "mixing at agreement 8, equal parameters",
        Pair("mixing-1-agreement-8", "mixing-0-agreement-8-wide"),
        "every block sees both strands' filters, not 1.4 times as many of one strand",
    ),
    Comparison(
        "the default of labels",
        Pair(DEFAULT["labels"], AGAINST),
        "three changes: every block sees both strands' filters, agreement weighs 8, not 1, and the merged "
        "answer is validated",
    ),
    Comparison(
        "the default of labels, equal parameters",
        Pair(DEFAULT["labels"], AS_LARGE),
        "the same three changes, and post-hoc has 1.4 times as many filters",
    ),
    Comparison(
        "the default of profiles",
        Pair(DEFAULT["profile"], AGAINST),
        "two changes: agreement weighs 8, not 1, and the merged answer is validated",
    ),
    Comparison(
        "another architecture",
        Pair(LEGNET, AGAINST),
        "three changes: LegNet's network in place of the paper's, agreement weighs 8, not 1, and the merged "
        "answer is validated; trained where words beat the paper's network",
    ),
    Comparison(
        "merge, mixing 1",
        Pair("rcps-mean", "rcps"),
        "both strands' features are averaged, not added",
    ),
    Comparison(
        "half the filters",
        Pair("rcps-half", "rcps"),
        "half as many filters per strand",
    ),
    Comparison(
        "two models, equal passes",
        Pair("standard+aug-ensemble-2", AGAINST),
        "the two passes are of two models, not of one model's two strands",
    ),
    Comparison(
        "two wide models, equal passes",
        Pair("standard+aug-wide-ensemble-2", AS_LARGE),
        "the two passes are of two models, not of one model's two strands",
    ),
    Comparison(
        "two models, equal multiplications",
        Pair("posthoc-ensemble-2", DEFAULT["labels"]),
        "post-hoc of two trainings, which together multiply about as often as one at mixing 1",
    ),
    Comparison(
        "three models",
        Pair("posthoc-ensemble-3", AGAINST),
        "the mean of three trainings, in three times the passes",
    ),
)
"""Every comparison that is shown: a fair one changes one thing, so merge and mixing are told apart.
"""


@dataclass(frozen=True)
class Verdict:
    """The differences of a pair on all tasks of a kind that have it, and what they say together."""

    kind: str
    by_task: Mapping[str, Difference]

    @property
    def pooled(self) -> Pooled:
        """The mean over tasks with its interval; of a single task, the task's own."""
        found = list(self.by_task.values())
        if len(found) == 1:
            return Pooled(found[0].mean, *found[0].interval)
        return random_effects([d.mean for d in found], [d.error for d in found])

    @property
    def sign_p(self) -> float:
        """The sign test over tasks."""
        return sign_test([d.mean for d in self.by_task.values()])

    @property
    def better(self) -> int:
        """On how many tasks the first is better."""
        return sum(d.mean > 0 for d in self.by_task.values())

    @property
    def corrected(self) -> dict[str, float]:
        """P-values of the tasks after Holm; tasks with one seed have none."""
        return holm({task: d.p for task, d in self.by_task.items()})

    @property
    def significant(self) -> tuple[list[str], list[str]]:
        """The tasks on which the first is better, and on which it is worse, at 5 % after Holm."""
        sure = [task for task, p in self.corrected.items() if p < 0.05]
        up, down = ([t for t in sure if sign * self.by_task[t].mean > 0] for sign in (1, -1))
        return sorted(up), sorted(down)


class Fit(NamedTuple):
    """By how much the first of a pair is better in training, and loses more from there to the test split."""

    training: Verdict
    lost: Verdict


def opposite(strategy: str, seed: int) -> tuple[int, ...]:
    """The seeds of another strategy whose mean stands against one of this: of an ensemble, its members'."""
    made = members(strategy)
    return made.seeds if made else (seed,)


class Scores:
    """The headline metric of every model: by task, strategy and split, the value of each seed."""

    def __init__(self, rows: Sequence[Row], kinds: Mapping[str, str]) -> None:
        self.kinds = kinds
        self.learned = {task: learned_split(rows, task) for task in kinds}
        self.values: dict[tuple[str, str, str], dict[int, float]] = {}
        for row in rows:
            if row.task in kinds and row.metric == HEADLINE[kinds[row.task]]:
                sign = -1 if row.metric in LOWER_IS_BETTER else 1
                found = self.values.setdefault((row.task, row.strategy, row.split), {})
                found[row.seed] = sign * row.value

    @property
    def strategies(self) -> set[str]:
        """All strategies of any task."""
        return {strategy for _, strategy, _ in self.values}

    def paired(self, task: str, pair: Pair, split: str) -> dict[int, float]:
        """The difference at each seed that both strategies have; positive where the first is better."""
        one, other = (self.values.get((task, name, split), {}) for name in pair)
        beside = {seed: opposite(pair.one, seed) for seed in sorted(one)}
        return {
            seed: one[seed] - fmean(other[s] for s in seeds)
            for seed, seeds in beside.items()
            if other.keys() >= set(seeds)
        }


def on_test(scores: Scores, runs: Path, pairs: Iterable[Pair]) -> dict[Pair, list[Verdict]]:
    """The verdicts of pairs on the test split, a kind of tasks each; pairs without a task are left out."""
    pairs = list(dict.fromkeys(pairs))
    by_task = {task: _of_task(scores, runs / task, task, pairs) for task in scores.kinds}
    found = {}
    for pair in pairs:
        of_pair = {task: known[pair] for task, known in by_task.items() if pair in known}
        found[pair] = _verdicts(scores.kinds, of_pair)
    return {pair: verdicts for pair, verdicts in found.items() if verdicts}


def compared_with(scores: Scores, against: str = AGAINST) -> dict[str, Pair]:
    """The strategies of all comparisons that have results, each paired with one of them."""
    named = {name for c in COMPARISONS for name in c.pair} - {against}
    return {name: Pair(name, against) for name in sorted(named & scores.strategies, key=place)}


def fits(scores: Scores, pair: Pair) -> list[Fit]:
    """How a pair fits the sequences trained on, a kind of tasks each: of the spread over seeds alone."""
    training, lost = {}, {}
    for task in scores.kinds:
        learned, test = (scores.paired(task, pair, s) for s in (scores.learned[task], "test"))
        seeds = sorted(learned.keys() & test.keys())
        training[task] = [learned[seed] for seed in seeds]
        lost[task] = [learned[seed] - test[seed] for seed in seeds]
    return [
        Fit(*both) for both in zip(*(_over_seeds(scores.kinds, f) for f in (training, lost)), strict=True)
    ]


def _over_seeds(kinds: Mapping[str, str], found: Mapping[str, Sequence[float]]) -> list[Verdict]:
    """Verdicts of tasks with two seeds or more, as one says nothing of its spread."""
    return _verdicts(kinds, {task: difference(d) for task, d in found.items() if len(d) > 1})


def _verdicts(kinds: Mapping[str, str], found: Mapping[str, Difference]) -> list[Verdict]:
    """One for each kind: auROC and jsd are different scales."""
    split = [Verdict(kind, {t: d for t, d in found.items() if kinds[t] == kind}) for kind in HEADLINE]
    return [verdict for verdict in split if verdict.by_task]


def _of_task(scores: Scores, folder: Path, task: str, pairs: Sequence[Pair]) -> dict[Pair, Difference]:
    """The differences of the pairs that have a seed in common."""
    paired = {pair: scores.paired(task, pair, "test") for pair in pairs}
    paired = {pair: per_seed for pair, per_seed in paired.items() if per_seed}
    content = Pack(folder).arrays() if paired else {}
    influences = {
        (name, seed): influence(scores.kinds[task], _outputs(content, folder, name, seed), content)
        for name, seed in {use for pair, per_seed in paired.items() for use in _used(pair, per_seed)}
    }
    found = {}
    for (one, other), per_seed in paired.items():
        moved = np.mean(
            [
                influences[one, seed] - np.mean([influences[other, s] for s in opposite(one, seed)], axis=0)
                for seed in per_seed
            ],
            axis=0,
        )
        spread = standard_error(moved, content.get("block"))
        found[Pair(one, other)] = difference(list(per_seed.values()), spread)
    return found


def _used(pair: Pair, seeds: Iterable[int]) -> set[tuple[str, int]]:
    """The models that are compared at these seeds of the first."""
    seeds = set(seeds)
    return {(pair.one, s) for s in seeds} | {(pair.other, o) for s in seeds for o in opposite(pair.one, s)}


def _outputs(content: Arrays, folder: Path, name: str, seed: int) -> np.ndarray:
    """What a model gave for the test split; ValueError if the pack does not have it."""
    try:
        return answers(content, name, seed)
    except KeyError as missing:
        raise ValueError(
            f"{folder} has no outputs of {missing.args[0]}, the results have its scores: "
            "python -m zoo collect"
        ) from missing
