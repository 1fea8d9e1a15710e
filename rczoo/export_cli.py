"""``rczoo export``: a published model or a checkpoint folder as a file that runs elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Force, Name


def export(
    name: Name,
    out: Annotated[Path, typer.Option(help="The file to write.")],
    format: Annotated[str | None, typer.Option(help="onnx or pt2; by default as --out ends.")] = None,
    force: Force = False,
) -> None:
    """Write a model as ONNX or as a PyTorch exported program: plain layers, any batch size."""
    if out.exists() and not force:
        raise ValueError(f"{out} exists: choose another --out, or give --force")
    from .exporting import export as write
    from .hub import load

    model = load(name)
    write(model, out, format)
    typer.echo(f"wrote {out}: {out.stat().st_size / 1e6:.2f} MB, {model.config['architecture']}")
