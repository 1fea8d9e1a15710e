"""The commands ``rczoo build``, ``train``, ``evaluate`` and ``demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .options import (
    Agreement,
    Device,
    Filters,
    Force,
    Gain,
    Json,
    Logger,
    Merge,
    Mixing,
    Name,
    Seed,
    Statistics,
    Strategy,
    TaskGain,
    TaskStatistics,
    Threads,
    Wrap,
    given,
    numbers,
    print_json,
    refuse_overwriting,
    sizes,
)


def build(
    architecture: Annotated[str, typer.Argument(help="motif-cnn, tf-cnn or bpnet.")],
    mixing: Mixing = None,
    wrap: Wrap = None,
    strategy: Strategy = None,
    merge: Merge = None,
    filters: Filters = None,
    gain: Gain = 1.0,
    batch_statistics: Statistics = "pooled",
    length: Annotated[int | None, typer.Option(help="Input length.")] = None,
    outputs: Annotated[int | None, typer.Option(help="Labels, or profile factors.")] = None,
    control: Annotated[str | None, typer.Option(help="Rep of control tracks, such as 2t or 1r.")] = None,
    seed: Seed = 1535,
    out: Annotated[Path | None, typer.Option(help="Save the untrained model in this folder.")] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Show where in the family a model sits: exchange, parameters and cost per block. Save it with --out."""
    refuse_overwriting(out, force)
    import torch

    from ..family import architectures, checkpoint, description

    torch.manual_seed(seed)
    model = architectures.build(
        architecture,
        **given(mixing=numbers(mixing), wrap=sizes(wrap), strategy=strategy, merge=merge, filters=filters),
        **given(length=length, outputs=outputs, control=control),
        gain=gain,
        batch_statistics=batch_statistics,
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
    task: Annotated[str, typer.Argument(help="A task of the zoo, or the path of a task file.")],
    strategy: Strategy = None,
    mixing: Mixing = None,
    wrap: Wrap = None,
    merge: Merge = None,
    agreement: Agreement = None,
    filters: Filters = None,
    gain: TaskGain = None,
    batch_statistics: TaskStatistics = None,
    seed: Seed = 1535,
    epochs: Annotated[int | None, typer.Option(help="At most so many epochs.")] = None,
    out: Annotated[Path | None, typer.Option(help="Default: runs/TASK/STRATEGY/SEED.")] = None,
    force: Force = False,
    device: Device = "cpu",
    threads: Threads = 1,
    logger: Logger = None,
    as_json: Json = False,
) -> None:
    """Train one model, test it on held-out data, save it. The same command goes on after an interruption."""
    from ..training.strategies import resolve_strategy

    member = given(
        strategy=strategy, mixing=numbers(mixing), wrap=sizes(wrap), merge=merge, agreement=agreement
    )
    plan = resolve_strategy(**member)
    from ..data.task import load_task

    chosen = load_task(task)
    out = out or Path("runs") / chosen.name / plan.name / str(seed)
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
            threads=threads,
            logger=logger,
            progress=progress,
        )
    _report(out, chosen, "test", as_json)


def evaluate(
    name: Name,
    task: Annotated[
        str | None,
        typer.Option(help="A task of the zoo, or a task file; default: the zoo's task it was trained on."),
    ] = None,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    as_json: Json = False,
) -> None:
    """Load a checkpoint, and measure it on a split of a task and against the law of reverse complement."""
    from ..data.packaged import packaged
    from ..data.task import load_task
    from ..family.checkpoint import read_config
    from ..hub.published import checkpoint_folder

    folder = checkpoint_folder(name)
    config = read_config(folder)
    chosen = task or packaged(config)
    if not chosen:
        trained = f"a task of your own, {config['task']!r}" if config.get("task") else "no task"
        raise ValueError(f"{name} was trained on {trained}: give --task FILE.toml, or a task of the zoo")
    _report(folder, load_task(chosen), split, as_json)


def demo(
    task: Annotated[str, typer.Option(help="sim-200 (no network needed) or gcn4 (real data).")] = "sim-200",
    out: Annotated[Path, typer.Option(help="Where the figure and the checkpoints go.")] = Path("demo"),
    seed: Seed = 1535,
) -> None:
    """The main job in a few minutes: the family, a short training of each strategy, a figure."""
    from . import demo as demonstration

    demonstration.run(task, out, seed)


def _report(folder: Path, task: Any, split: str, as_json: bool) -> None:
    """Test the checkpoint as it lies on disk, beside all of the task's baselines.

    The slow one of labels, the k-mer regression, is computed once for a task and split.
    """
    from rich.console import Console

    from ..evaluation.baselines import baseline_rows
    from ..evaluation.scoring import evaluate
    from ..evaluation.tables import metrics_table
    from ..family.checkpoint import load_checkpoint, read_config

    name = read_config(folder).get("strategy", "model")
    found = evaluate(load_checkpoint(folder), task, split)
    rows = {**baseline_rows(task, split), name: found}
    if as_json:
        print_json({"checkpoint": str(folder), "task": task.name, "split": split, "rows": rows})
        return
    console = Console()
    console.print(metrics_table(f"{task.title}: {found['examples']} {split} examples", rows))
    if undefined := {k: n for k, n in found["undefined"].items() if n}:
        console.print(f"left out as undefined: {undefined}")
    console.print(f"checkpoint: {folder}", soft_wrap=True)
