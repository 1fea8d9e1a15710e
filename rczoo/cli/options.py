"""What the commands of the command line share: their options, how these are read, JSON on stdout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .._package_data import package_data

if TYPE_CHECKING:
    from rich.console import Console

    from ..files.shards import Shard

LARGEST_SEED = 2**63 - 1
"""What PyTorch takes."""
MODEL, TRAINING, INPUT, OUTPUT = "Model", "Training", "Input", "Output"
"""The groups in which a command's help shows its options; the others stand by themselves."""


def model_names(incomplete: str) -> list[str]:
    """What names a model and begins so, for a shell's completion; nothing where a hub is out of reach.

    First the tasks, whose names stand for the models recommended for them.
    """
    from ..hub.published import entries, list_models, recommended

    with suppress(Exception):
        tasks = [task for task in sorted(recommended(entries())) if task.startswith(incomplete)]
        return [*tasks, *list_models(f"{incomplete}*")]
    return []


def task_names(incomplete: str) -> list[str]:
    """Tasks of the package whose names begin so, for a shell's completion."""
    return sorted(path.stem for path in package_data("zoo/tasks").glob(f"{incomplete}*.toml"))


def strategy_names(incomplete: str) -> list[str]:
    """Strategies whose names begin so, for a shell's completion."""
    from ..training.strategies import STRATEGIES

    return [name for name in STRATEGIES if name.startswith(incomplete)]


Name = Annotated[
    str,
    typer.Argument(help="A published model's name, or a checkpoint folder.", autocompletion=model_names),
]
TaskName = Annotated[
    str, typer.Argument(help="A task of the zoo, or the path of a task file.", autocompletion=task_names)
]
Architecture = Annotated[
    Literal[
        "motif-cnn",
        "tf-cnn",
        "bpnet",
        "deepsea",
        "basset",
        "danq",
        "deepstarr",
        "legnet",
        "basenji",
        "enformer",
        "chrombpnet",
        "unet",
        "caduceus",
    ],
    typer.Argument(help="The network."),
]
Mixing = Annotated[
    str | None,
    typer.Option(
        help="Share of the other strand's filters per block: 0.5, 0,1 or rcps or conjoined.",
        rich_help_panel=MODEL,
    ),
]
Wrap = Annotated[
    str | None,
    typer.Option(help="Sizes of the conjoined groups of blocks, such as 2,1.", rich_help_panel=MODEL),
]
Irreps = Annotated[
    float | None,
    typer.Option(
        help="Share of trivial among trivial and sign channels, which then stand in place of pairs.",
        min=0,
        max=1,
        rich_help_panel=MODEL,
    ),
]
Strategy = Annotated[
    str | None,
    typer.Option(
        help="A name from the paper, such as standard+aug or rcps.",
        autocompletion=strategy_names,
        rich_help_panel=MODEL,
    ),
]
Merge = Annotated[
    Literal["sum", "mean", "max", "probability", "none"] | None,
    typer.Option(
        metavar="MERGE",
        help="How the strands are merged: sum, mean, max, probability; none reads one strand.",
        rich_help_panel=MODEL,
    ),
]
Agreement = Annotated[
    float | None,
    typer.Option(
        help="Weight of the strands' consistency: 0 conjoined, 1 augmentation, more beyond.",
        min=0,
        rich_help_panel=TRAINING,
    ),
]
Filters = Annotated[int | None, typer.Option(help="Filters per strand.", min=1, rich_help_panel=MODEL)]
Gain = Annotated[
    float | None,
    typer.Option(
        help="Gain of convolutions; 2 in the paper's RCPS code. Default: 1, or the task's.",
        max=1e6,  # a larger one overflows float32 in some layers
        rich_help_panel=MODEL,
    ),
]
Statistics = Annotated[
    Literal["pooled", "separate", "frozen"] | None,
    typer.Option(
        help="BatchNorm over both strands, over each, or as at the start, as the paper's RCPS had it. "
        "Default: pooled, or the task's.",
        rich_help_panel=MODEL,
    ),
]
Seed = Annotated[int, typer.Option(help="Initialisation and order.", min=0, max=LARGEST_SEED)]
Split = Annotated[
    Literal["train", "validation", "test", "test-unshared", "test-peaks", "test-shuffles"],
    typer.Option(help="Which examples."),
]
Fasta = Annotated[
    Path | None, typer.Option(help="Sequences of the model's input length.", rich_help_panel=INPUT)
]
Crop = Annotated[
    bool, typer.Option("--crop", help="Read the centre of sequences that are longer.", rich_help_panel=INPUT)
]
SkipBad = Annotated[
    bool,
    typer.Option(
        "--skip-bad",
        help="Leave out lines that cannot be used, and count them by reason.",
        rich_help_panel=INPUT,
    ),
]
Part = Annotated[
    str | None,
    typer.Option(
        "--shard",
        help="Answer for one of several parts, as 3/8, and keep it; the same command alone joins them.",
        rich_help_panel=OUTPUT,
    ),
]
GenomeFile = Annotated[
    Path | None, typer.Option(help="A genome: FASTA (also .gz) or 2bit.", rich_help_panel=INPUT)
]
Strand = Literal["given", "other", "both"]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what is in --out.", rich_help_panel=OUTPUT)]
Json = Annotated[
    bool, typer.Option("--json", help="Print JSON on stdout instead of text.", rich_help_panel=OUTPUT)
]
Device = Annotated[Literal["cpu", "cuda", "auto"], typer.Option(help="auto is a GPU where there is one.")]
Threads = Annotated[
    int,
    typer.Option(
        help="Threads of this training: one per core trains most seeds an hour.",
        min=1,
        max=1024,  # millions of them end the process
        rich_help_panel=TRAINING,
    ),
]
Logger = Annotated[
    Literal["csv", "tensorboard"] | None,
    typer.Option(help="Log epochs with Lightning, too.", rich_help_panel=TRAINING),
]


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


def number_or_rep(text: str | None) -> int | str | None:
    """Read ``--outputs``: a whole number, or the text of a Rep."""
    try:
        return None if text is None else int(text)
    except ValueError:
        return text


def given(**options: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def one_of(**options: Any) -> None:
    """Refuse none or several of the options of which one says what the model is."""
    flags = [f"--{name}" for name in options]
    chosen = [f"--{name}" for name, value in options.items() if value is not None]
    if len(chosen) != 1:
        wanted = f"{', '.join(flags[:-1])} and {flags[-1]}"
        raise ValueError(f"give one of {wanted}, got {' and '.join(chosen) or 'none'}")


def require(*packages: str) -> None:
    """Import what a command will need, so that its absence is told before the work."""
    for package in packages:
        import_module(package)


def require_figure(path: Path | None) -> None:
    """Import what draws, and refuse a kind of picture that it cannot write, before the work."""
    if path is None:
        return
    require("matplotlib")
    from matplotlib.figure import Figure

    if path.suffix[1:].lower() not in Figure().canvas.get_supported_filetypes():
        raise ValueError(f"{path} does not end as a picture does: name it .png, .pdf or .svg")


def refuse_overwriting(out: Path | None, force: bool) -> None:
    """Refuse a folder that cannot be written, or that holds a checkpoint, unless forced."""
    from ..files.atomic import refuse_unwritable
    from ..files.storage import CONFIG

    if out is None:
        return
    refuse_unwritable(out)
    if (out / CONFIG).exists() and not force:
        raise ValueError(f"{out} already holds a checkpoint: choose another --out, or --force")


def print_json(value: Mapping[str, Any], to_stderr: bool = False) -> None:
    """JSON on one line of stdout (or stderr); NaN becomes null."""
    from ..files.storage import to_json

    typer.echo(json.dumps(json.loads(to_json(value))), err=to_stderr)


def console(width: int | None = None) -> Console:
    """Where tables go: stdout. What a user named, in brackets or colons, is no style and no picture."""
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False, width=width)


def read_shard(text: str | None, *inputs: Path | None) -> Shard | None:
    """The part of a run that ``--shard`` asks for; ValueError for inputs that only one process can read."""
    from ..files.atomic import is_stream
    from ..files.shards import Shard

    if text is None:
        return None
    for path in filter(None, inputs):
        if is_stream(path):
            raise ValueError(f"--shard {text}: each part reads the inputs, but {path} is no file: give one")
    return Shard.read(text)
