"""The command ``rczoo predict``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import Crop, Device, Fasta, Force, GenomeFile, Json, Name, print_json

if TYPE_CHECKING:
    from ..inference.outputs import Outputs
    from ..inference.runs import Places

Control = Annotated[
    list[str] | None, typer.Option(help="A control bigWig, for models that read one; repeatable; or zeros.")
]


def predict(
    name: Name,
    fasta: Fasta = None,
    genome: GenomeFile = None,
    bed: Annotated[
        Path | None, typer.Option(help="Regions of the genome; without it, the whole genome.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Table to write, its columns separated by tabs.")] = None,
    plus: Annotated[
        Path | None,
        typer.Option(help="bigWig of the plus strand; {factor} in the name gives one for each factor."),
    ] = None,
    minus: Annotated[Path | None, typer.Option(help="bigWig of the minus strand.")] = None,
    strand: Annotated[str, typer.Option(help="Whose answer: given, other or both.")] = "given",
    step: Annotated[
        int | None, typer.Option(help="Bases between the windows of a long region; by default half of one.")
    ] = None,
    crop: Crop = False,
    counts: Annotated[
        bool, typer.Option("--counts", help="Expected counts instead of probabilities, by the count head.")
    ] = False,
    control: Control = None,
    batch_size: Annotated[int, typer.Option(help="Windows at a time.")] = 64,
    device: Device = "cpu",
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Predict sequences, regions or a whole genome, as a table or as bigWigs.

    Labels are logits. Profiles are probabilities over each window, the mean where windows overlap.
    The same command goes on after an interruption.
    """
    if (fasta is None) == (genome is None):
        raise ValueError("give --fasta, or --genome with --bed: one of the two")
    if bed is not None and genome is None:
        raise ValueError("--bed needs the genome that it is of: give --genome")
    if batch_size < 1:
        raise ValueError(f"--batch-size {batch_size}: give at least 1")
    from ..family.checkpoint import load_checkpoint, read_config
    from ..files.atomic import refuse_existing
    from ..files.journal import is_unfinished
    from ..hardware import choose_device
    from ..hub.published import checkpoint_folder
    from ..inference.outputs import name_outputs
    from ..inference.prediction import check_strand

    check_strand(strand)
    folder, place = checkpoint_folder(name), choose_device(device)
    config, model = read_config(folder), load_checkpoint(folder)
    outputs = name_outputs(model, config, counts)
    places = _places(out, plus, minus, outputs, strand, genome)
    from ..inference.runs import PredictionRun, identity

    inputs = (fasta, genome, bed, *map(Path, control or []))
    options = [strand, step, crop, counts, control, batch_size, place.type]
    about = identity(config, inputs, options)
    refuse_existing(places.paths(), force or is_unfinished(places.paths()[0], about))
    began = time.monotonic()
    run = PredictionRun(name, model.to(place), config, outputs, places, strand, batch_size, about, as_json)
    if fasta is not None:
        found = run.sequences(fasta, crop, control or [])
    else:
        assert genome is not None
        found = run.regions(genome, bed, step, control or [])
    _say({"model": name, **found, "seconds": round(time.monotonic() - began, 1)}, places, as_json)


def _places(
    out: Path | None,
    plus: Path | None,
    minus: Path | None,
    outputs: Outputs,
    strand: str,
    genome: Path | None,
) -> Places:
    """Where the results go; ValueError for what this model or these inputs cannot give."""
    from ..inference.outputs import SIDES
    from ..inference.runs import Places

    given = {side: path for side, path in zip(SIDES, (plus, minus), strict=True) if path}
    if not given:
        if out is None:
            raise ValueError("nothing to write: give --out, or --plus and --minus for profiles")
        return Places(out)
    if not outputs.positions:
        raise ValueError(
            "--plus and --minus are for models of profiles; this one predicts labels: give --out"
        )
    if genome is None:
        raise ValueError("--plus and --minus need places in a genome: give --genome, or --out for sequences")
    if strand == "both":
        raise ValueError("a bigWig holds one answer for each base: with --strand both give --out alone")
    factors = outputs.factors()
    for side, path in given.items():
        if len(factors) > 1 and "{factor}" not in path.name:
            raise ValueError(
                f"--{side} {path} for {len(factors)} factors ({', '.join(factors)}): "
                "write {factor} in its name"
            )
    tracks = {
        f"{factor}_{side}": path.with_name(path.name.replace("{factor}", factor))
        for factor in factors
        for side, path in given.items()
    }
    return Places(out, tracks)


def _say(summary: dict[str, Any], places: Places, as_json: bool) -> None:
    """The summary, on stdout."""
    summary["outputs"] = [str(path) for path in places.paths()]
    if as_json:
        print_json(summary)
        return
    for note in summary.pop("notes", []):
        typer.echo(note)
    for path in summary.pop("outputs"):
        typer.echo(f"wrote {path}")
    shown = (
        f"{key.replace('_', ' ')} {value:.4g}"
        if isinstance(value, float)
        else f"{key.replace('_', ' ')} {value}"
        for key, value in summary.items()
    )
    typer.echo(", ".join(shown))
