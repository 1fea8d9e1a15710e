"""The demo without a network: two answers, the check, the repair, a published model, short trainings."""

from __future__ import annotations

import textwrap
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from torch import nn

from ...attribution.methods import attribute
from ...conformance.divergence import measure
from ...conformance.suite import check
from ...data.sources.simulation import motifs, planted, simulate
from ...data.task import Task, load_task
from ...evaluation.scoring import evaluate
from ...evaluation.tables import metrics_table
from ...export.fusion import fuse
from ...family.interpolation.member import interpolate
from ...files.atomic import write_bytes
from ...hub.published import load
from ...nn.conjoined import conjoin
from ...symmetry.dna import BASES, complement_codes, decode, one_hot
from ...training.strategies import resolve_strategy
from ...training.trainer import train
from ..options import console as stdout
from .figures import Scatter, story_figure

STANDARD, PUBLISHED = "sim-200/standard", "sim-200/posthoc"
LENGTH, LABEL, TARGET = 200, 1, "GATA"
PER_MOTIF, TRIED = 100, 20
"""Sequences of each motif, and those of which every variant is tried: seconds, and percents that hold."""
WIDTH = 78
"""Of text, so that a terminal of 80 columns holds it."""
THREADS = 1
"""Tensors are small here: a second thread gains nothing, and on two busy cores it made minutes of seconds."""
RECOMMENDED: dict[str, Any] = {"mixing": 1.0, "agreement": 8.0}
"""What validation chooses of the family for labels, beside post-hoc and RCPS (``zoo/RESULTS.md``)."""
TASK = """\
title = "Three motifs, simulated: a short training of three blocks"
kind = "labels"

[model]
architecture = "tf-cnn"
filters = 8
length = 200
outputs = 3

[training]
batch_size = 50
epochs = 8
criterion = "auroc"
learning_rate = 4e-3
augment = "batch"

[data]
source = "simulation"
per_motif = 1000
counts = { train = 1500, validation = 500, test = 1000 }
label_noise = 0
seed = 0
"""
"""Of more than one block, as with one block RCPS and conjoined are the same functions (theorem T11)."""


class Flip(NamedTuple):
    """A variant whose effect has another sign on either strand: sequence, position, bases, both effects."""

    sequence: int
    position: int
    ref: str
    alt: str
    given: float
    other: float


def run(out: Path, seed: int) -> Path:
    """Tell the story, and return the path of its figure."""
    started, console = perf_counter(), stdout(WIDTH + 2)
    codes, _ = simulate(LENGTH, per_motif=PER_MOTIF, seed=0)
    standard = fuse(load(STANDARD))  # as somebody's: plain layers that know nothing of strands
    before = disagree(console, standard, codes)
    after = repair(console, standard, codes)
    sites = planted(LENGTH, per_motif=PER_MOTIF, seed=0)
    scores, site = explain(console, codes, sites)
    results = compare(console, out, seed)
    figure = story_figure(out / "demo.png", (before, after), (scores, site, TARGET), results)
    say(console, f"figure: {figure}; finished in {perf_counter() - started:.0f} s")
    console.rule("What next")
    for line in (
        "rczoo examples first                 a folder to try every command on",
        "rczoo check mypackage.models:build   your own model: where it breaks, and why",
        "rczoo models list --best             published models, to predict with",
    ):
        console.print(line)
    return figure


def disagree(console: Console, model: nn.Module, codes: np.ndarray) -> Scatter:
    """Both strands' answers of a standard model, a variant whose sign flips, and what the check says."""
    console.rule("1. A standard model gives two answers to one molecule")
    measured = scatter(model, codes, "as trained, on one strand")
    say(
        console,
        f"{STANDARD} on {len(codes)} sequences: {measured.flips:.0%} of its calls of {TARGET} change when "
        f"the same molecule is read from the other strand; largest change {measured.largest:.2f}.",
    )
    flip = worst_variant(model, codes[:TRIED])
    say(
        console,
        f"Variant {flip.ref}{flip.position + 1}{flip.alt} of sequence {flip.sequence + 1} moves the logit by "
        f"{flip.given:+.2f} on one strand and by {flip.other:+.2f} on the other.",
    )
    console.rule("2. rczoo check says where, and why")
    report = check(model, outputs=f"{len(motifs())}t", lengths=(LENGTH,), quick=True)
    say(console, f"float64-law: {report['float64-law'].detail}")
    say(console, f"Likely cause: {'; '.join(map(str, report.diagnoses))}")
    say(console, f"Repair: {report.repair}")
    return measured


def repair(console: Console, standard: nn.Module, codes: np.ndarray) -> Scatter:
    """The same weights, conjoined and interpolated: what is left of the disagreement."""
    console.rule("3. conjoin and interpolate mend it, without training")
    outputs = f"{len(motifs())}t"
    models = {
        "as trained": standard,
        "rczoo.conjoin": conjoin(standard, outputs=outputs),
        "rczoo.interpolate, mixing 0.5": interpolate(standard, outputs=outputs, mixing=0.5),
    }
    console.print(f"{'':<31}{'calls that flip':>16}{'largest change':>16}{'parameters':>12}")
    for name, model in models.items():
        found = scatter(model, codes, name)
        parameters = sum(p.numel() for p in model.parameters())
        console.print(f"{name:<31}{found.flips:>16.0%}{found.largest:>16.2g}{parameters:>12,}")
    say(
        console, "The interpolated model opens as the conjoined one; its new weights are there to be trained."
    )
    return scatter(models["rczoo.conjoin"], codes, "the same weights, conjoined")


def explain(console: Console, codes: np.ndarray, sites: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A published model's answer for one sequence: the scores of its bases, and which were planted."""
    console.rule("4. A published model predicts, and says why")
    model = load(PUBLISHED)
    X = one_hot(codes)
    with torch.no_grad():
        logits = model(X)
    best = int(logits[:, LABEL].argmax())
    scores = (attribute(model, X[best : best + 1], target=LABEL, method="ism") * X[best]).sum(1)[0].numpy()
    inside, outside = np.abs(scores[sites[best]]).mean(), np.abs(scores[~sites[best]]).mean()
    top = int(np.convolve(scores, np.ones(8), "valid").argmax())
    say(
        console,
        f"{PUBLISHED} on sequence {best + 1}: logit of {TARGET} {logits[best, LABEL]:.2f}. By in-silico "
        f"mutagenesis the 8 bases that matter most are {decode(codes[best, top : top + 8])} at {top + 1}, "
        f"{whereabouts(sites[best], top, top + 8)}; a planted base weighs {inside / outside:.1f} times as "
        "much as another. Read from the other strand, the scores are the same, reversed.",
    )
    return scores, sites[best]


def whereabouts(site: np.ndarray, first: int, end: int) -> str:
    """Whether a stretch of bases meets what was planted (length,), and where that is."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], site, [0]]))).reshape(-1, 2)
    met = [f"{a + 1} to {b}" for a, b in edges if a < end and first < b]
    return f"in the site planted at {met[0]}" if met else "outside of all planted sites"


def compare(console: Console, out: Path, seed: int) -> dict[str, Any]:
    """Short trainings of one network: post-hoc, RCPS, and the point of the family that is recommended."""
    console.rule("5. A short training: post-hoc, RCPS, and between")
    write_bytes(out / "demo.toml", TASK.encode())
    task = load_task(str(out / "demo.toml"))
    models = train_all(console, task, out, seed)
    results = {name: evaluate(model, task) for name, model in models.items()}
    console.print(metrics_table("", results))
    say(console, "Each is of one short training: compare them with each other, not with full trainings.")
    return results


def train_all(console: Console, task: Task, out: Path, seed: int) -> dict[str, Any]:
    """The trained models by name; ``posthoc`` follows from ``standard+aug``."""
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), TimeElapsedColumn())
    models = {}
    with Progress(*columns, console=console) as progress:
        members: list[dict[str, Any]] = [{"strategy": "standard+aug"}, {"strategy": "rcps"}, RECOMMENDED]
        for member in members:
            name = resolve_strategy(**member).name
            run = partial(train, task, out=out / name, seed=seed, threads=THREADS, force=True)
            models[name] = run(**member, progress=progress)
    augmented = models.pop("standard+aug")
    return {"standard+aug": augmented, "posthoc": augmented.remerge("mean"), **models}


def scatter(model: nn.Module, codes: np.ndarray, title: str) -> Scatter:
    """Both strands' logits of the label that is looked at."""
    found = measure(model, codes, outputs=f"{len(motifs())}t")
    ((given, other),) = zip(found.given.values(), found.other.values(), strict=True)
    return Scatter(title, given[:, LABEL], other[:, LABEL])


def worst_variant(model: nn.Module, codes: np.ndarray) -> Flip:
    """Of all single changes, the one whose effects on the two strands differ most in sign."""
    n, length = codes.shape
    mutants = np.repeat(codes[:, None, None], 4, axis=2).repeat(length, axis=1)  # (n, length, 4, length)
    mutants[:, np.arange(length), :, np.arange(length)] = np.arange(4)
    flat = mutants.reshape(-1, length)
    effects = []
    for strand in (lambda rows: rows, complement_codes):
        with torch.no_grad():
            logits = torch.cat([model(one_hot(strand(rows)))[:, LABEL] for rows in np.array_split(flat, 8)])
            reference = model(one_hot(strand(codes)))[:, LABEL]
        effects.append(logits.numpy().reshape(n, length, 4) - reference.numpy()[:, None, None])
    given, other = effects
    opposite = np.where(given * other < 0, np.minimum(np.abs(given), np.abs(other)), 0)
    row, position, base = (int(i) for i in np.unravel_index(opposite.argmax(), opposite.shape))
    ref = decode(codes[row, position : position + 1])
    return Flip(
        row, position, ref, BASES[base], float(given[row, position, base]), float(other[row, position, base])
    )


def say(console: Console, text: str) -> None:
    """A sentence, broken between words."""
    console.print(textwrap.fill(text, WIDTH))
