"""The kinds of source a task file may name: each turns the files into arrays of examples, split by split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import chipexo as _chipexo
from . import simulation, tables
from .chromosomes import describe
from .genome import Genome
from .splits import by_chromosome

if TYPE_CHECKING:
    from .preparation import Arrays, Prepared
    from .tasks import Task


def simulated(task: Task) -> Prepared:
    """Simulated sequences: one fixed draw, split, with noise on the training labels only."""
    data = task.data
    codes, labels = simulation.simulate(
        task.length, data["per_motif"], data["seed"], data.get("planted_labels", False)
    )
    splits: dict[str, Arrays] = {}
    first = 0
    for split, count in data["counts"].items():
        rows = slice(first, first + count)
        splits[split] = {"codes": codes[rows], "target": labels[rows]}
        first += count
    noisy = simulation.flip_labels(splits["train"]["target"], data["label_noise"], data["seed"] + 1)
    splits["train"]["target"] = noisy
    return splits, []


def chipexo(task: Task) -> Prepared:
    """Stranded profiles of one factor or several around events; a factor not measured at an event is NaN."""
    data = task.data
    genome = Genome([task.path(name) for name in data["genome"]])
    factors = [
        _chipexo.read_events(task.path(f["events"]), task.path(f["profiles"]), tuple(data["columns"]))
        for f in data["factors"]
    ]
    names = genome.resolve(np.concatenate([f.chrom for f in factors]))
    first, last = data["columns"]
    if last - first + 1 != task.out_length:
        raise ValueError(f"task {task.name}: columns {first}..{last} are not {task.out_length} positions")
    rows: dict[tuple[str, int], np.ndarray] = {}
    for i, factor in enumerate(factors):
        for chrom, position, counts in zip(factor.chrom, factor.position, factor.counts, strict=True):
            unmeasured = np.full((2 * len(factors), task.out_length), np.nan, dtype=np.float32)
            rows.setdefault((names[str(chrom)], int(position)), unmeasured)[2 * i : 2 * i + 2] = counts
    chrom = np.array([c for c, _ in rows])
    start = np.array([p for _, p in rows]) + first - (task.length - task.out_length) // 2
    arrays = {
        "codes": genome.windows(chrom, start, task.length),
        "target": np.stack(list(rows.values())),
        "chrom": chrom,
        "start": start,
    }
    return by_chromosome(arrays, data["splits"], genome), [describe(names, genome.name)]


def table(task: Task) -> Prepared:
    """Tables of sequences with labels, one per split, cleaned of what splits share if the task asks for it.

    With ``clean``, repeats go from the training set (either strand counts as the same), and validation rows
    that share a 50-mer with it; the test set stays as published, and is given again without such rows as
    "test-unshared".
    """
    read = {
        split: tables.read_table(task.path(task.data[split]), task.length)
        for split in ("train", "validation", "test")
    }
    arrays = {split: {"codes": codes, "target": labels} for split, (codes, labels) in read.items()}
    if not task.data.get("clean"):
        return arrays, []
    train = arrays["train"]["codes"]
    keep = {"train": tables.first_occurrences(train)}
    held_out = ("validation", "test")
    shared = tables.shares(np.concatenate([arrays[split]["codes"] for split in held_out]), train)
    for split, rows in zip(held_out, np.split(shared, [len(arrays["validation"]["codes"])]), strict=True):
        keep[split] = ~rows
    arrays["test-unshared"] = {name: array[keep["test"]] for name, array in arrays["test"].items()}
    for split in ("train", "validation"):
        arrays[split] = {name: array[keep[split]] for name, array in arrays[split].items()}
    dropped = {split: int((~rows).sum()) for split, rows in keep.items()}
    return arrays, [
        f"{dropped['train']} repeated training sequences left out",
        f"{dropped['validation']} validation sequences share a {tables.WORD}-mer with training: left out",
        f"{dropped['test']} test sequences do: kept in test, left out of test-unshared",
    ]
