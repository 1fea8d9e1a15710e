"""The command ``rczoo explain``: which bases a model's answers rest on, as table, arrays and logos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from .options import (
    INPUT,
    LARGEST_SEED,
    OUTPUT,
    Crop,
    Device,
    Fasta,
    Force,
    GenomeFile,
    Json,
    Name,
    SkipBad,
    print_json,
    require,
)


def explain(
    name: Name,
    out: Annotated[
        Path,
        typer.Option(help="Prefix of PREFIX.tsv, .onehot.npz, .scores.npz and .png.", rich_help_panel=OUTPUT),
    ],
    fasta: Fasta = None,
    genome: GenomeFile = None,
    bed: Annotated[
        Path | None,
        typer.Option(help="A window around each region's summit or middle.", rich_help_panel=INPUT),
    ] = None,
    crop: Crop = False,
    skip_bad: SkipBad = False,
    method: Annotated[
        Literal["deeplift", "ism", "input-x-gradient", "saliency"],
        typer.Option(metavar="METHOD", help="deeplift, ism, input-x-gradient or saliency."),
    ] = "deeplift",
    target: Annotated[
        str | None, typer.Option(help="A label or its number; profile or counts, or profile:FACTOR.")
    ] = None,
    references: Annotated[int, typer.Option(help="Shuffles of each sequence, for deeplift.", min=2)] = 20,
    seed: Annotated[int, typer.Option(help="Of the shuffles.", min=0, max=LARGEST_SEED)] = 0,
    logos: Annotated[
        int, typer.Option(help="Sequences to draw; 0 draws none.", min=0, rich_help_panel=OUTPUT)
    ] = 6,
    batch_size: Annotated[int, typer.Option(help="Sequences, mutants or references at once.", min=1)] = 64,
    device: Device = "cpu",
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Score every base: DeepLIFT/SHAP, in-silico mutagenesis, gradient x input or saliency.

    Without the packages that draw, give --logos 0.

    Example: rczoo explain sim-200/rcps --fasta peaks.fa --target GATA --method ism --out explained
    """
    from ..attribution.files import ENDINGS, FIGURE, Explanation, contents, place, write_files
    from ..attribution.inputs import numbered_target, read_fasta, read_regions
    from ..family.checkpoint import load_checkpoint, read_config
    from ..files.atomic import refuse_existing
    from ..hub.published import checkpoint_folder
    from ..inference.outputs import name_outputs
    from ..io.bad_lines import BadLines

    require(*(["tangermeme"] if logos or method == "deeplift" else []), *(["matplotlib"] if logos else []))
    folder = checkpoint_folder(name)
    refuse_existing([place(out, ending) for ending in ENDINGS], force, (folder, fasta, genome, bed))
    config = read_config(folder)
    names = config["outputs"]
    wanted = numbered_target(target, names)
    model = load_checkpoint(folder)
    if target is None and len(names) > 1 and not name_outputs(model, config).positions:
        raise ValueError(f"{name} has {len(names)} labels: choose one by --target: {', '.join(names)}")
    if len(model.rep_in) > 1:
        raise ValueError(
            f"{name} reads control tracks {model.rep_in[1]}: use rczoo.attribute(model, X, X_ctl)"
        )
    length = model.config.length
    bad = BadLines((fasta or bed or Path()).name, skip_bad, "--skip-bad")
    if fasta and not (genome or bed):
        read = read_fasta(fasta, length, crop, bad)
    elif genome and bed and not fasta:
        read = read_regions(genome, bed, length, bad)
    else:
        raise ValueError("explain: give sequences by --fasta, or regions by both --genome and --bed")
    options = {"references": references, "seed": seed, "batch_size": batch_size}
    scores = _scores(model, read.codes, device, as_json, method=method, target=wanted, **options)
    explanation = Explanation(read.names, read.codes, read.positions, scores)
    files = contents(explanation)
    if logos:
        from ..attribution.logos import logo_figure

        title = f"{name}: {method}" + (f", {target}" if target else "")
        files[FIGURE] = logo_figure(explanation, title, logos)
    made = write_files(out, files)
    about = {"model": name, "method": method, "target": target, "sequences": len(read.names)}
    if as_json:
        files_made = [str(path) for path in made]
        print_json({**about, "padded": read.padded, "skipped": dict(bad.reasons), "files": files_made})
        return
    typer.echo(f"{len(read.names)} sequences of {length} bases explained by {method}")
    if str(bad):
        typer.echo(f"left out: {bad}")
    if read.padded:
        typer.echo(f"{read.padded} windows cross the end of a chromosome and are padded with N")
    for path in made:
        typer.echo(f"wrote {path}: {path.stat().st_size / 1e3:.1f} kB")


def _scores(model: Any, codes: Any, device: str, hidden: bool, **options: Any) -> Any:
    """Scores (n, 4, length) of codes, with a progress bar."""
    from .._progress import bar
    from ..attribution.methods import attribute
    from ..hardware import choose_device
    from ..symmetry.dna import one_hot

    with bar(options["method"], len(codes), hidden=hidden) as advance:
        return attribute(model.to(choose_device(device)), one_hot(codes), advance=advance, **options).numpy()
