"""What the commands of the command line share: their options, how these are read, JSON on stdout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

Name = Annotated[str, typer.Argument(help="A published model's name, or a checkpoint folder.")]
Mixing = Annotated[
    str | None,
    typer.Option(help="Share of the other strand's filters per block: 0.5, 0,1 or rcps or conjoined."),
]
Wrap = Annotated[str | None, typer.Option(help="Sizes of the conjoined groups of blocks, such as 2,1.")]
Strategy = Annotated[str | None, typer.Option(help="A name from the paper, such as standard+aug or rcps.")]
Merge = Annotated[str | None, typer.Option(help="How the strands are merged: sum, mean, max or probability.")]
Agreement = Annotated[
    float | None,
    typer.Option(help="Weight of the strands' consistency: 0 conjoined, 1 augmentation, more beyond."),
]
Filters = Annotated[int | None, typer.Option(help="Filters per strand.")]
Gain = Annotated[float, typer.Option(help="Gain of convolutions; 2 in the paper's RCPS code.")]
Statistics = Annotated[
    str,
    typer.Option(help="BatchNorm: pooled over strands, separate, or frozen; the paper's RCPS: frozen."),
]
TaskGain = Annotated[
    float | None, typer.Option(help="Gain of convolutions; default: the task's. 2 in the paper's RCPS code.")
]
TaskStatistics = Annotated[
    str | None,
    typer.Option(help="BatchNorm: pooled over strands, separate, or frozen; default: the task's."),
]
Seed = Annotated[int, typer.Option(help="Initialisation and order.")]
Fasta = Annotated[
    Path | None, typer.Option(help="Sequences of the model's input length: FASTA, plain or gzipped.")
]
Crop = Annotated[bool, typer.Option("--crop", help="Read the centre of sequences that are longer.")]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Leave out lines that cannot be used, and count them by reason.")
]
GenomeFile = Annotated[Path | None, typer.Option(help="A genome: FASTA (also .gz) or 2bit.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what is in --out.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout instead of text.")]
Device = Annotated[str, typer.Option(help="cpu, cuda or auto.")]
Threads = Annotated[
    int, typer.Option(help="Threads of this training: one per core trains most seeds an hour.")
]
Logger = Annotated[str | None, typer.Option(help="Log epochs with Lightning, too: csv or tensorboard.")]


def numbers(text: str | None) -> float | str | list[float] | None:
    """Read ``--mixing``: a number, several, or a name."""
    if text is None or text in ("rcps", "conjoined"):
        return text
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(
            f"--mixing {text!r}: give numbers such as 0.5 or 0,1, or rcps or conjoined"
        ) from None
    return values if "," in text else values[0]


def sizes(text: str | None) -> list[int] | None:
    """Read ``--wrap``: whole numbers."""
    try:
        return None if text is None else [int(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(f"--wrap {text!r}: give the sizes of groups of blocks, such as 2,1") from None


def given(**options: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def refuse_overwriting(out: Path | None, force: bool) -> None:
    """Refuse a folder that holds a checkpoint, unless forced."""
    from ..files.storage import CONFIG

    if out and (out / CONFIG).exists() and not force:
        raise ValueError(f"{out} already holds a checkpoint: choose another --out, or --force")


def print_json(value: Mapping[str, Any], to_stderr: bool = False) -> None:
    """JSON on one line of stdout (or stderr); NaN becomes null."""
    from ..files.storage import to_json

    typer.echo(json.dumps(json.loads(to_json(value))), err=to_stderr)
