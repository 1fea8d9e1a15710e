"""The results as pages: an overview, and a page for each task with its models."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from rczoo.data.task import load_task

from ..results.biology import picture
from ..results.figures import svg, task_figure
from ..results.summary import HEADLINE, trained
from ..rows import read_rows
from ..studies.biology.measured import MEASURED, read
from .models import models_of

REPORT = Path(__file__).parents[1] / "RESULTS.md"


@cache
def _sections() -> tuple[str, dict[str, str]]:
    """What stands before the first section of the report, and the sections by title."""
    first, *rest = re.split(r"^## ", REPORT.read_text("utf-8"), flags=re.M)
    return first, {part.partition("\n")[0]: part.partition("\n")[2] for part in rest}


def _is_task(title: str) -> bool:
    return (REPORT.parent / "tasks" / f"{title}.toml").exists()


def overview() -> str:
    """The report without its tasks, of which it lists the pages."""
    first, sections = _sections()
    tasks = "\n".join(
        f"* [{name}](RESULTS.md#{name}): {load_task(name).title}" for name in sections if _is_task(name)
    )
    others = [f"## {title}\n{text}" for title, text in sections.items() if not _is_task(title)]
    return f"{first}## Tasks\n\n{tasks}\n\n" + "".join(others)


def task_pages() -> dict[str, str]:
    """For each task with results, its page: what it is, its table, its published models."""
    return {f"tasks/{name}.md": _page(name, text) for name, text in _sections()[1].items() if _is_task(name)}


@cache
def task_pictures() -> dict[str, bytes]:
    """The scores of each task with trainings, and what its recommended model rests on, by their places."""
    rows, measured = read_rows(REPORT.parent / "results.csv"), read(REPORT.parent / MEASURED)
    drawn = {name: load_task(name).kind for name in _sections()[1] if _is_task(name) and trained(rows, name)}
    scores = {f"tasks/{name}.svg": task_figure(rows, name, HEADLINE[kind]) for name, kind in drawn.items()}
    patterns = {f"tasks/{name}-patterns.svg": picture(measured[name]) for name in drawn if name in measured}
    return {place: svg(figure) for place, figure in (scores | patterns).items() if figure}


def _page(name: str, text: str) -> str:
    task = load_task(name)
    about = (
        f"{task.description}\n\nInput {task.length} bases, {task.kind}; task file `zoo/tasks/{name}.toml`."
    )
    scores = f"![Test scores of every strategy, with means and intervals]({name}.svg)\n"
    patterns = (
        "## What the recommended model rests on\n\nThe words that add most to its answers on test windows, "
        "as mean contributions of their bases, and the profiles at matches to a known motif "
        "([how](../results.md)).\n\n"
        f"![Sequence logos of the strongest patterns, and profiles at matches]({name}-patterns.svg)\n\n"
    )
    shown = scores if f"tasks/{name}.svg" in task_pictures() else ""
    rests = patterns if f"tasks/{name}-patterns.svg" in task_pictures() else ""
    return (
        f"# {name}\n\n**{task.title}**\n\n{about}\n\n## Results\n\n{shown}{text}\n{rests}"
        f"## Published models\n\n{models_of(name)}"
    )
