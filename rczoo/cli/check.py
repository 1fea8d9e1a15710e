"""The commands ``rczoo check`` and ``rczoo measure``: exit code 0 passes, 1 fails, 2 is a usage error."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .options import SkipBad

Target = Annotated[
    str,
    typer.Argument(
        help="package.module:factory, a function that returns the model; or a published model's name, or a "
        "checkpoint folder."
    ),
]
InputSpecs = Annotated[
    list[str] | None, typer.Option("--input", help="How RC acts on an input: dna, 2t, name=1r. Repeatable.")
]
OutputSpecs = Annotated[
    list[str] | None,
    typer.Option("--output", help="How RC acts on an output: 1r, profile=1r, strand_pair:FILE. Repeatable."),
]
Layout = Annotated[str, typer.Option(help="NCL: (batch, channels, length); NLC: (batch, length, channels).")]
EncodeWith = Annotated[
    str | None, typer.Option("--encode", help="package.module:function from strings to the model's inputs.")
]
Where = Annotated[str, typer.Option("--device", help="cpu, cuda or auto.")]


def check(
    target: Target,
    output: OutputSpecs = None,
    input_: InputSpecs = None,
    length: Annotated[list[int] | None, typer.Option(help="Sequence length; repeatable.")] = None,
    layout: Layout = "NCL",
    encode: EncodeWith = None,
    fasta: Annotated[
        Path | None, typer.Option(help="Your own sequences, of --length; with --bed, a genome.")
    ] = None,
    bed: Annotated[
        Path | None, typer.Option(help="Intervals; windows of --length around their summits.")
    ] = None,
    skip_bad: SkipBad = False,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer checks, in 12 forward passes.")] = False,
    seconds: Annotated[float, typer.Option(help="No forward pass begins that would end later.")] = float(
        "inf"
    ),
    inference_only: Annotated[
        bool, typer.Option("--inference-only", help="The model will not be trained again.")
    ] = False,
    expect_fail: Annotated[
        list[str] | None, typer.Option("--expect-fail", help="NAME=REASON; strict. Repeatable.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write the report as JSON.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report as one HTML page.")] = None,
    device: Where = "cpu",
) -> None:
    """Check any DNA model against reverse complement: where it breaks, why, and how to repair it."""
    from ..conformance import suite
    from ..conformance._text import load_object, read_reasons, read_specs

    try:
        _refuse_places([json, html], [fasta, bed])
        model = load_target(target)
        report = suite.check(
            model,
            read_specs(input_) if input_ else None,
            read_specs(output) if output else None,
            length or None,
            layout,
            load_object(encode) if encode else None,
            sequences=_sequences(fasta, bed, suite.lengths_of(model, length)[0], skip_bad),
            quick=quick,
            seconds=seconds,
            inference_only=inference_only,
            expect_fail=read_reasons(expect_fail or []),
            device=device,
            name=target,
        )
    except (ValueError, OSError) as error:
        _usage(error)
    report.show()
    if json:
        json.write_text(report.to_json() + "\n")
    if html:
        html.write_text(report.to_html())
    raise typer.Exit(0 if report.passed else 1)


def measure(
    target: Target,
    output: OutputSpecs = None,
    input_: InputSpecs = None,
    length: Annotated[
        int | None, typer.Option(help="Sequence length; by default the model's own, else 200.")
    ] = None,
    layout: Layout = "NCL",
    encode: EncodeWith = None,
    bed: Annotated[
        Path | None, typer.Option(help="Intervals; windows of --length around their summits.")
    ] = None,
    fasta: Annotated[
        Path | None, typer.Option(help="Your own sequences, of --length; with --bed, a genome.")
    ] = None,
    skip_bad: SkipBad = False,
    number: Annotated[int, typer.Option(help="How many random sequences, without --fasta.")] = 256,
    threshold: Annotated[float, typer.Option(help="Above it a call is positive.")] = 0.0,
    plot: Annotated[Path | None, typer.Option(help="Draw one strand's answers against the other's.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the numbers as JSON.")] = None,
    device: Where = "cpu",
) -> None:
    """Measure how far a model's answers for the two strands are apart.

    J, which needs no labels, is by how much conjoining after training lowers the loss on both strands of
    these sequences: for logits of labels in nats per example, for those of a profile in nats per count.
    """
    from json import dumps

    from ..conformance import divergence, suite
    from ..conformance._text import load_object, read_specs
    from ..conformance.calls.inputs import Problem

    try:
        _refuse_places([json, plot], [fasta, bed])
        model = load_target(target)
        length = suite.lengths_of(model, length)[0]
        found = divergence.measure(
            model,
            _sequences(fasta, bed, length, skip_bad),
            read_specs(input_) if input_ else None,
            read_specs(output) if output else None,
            layout,
            load_object(encode) if encode else None,
            length=length,
            number=number,
            threshold=threshold,
            device=device,
        )
    except (ValueError, OSError) as error:
        _usage(error)
    except Problem as problem:
        typer.echo(f"rczoo: {target}: {problem}", err=True)
        raise typer.Exit(1) from None
    typer.echo(str(found))
    if json:
        json.write_text(dumps(found.as_dict(), indent=2) + "\n")
    if plot:
        found.plot(plot)


def load_target(target: str) -> Any:
    """The model of a factory, a published name or a checkpoint folder. ValueError, in one line, of none."""
    from ..conformance._text import load_model
    from ..hub.published import load

    if ":" in target and not Path(target).is_dir():
        return load_model(target)
    try:
        return load(target)
    except ValueError as error:
        if "/" in target:
            raise
        raise ValueError(f"{error}; for a model of your own write package.module:factory") from None


def _refuse_places(outputs: list[Path | None], inputs: list[Path | None]) -> None:
    """Refuse, before the work, reports that cannot be written, or that would destroy what is read."""
    from ..files.atomic import refuse_existing

    refuse_existing([path for path in outputs if path], True, inputs)


def _sequences(fasta: Path | None, bed: Path | None, length: int, skip_bad: bool) -> Any:
    """The sequences of a FASTA file, or windows of a genome around intervals, or None."""
    from ..conformance.divergence import windows_of
    from ..io.bad_lines import BadLines
    from ..io.fasta import Reading, Sequences

    if bed and not fasta:
        raise ValueError("--bed and --fasta go together: --fasta is the genome of --bed")
    if not fasta:
        return None
    bad = BadLines((bed or fasta).name, skip_bad, "--skip-bad")
    codes = windows_of(bed, fasta, length, bad) if bed else _stacked(Sequences(fasta, Reading(length), bad))
    if str(bad):
        typer.echo(f"left out: {bad}", err=True)
    return codes


def _stacked(sequences: Any) -> Any:
    """Codes (n, length) of the sequences of a file."""
    import numpy as np

    return np.stack([codes for _, codes in sequences])


def _usage(error: Exception) -> None:
    typer.echo("rczoo: " + " ".join(str(error).split()), err=True)
    raise typer.Exit(2) from None
