"""The generated parts of the README and of the page on choosing: pictures, advice, and what it rests on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rczoo.data.task import load_task
from rczoo.evaluation.tables import with_arrow
from rczoo.files.atomic import write_bytes

from ..plan import HERE, PLAN, RUNS, plan
from ..publishing.card import cell, paper_cell
from ..rows import MODEL, RESULTS, Row, read_rows
from .comparisons import AGAINST, COMPARISONS, Pair, Scores, Verdict, compared_with, on_test
from .findings import HOW, compared, fitted, overfitting
from .front import advice, choice_figure, strands_figure
from .report import CLOSE
from .summary import CHOICE, HEADLINE, TO_BEAT, in_paper, measured, summarise, to_beat
from .tables import markdown, paper_gaps

README, CHOOSING = HERE.parent / "README.md", HERE.parent / "docs" / "explanation" / "choosing.md"
FIGURES = HERE / "figures"


def write(
    path: Path = README,
    choosing: Path = CHOOSING,
    figures: Path = FIGURES,
    results: Path = RESULTS,
    plan_file: Path = PLAN,
    runs: Path = RUNS,
) -> Path:
    """Write the advice, the evidence and both pictures in place."""
    rows = read_rows(results)
    scores = _scores_of(rows)
    against = compared_with(scores)
    found = on_test(scores, runs, [*(c.pair for c in COMPARISONS), *against.values()])
    strands_figure(figures / "strands.svg")
    choice_figure(figures / "choosing.svg", {name: found[p] for name, p in against.items() if p in found})
    _write_part(path, "choice", advice(found))
    _write_part(choosing, "evidence", evidence(rows, scores, found, plan_file))
    return path


def _write_part(path: Path, name: str, part: str) -> None:
    write_bytes(path, updated(path.read_text("utf-8"), {name: part}).encode())


def _scores_of(rows: Sequence[Row]) -> Scores:
    """The headline metric of every model, of all tasks with results."""
    return Scores(rows, {name: load_task(name).kind for name in sorted({row.task for row in rows})})


def updated(text: str, fresh: Mapping[str, str]) -> str:
    """A text with fresh parts between ``<!-- NAME: begin ... -->`` and ``<!-- NAME: end -->``.

    Raises ValueError when a part has no place.
    """
    for name, part in fresh.items():
        place = re.compile(rf"(<!-- {name}: begin[^\n]*-->\n).*?(<!-- {name}: end -->)", re.S)
        if not place.search(text):
            raise ValueError(
                f"the document has no place for {name}: put '<!-- {name}: begin -->' and its end in"
            )
        text = place.sub(lambda found, part=part: f"{found[1]}{part}\n{found[2]}", text)
    return text


def evidence(
    rows: Sequence[Row],
    scores: Scores,
    found: Mapping[Pair, Sequence[Verdict]],
    plan_file: Path = PLAN,
) -> str:
    """Test scores of the main strategies on every task with results; what they say; how much they are."""
    return "\n\n".join([*_measured(rows), *_compared(scores, found), _progress(rows, plan_file)])


def _measured(rows: Sequence[Row]) -> Iterator[str]:
    if not (lines := _scores(rows)):
        return
    yield markdown(["test split", "to beat", *(f"`{name}`" for name in CHOICE)], lines)
    far = _far_from_the_paper(rows)
    yield (
        "Mean ± standard deviation over seeds, the number of seeds in brackets. To beat: the best of what "
        f"needs no network ({', '.join(name for names in TO_BEAT.values() for name in names)})."
        + (f" More than {CLOSE} from the paper's mean: {', '.join(far)}." if far else "")
    )


def _compared(scores: Scores, found: Mapping[Pair, Sequence[Verdict]]) -> Iterator[str]:
    """A sentence for each comparison that changes one thing, and what was lost from training to test."""
    if said := [*compared(found), *overfitting(fitted(scores))]:
        yield "What one change does, all else alike. " + HOW
        yield "\n".join(f"* {line}" for line in said)
    if any(AGAINST in pair for pair in found):
        yield f"![Differences from {AGAINST}, task by task](../../zoo/figures/forest.svg)"


def _progress(rows: Sequence[Row], plan_file: Path) -> str:
    """How many trainings of each tier of the plan have results."""
    done = measured(rows)
    tiers: dict[int, list[bool]] = {}
    for job in plan(plan_file):
        tiers.setdefault(job.tier, []).append((job.task_name, job.strategy, job.seed) in done)
    counts = ", ".join(f"tier {tier} {sum(found)} of {len(found)}" for tier, found in sorted(tiers.items()))
    return (
        f"Of the trainings planned in `zoo/sweep.toml` are in: {counts}; the others have not been measured."
    )


def _scores(rows: Sequence[Row]) -> list[list[str]]:
    """For each task a line of scores, then one of the paper's and one with frozen statistics, if any."""
    stats, lines = summarise(rows), []
    for task in sorted({row.task for row in rows if row.kind == MODEL and row.strategy in CHOICE}):
        kind = load_task(task).kind
        metric = HEADLINE[kind]
        bar = to_beat(stats, task, kind)
        beaten = cell(stats[task, bar, "test", metric], baseline=True) if bar else ""
        found = [cell(stats.get((task, name, "test", metric))) for name in CHOICE]
        lines.append([f"{task}, {with_arrow(metric)}", beaten, *found])
        known = [paper_cell(in_paper(task, name, metric)) for name in CHOICE]
        if any(known):
            lines.append(["the paper", "", *known])
        found = [cell(stats.get((task, f"{name}-frozen", "test", metric))) for name in CHOICE]
        if any(found):
            lines.append([f"{task}, without batch statistics", beaten, *found])
    return lines


def _far_from_the_paper(rows: Sequence[Row]) -> list[str]:
    """The strategies whose mean is not near the paper's, with the difference."""
    tasks = sorted({row.task for row in rows if row.kind == MODEL})
    return [
        f"{task} `{name}` {gap:+.4f}"
        for task in tasks
        for name, gap in paper_gaps(rows, task, load_task(task).kind).items()
        if name in CHOICE and abs(gap) > CLOSE
    ]
