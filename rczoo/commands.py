"""The commands ``rczoo build``, ``train``, ``evaluate`` and ``demo``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

Mixing = Annotated[
    str | None,
    typer.Option(help="Share of the other strand's filters per block: 0.5, 0,1 or rcps or conjoined."),
]
Wrap = Annotated[str | None, typer.Option(help="Sizes of the conjoined groups of blocks, such as 2,1.")]
Strategy = Annotated[str | None, typer.Option(help="A name from the paper, such as standard+aug or rcps.")]
Merge = Annotated[str | None, typer.Option(help="How the strands are merged: sum, mean, max or probability.")]
Filters = Annotated[int | None, typer.Option(help="Filters per strand.")]
Gain = Annotated[float, typer.Option(help="Gain of convolutions; 2 reproduces the paper's RCPS code.")]
Seed = Annotated[int, typer.Option(help="Initialisation and order.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what is in --out.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout instead of tables.")]
Device = Annotated[str, typer.Option(help="cpu, cuda or auto.")]
Threads = Annotated[
    int, typer.Option(help="Threads of this training: one per core trains most seeds an hour.")
]


def build(
    architecture: Annotated[str, typer.Argument(help="motif-cnn, tf-cnn or bpnet.")],
    mixing: Mixing = None,
    wrap: Wrap = None,
    strategy: Strategy = None,
    merge: Merge = None,
    filters: Filters = None,
    gain: Gain = 1.0,
    length: Annotated[int | None, typer.Option(help="Input length.")] = None,
    outputs: Annotated[int | None, typer.Option(help="Labels, or profile factors.")] = None,
    control: Annotated[str | None, typer.Option(help="Rep of control tracks, such as 2t or 1r.")] = None,
    seed: Seed = 1535,
    out: Annotated[Path | None, typer.Option(help="Save the untrained model in this folder.")] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Show where in the family a model sits: exchange, parameters and cost per block. Save it with --out."""
    _refuse_overwriting(out, force)
    import torch

    from . import architectures, checkpoints, description

    torch.manual_seed(seed)
    model = architectures.build(
        architecture,
        **_given(mixing=_numbers(mixing), wrap=_whole(wrap), strategy=strategy, merge=merge, filters=filters),
        **_given(length=length, outputs=outputs, control=control),
        gain=gain,
    )
    summary = description.summary(model)
    if out:
        checkpoints.save_checkpoint(model, out, task=None, strategy="untrained", seed=seed)
    if as_json:
        parameters, cost = summary.parameters, summary.multiply_adds
        rows = [row._asdict() for row in summary.rows]
        _print_json({"model": model.config, "parameters": parameters, "multiply_adds": cost, "blocks": rows})
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
    filters: Filters = None,
    gain: Gain = 1.0,
    seed: Seed = 1535,
    epochs: Annotated[int | None, typer.Option(help="At most so many epochs.")] = None,
    out: Annotated[Path | None, typer.Option(help="Default: runs/TASK/STRATEGY/SEED.")] = None,
    force: Force = False,
    device: Device = "cpu",
    threads: Threads = 1,
    as_json: Json = False,
) -> None:
    """Train one model, test it on held-out data, save it. The same command goes on after an interruption."""
    from .recipes import recipe

    given = _given(strategy=strategy, mixing=_numbers(mixing), wrap=_whole(wrap), merge=merge)
    plan = recipe(**given)
    from .tasks import load_task

    chosen = load_task(task)
    out = out or Path("runs") / chosen.name / plan.name / str(seed)
    from . import training

    with _progress(hidden=as_json) as progress:
        training.train(
            chosen,
            **given,
            **_given(filters=filters, epochs=epochs),
            gain=gain,
            seed=seed,
            out=out,
            force=force,
            device=device,
            threads=threads,
            progress=progress,
        )
    _report(out, chosen, "test", as_json)


def evaluate(
    name: Annotated[str, typer.Argument(help="A published model's name, or a checkpoint folder.")],
    task: Annotated[str | None, typer.Option(help="Default: the task it was trained on.")] = None,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    as_json: Json = False,
) -> None:
    """Load a checkpoint, and measure it on a split of a task and against the law of reverse complement."""
    from .checkpoints import read_config
    from .hub import checkpoint_folder

    folder = checkpoint_folder(name)
    chosen = task or read_config(folder).get("task")
    if not chosen:
        raise ValueError(f"{name} was not trained on a task: name one with --task")
    from .tasks import load_task

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
    """Test the checkpoint as it lies on disk, beside the task's reference rows."""
    from rich.console import Console

    from .checkpoints import load_checkpoint, read_config
    from .evaluation import evaluate
    from .references import reference_rows
    from .reporting import metrics_table

    name = read_config(folder).get("strategy", "model")
    found = evaluate(load_checkpoint(folder), task, split)
    rows = {**reference_rows(task, split), name: found}
    if as_json:
        _print_json({"checkpoint": str(folder), "task": task.name, "split": split, "rows": rows})
        return
    console = Console()
    console.print(metrics_table(f"{task.title}: {found['examples']} {split} examples", rows))
    if undefined := {k: n for k, n in found["undefined"].items() if n}:
        console.print(f"left out as undefined: {undefined}")
    console.print(f"checkpoint: {folder}", soft_wrap=True)


@contextmanager
def _progress(hidden: bool) -> Iterator[Any]:
    """Progress bars on stderr, silent until a training starts them."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    progress = Progress(*columns, console=Console(stderr=True), disable=hidden)
    try:
        yield progress
    finally:
        if progress.live.is_started:
            progress.stop()


def _numbers(text: str | None) -> float | str | list[float] | None:
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


def _whole(text: str | None) -> list[int] | None:
    """Read ``--wrap``: whole numbers."""
    try:
        return None if text is None else [int(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(f"--wrap {text!r}: give the sizes of groups of blocks, such as 2,1") from None


def _given(**options: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def _refuse_overwriting(out: Path | None, force: bool) -> None:
    if out and (out / "config.json").exists() and not force:
        raise ValueError(f"{out} already holds a checkpoint: choose another --out, or --force")


def _print_json(value: Mapping[str, Any]) -> None:
    from .storage import to_json

    typer.echo(json.dumps(json.loads(to_json(value))))
