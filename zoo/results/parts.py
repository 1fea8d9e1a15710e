"""Parts of a task's results: kinds of negatives or unshared examples apart, and each of several labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rczoo.data.output_names import output_names
from rczoo.data.task import AGAINST_PEAKS, AGAINST_SHUFFLES, UNSHARED, Task, load_task
from rczoo.evaluation.tables import with_arrow

from ..packs import Pack
from ..plan import MODELS
from ..publishing.by_label import by_label, label_table
from ..publishing.card import SHOWN, cell
from ..publishing.index import published
from ..publishing.recommended import recommended
from ..rows import Row
from .summary import baselines, label_bars, summarise, trained
from .tables import markdown

PARTS = {
    AGAINST_PEAKS: "against other peaks of their GC content",
    AGAINST_SHUFFLES: "against shuffles",
    UNSHARED: "without what it shares with training",
}
"""Parts of the test split, and what they are."""


def parts(rows: Sequence[Row], task: str, runs: Path) -> Iterator[str]:
    """The tables that a task has: of the parts of its test split, of each of its labels."""
    about = load_task(task)
    if table := parts_table(rows, task, about.kind):
        yield f"Parts of the test split:\n\n{table}"
    if table := labels_table(rows, about, runs, runs.parent / MODELS.name):
        yield table


def parts_table(rows: Sequence[Row], task: str, kind: str) -> str:
    """Every strategy and reference on each part of the test split; empty where it has none."""
    stats, references = summarise(rows, task), baselines(rows, task)
    known = [split for split in PARTS if any(key[2] == split for key in stats)]
    columns = [(split, metric) for split in known for metric in SHOWN[kind]]
    cells = {
        name: [cell(stats.get((task, name, *column)), name in references) for column in columns]
        for name in [*trained(rows, task), *references]
    }
    head = ["test split", *(f"{with_arrow(metric)} {PARTS[split]}" for split, metric in columns)]
    return markdown(head, [[name, *found] for name, found in cells.items() if any(found)]) if known else ""


def labels_table(rows: Sequence[Row], task: Task, runs: Path, models: Path) -> str:
    """Each label of the recommended model's file beside the bar; empty without either, and for one label."""
    configs = published(models).get(task.name, {})
    best, pack = recommended(configs), Pack(runs / task.name)
    if best is None or task.kind != "labels":
        return ""
    stats = summarise(rows, task.name)
    logits, beaten = pack.examples(best, int(configs[best]["seed"])), label_bars(stats, task.name)
    labels = by_label(output_names(task), pack.targets()["target"], logits, beaten)
    said = f"`{task.name}/{best}`, the file that is recommended, beside the best of what needs no network:"
    return f"{said}\n\n{label_table(labels)}" if labels else ""
