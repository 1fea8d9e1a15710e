"""The command ``rczoo predict``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import (
    Crop,
    Device,
    Fasta,
    Force,
    GenomeFile,
    Json,
    Name,
    Part,
    SkipBad,
    print_json,
    read_shard,
)

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
        Path | None, typer.Option(help="Regions of the genome, or - for stdin; without it, the whole genome.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Table to write, its columns separated by tabs; .gz, or - for stdout.")
    ] = None,
    plus: Annotated[
        Path | None,
        typer.Option(help="bigWig of the plus strand; {factor} in the name gives one for each factor."),
    ] = None,
    minus: Annotated[Path | None, typer.Option(help="bigWig of the minus strand.")] = None,
    strand: Annotated[str, typer.Option(help="Whose answer: given, other or both.")] = "given",
    step: Annotated[
        int | None, typer.Option(help="Bases between the windows of a long region; by default half of one.")
    ] = None,
    at_summits: Annotated[
        bool, typer.Option("--at-summits", help="One window for each region, around its summit or middle.")
    ] = False,
    crop: Crop = False,
    rna: Annotated[bool, typer.Option("--rna", help="Read U in sequences as T.")] = False,
    skip_bad: SkipBad = False,
    counts: Annotated[
        bool, typer.Option("--counts", help="Expected counts instead of probabilities, by the count head.")
    ] = False,
    control: Control = None,
    batch_size: Annotated[int, typer.Option(help="Windows at a time.")] = 64,
    device: Device = "cpu",
    shard: Part = None,
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
    if at_summits and (bed is None or step is not None):
        raise ValueError("--at-summits is for regions, one window for each: give --bed, and no --step")
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
    part = read_shard(shard, fasta, bed)
    config, model = read_config(folder), load_checkpoint(folder)
    outputs = name_outputs(model, config, counts)
    places = _places(out, plus, minus, outputs, strand, genome)
    controls = [Path(file) for file in control or [] if file != "zeros"]
    from ..inference.regions import Tiling
    from ..inference.runs import Places, PredictionRun, identity
    from ..io.bad_lines import BadLines
    from ..io.fasta import Reading
    from ..io.genome import Genome
    from ..io.text import read_twice

    began = time.monotonic()
    with read_twice(fasta) as sequences, read_twice(bed) as regions:
        options = [strand, step, at_summits, crop, rna, skip_bad, counts, control, batch_size, place.type]
        about = identity(config, (sequences, genome, regions, *controls), options)
        again = force or is_unfinished(places.paths()[0].resolve(), about)
        refuse_existing(places.paths(), again, (folder, fasta, genome, bed, *controls))
        run = PredictionRun(
            name, model.to(place), config, outputs, places, strand, batch_size, about, as_json, part
        )
        bad = BadLines((sequences or regions or Path()).name, skip_bad, "--skip-bad")
        if sequences is not None:
            found = run.sequences(sequences, Reading(outputs.length, crop, rna), control or [], bad)
        else:
            assert genome is not None
            found = run.regions(Genome(genome), regions, Tiling(step, at_summits), control or [], bad)
    seconds = {"seconds": round(time.monotonic() - began, 1)}
    if part:
        found, places = {"shard": shard, **found}, Places()
    _say({"model": name, **found, **seconds}, places, as_json)


def _places(
    out: Path | None,
    plus: Path | None,
    minus: Path | None,
    outputs: Outputs,
    strand: str,
    genome: Path | None,
) -> Places:
    """Where the results go; ValueError for what this model or these inputs cannot give."""
    from ..files.atomic import is_stream
    from ..inference.outputs import SIDES
    from ..inference.runs import Places

    given = {side: path for side, path in zip(SIDES, (plus, minus), strict=True) if path}
    if not given:
        if out is None:
            raise ValueError("nothing to write: give --out, or --plus and --minus for profiles")
        return Places(out)
    if any(map(is_stream, given.values())):
        raise ValueError("a bigWig is not written in one go: give --plus and --minus files, no pipes")
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
    """The summary, on stdout, or on stderr where stdout is an output."""
    from ..files.atomic import is_stream

    summary["outputs"] = [str(path) for path in places.paths()]
    to_stderr = any(map(is_stream, places.paths()))
    if as_json:
        print_json(summary, to_stderr)
        return
    skipped = summary.pop("skipped")
    left_out = "left out: " + ", ".join(f"{number} {why}" for why, number in skipped.items())
    for note in [*summary.pop("notes", []), *([left_out] if skipped else [])]:
        typer.echo(note, err=to_stderr)
    for path in summary.pop("outputs"):
        typer.echo(f"wrote {path}", err=to_stderr)
    shown = (
        f"{key.replace('_', ' ')} {value:.4g}"
        if isinstance(value, float)
        else f"{key.replace('_', ' ')} {value}"
        for key, value in summary.items()
    )
    typer.echo(", ".join(shown), err=to_stderr)
