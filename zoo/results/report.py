"""The report: ``RESULTS.md`` and its figures, from the result files alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rczoo.data.task import load_task
from rczoo.files.atomic import write_bytes

from ..plan import HERE, PLAN, RUNS, plan
from ..rows import MODEL, Row
from ..strategies import TRIAL
from . import figures, tables
from .bootstrap import DRAWS, effects
from .findings import AGAINST, longer_trainings, lost_in_training, machines, standing
from .summary import HEADLINE, PAPER, baselines, complete, measured, stand_in, trained

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


def report(rows: list[Row], runs: Path = RUNS, path: Path = REPORT, plan_file: Path = PLAN) -> Path:
    """Write the report and, beside it in ``figures``, what it shows. ValueError when there are no results."""
    if not any(row.kind == MODEL for row in rows):
        raise ValueError("no results yet: run python -m zoo sweep")
    names = sorted({row.task for row in rows if row.kind == MODEL})
    kinds = {task: load_task(task).kind for task in names}
    tried = [task for task in names if all(name.endswith(TRIAL) for name in trained(rows, task))]
    studied = {task: kind for task, kind in kinds.items() if task not in tried} or kinds
    parts = [
        _head(rows),
        *(part for task, kind in kinds.items() for part in _task(rows, runs, task, kind)),
        *_overfitting(rows, studied, path),
        *_continuum(rows, kinds, path),
        *_gain(rows, kinds, path),
        *_frozen(rows, kinds),
        *_ranks(rows, kinds),
        _missing(rows, plan_file),
    ]
    drawn = figures.strategies_figure(
        path.parent / "figures" / "strategies.svg", rows, {t: HEADLINE[k] for t, k in studied.items()}
    )
    parts.insert(1, f"![every seed of every strategy]({_relative(drawn, path)})")
    write_bytes(path, ("\n\n".join(parts) + "\n").encode())
    return path


def _head(rows: Sequence[Row]) -> str:
    made = [row for row in rows if row.kind == MODEL]
    machines = ", ".join(sorted({row.hardware for row in made}))
    commits = ", ".join(sorted({row.commit for row in rows}))
    trainings = {(row.task, row.strategy, row.seed): row.seconds for row in made}
    hours = sum(s for (_, name, _), s in trainings.items() if not name.startswith("posthoc")) / 3600
    return (
        "# Results\n\n"
        "Written by `python -m zoo report` from `zoo/results.csv` and `zoo/runs/`; trained by "
        "`python -m zoo sweep`, on a GPU `python -m zoo train`, one model by `python -m zoo job TASK "
        "STRATEGY SEED`. Numbers are mean ± standard deviation over seeds, with the number of seeds in "
        "brackets, on the test split, of the weights best on validation. Seeds are the first of the paper's "
        "ten in their order; none was left out. `posthoc` is `standard+aug` and `posthoc-noaug` is "
        "`standard` conjoined after training.\n\n"
        f"Machines: {machines}; {hours:.1f} hours of training in wall time, the machines being shared. "
        f"Commits: {commits}."
    )


def _task(rows: Sequence[Row], runs: Path, task: str, kind: str) -> Iterator[str]:
    yield f"## {task}\n\n{load_task(task).title}: {stand_in(task)}."
    yield tables.results_table(rows, task, kind)
    gaps = tables.paper_gaps(rows, task, kind)
    if gaps:
        yield _distance(gaps, rows, task, HEADLINE[kind])
    yield " ".join([machines(rows, task), *longer_trainings(rows, task)])
    if baselines(rows, task):
        yield "References (no model of DNA, a small one, or a perfect one): " + ", ".join(
            baselines(rows, task)
        )
    seeds = _seeds(rows, task)
    if AGAINST in seeds and len(seeds) > 1:
        yield tables.effects_table(effects(runs / task, kind, seeds, AGAINST), AGAINST, HEADLINE[kind])
        yield (
            f"Intervals: {DRAWS} draws of test examples (neighbours on a chromosome together), and of the "
            "mean over seeds by Student's t, models of one training together. With one seed an interval says "
            "nothing about the spread over seeds; with two or three it is wide."
        )


def _distance(gaps: Mapping[str, float], rows: Sequence[Row], task: str, metric: str) -> str:
    found = {name: len(figures.scores(rows, task, name, "test", metric)) for name in gaps}
    listed = ", ".join(f"{name} {gap:+.4f} ({found[name]} of 10 seeds)" for name, gap in gaps.items())
    far = [name for name, gap in gaps.items() if abs(gap) > CLOSE]
    verdict = f"beyond {CLOSE}: {', '.join(far)}" if far else f"all within {CLOSE}"
    return f"Difference from the paper's mean {metric}: {listed}. {verdict[0].upper()}{verdict[1:]}."


def _overfitting(rows: Sequence[Row], kinds: Mapping[str, str], path: Path) -> Iterator[str]:
    yield (
        "## Training against test\n\nThe paper asks whether conjoining while training overfits. Where a task "
        "adds noise to its training labels, the training score is that of the same sequences with clean "
        "labels."
    )
    yield from lost_in_training(rows, kinds)
    for task, kind in kinds.items():
        yield f"**{task}**\n\n" + tables.overfitting_table(rows, task, kind)
    metrics = {task: HEADLINE[kind] for task, kind in kinds.items()}
    place = path.parent / "figures" / "train-test.svg"
    drawn = figures.overfitting_figure(place, rows, metrics)
    yield f"![training against test]({_relative(drawn, path)})"


def _continuum(rows: Sequence[Row], kinds: Mapping[str, str], path: Path) -> Iterator[str]:
    metrics = {
        task: HEADLINE[kind]
        for task, kind in kinds.items()
        if any(name.startswith("mixing-") for name in trained(rows, task))
    }
    yield "## The continuum from conjoined to RCPS"
    if not metrics:
        yield "No task with more than one block has results yet."
        return
    drawn = figures.continuum_figure(path.parent / "figures" / "continuum.svg", rows, metrics)
    yield f"![score against mixing]({_relative(drawn, path)})"


def _gain(rows: Sequence[Row], kinds: Mapping[str, str], path: Path) -> Iterator[str]:
    yield "## Doubled gain\n\nThe paper's RCPS layer computes 2 conv + b. Does that explain its higher loss?"
    tasks = [task for task in kinds if "rcps-gain-2" in trained(rows, task)]
    yield tables.gain_table(rows, tasks) if tasks else "Not run yet."
    for task in tasks:
        drawn = figures.gain_figure(path.parent / "figures" / f"gain-{task}.svg", rows, task)
        yield f"![loss with gain 1 and 2]({_relative(drawn, path)})"


def _frozen(rows: Sequence[Row], kinds: Mapping[str, str]) -> Iterator[str]:
    tasks = [task for task in kinds if any("-frozen" in name for name in trained(rows, task))]
    if tasks:
        yield FROZEN
    for task in tasks:
        yield f"**{task}**\n\n" + tables.frozen_table(rows, task, kinds[task])


def _ranks(rows: Sequence[Row], kinds: Mapping[str, str]) -> Iterator[str]:
    compared = complete(rows, kinds)
    if not compared:
        yield f"## Ranks\n\nNo task has results of all of {', '.join(PAPER)} yet."
        return
    found = tables.ranks(rows, compared)
    yield (
        "## Ranks\n\nIs post-hoc conjoining best or second-best, as the paper says? Ranks of the paper's six "
        f"strategies by mean test score, with the number of seeds, on the tasks that have all six. "
        f"{standing(found)}. A rank does not say by how much: the intervals above do. `rcps` is with "
        "statistics of batches here."
    )
    yield tables.ranks_table(rows, found)


def _missing(rows: Sequence[Row], plan_file: Path) -> str:
    return (
        "## Not run\n\nPlanned in `zoo/sweep.toml` and without results; `python -m zoo sweep` goes on "
        "with them. The paper's own tasks (ctcf, max, spi1, oct4, sox2, nanog, klf4) have task files; their "
        "data could not be reached from the machine of these results.\n\n"
        + tables.missing_table(plan(plan_file), measured(rows))
    )


def _seeds(rows: Sequence[Row], task: str) -> dict[str, list[int]]:
    """The seeds of every strategy whose per-example values were kept."""
    return {
        name: sorted({row.seed for row in rows if (row.task, row.strategy) == (task, name)})
        for name in trained(rows, task)
    }


def _relative(figure: Path, path: Path) -> str:
    return figure.relative_to(path.parent).as_posix()
