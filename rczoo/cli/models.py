"""``rczoo models``: published models listed, described and fetched; and ``rczoo export``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from .options import Force, Name

app = typer.Typer(no_args_is_help=True, help="Published models.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_command(
    pattern: Annotated[str, typer.Argument(help="As in a shell: 'sim-200/*'.")] = "*", as_json: Json = False
) -> None:
    """List the names of published models."""
    from ..hub.published import list_models

    names = list_models(pattern)
    typer.echo(json.dumps(names) if as_json else "\n".join(names))


@app.command("info")
def info_command(name: str, as_json: Json = False) -> None:
    """Show where a model comes from, its files and its metrics."""
    from ..hub.published import entry

    found, place = entry(name)
    if as_json:
        files = {file: vars(about) for file, about in found.files.items()}
        content = {"name": name, "from": place.address, "merge": found.merge, "files": files}
        content |= {"metrics": dict(found.metrics)}
        typer.echo(json.dumps(content, indent=2))
        return
    typer.echo(f"{name}, {found.size:,} bytes, from {place.address}")
    for file, about in found.files.items():
        typer.echo(f"  {file:<20}{about.size:>10,} bytes  sha256 {about.sha256[:12]}...")
    if found.merge:
        typer.echo(f"  {'merge':<26}{found.merge}")
    for metric, value in found.metrics.items():
        typer.echo(f"  {metric:<26}{_shown(value)}")


def _shown(value: object) -> str:
    """A metric as text. NaN, which JSON lacks, was published as null."""
    if value is None:
        return "nan"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


@app.command("fetch")
def fetch_command(name: str) -> None:
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
    out: Annotated[Path, typer.Option(help="The file to write.")],
    format: Annotated[str | None, typer.Option(help="onnx or pt2; by default as --out ends.")] = None,
    force: Force = False,
) -> None:
    """Write a model as ONNX or as a PyTorch exported program: plain layers, any batch size."""
    if out.exists() and not force:
        raise ValueError(f"{out} exists: choose another --out, or give --force")
    from ..export.exporting import export as write
    from ..hub.published import load

    model = load(name)
    write(model, out, format)
    typer.echo(f"wrote {out}: {out.stat().st_size / 1e6:.2f} MB, {model.title}")
