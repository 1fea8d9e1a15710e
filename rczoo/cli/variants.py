"""The command ``rczoo variants``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import Device, Force, Json, Name, Part, SkipBad, print_json, read_shard

if TYPE_CHECKING:
    import numpy as np

    from ..files.journal import Journal
    from ..inference.variants import Variants


def variants(
    name: Name,
    vcf: Annotated[Path, typer.Option(help="Variants: VCF, plain or gzipped, or - for stdin.")],
    genome: Annotated[Path, typer.Option(help="The genome they are of: FASTA (also .gz) or 2bit.")],
    out: Annotated[
        Path, typer.Option(help="Table to write, its columns separated by tabs; .gz, or - for stdout.")
    ],
    strand: Annotated[
        str | None,
        typer.Option(help="given, other or both; by default both unless the model is equivariant."),
    ] = None,
    skip_bad: SkipBad = False,
    batch_size: Annotated[int, typer.Option(help="Variants at a time.")] = 32,
    device: Device = "cpu",
    shard: Part = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Score variants: what each changes in a model's logits, profiles and log-counts.

    A row for each alternative allele; differences are alternative minus reference, jsd is in nats. Both
    alleles are read in the middle of windows of the model's length. Symbolic and long alleles are counted.
    """
    from ..family.checkpoint import load_checkpoint, read_config
    from ..files.atomic import is_stream, refuse_existing
    from ..files.journal import is_unfinished
    from ..hardware import choose_device
    from ..hub.published import checkpoint_folder
    from ..inference.outputs import name_outputs
    from ..inference.prediction import check_strand
    from ..inference.runs import Answers, identity
    from ..inference.variants import Variants, columns, flips, scores
    from ..io.bad_lines import BadLines
    from ..io.chromosomes import describe as describe_names
    from ..io.genome import Genome
    from ..io.text import read_twice

    if batch_size < 1:
        raise ValueError(f"--batch-size {batch_size}: give at least 1")
    part = read_shard(shard, vcf)
    began, place = time.monotonic(), choose_device(device)
    folder = checkpoint_folder(name)
    config, model = read_config(folder), load_checkpoint(folder).to(place)
    strand = strand or ("given" if model.equivariant else "both")
    check_strand(strand)
    outputs = name_outputs(model, config)
    letters = Genome(genome)
    with read_twice(vcf) as file:
        assert file is not None
        about = identity(config, (file, genome), [strand, skip_bad, batch_size, place.type])
        refuse_existing([out], force or is_unfinished(out.resolve(), about), (folder, vcf, genome))
        found = Variants(file, letters, outputs.length, BadLines(file.name, skip_bad, "--skip-bad"))
        names = columns(model, outputs, strand == "both")
        run = Answers(out, about, len(found), len(names), batch_size, part)

        def compute(first: int, last: int) -> Iterator[np.ndarray]:
            return (scores(model, outputs, b, strand) for b in found.batches(first, last, batch_size))

        with run.kept(compute, "variants", as_json) as (journal, before):
            if not part:
                _write(out, found, journal, names)
            flipped = flips(names, journal.read(0, journal.done)) if strand == "both" else None
    note = describe_names(found.names, letters.name)
    summary = {"model": name, "variants": len(found), "skipped": dict(found.skipped), "strand": strand}
    more = {"sign_flips": flipped} if strand == "both" else {}
    notes = {"notes": [note] if note else []}
    written: dict[str, Any] = {"shard": shard, "outputs": []} if part else {"outputs": [str(out)]}
    times = {"resumed_from": before, "seconds": round(time.monotonic() - began, 1), **written}
    _say({**summary, **more, **notes, **times}, as_json, is_stream(out))


def _write(out: Path, found: Variants, journal: Journal, names: list[str]) -> None:
    """The table, whole or not at all."""
    from ..files.atomic import written_whole
    from ..inference.tables import write_table

    def rows() -> Iterator[list[object]]:
        for v, row in zip(found, journal.read(0, journal.done), strict=True):
            yield [v.chrom, v.position + 1, v.name, v.ref, v.alt, *map(float, row)]

    with written_whole([out]) as [temporary]:
        write_table(temporary, ["chrom", "pos", "id", "ref", "alt", *names], rows())


def _say(summary: dict[str, Any], as_json: bool, to_stderr: bool) -> None:
    """The summary, on stdout, or on stderr where stdout is an output."""
    if as_json:
        print_json(summary, to_stderr)
        return
    lines = list(summary["notes"])
    done = f"wrote {summary['outputs'][0]}" if summary["outputs"] else f"answered shard {summary['shard']}"
    strands = "both strands" if summary["strand"] == "both" else f"the {summary['strand']} strand"
    lines.append(f"{done}: {summary['variants']} variants, {strands}")
    if summary["skipped"]:
        lines.append("left out: " + ", ".join(f"{n} {why}" for why, n in summary["skipped"].items()))
    if summary.get("sign_flips") is not None:
        lines.append(f"differences whose sign flips on the other strand: {summary['sign_flips']:.1%}")
    for line in lines:
        typer.echo(line, err=to_stderr)
