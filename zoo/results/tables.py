"""The report's tables, in Markdown, from rows alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rczoo.evaluation.tables import paper, with_arrow

from ..plan import Job
from ..publishing.card import SHOWN, cell, paper_cell
from ..rows import Row
from .comparisons import AGAINST, COMPARISONS, Fit, Pair, Verdict
from .summary import GAIN, HEADLINE, KIND, baselines, in_paper, learned_split, summarise, trained

FROZEN = ("-frozen", "-frozen-gain-2")
"""Endings of the strategies whose BatchNorm keeps mean 0 and variance 1."""


def results_table(rows: Sequence[Row], task: str, kind: str) -> str:
    """Every strategy and reference on the test split: mean ± standard deviation (seeds), beside the paper."""
    stats, shown = summarise(rows, task), SHOWN[kind]
    strategies, references = trained(rows, task), baselines(rows, task)
    beside = [m for m in shown if any(in_paper(task, name, m) for name in strategies)]
    head, body = ["strategy"], {name: [name] for name in [*strategies, *references]}
    for metric in shown:
        head += [
            with_arrow(metric),
            *(["paper"] if metric in beside else []),
        ]
        for name, line in body.items():
            line.append(cell(stats.get((task, name, "test", metric)), name in references))
            if metric in beside:
                line.append(paper_cell(in_paper(task, name, metric)))
    return markdown(head, body.values())


def paper_gaps(rows: Sequence[Row], task: str, kind: str) -> dict[str, float]:
    """How far the mean over seeds is from the paper's mean, by strategy, in the headline metric."""
    stats, metric = summarise(rows, task), HEADLINE[kind]
    return {
        name: stats[task, name, "test", metric].mean - known[0]
        for name in trained(rows, task)
        if (known := in_paper(task, name, metric))
    }


def overfitting_table(rows: Sequence[Row], task: str, kind: str) -> str:
    """Training against test, on clean labels where the task adds noise, beside the paper's training score."""
    stats, metric, split = summarise(rows, task), HEADLINE[kind], learned_split(rows, task)
    body = []
    for name in trained(rows, task):
        train, test = (stats.get((task, name, s, metric)) for s in (split, "test"))
        if train and test:
            known = in_paper(task, name, metric, "train")
            gap = f"{train.mean - test.mean:+.4f}"
            body.append([name, cell(train), cell(test), gap, f"{known[0]:.4f}" if known else ""])
    return markdown(["strategy", f"{metric}, {split}", "test", "train - test", "paper, train"], body)


def frozen_table(rows: Sequence[Row], task: str, kind: str) -> str:
    """Each strategy that was also trained with frozen batch statistics, on the test split."""
    stats, metric = summarise(rows, task), HEADLINE[kind]
    known = trained(rows, task)
    names = [name for name in known if any(name + ending in known for ending in FROZEN)]
    body = []
    for name in names:
        found = [cell(stats.get((task, name + ending, "test", metric))) for ending in ("", *FROZEN)]
        body.append([name, *found, paper_cell(in_paper(task, name, metric))])
    head = [f"strategy, {with_arrow(metric)}", "statistics of batches", "frozen", "frozen, gain 2", "paper"]
    return markdown(head, body)


def gain_table(rows: Sequence[Row], tasks: Iterable[str]) -> str:
    """By how much the mean loss of RCPS, with gain 1 and 2, is above conjoined's; the paper's has gain 2."""
    here = {(t, n, s): stat.mean for (t, n, s, metric), stat in summarise(rows).items() if metric == "loss"}
    known = {(t, n, s): mean for (t, n, s, metric), (mean, _) in paper().items() if metric == "loss"}
    factors = sorted({t for t, name, _ in known if name == "rcps"})
    body = [[t, *(_above(here, t, n, s) for s in ("train", "test") for n in GAIN)] for t in tasks]
    for t in factors:
        train, test = (_above(known, t, "rcps", s) for s in ("train", "test"))
        body.append([f"{t}, the paper", "", train, "", test])
    return markdown(["loss above conjoined's", *(f"{s}: {n}" for s in ("train", "test") for n in GAIN)], body)


def _above(losses: Mapping[tuple[str, str, str], float], task: str, name: str, split: str) -> str:
    loss, base = losses.get((task, name, split)), losses.get((task, "conjoined", split))
    return f"{loss / base - 1:+.2%}" if loss and base else ""


def comparisons_table(found: Mapping[Pair, Sequence[Verdict]]) -> str:
    """A line for each comparison and kind of tasks."""
    body = [
        [f"{c.name}: `{c.pair.one}` against `{c.pair.other}`; {c.changes}", *_line(verdict)]
        for c in COMPARISONS
        for verdict in found.get(c.pair, ())
    ]
    end = ["better on", "p of signs", "after Holm up", "down"]
    return markdown(["comparison", "tasks", "difference", "95 % interval", *end], body)


def _line(verdict: Verdict) -> list[str]:
    pooled, (better, worse) = verdict.pooled, verdict.significant
    return [
        f"{len(verdict.by_task)} {KIND[verdict.kind]}",
        f"{pooled.mean:+.4f} {HEADLINE[verdict.kind]}",
        f"{pooled.low:+.4f} to {pooled.high:+.4f}",
        f"{verdict.better} of {len(verdict.by_task)}",
        f"{verdict.sign_p:.2g}",
        *(f"{len(names)}" + (f" ({', '.join(names)})" if names else "") for names in (better, worse)),
    ]


def against_table(found: Mapping[str, Sequence[Verdict]]) -> str:
    """Differences from one strategy: a line for each task, a column for each strategy; * after Holm."""
    tasks = {task: v.kind for verdicts in found.values() for v in verdicts for task in v.by_task}
    body = []
    for task, kind in sorted(tasks.items(), key=lambda item: (item[1], item[0])):
        cells = [_difference(task, verdicts) for verdicts in found.values()]
        body.append([f"{task}, {HEADLINE[kind]}", *cells])
    return markdown([f"against `{AGAINST}`", *(f"`{name}`" for name in found)], body)


def _difference(task: str, verdicts: Iterable[Verdict]) -> str:
    for verdict in verdicts:
        if found := verdict.by_task.get(task):
            low, high = found.interval
            sure = "\\*" if task in {t for names in verdict.significant for t in names} else ""
            return f"{found.mean:+.4f}{sure} ({low:+.4f} to {high:+.4f}; {found.seeds})"
    return ""


def fit_table(found: Mapping[Pair, Sequence[Fit]]) -> str:
    """For each pair and kind of tasks the difference in training, and in what is lost from there to test."""
    body = [
        [
            f"`{pair.one}` against `{pair.other}`",
            *(*_line(fit.training)[:3], _significant(fit.training)),
            *(*_line(fit.lost)[1:3], _significant(fit.lost)),
        ]
        for pair, known in found.items()
        for fit in known
    ]
    sure = "after Holm up, down"
    head = ["training score", "95 % interval", sure, "lost from training to test", "95 % interval", sure]
    return markdown(["pair", "tasks", *head], body)


def _significant(verdict: Verdict) -> str:
    return ", ".join(str(len(names)) for names in verdict.significant)


def missing_table(jobs: Iterable[Job], done: set[tuple[str, str, int]]) -> str:
    """What of the plan has not been run: per task and tier, strategies with the number of seeds missing."""
    missing: dict[tuple[int, str], dict[str, int]] = {}
    planned: dict[tuple[int, str], int] = {}
    for job in jobs:
        key = (job.tier, job.task_name)
        planned[key] = planned.get(key, 0) + 1
        if (job.task_name, job.strategy, job.seed) not in done:
            of_task = missing.setdefault(key, {})
            of_task[job.strategy] = of_task.get(job.strategy, 0) + 1
    body = [
        [
            str(tier),
            task,
            f"{sum(found.values())} of {planned[tier, task]}",
            ", ".join(f"{name} ({count})" for name, count in found.items()),
        ]
        for (tier, task), found in sorted(missing.items())
    ]
    return markdown(["tier", "task", "trainings missing", "strategies (seeds missing)"], body)


def markdown(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
