"""The kinds of source a task file may name: each turns the files into arrays of examples, split by split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import chipexo as _chipexo
from . import simulation
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
