"""Rows that stand beside every model: what no model, a little model, or a perfect one would reach.

Each row is a dictionary of metrics as ``metrics.py`` gives them; ``intervals`` holds, per metric, the 95 %
bootstrap interval over the test examples.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..data.preparation import load_examples, prepare
from ..data.schema import IntervalData
from ..data.sources.sites import files_by_strand, margin, signal, turned
from ..data.task import Task
from ..files.atomic import write_bytes
from ..io.genome import Genome
from . import kmers, metrics
from .motif_scan import known_motifs, scan

DRAWS = 1000
"""Of the bootstrap; an end of a 95 % interval then varies by some 2 % of its width."""
LABEL_DRAWS = 200
"""Fewer, as each draw ranks all examples."""
THREE_MERS, WORDS, SCAN = "3-mer logistic regression", "k-mer logistic regression", "motif scan"
"""The names of the rows of labels."""
KMERS = 1
"""The version of the k-mer regression, which names the files of its rows: raise it when these change."""

Row = dict[str, Any]


def baseline_rows(task: Task, split: str = "test", resolution: int = 1) -> dict[str, Row]:
    """All baselines of a task, by name, those of profiles in bins of ``resolution`` bases, as a model's are.

    The k-mer regression takes up to a minute on the large tasks, the others seconds: its row is computed
    once for a task's examples and a split, and kept beside them in the cache. Raises ValueError where labels
    of one class leave nothing to learn or to choose.
    """
    return {name: row(task, split) for name, row in baselines(task, resolution).items()}


def baselines(task: Task, resolution: int = 1) -> dict[str, Callable[[Task, str], Row]]:
    """What computes each baseline of a task, by name: those of its kind, and those that its files allow."""
    rows: dict[str, Callable[..., Row]]
    if task.kind == "labels":
        rows = {THREE_MERS: three_mer_regression, WORDS: kept_kmers}
        return {**rows, SCAN: motif_scan} if known_motifs(task) else rows
    rows = {"mean training profile": mean_training_profile, "sampling floor": sampling_floor}
    if _replicates(task) > 2:
        rows["replicate ceiling"] = replicate_ceiling
    return {name: partial(row, resolution=resolution) for name, row in rows.items()}


def mean_training_profile(task: Task, split: str = "test", resolution: int = 1) -> Row:
    """The mean of the training profiles as the prediction for every example: what no sequence explains.

    As a model's, its prediction is a probability on each strand.
    """
    mean = np.nanmean(_binned(_targets(task, "train"), resolution), axis=0)
    truth = _binned(_targets(task, split), resolution)
    return _profile_row(task, truth, np.broadcast_to(mean / mean.sum(axis=-1, keepdims=True), truth.shape))


def sampling_floor(task: Task, split: str = "test", seed: int = 0, resolution: int = 1) -> Row:
    """What a perfect model would reach with so few reads: each smoothed profile against a draw from it."""
    truth = _targets(task, split)
    smoothed = np.maximum(metrics.smooth(truth), 0)
    total = np.rint(truth.sum(axis=-1)).astype(np.float64)
    rng = np.random.default_rng(seed)
    drawn = np.full_like(truth, np.nan)
    for place in np.ndindex(*truth.shape[:2]):
        if total[place] > 0:
            p = smoothed[place] / smoothed[place].sum()
            drawn[place] = rng.multinomial(int(total[place]), p)
    return _profile_row(task, *(_binned(x, resolution) for x in (drawn, np.nan_to_num(smoothed))))


def replicate_ceiling(task: Task, split: str = "test", resolution: int = 1) -> Row:
    """Each replicate against the sum of the others, averaged over the choices: what the assay repeats."""
    values = _binned(replicates(task, split), resolution)
    rows = []
    for i in range(len(values)):
        others = values.sum(axis=0) - values[i]
        rows.append(_per_example(task, values[i], others))
    mean = {name: np.mean([row[name] for row in rows], axis=0) for name in rows[0]}
    return summarise(mean)


def replicates(task: Task, split: str) -> np.ndarray:
    """Replicates of a task's signal, in the order of its examples: (replicates, n, channels, out_length)."""
    genome = Genome([task.path(name) for name in task.data_from(IntervalData).genome])
    examples = load_examples(task, split)
    if examples.chrom is None or examples.start is None or examples.reverse is None:
        raise ValueError(f"task {task.name}: its examples have no place in a genome, hence no replicates")
    first = np.asarray(examples.start) + margin(task)
    _, values, _ = signal(task, genome, np.asarray(examples.chrom), first, task.out_length)
    return np.stack([turned(v, np.asarray(examples.reverse), task.rep_out[0]) for v in values])


def three_mer_regression(task: Task, split: str = "test") -> Row:
    """Logistic regression on counts of 3-mers, either strand counting as the same, per label."""
    held_out = load_examples(task, split)
    score = kmers.three_mers(load_examples(task, "train"), held_out.unshifted_codes)
    return label_row(np.asarray(held_out.target), score)


def kmer_regression(task: Task, split: str = "test") -> Row:
    """Logistic regression on counts of words of 3 to 7 bases, either strand counting as the same, per label.

    ``k`` and ``C``, both in the row, are those with the best mean auROC on the validation split; so its row
    of that split is a little too good.
    """
    chosen = kmers.choose(load_examples(task, "train"), load_examples(task, "validation"))
    held_out = load_examples(task, split)
    row = label_row(np.asarray(held_out.target), chosen.score(held_out.unshifted_codes))
    return {**row, "k": chosen.k, "C": chosen.C}


def kept_kmers(task: Task, split: str = "test") -> Row:
    """The row of :func:`kmer_regression`, from a file beside the prepared examples once it was computed."""
    if task.in_memory:
        return kmer_regression(task, split)
    path = prepare(task) / f"kmers-{KMERS}-{split}.json"
    if not path.exists():
        write_bytes(path, json.dumps(kmer_regression(task, split)).encode())
    return dict(json.loads(path.read_text("utf-8")))


def motif_scan(task: Task, split: str = "test") -> Row:
    """The best match to each label's motif as its score: nothing is fitted."""
    held_out = load_examples(task, split)
    return label_row(np.asarray(held_out.target), scan(held_out.unshifted_codes, known_motifs(task)))


def label_row(target: np.ndarray, score: np.ndarray, seed: int = 0) -> Row:
    """Metrics of labels with bootstrap intervals: examples are drawn anew, with repeats."""
    row: Row = dict(metrics.label_metrics(target, score))
    rng = np.random.default_rng(seed)
    n = len(target)
    draws = (np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(LABEL_DRAWS))
    row["intervals"] = {
        name: _interval(np.array([_mean(labels) for labels in found]))
        for name, found in metrics.resampled(target, score, draws).items()
    }
    return row


def summarise(values: dict[str, np.ndarray], seed: int = 0) -> Row:
    """Means of per-example values with bootstrap intervals; undefined examples are counted and left out."""
    rng = np.random.default_rng(seed)
    row: Row = {"intervals": {}, "undefined": {}}
    for name, found in values.items():
        defined = found[~np.isnan(found)]
        row[name] = _mean(found)
        row["undefined"][name] = int(np.isnan(found).sum())
        draws = range(DRAWS if defined.size else 0)
        means = [rng.choice(defined, defined.size).mean() for _ in draws]
        row["intervals"][name] = _interval(np.array(means))
    return row


def _profile_row(task: Task, truth: np.ndarray, predicted: np.ndarray) -> Row:
    return summarise(_per_example(task, truth, predicted)) | {"examples": len(truth)}


def _per_example(task: Task, truth: np.ndarray, predicted: np.ndarray) -> dict[str, np.ndarray]:
    """Each profile metric, of the examples and factors that were measured."""
    values, measured = metrics.profile_values(truth, predicted, task.rep_out[0])
    return {name: found[measured] for name, found in values.items()}


def _targets(task: Task, split: str) -> np.ndarray:
    """Profiles of a split, unshifted: (n, channels, out_length) float64."""
    return np.asarray(load_examples(task, split).unshifted_target, dtype=np.float64)


def _binned(profiles: np.ndarray, resolution: int) -> np.ndarray:
    """Sums over bins of ``resolution`` positions."""
    sums: np.ndarray = profiles.reshape(*profiles.shape[:-1], -1, resolution).sum(axis=-1)
    return sums


def _replicates(task: Task) -> int:
    """The most files that are added up to one table of signal."""
    tables = task.data.signal or () if isinstance(task.data, IntervalData) else ()
    return max((sum(map(len, files_by_strand(table).values())) for table in tables), default=0)


def _mean(values: np.ndarray) -> float:
    """The mean of the defined values, if any."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")


def _interval(values: np.ndarray) -> tuple[float, float]:
    defined = values[~np.isnan(values)]
    low, high = np.percentile(defined, [2.5, 97.5]) if defined.size else (np.nan, np.nan)
    return float(low), float(high)
