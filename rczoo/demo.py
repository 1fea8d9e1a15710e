"""The main job in a few minutes: the family, a short training, a checkpoint verified, a figure."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from .architectures import build
from .checkpoints import load_checkpoint
from .description import summary
from .dna import one_hot
from .evaluation import errors, evaluate
from .figures import Both, label_figure, profile_figure
from .network import Network
from .recipes import recipe
from .references import mean_training_profile
from .reporting import metrics_table, paper, small
from .tasks import Task, load_task
from .training import train

MIXING = (0.0, 0.25, 0.5, 0.75, 1.0)
STRATEGIES = ("standard", "standard+aug", "conjoined", "rcps")
SHORT: dict[str, dict[str, Any]] = {"sim-200": {"epochs": 8}, "gcn4": {"epochs": 5, "filters": 16}}
"""How each task is cut short. ``posthoc`` costs nothing more: it is ``standard+aug``, conjoined."""


def run(task: str = "sim-200", out: str | Path = "demo", seed: int = 1535) -> Path:
    """Show the main job on a task, and return the path of the figure."""
    started, out, console = perf_counter(), Path(out), Console()
    if task not in SHORT:
        raise ValueError(f"the demo runs on {' or '.join(SHORT)}, got {task!r}: use rczoo train {task}")
    chosen = load_task(task)
    console.rule("The family: one parameter from conjoined to RCPS")
    family = show_family(console, seed)
    console.rule(f"A short training of each strategy: {chosen.title}")
    models = train_all(console, chosen, out, seed)
    rows = {"mean training profile": mean_training_profile(chosen)} if chosen.kind == "profile" else {}
    rows |= {name: evaluate(model, chosen) for name, model in models.items()}
    title = f"Test split after at most {SHORT[task]['epochs']} epochs (a short run; the paper trains fully)"
    console.print(metrics_table(title, rows, chosen.name))
    console.rule("A checkpoint, loaded back")
    verify(console, out / "rcps", models["rcps"], chosen)
    figure = draw(out / f"{task}.png", chosen, family, rows, models)
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


def measure(model: Network, X: torch.Tensor) -> dict[str, float]:
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


def train_all(console: Console, task: Task, out: Path, seed: int) -> dict[str, Network]:
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
                models["posthoc"] = models[name].remerge(recipe("posthoc").remerge or "mean")
    return models


def verify(console: Console, folder: Path, model: Network, task: Task) -> None:
    """Load a checkpoint from its folder alone, and compare it with the model that was saved."""
    again = load_checkpoint(folder)
    examples = task.examples("test")
    X, control, _ = examples.batch(np.arange(min(32, len(examples))))
    inputs = [x for x in (X, control) if x is not None]
    with torch.no_grad():
        pairs = zip(_tuple(again(*inputs)), _tuple(model(*inputs)), strict=True)
        same = all(torch.equal(a, b) for a, b in pairs)
    if not same:
        raise ValueError(f"{folder}: the reloaded model gives other outputs than the one that was saved")
    error = errors(again, *inputs)["equivariance_error"]
    console.print(f"{folder}: same outputs bit for bit; equivariance error {error:g}", soft_wrap=True)


def draw(
    path: Path,
    task: Task,
    family: dict[float, dict[str, float]],
    rows: dict[str, Any],
    models: dict[str, Network],
) -> Path:
    """The figure of the task's kind."""
    examples = task.examples("test")
    if task.kind == "labels":
        some = np.arange(min(300, len(examples)))
        answers = {n: both_strands(models[n], task, some) for n in ("standard", "rcps")}
        published = {k[1]: v for k, v in paper().items() if (k[0], *k[2:]) == (task.name, "test", "auroc")}
        first_label = {name: (a[:, 0], b[:, 0]) for name, (a, b) in answers.items()}
        return label_figure(path, family, rows, published, first_label)
    deepest = np.argsort(examples.target.sum(axis=(1, 2)))[::-1][5:20:5]
    answers = {n: both_strands(models[n], task, deepest) for n in ("standard", "posthoc", "rcps")}
    titles = [f"example {i}" for i in deepest]
    if examples.chrom is not None and examples.start is not None:
        titles = [f"{examples.chrom[i]}:{examples.start[i] + examples.length // 2 + 1:,}" for i in deepest]
    _, _, observed = examples.batch(deepest)
    return profile_figure(path, observed.numpy(), answers, titles)


def both_strands(model: Network, task: Task, rows: np.ndarray) -> Both:
    """A model's answer for some test examples, and that for their reverse complements, turned back."""
    examples = task.examples("test")
    answers = []
    for rc in (False, True):
        X, control, _ = examples.batch(rows, rc=np.full(len(rows), rc))
        with torch.no_grad():
            u = _tuple(model.eval()(*(x for x in (X, control) if x is not None)))[0]
        u = task.rep_out[0].act(u) if rc else u
        answers.append((u.softmax(dim=-1) if task.kind == "profile" else u).numpy())
    return answers[0], answers[1]


def _tuple(output: Any) -> tuple[torch.Tensor, ...]:
    return output if isinstance(output, tuple) else (output,)
