"""The commands ``rczoo build``, ``train``, ``evaluate`` and ``demo``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .options import (
    MODEL,
    OUTPUT,
    TRAINING,
    Agreement,
    Architecture,
    Device,
    Filters,
    Force,
    Gain,
    Irreps,
    Json,
    Logger,
    Merge,
    Mixing,
    Name,
    Seed,
    Split,
    Statistics,
    Strategy,
    TaskName,
    Threads,
    Wrap,
    console,
    given,
    number_or_rep,
    numbers,
    one_of,
    print_json,
    refuse_overwriting,
    require,
    sizes,
    task_names,
)

if TYPE_CHECKING:
    from ..data.task import Task


def build(
    architecture: Architecture,
    mixing: Mixing = None,
    wrap: Wrap = None,
    irreps: Irreps = None,
    strategy: Strategy = None,
    merge: Merge = None,
    filters: Filters = None,
    gain: Gain = None,
    batch_statistics: Statistics = None,
    length: Annotated[int | None, typer.Option(help="Input length.", min=1, rich_help_panel=MODEL)] = None,
    out_length: Annotated[
        int | None,
        typer.Option(help="Bases that a profile of unet and the like has.", min=1, rich_help_panel=MODEL),
    ] = None,
    outputs: Annotated[
        str | None,
        typer.Option(help="Labels, profile factors, or the Rep of tracks, as 1r+1t.", rich_help_panel=MODEL),
    ] = None,
    control: Annotated[
        str | None, typer.Option(help="Rep of control tracks, such as 2t or 1r.", rich_help_panel=MODEL)
    ] = None,
    seed: Seed = 1535,
    out: Annotated[
        Path | None, typer.Option(help="Save the untrained model in this folder.", rich_help_panel=OUTPUT)
    ] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Show where in the family a model sits: exchange, parameters and cost per block. Save it with --out.

    Example: rczoo build tf-cnn --mixing 0.5
    """
    one_of(strategy=strategy, mixing=mixing, wrap=wrap, irreps=irreps)
    refuse_overwriting(out, force)
    import torch

    from ..family import architectures, checkpoint, description

    torch.manual_seed(seed)
    model = architectures.build(
        architecture,
        **given(mixing=numbers(mixing), wrap=sizes(wrap), strategy=strategy, merge=merge, filters=filters),
        **given(length=length, out_length=out_length, outputs=number_or_rep(outputs), control=control),
        **given(gain=gain, batch_statistics=batch_statistics, irreps=irreps),
    )
    summary = description.summary(model)
    if out:
        checkpoint.save_checkpoint(model, out, task=None, strategy="untrained", seed=seed)
    if as_json:
        parameters, cost = summary.parameters, summary.multiply_adds
        rows = [row._asdict() for row in summary.rows]
        print_json(
            {
                "model": model.config.keywords(),
                "parameters": parameters,
                "multiply_adds": cost,
                "blocks": rows,
            }
        )
    else:
        typer.echo(str(summary))
        if out:
            typer.echo(f"saved in {out}")


def train(
    task: TaskName,
    strategy: Strategy = None,
    mixing: Mixing = None,
    wrap: Wrap = None,
    irreps: Irreps = None,
    merge: Merge = None,
    agreement: Agreement = None,
    filters: Filters = None,
    gain: Gain = None,
    batch_statistics: Statistics = None,
    seed: Seed = 1535,
    epochs: Annotated[
        int | None, typer.Option(help="At most so many epochs.", min=1, rich_help_panel=TRAINING)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Default: runs/TASK/STRATEGY/SEED.", rich_help_panel=OUTPUT)
    ] = None,
    force: Force = False,
    device: Device = "cpu",
    devices: Annotated[
        int,
        typer.Option(
            help="Processes that share every batch, on a GPU each or on the processor.",
            min=1,
            rich_help_panel=TRAINING,
        ),
    ] = 1,
    threads: Threads = 1,
    logger: Logger = None,
    as_json: Json = False,
) -> None:
    """Train one model, test it on held-out data, save it. The same command goes on after an interruption.

    Example: rczoo train sim-200 --strategy rcps --epochs 5
    """
    one_of(strategy=strategy, mixing=mixing, wrap=wrap, irreps=irreps)
    from ..training.strategies import resolve_strategy

    place = given(strategy=strategy, mixing=numbers(mixing), wrap=sizes(wrap), irreps=irreps)
    member = place | given(merge=merge, agreement=agreement)
    plan = resolve_strategy(**member)
    from ..data.task import load_task

    chosen = load_task(task)
    if chosen.training.epochs is None and epochs is None:
        raise ValueError(f"task {chosen.name} does not say for how many epochs to train: give --epochs")
    out = out or Path("runs") / chosen.name / plan.name / str(seed)
    if sys.stderr.isatty() and not as_json:  # Lightning takes seconds to come
        typer.echo(f"training {plan.name} on {chosen.name}, seed {seed}, in {out}", err=True)
    require("lightning", "sklearn", "scipy")
    _refuse_inputs(out, chosen, task)
    from .._progress import bars
    from ..training import trainer

    with bars(hidden=as_json) as progress:
        trainer.train(
            chosen,
            **member,
            **given(filters=filters, gain=gain, batch_statistics=batch_statistics, epochs=epochs),
            seed=seed,
            out=out,
            force=force,
            device=device,
            devices=devices,
            threads=threads,
            logger=logger,
            progress=progress,
        )
    _report(out, chosen, "test", as_json)


def _refuse_inputs(out: Path, task: Task, name: str) -> None:
    """Refuse a folder in which a training would write over what it reads."""
    from ..files.atomic import refuse_existing
    from ..training.resume import FILES

    if out.is_dir():
        own = [task.folder / file for file in task.file_names() if task.source(file) is None]
        refuse_existing([out / file for file in FILES], True, [Path(name), *own])


def evaluate(
    name: Name,
    task: Annotated[
        str | None,
        typer.Option(
            help="A task of the zoo, or a task file; default: the zoo's task it was trained on.",
            autocompletion=task_names,
        ),
    ] = None,
    split: Split = "test",
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """Load a checkpoint, and measure it on a split of a task and against the law of reverse complement.

    Example: rczoo evaluate sim-200/rcps --split validation
    """
    from ..data.packaged import packaged
    from ..data.task import load_task
    from ..family.checkpoint import read_config
    from ..hardware import choose_device
    from ..hub.published import checkpoint_folder

    place = choose_device(device)
    folder = checkpoint_folder(name)
    config = read_config(folder)
    chosen = task or packaged(config)
    if not chosen:
        trained = f"a task of your own, {config['task']!r}" if config.get("task") else "no task"
        raise ValueError(f"{name} was trained on {trained}: give --task FILE.toml, or a task of the zoo")
    _report(folder, load_task(chosen), split, as_json, place.type)


def demo(
    task: Annotated[
        Literal["sim-200", "gcn4"], typer.Option(help="sim-200 needs no network, gcn4 is real data.")
    ] = "sim-200",
    out: Annotated[
        Path, typer.Option(help="Where the figure and the checkpoints go.", rich_help_panel=OUTPUT)
    ] = Path("demo"),
    seed: Seed = 1535,
) -> None:
    """What the package does, in minutes: a fault shown and repaired, a model explained, short trainings.

    Example: rczoo demo --task gcn4
    """
    refuse_overwriting(out, force=True)
    require("lightning", "sklearn", "scipy", "matplotlib")
    from . import demo as demonstration

    demonstration.run(task, out, seed)


def _report(folder: Path, task: Any, split: str, as_json: bool, device: str = "cpu") -> None:
    """Test the checkpoint as it lies on disk, beside all of the task's baselines.

    The slow one of labels, the k-mer regression, is computed once for a task and split.
    """
    from ..evaluation.baselines import baseline_rows
    from ..evaluation.scoring import evaluate
    from ..evaluation.tables import metrics_table
    from ..family.checkpoint import load_checkpoint, read_config

    name = read_config(folder).get("strategy", "model")
    model = load_checkpoint(folder).to(device)
    found = evaluate(model, task, split)
    rows = {**baseline_rows(task, split, model.resolution), name: found}
    if as_json:
        print_json({"checkpoint": str(folder), "task": task.name, "split": split, "rows": rows})
        return
    page = console()
    page.print(metrics_table(f"{task.title}: {found['examples']} {split} examples", rows))
    if undefined := [f"{metric} {n}" for metric, n in found["undefined"].items() if n]:
        page.print(f"left out as undefined, as where a strand has no signal: {', '.join(undefined)}")
    page.print(f"checkpoint: {folder}", soft_wrap=True)
