"""The command ``rczoo explain``: which bases a model's answers rest on, as table, arrays and logos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .options import Crop, Device, Fasta, Force, GenomeFile, Json, Name, print_json


def explain(
    name: Name,
    out: Annotated[Path, typer.Option(help="Prefix of PREFIX.tsv, .onehot.npz, .scores.npz and .png.")],
    fasta: Fasta = None,
    genome: GenomeFile = None,
    bed: Annotated[Path | None, typer.Option(help="A window around each region's summit or middle.")] = None,
    crop: Crop = False,
    method: Annotated[str, typer.Option(help="deeplift, ism, input-x-gradient or saliency.")] = "deeplift",
    target: Annotated[
        str | None, typer.Option(help="A label or its number; profile or counts, or profile:FACTOR.")
    ] = None,
    references: Annotated[int, typer.Option(help="Shuffles of each sequence, for deeplift.")] = 20,
    seed: Annotated[int, typer.Option(help="Of the shuffles.")] = 0,
    logos: Annotated[int, typer.Option(help="Sequences to draw; 0 draws none.")] = 6,
    batch_size: Annotated[int, typer.Option(help="Sequences, mutants or references at once.")] = 64,
    device: Device = "cpu",
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Score every base: DeepLIFT/SHAP, in-silico mutagenesis, gradient x input or saliency."""
    from .._arguments import check_choice
    from ..attribution.files import ENDINGS, FIGURE, Explanation, contents, place, write_files
    from ..attribution.inputs import numbered_target, read_fasta, read_regions
    from ..attribution.methods import METHODS
    from ..family.checkpoint import load_checkpoint, read_config
    from ..files.atomic import refuse_existing
    from ..hub.published import checkpoint_folder

    check_choice("method", method, METHODS)
    refuse_existing([place(out, ending) for ending in ENDINGS], force)
    folder = checkpoint_folder(name)
    wanted = numbered_target(target, read_config(folder)["outputs"])
    model = load_checkpoint(folder)
    if len(model.rep_in) > 1:
        raise ValueError(
            f"{name} reads control tracks {model.rep_in[1]}: use rczoo.attribute(model, X, X_ctl)"
        )
    length = model.config.length
    if fasta and not (genome or bed):
        read = read_fasta(fasta, length, crop)
    elif genome and bed and not fasta:
        read = read_regions(genome, bed, length)
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
        print_json({**about, "padded": read.padded, "files": [str(path) for path in made]})
        return
    typer.echo(f"{len(read.names)} sequences of {length} bases explained by {method}")
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
