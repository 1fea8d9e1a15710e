"""``rczoo tasks``: list, info, fetch, check, schema and symmetry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..data.quality import Finding
    from ..data.task import Task

app = typer.Typer(
    help="Tasks and their data: list, info, fetch, check, schema, symmetry.", no_args_is_help=True
)
Name = Annotated[str, typer.Argument(metavar="TASK", help="A task's name, or a task file (.toml).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON only.")]


@app.command("list")
def list_(json_: Json = False) -> None:
    """List the tasks that come with rczoo."""
    from rich.table import Table

    from .catalogue import shipped_tasks
    from .options import console

    tasks = shipped_tasks().values()
    if json_:
        _print([{"name": t.name, "kind": t.kind, "title": t.title} for t in tasks])
        return
    table = Table("task", "kind", "length", "title")
    for task in tasks:
        table.add_row(task.name, task.kind, str(task.length), task.title)
    console().print(table)


@app.command()
def info(name: Name, json_: Json = False) -> None:
    """Show a task's files, sizes and licences, and, where they are here, its splits and their balance."""
    from rich.table import Table

    from ..data.overview import overview
    from ..data.task import load_task
    from .options import console

    task = load_task(name)
    found = overview(task)
    if json_:
        _print(found)
        return
    page = console()
    page.print(f"{task.name}: {task.title}\n{task.description}\n")
    files = Table("file", "MB", "licence", title="sources")
    for entry in found["sources"]:
        size = "" if entry["bytes"] is None else f"{entry['bytes'] / 1e6:.1f}"
        files.add_row(entry["path"], size, entry["licence"])
    splits = Table("split", "examples", "balance", title="splits")
    for split, values in found["splits"].items():
        splits.add_row(split, str(values["examples"]), values["balance"])
    tables = [*([files] if found["sources"] else []), *([splits] if found["splits"] else [])]
    for part in (*tables, *found["notes"]):
        page.print(part)


@app.command()
def fetch(name: Name, json_: Json = False) -> None:
    """Download a task's files into the cache and verify them."""
    from ..data.task import load_task

    task = load_task(name)
    paths = _fetch(task, quiet=json_)
    if json_:
        _print([str(path) for path in paths])
    else:
        typer.echo(f"{task.name}: {len(paths)} files, verified")


@app.command()
def check(name: Name, json_: Json = False) -> None:
    """Find what is wrong with a task's data before training; exit code 1 if there are problems."""
    from dataclasses import asdict

    from .._progress import bar
    from ..data.quality import check_task, steps
    from ..data.task import load_task

    task = load_task(name)
    with bar("check", steps(task), hidden=json_) as advance:
        findings = [*_of_the_model(task), *check_task(task, advance)]
    problems = [finding for finding in findings if finding.level == "problem"]
    if json_:
        _print([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            typer.secho(str(finding), fg=typer.colors.RED if finding.level == "problem" else None)
        typer.echo(
            f"{task.name}: {len(problems)} problems" if problems else f"{task.name}: no problems found"
        )
    raise typer.Exit(1 if problems else 0)


def _of_the_model(task: Task) -> list[Finding]:
    """What keeps the model of a task from being built, or from having the task's profile; by shapes alone."""
    import torch

    from ..data.quality import Finding
    from ..family.architectures import build
    from ..training.strategies import network_of

    try:
        with torch.device("meta"):
            model = build(**{"strategy": "conjoined", **network_of(task)})
    except ValueError as error:
        return [Finding("problem", "model", f"[model]: {error}")]
    positions = model.positions * model.resolution
    if task.kind == "profile" and positions != task.out_length:
        given = f"[model] gives a profile of {positions} positions, [data] out_length is {task.out_length}"
        return [Finding("problem", "model", f"{given}: change length or out_length")]
    return []


@app.command()
def schema() -> None:
    """Print the JSON Schema of task files, by which an editor completes and checks them."""
    from ..data.task_file import json_schema

    _print(json_schema())


@app.command()
def symmetry(
    name: Name,
    json_: Json = False,
    plot: Annotated[Path | None, typer.Option(help="Write the two mean profiles to this image file.")] = None,
) -> None:
    """Is the data itself RC-symmetric? Correlate the two orientations, with and without the flip."""
    from ..data import strand_symmetry as module
    from ..data.task import load_task
    from ..files.atomic import refuse_existing
    from .options import require_figure

    task = load_task(name)
    require_figure(plot)
    files = _fetch(task, quiet=json_)
    if plot:
        refuse_existing([plot], True, [*files, Path(name)])
    found = module.symmetry(task)
    if plot:
        module.plot(found, plot)
    if json_:
        _print({"task": task.name, **found.summary()})
    else:
        typer.echo(
            f"{task.name}, by {found.by}: rc {found.rc:.3f}, unflipped {found.unflipped:.3f} "
            f"({found.forward} forward, {found.reverse} reverse)"
        )


def _fetch(task: Task, quiet: bool) -> list[Path]:
    """Fetch every file of a task, with one progress bar per download."""
    from .._progress import bars

    with bars(quiet, transient=True, of_bytes=True) as progress:
        progress.start()
        return [task.path(name, _Bar(progress, name)) for name in task.file_names()]


class _Bar:
    """A rich progress bar in the shape that pooch asks for."""

    def __init__(self, progress: Any, name: str) -> None:
        self.progress, self.name, self.id = progress, name, None
        self.total = 0

    def update(self, count: int) -> None:
        if self.id is None:
            self.id = self.progress.add_task(self.name, total=self.total or None)
        self.progress.advance(self.id, count)

    def reset(self) -> None:
        if self.id is not None:
            self.progress.reset(self.id)

    def close(self) -> None:
        if self.id is not None:
            self.progress.remove_task(self.id)


def _print(content: Any) -> None:
    typer.echo(json.dumps(content, indent=1))
