"""``rczoo models``: published models listed, described and fetched; and ``rczoo export``."""

from __future__ import annotations

import json
import re
import sys
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..files.storage import CONFIG
from .catalogue import Organism
from .options import OUTPUT, Force, Name, console, model_names, require, task_names

if TYPE_CHECKING:
    from ..hub.index import Entry
    from ..hub.remotes import Remote
    from .catalogue import Listed

app = typer.Typer(no_args_is_help=True, help="Published models.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Published = Annotated[str, typer.Argument(help="A published model's name.", autocompletion=model_names)]


@app.command("list")
def list_command(
    pattern: Annotated[str, typer.Argument(help="As in a shell: 'sim-200/*'.")] = "*",
    task: Annotated[str | None, typer.Option(help="Of this task.", autocompletion=task_names)] = None,
    organism: Annotated[Organism | None, typer.Option(help="Of tasks of this organism.")] = None,
    architecture: Annotated[str | None, typer.Option(help="Of this architecture.")] = None,
    above_bar: Annotated[
        bool, typer.Option("--above-bar", help="Only those that beat what needs no network.")
    ] = False,
    best: Annotated[bool, typer.Option("--best", help="Only the one to take for each task.")] = False,
    names: Annotated[bool, typer.Option("--names", help="Print the names alone, one a line.")] = False,
    as_json: Json = False,
) -> None:
    """List published models: of each task the recommended one (*), then the others, the best first.

    A task's name alone stands for its recommended model, which was chosen on the validation split. The bar is
    what the best reference without a network scores on the test split.

    Example: rczoo models list --organism yeast --best
    """
    from ..hub.published import entries
    from .catalogue import best_of_each_task, listed

    offered = entries(pattern).values()
    found = listed(entry for entry in offered if architecture in (None, entry.architecture))
    found = [model for model in found if model.above_bar or not above_bar]
    found = [model for model in found if task in (None, model.task) and organism in (None, model.organism)]
    found = best_of_each_task(found) if best else found
    if as_json:
        typer.echo(json.dumps(sorted(model.name for model in found)))
    elif names:
        typer.echo("\n".join(sorted(model.name for model in found)))
    else:
        _print_table(found)


def _print_table(models: list[Listed]) -> None:
    """A line a model, cut where a terminal ends."""
    rows = [("model", "", "organism", "length", "test score", "bar", "beaten", "predicts")]
    for model in models:
        score = "" if isnan(model.score) else f"{model.metric} {model.score:.4f}"
        bar = "" if isnan(model.bar) else f"{model.bar:.4f}"
        beaten = {True: "yes", False: "no", None: ""}[model.above_bar]
        star, length = "*" if model.recommended else "", str(model.length or "")
        rows.append((model.name, star, model.organism, length, score, bar, beaten, model.predicts))
    widest = [max(map(len, column)) for column in zip(*rows, strict=True)]
    end = console().width if sys.stdout.isatty() else None
    for row in rows:
        padded = (text.ljust(width) for text, width in zip(row, widest, strict=True))
        typer.echo("  ".join(padded)[:end].rstrip())


@app.command("info")
def info_command(name: Published, as_json: Json = False) -> None:
    """Show what a model is and predicts, where it comes from, its files and its metrics."""
    from ..hub.published import entry

    found, place = entry(name)
    if as_json:
        files = {file: vars(about) for file, about in found.files.items()}
        content: dict[str, Any] = {"name": found.name, "from": place.address, "merge": found.merge}
        content |= {"files": files, "metrics": dict(found.metrics), "about": _about(found, place)}
        typer.echo(json.dumps(content, indent=2))
        return
    star = ", recommended" if found.recommended else ""
    typer.echo(f"{found.name}{star}, {found.size:,} bytes, from {place.address}")
    for file, about in found.files.items():
        typer.echo(f"  {file:<20}{about.size:>10,} bytes  sha256 {about.sha256[:12]}...")
    for title, value in _about(found, place).items():
        typer.echo(f"  {title:<26}{value}")
    if found.merge:
        typer.echo(f"  {'merge':<26}{found.merge}")
    for metric, value in found.metrics.items():
        typer.echo(f"  {metric:<26}{_shown(value)}")


def _about(found: Entry, place: Remote) -> dict[str, str]:
    """Title, labels, length, architecture and licence, as far as the model's task, config and card say."""
    from ..hub.index import CARD
    from ..hub.published import read_file
    from .catalogue import shipped_tasks

    try:
        config = json.loads(read_file(found, place, CONFIG))
        card = read_file(found, place, CARD).decode() if CARD in found.files else ""
    except FileNotFoundError:  # a hub that lists it and does not have it
        return {}
    task, model = shipped_tasks().get(str(config.get("task"))), config["model"]
    first = model["ensemble"][0] if "ensemble" in model else model
    licence = re.search(r"^license: *(.+)$", card, re.MULTILINE)
    about = {
        "title": task.title if task else "",
        "outputs": ", ".join(config.get("outputs", [])),
        "length": str(first["length"]),
        "architecture": f"{first['architecture']}, {first['filters']} filters per strand",
        "members": str(len(model.get("ensemble", ())) or ""),
        "licence": licence[1] if licence else "",
    }
    return {title: value for title, value in about.items() if value}


def _shown(value: object) -> str:
    """A metric as text. NaN, which JSON lacks, was published as null."""
    if value is None:
        return "nan"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


@app.command("fetch")
def fetch_command(name: Published) -> None:
    """Bring a model into the cache, verified, and print its folder."""
    from .._progress import bars
    from ..hub.published import entry, fetch

    with bars(transient=True, of_bytes=True) as progress:
        progress.start()
        bar = progress.add_task(name, total=entry(name)[0].size)
        folder = fetch(name, lambda size: progress.advance(bar, size))
    typer.echo(folder)


def export(
    name: Name,
    out: Annotated[Path, typer.Option(help="The file to write.", rich_help_panel=OUTPUT)],
    format: Annotated[
        Literal["onnx", "pt2"] | None, typer.Option(help="By default as --out ends.", rich_help_panel=OUTPUT)
    ] = None,
    force: Force = False,
) -> None:
    """Write a model as ONNX or as a PyTorch exported program: plain layers, any batch size.

    Example: rczoo export sim-200/rcps --out model.onnx
    """
    from ..files.atomic import refuse_existing, refuse_unwritable
    from ..hub.published import checkpoint_folder, load

    refuse_unwritable(out.parent)
    if out.parent.exists():
        refuse_existing([out], force, [checkpoint_folder(name)])
    if (format or out.suffix) in ("onnx", ".onnx"):
        require("onnx", "onnxscript")
    from ..export.exporting import export as write

    model = load(name)
    write(model, out, format)
    typer.echo(f"wrote {out}: {out.stat().st_size / 1e6:.2f} MB, {model.title}")
