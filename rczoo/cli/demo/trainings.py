"""The demo on real profiles: the family, short trainings, a checkpoint verified, a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ..._plotting import MINUS, PLUS, new_figure, save
from ...data.preparation import load_examples
from ...data.task import Task, load_task
from ...evaluation.baselines import mean_training_profile
from ...evaluation.scoring import errors, evaluate
from ...evaluation.tables import metrics_table, small
from ...family.architectures import build
from ...family.checkpoint import load_checkpoint
from ...family.description import summary
from ...family.interpolated import AnyNetwork
from ...symmetry.dna import one_hot
from ...training.strategies import resolve_strategy
from ...training.trainer import train
from ..options import console as stdout

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MIXING = (0.0, 0.25, 0.5, 0.75, 1.0)
STRATEGIES = ("standard", "standard+aug", "conjoined", "rcps")
SHORT: dict[str, dict[str, Any]] = {"gcn4": {"epochs": 5, "filters": 16}}
"""How each task is cut short. ``posthoc`` costs nothing more: it is ``standard+aug``, conjoined."""


def run(task: str, out: Path, seed: int) -> Path:
    """Train each strategy on a task of profiles, and return the path of the figure."""
    started, console = perf_counter(), stdout()
    if task not in SHORT:
        raise ValueError(
            f"the demo runs on sim-200 or {' or '.join(SHORT)}, got {task!r}: use rczoo train {task}"
        )
    chosen = load_task(task)
    console.rule("The family: one parameter from conjoined to RCPS")
    show_family(console, seed)
    console.rule(f"A short training of each strategy: {chosen.title}")
    models = train_all(console, chosen, out, seed)
    rows = {"mean training profile": mean_training_profile(chosen)}
    rows |= {name: evaluate(model, chosen) for name, model in models.items()}
    title = f"Test split after at most {SHORT[task]['epochs']} epochs (a short run; the paper trains fully)"
    console.print(metrics_table(title, rows, chosen.name))
    console.rule("A checkpoint, loaded back")
    verify(console, out / "rcps", models["rcps"], chosen)
    figure = draw(out / f"{task}.png", chosen, models)
    console.print(f"figure: {figure}\nfinished in {perf_counter() - started:.0f} s", soft_wrap=True)
    return figure


def show_family(console: Console, seed: int) -> dict[float, dict[str, float]]:
    """Build tf-cnn at five points, and measure error and cost of each; an ordinary network for contrast."""
    torch.manual_seed(seed)
    X = one_hot(np.random.default_rng(seed).integers(0, 4, (16, 1000), dtype=np.uint8))
    found, table = {}, Table()
    table.add_column("tf-cnn", no_wrap=True)
    for column in ("parameters", "mult-adds", "ms", "RC error", "tied"):
        table.add_column(column, justify="right")
    for mixing in (None, *MIXING):
        model = build("tf-cnn", strategy="standard") if mixing is None else build("tf-cnn", mixing=mixing)
        row = measure(model, X)
        if mixing is not None:
            found[mixing] = row
        names = " or ".join(summary(model).names)
        table.add_row(
            "one strand, ordinary"
            if mixing is None
            else f"mixing {mixing:g}" + (f", {names}" if names else ""),
            f"{row['parameters']:,}",
            f"{row['multiply_adds']:,}",
            f"{row['milliseconds']:.2f}",
            small(row["equivariance_error"]),
            small(row.get("equivariance_error_tied")),
        )
    console.print(table)
    return found


def measure(model: AnyNetwork, X: torch.Tensor) -> dict[str, float]:
    """Parameters, multiply-adds, milliseconds per sequence (the fastest of three) and equivariance errors."""
    described, times = summary(model), []
    model.eval()
    model.execution = "tied"
    for _ in range(3):
        begun = perf_counter()
        with torch.no_grad():
            model(X)
        times.append(perf_counter() - begun)
    model.execution = "frames"
    return {
        "parameters": described.parameters,
        "multiply_adds": described.multiply_adds,
        "milliseconds": 1e3 * min(times) / len(X),
        **errors(model, X),
    }


def train_all(console: Console, task: Task, out: Path, seed: int) -> dict[str, AnyNetwork]:
    """Train the strategies one after the other on all cores; ``posthoc`` follows from ``standard+aug``."""
    models = {}
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        for name in STRATEGIES:
            models[name] = train(
                task,
                strategy=name,
                out=out / name,
                seed=seed,
                threads=torch.get_num_threads(),
                force=True,
                progress=progress,
                **SHORT[task.name],
            )
            if name == "standard+aug":
                models["posthoc"] = models[name].remerge(resolve_strategy("posthoc").remerge or "mean")
    return models


def verify(console: Console, folder: Path, model: AnyNetwork, task: Task) -> None:
    """Load a checkpoint from its folder alone, and compare it with the model that was saved."""
    again = load_checkpoint(folder)
    examples = load_examples(task, "test")
    X, control, _ = examples.batch(np.arange(min(32, len(examples))))
    inputs = [x for x in (X, control) if x is not None]
    with torch.no_grad():
        pairs = zip(_tuple(again(*inputs)), _tuple(model(*inputs)), strict=True)
        same = all(torch.equal(a, b) for a, b in pairs)
    if not same:
        raise ValueError(f"{folder}: the reloaded model gives other outputs than the one that was saved")
    error = errors(again, *inputs)["equivariance_error"]
    console.print(f"{folder}: same outputs bit for bit; equivariance error {error:g}", soft_wrap=True)


def draw(path: Path, task: Task, models: dict[str, AnyNetwork]) -> Path:
    """Profiles of some of the deepest test events."""
    examples = load_examples(task, "test")
    deepest = np.argsort(examples.target.sum(axis=(1, 2)))[::-1][5:20:5]
    answers = {n: both_strands(models[n], task, deepest) for n in ("standard", "posthoc", "rcps")}
    titles = [f"example {i}" for i in deepest]
    if examples.chrom is not None and examples.start is not None:
        titles = [f"{examples.chrom[i]}:{examples.start[i] + examples.length // 2 + 1:,}" for i in deepest]
    _, _, observed = examples.batch(deepest)
    return profile_figure(path, observed.numpy(), answers, titles)


def both_strands(model: AnyNetwork, task: Task, rows: np.ndarray) -> Both:
    """A model's answer for some test examples, and that for their reverse complements, turned back."""
    examples = load_examples(task, "test")
    answers = []
    for rc in (False, True):
        X, control, _ = examples.batch(rows, rc=np.full(len(rows), rc))
        with torch.no_grad():
            u = _tuple(model.eval()(*(x for x in (X, control) if x is not None)))[0]
        u = task.rep_out[0].act(u) if rc else u
        answers.append(u.softmax(dim=-1).numpy())
    return answers[0], answers[1]


def _tuple(output: Any) -> tuple[torch.Tensor, ...]:
    return output if isinstance(output, tuple) else (output,)


Both = tuple[np.ndarray, np.ndarray]
"""A model's answer for sequences, and that for their reverse complements, turned back."""


def profile_figure(
    path: Path, observed: np.ndarray, answers: Mapping[str, Both], titles: Sequence[str]
) -> Path:
    """Observed and predicted stranded profiles: a row per event, a column per model, minus strand downwards.

    ``observed`` (events, 2, length) counts; ``answers`` probabilities of that shape, from the sequence and
    (dashed) from its reverse complement: one line for a model that obeys, two for one that does not.
    """
    figure, axes = new_figure(len(observed), len(answers), 4.4 * len(answers), 2.3 * len(observed), True)
    for column, (name, both) in enumerate(answers.items()):
        for row, counts in enumerate(observed):
            _draw_profile(axes[row, column], counts, both[0][row], both[1][row])
            axes[row, 0].set_ylabel(f"{titles[row]}\nreads, minus strand down", fontsize=8)
        axes[0, column].set_title(name)
        axes[-1, column].set_xlabel("position from the window's centre (bp)")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False)
    return save(figure, path)


def _draw_profile(ax: Axes, counts: np.ndarray, one: np.ndarray, other: np.ndarray) -> None:
    position = np.arange(counts.shape[-1]) - counts.shape[-1] // 2
    for strand, (sign, colour, name) in enumerate(((1, PLUS, "plus"), (-1, MINUS, "minus"))):
        total = counts[strand].sum()
        ax.bar(position, sign * counts[strand], width=1, color=colour, alpha=0.3, label=f"{name}, observed")
        ax.plot(position, sign * total * one[strand], color=colour, lw=1.2, label=f"{name}, predicted")
        ax.plot(
            position,
            sign * total * other[strand],
            color="black",
            lw=0.8,
            ls=(0, (2, 2)),
            label="predicted from the reverse complement" if strand else None,
        )
    ax.axhline(0, color="black", lw=0.5)
    ax.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
