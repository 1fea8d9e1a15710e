"""The main job in a few minutes: the family, a short training, a checkpoint verified, a figure."""

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

from .._plotting import new_figure, save
from ..data.preparation import load_examples
from ..data.task import Task, load_task
from ..evaluation.baselines import mean_training_profile
from ..evaluation.scoring import errors, evaluate
from ..evaluation.tables import metrics_table, paper, small
from ..family.architectures import build
from ..family.checkpoint import load_checkpoint
from ..family.description import summary
from ..family.interpolated import AnyNetwork
from ..symmetry.dna import one_hot
from ..training.strategies import resolve_strategy
from ..training.trainer import train

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MIXING = (0.0, 0.25, 0.5, 0.75, 1.0)
STRATEGIES = ("standard", "standard+aug", "conjoined", "rcps")
SHORT: dict[str, dict[str, Any]] = {"sim-200": {"epochs": 8}, "gcn4": {"epochs": 5, "filters": 16}}
"""How each task is cut short. ``posthoc`` costs nothing more: it is ``standard+aug``, conjoined."""


def run(task: str = "sim-200", out: str | Path = "demo", seed: int = 1535) -> Path:
    """Show the main job on a task, and return the path of the figure."""
    started, out, console = perf_counter(), Path(out), Console(markup=False, highlight=False)
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


def draw(
    path: Path,
    task: Task,
    family: dict[float, dict[str, float]],
    rows: dict[str, Any],
    models: dict[str, AnyNetwork],
) -> Path:
    """The figure of the task's kind."""
    examples = load_examples(task, "test")
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


def both_strands(model: AnyNetwork, task: Task, rows: np.ndarray) -> Both:
    """A model's answer for some test examples, and that for their reverse complements, turned back."""
    examples = load_examples(task, "test")
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


PLUS, MINUS, OTHER, GREY = "#1f5fa8", "#c4452f", "#e0a030", "#8a8a8a"

Both = tuple[np.ndarray, np.ndarray]
"""A model's answer for sequences, and that for their reverse complements, turned back."""


def label_figure(
    path: Path,
    family: Mapping[float, Mapping[str, float]],
    results: Mapping[str, Mapping[str, Any]],
    published: Mapping[str, tuple[float, float]],
    answers: Mapping[str, Both],
) -> Path:
    """The family's cost, each strategy's auROC beside the paper's, both strands' answers."""
    figure, axes = new_figure(1, 2 + len(answers), 3.7 * (2 + len(answers)), 3.6)
    _draw_family(axes[0, 0], family)
    _draw_results(axes[0, 1], results, published)
    for ax, (name, both) in zip(axes[0, 2:], answers.items(), strict=True):
        _draw_agreement(ax, name, both)
    return save(figure, path)


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


def _draw_family(ax: Axes, family: Mapping[float, Mapping[str, float]]) -> None:
    mixing = list(family)
    ax.plot(mixing, [row["parameters"] / 1e3 for row in family.values()], "o-", color=PLUS)
    ax.set(xlabel="mixing", ylabel="parameters (thousands)", title="tf-cnn: from conjoined to RCPS")
    ax.set_ylim(bottom=0)
    ax.set_xticks(mixing, ["0\nconjoined", *(f"{m:g}" for m in mixing[1:-1]), "1\nRCPS"])
    worst = max(row["equivariance_error"] for row in family.values())
    ax.text(0.03, 0.94, f"equivariance error: {worst:g} at every point", transform=ax.transAxes, fontsize=8)


def _draw_results(
    ax: Axes, results: Mapping[str, Mapping[str, Any]], published: Mapping[str, tuple[float, float]]
) -> None:
    for y, (name, row) in enumerate(results.items()):
        ax.plot(row["auroc"], y, "o", color=PLUS, label="here, short run" if y == 0 else None)
        if name in published:
            mean, spread = published[name]
            ax.errorbar(mean, y, xerr=spread, fmt="D", mfc="white", color=GREY, zorder=0, capsize=3)
    ax.plot([], [], "D", mfc="white", color=GREY, label="paper, full training (mean ± s.d.)")
    ax.set_yticks(range(len(results)), list(results))
    ax.set_ylim(len(results) - 0.5, -0.5)
    ax.grid(axis="x", alpha=0.3)
    ax.set(xlabel="auROC, test", title="Strategies")
    ax.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.35, -0.18), frameon=False, ncols=2)


def _draw_agreement(ax: Axes, name: str, both: Both) -> None:
    one, other = both
    low, high = min(one.min(), other.min()), max(one.max(), other.max())
    ax.plot([low, high], [low, high], color=GREY, lw=0.8)
    ax.plot(one, other, ".", ms=3, color=MINUS if np.abs(one - other).max() > 0 else PLUS)
    ax.set(xlabel="logit of the sequence", ylabel="logit of its reverse complement", title=name)
    ax.text(
        0.03, 0.94, f"largest difference {np.abs(one - other).max():.2g}", transform=ax.transAxes, fontsize=8
    )


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
