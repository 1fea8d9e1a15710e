"""The report: ``RESULTS.md`` and its figures, from the result files alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rczoo.data.task import load_task
from rczoo.files.atomic import write_bytes

from ..packs import Pack
from ..plan import HERE, PLAN, RUNS, plan
from ..rows import MODEL, Row
from ..strategies import TRIAL
from ..studies.biology.measured import MEASURED
from ..studies.biology.measured import read as read_measured
from . import biology, figures, square, subsets, tables
from .comparisons import AGAINST, COMPARISONS, DEFAULT, Pair, Scores, compared_with, on_test
from .findings import HOW, fitted, sentence
from .parts import parts
from .summary import (
    HEADLINE,
    KIND,
    baselines,
    beats_the_baseline,
    measured,
    stand_in,
    summarise,
    to_beat,
    trained,
)
from .trainings import (
    EARLIER,
    Late,
    best_late,
    histories,
    is_earlier,
    longer_trainings,
    machines,
    was_trained,
)

REPORT = HERE / "RESULTS.md"
CLOSE = 0.012
"""How near to the paper's mean a mean counts as reproducing it."""

FROZEN = """## Without batch statistics

Why is the paper's RCPS better on simulated sequences than its conjoined, of which it is a reparametrisation
at one block (T11)? Because it was trained without normalisation. The BatchNorm of its library,
keras-genomics 0.1.2.1, returns a concatenation, and so loses the mark by which Keras 2.2.4 tells that a
model behaves otherwise in training; the default, inference, then holds while training, too, with a mean of
0 and a variance of 1 that no step updates. Its networks for binary tasks have the same layer; the other
strategies used Keras's own. `python zoo/studies/keras_statistics.py` asks these libraries themselves: the
loss of a batch is the same in training and evaluation for RCPS, another one for standard, and the
convolution gives 2 conv + b. Below, `frozen` trains so (`batch_statistics="frozen"`), and `frozen, gain 2`
is the paper's RCPS; the paper's numbers for the other strategies are with statistics of batches."""

SQUARE = (
    "The loss of the merged answer, plus `agreement` times the distance J between the strands' answers: 0 is "
    "conjoining while training, 1 is augmentation with both strands in every batch, more asks the strands to "
    "be consistent (T13). At mixing 0 a block sees one strand's filters, at 1 both. The merge is the mean "
    "throughout."
)
AGAINST_ONE = (
    f"Each strategy of these comparisons against `{AGAINST}`, task by task: the difference (its 95 % "
    "interval, by Student's t over paired seeds and DeLong's standard error over test examples, neighbours "
    "on a chromosome together; the number of seeds), * where it is significant after Holm's correction over "
    "the column's tasks of a kind. With one seed the interval is of the test examples alone, and says "
    "nothing of the spread over seeds."
)


def report(rows: list[Row], runs: Path = RUNS, path: Path = REPORT, plan_file: Path = PLAN) -> Path:
    """Write the report and, beside it in ``figures``, what it shows of the rows that there are."""
    kinds = {task: load_task(task).kind for task in sorted({row.task for row in rows})}
    compared = {task: kind for task, kind in kinds.items() if not _only_tried(rows, task)}
    scores = Scores(rows, compared)
    parts = [
        _head(rows, runs),
        *_comparisons(scores, runs, path),
        *(part for task, kind in kinds.items() for part in _task(rows, runs, task, kind)),
        *_curves(kinds, runs, path),
        *biology.section(read_measured(runs.parent / MEASURED)),
        *_overfitting(rows, scores, path),
        *_continuum(rows, kinds, path),
        *_square(rows, scores, runs, path),
        *_subsets(rows, compared, path),
        *_gain(rows, kinds, path),
        *_frozen(rows, kinds),
        _missing(rows, plan_file),
    ]
    write_bytes(path, ("\n\n".join(parts) + "\n").encode())
    return path


def _only_tried(rows: Sequence[Row], task: str) -> bool:
    """Whether a task has no training of more than one epoch."""
    return all(name.endswith(TRIAL) for name in trained(rows, task))


def _head(rows: Sequence[Row], runs: Path) -> str:
    return (
        "# Results\n\n"
        "Written by `python -m zoo report` from `zoo/results.csv` and `zoo/runs/`; trained by "
        "`python -m zoo sweep`, on a GPU `python -m zoo train`, one model by `python -m zoo job TASK "
        "STRATEGY SEED`. Numbers are mean ± standard deviation over seeds, with the number of seeds in "
        "brackets, on the test split, of the weights best on validation. Seeds are the first of the paper's "
        "ten in their order; none was left out. `posthoc` is `standard+aug` and `posthoc-noaug` is "
        f"`standard` conjoined after training.\n\n{_trained(rows, runs)}"
    )


def _trained(rows: Sequence[Row], runs: Path) -> str:
    """On which machines, for how long, from which commits; and how many trainings were stopped early."""
    made = [row for row in rows if row.kind == MODEL]
    if not made:
        return "No training has results yet: `python -m zoo sweep` begins."
    took = {(r.task, r.strategy, r.seed): r.seconds for r in made if was_trained(r.strategy)}
    late = [best_late(Pack(runs / task).configs()) for task in sorted({r.task for r in made})]
    places, commits = sorted({r.hardware for r in made}), sorted({r.commit for r in rows})
    return (
        f"Machines: {', '.join(places)}; {sum(took.values()) / 3600:.1f} hours of training in wall time, the "
        f"machines being shared. Commits: {', '.join(commits)}. Best in the last two epochs, and so perhaps "
        f"stopped while they learnt: {Late(*map(sum, zip(*late, strict=True)))} trainings."
    )


def _comparisons(scores: Scores, runs: Path, path: Path) -> Iterator[str]:
    """One line for each comparison over all tasks; then every strategy against one, task by task."""
    yield f"## Comparisons\n\n{HOW}"
    against = compared_with(scores)
    found = on_test(scores, runs, [*(c.pair for c in COMPARISONS), *against.values()])
    if not found:
        yield "No two strategies that are compared have a seed of a task in common yet."
        return
    yield tables.comparisons_table(found)
    by_name = {name: found[pair] for name, pair in against.items() if pair in found}
    if by_name:
        yield AGAINST_ONE
        yield tables.against_table(by_name)
        drawn = figures.forest_figure(path.parent / "figures" / "forest.svg", by_name)
        yield f"![differences from {AGAINST}]({_relative(drawn, path)})"


def _task(rows: Sequence[Row], runs: Path, task: str, kind: str) -> Iterator[str]:
    yield f"## {task}\n\n{load_task(task).title}: {stand_in(task)}."
    yield tables.results_table(rows, task, kind)
    if baselines(rows, task):
        listed = ", ".join(baselines(rows, task))
        yield f"References (no model of DNA, a small one, or a perfect one): {listed}."
    yield from parts(rows, task, runs)
    if not trained(rows, task):
        yield "No training has results yet."
        return
    yield from _below(rows, task, kind)
    gaps = tables.paper_gaps(rows, task, kind)
    if gaps:
        yield _distance(gaps, rows, task, HEADLINE[kind])
    late = f"Best in the last two epochs: {best_late(Pack(runs / task).configs())}."
    earlier = [EARLIER.format(task=task)] if is_earlier(load_task(task), runs) else []
    yield " ".join([machines(rows, task), late, *longer_trainings(rows, task), *earlier])


def _below(rows: Sequence[Row], task: str, kind: str) -> Iterator[str]:
    """Which strategies are no better than what needs no network, if a task has such a reference."""
    stats = summarise(rows)
    if bar := to_beat(stats, task, kind):
        below = [f"`{n}`" for n in trained(rows, task) if not beats_the_baseline(stats, task, n, kind)]
        yield (
            f"To beat: {bar}, {stats[task, bar, 'test', HEADLINE[kind]].mean:.4f}. In the mean over seeds no "
            f"better than that: {', '.join(below) or 'no strategy'}."
        )


def _distance(gaps: Mapping[str, float], rows: Sequence[Row], task: str, metric: str) -> str:
    found = {name: len(figures.scores(rows, task, name, "test", metric)) for name in gaps}
    listed = ", ".join(f"{name} {gap:+.4f} ({found[name]} of 10 seeds)" for name, gap in gaps.items())
    far = [name for name, gap in gaps.items() if abs(gap) > CLOSE]
    verdict = f"beyond {CLOSE}: {', '.join(far)}" if far else f"all within {CLOSE}"
    return f"Difference from the paper's mean {metric}: {listed}. {verdict[0].upper()}{verdict[1:]}."


def _curves(kinds: Mapping[str, str], runs: Path, path: Path) -> Iterator[str]:
    """How the tasks learnt that were trained as their files now say."""
    tasks = [load_task(task) for task in kinds]
    known = {task.name: histories(Pack(runs / task.name)) for task in tasks if not is_earlier(task, runs)}
    if found := {name: of_task for name, of_task in known.items() if of_task}:
        criteria = {task.name: task.training.criterion for task in tasks}
        drawn = figures.curves_figure(path.parent / "figures" / "curves.svg", found, criteria)
        yield "## Learning curves\n\nOf the tasks that were trained as their task files now say."
        yield f"![validation by epoch]({_relative(drawn, path)})"


def _overfitting(rows: Sequence[Row], scores: Scores, path: Path) -> Iterator[str]:
    yield (
        "## Training against test\n\nThe paper asks whether conjoining while training overfits. Where a task "
        "adds noise to its training labels, the training score is that of the same sequences with clean "
        "labels. Differences are between models of the same seed, and their intervals are of the spread over "
        "seeds and tasks; tasks with one seed are left out."
    )
    if found := fitted(scores):
        yield tables.fit_table(found)
    kinds = {task: kind for task, kind in scores.kinds.items() if trained(rows, task)}
    for task, kind in kinds.items():
        yield f"**{task}**\n\n" + tables.overfitting_table(rows, task, kind)
    if kinds:
        place = path.parent / "figures" / "train-test.svg"
        drawn = figures.overfitting_figure(
            place, rows, {task: HEADLINE[kind] for task, kind in kinds.items()}
        )
        yield f"![training against test]({_relative(drawn, path)})"


def _continuum(rows: Sequence[Row], kinds: Mapping[str, str], path: Path) -> Iterator[str]:
    metrics = {
        task: HEADLINE[kind]
        for task, kind in kinds.items()
        if len(figures.CONTINUUM.keys() & set(trained(rows, task))) > 2
    }
    yield "## The continuum from conjoined to RCPS"
    if not metrics:
        yield "No task has results at three mixings of one merge yet."
        return
    yield "At one merge, the sum of the strands, in tasks with three points or more: seeds and means."
    drawn = figures.continuum_figure(path.parent / "figures" / "continuum.svg", rows, metrics)
    yield f"![score against mixing]({_relative(drawn, path)})"


def _square(rows: Sequence[Row], scores: Scores, runs: Path, path: Path) -> Iterator[str]:
    """Mixing against agreement: task by task, the point that validation chooses, and what it does on test."""
    kinds, found = scores.kinds, square.squares(rows, scores.kinds)
    yield f"## Mixing and agreement\n\n{SQUARE}"
    if not found:
        yield "Not run yet."
        return
    whole = {task: points for task, points in found.items() if len({p.agreement for p in points}) > 2}
    drawn = square.square_figure(path.parent / "figures" / "square.svg", rows, whole or found, kinds)
    yield f"![test score by mixing and agreement]({_relative(drawn, path)})"
    yield from _chosen(rows, scores, runs, found)
    for task, points in found.items():
        kind = kinds[task]
        yield f"**{task}**, {HEADLINE[kind]} on test\n\n" + square.square_table(rows, task, kind, points)
        yield "Better in training than on test by\n\n" + square.lost_table(rows, task, kind, points)
        yield "Strands apart before merging, nats\n\n" + square.apart_table(rows, task, points)


def _chosen(
    rows: Sequence[Row], scores: Scores, runs: Path, found: Mapping[str, square.Square]
) -> Iterator[str]:
    """For the tasks of each kind the point of the best mean rank on validation, on test against post-hoc."""
    for kind, means in square.rankings(rows, found, scores.kinds).items():
        if not means:
            yield f"No two {KIND[kind]} tasks have a square whose points can be ranked yet."
            continue
        best, default = next(iter(means)), square.point(DEFAULT[kind])
        rank = f"{means[best]:.2f}"
        if default in means and default != best:
            rank += f"; the default, {default}, has {means[default]:.2f}"
        for name in sorted({points[best] for points in found.values() if best in points}):
            pair = Pair(name, AGAINST)
            said = "; ".join(sentence(verdict) for verdict in on_test(scores, runs, [pair]).get(pair, ()))
            yield (
                f"**Chosen by validation on {KIND[kind]} tasks**, by mean rank over those with the most "
                f"points in common ({rank}): {best}, `{name}`. Against `{AGAINST}`: "
                f"{said or 'no seed in common yet'}."
            )


def _subsets(rows: Sequence[Row], kinds: Mapping[str, str], path: Path) -> Iterator[str]:
    known = {task: subsets.parts_of(rows, task) for task in kinds}
    if found := {task: parts for task, parts in known.items() if parts}:
        yield "## Worth in data\n\nTrained on a part of the examples, the same for every seed and strategy."
        drawn = subsets.subset_figure(path.parent / "figures" / "subsets.svg", rows, found, kinds)
        yield f"![test score by share of the examples]({_relative(drawn, path)})"
        for task, parts in found.items():
            yield f"**{task}**\n\n" + subsets.subset_table(rows, task, kinds[task], parts)


def _gain(rows: Sequence[Row], kinds: Mapping[str, str], path: Path) -> Iterator[str]:
    yield "## Doubled gain\n\nThe paper's RCPS layer computes 2 conv + b. Does that explain its higher loss?"
    tasks = [task for task in kinds if "rcps-gain-2" in trained(rows, task)]
    yield tables.gain_table(rows, tasks) if tasks else "Not run yet."
    for task in tasks:
        drawn = figures.gain_figure(path.parent / "figures" / f"gain-{task}.svg", rows, task)
        yield f"![loss with gain 1 and 2]({_relative(drawn, path)})"


def _frozen(rows: Sequence[Row], kinds: Mapping[str, str]) -> Iterator[str]:
    tasks = [task for task in kinds if any("-frozen" in name for name in trained(rows, task))]
    yield FROZEN if tasks else f"{FROZEN}\n\nNot run yet."
    for task in tasks:
        yield f"**{task}**\n\n" + tables.frozen_table(rows, task, kinds[task])


def _missing(rows: Sequence[Row], plan_file: Path) -> str:
    return (
        "## Not run\n\nPlanned in `zoo/sweep.toml` and without results; `python -m zoo sweep` goes on "
        "with them. The paper's own tasks (ctcf, max, spi1, oct4, sox2, nanog, klf4) have task files; their "
        "data could not be reached from the machine of these results.\n\n"
        + tables.missing_table(plan(plan_file), measured(rows))
    )


def _relative(figure: Path, path: Path) -> str:
    return figure.relative_to(path.parent).as_posix()
