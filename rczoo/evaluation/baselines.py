"""Rows that stand beside every model: what no model, a little model, or a perfect one would reach.

Each row is a dictionary of metrics as ``metrics.py`` gives them; ``intervals`` holds, per metric, the 95 %
bootstrap interval over the test examples.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..data.preparation import load_examples
from ..data.schema import IntervalData
from ..data.sources.sites import files_by_strand, margin, signal, turned
from ..data.task import Task
from ..io.genome import Genome
from ..symmetry import dna
from . import metrics

DRAWS = 1000
"""Of the bootstrap; an end of a 95 % interval then varies by some 2 % of its width."""
LABEL_DRAWS = 200
"""Fewer, as each draw ranks all examples."""
WORD = 3
"""Bases in the words that the little model counts: 32 of them, with their reverse complements."""


def baseline_rows(task: Task, split: str = "test") -> dict[str, dict[str, Any]]:
    """All baselines of a task, by name: those of its kind, and the ceiling if it has replicates."""
    if task.kind == "labels":
        return {"3-mer logistic regression": kmer_regression(task, split)}
    rows = {
        "mean training profile": mean_training_profile(task, split),
        "sampling floor": sampling_floor(task, split),
    }
    if _replicates(task) > 2:
        rows["replicate ceiling"] = replicate_ceiling(task, split)
    return rows


def mean_training_profile(task: Task, split: str = "test") -> dict[str, Any]:
    """The mean of the training profiles as the prediction for every example: what no sequence explains.

    As a model's, its prediction is a probability on each strand.
    """
    mean = np.nanmean(_targets(task, "train"), axis=0)
    truth = _targets(task, split)
    return _profile_row(task, truth, np.broadcast_to(mean / mean.sum(axis=-1, keepdims=True), truth.shape))


def sampling_floor(task: Task, split: str = "test", seed: int = 0) -> dict[str, Any]:
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
    return _profile_row(task, drawn, np.nan_to_num(smoothed))


def replicate_ceiling(task: Task, split: str = "test") -> dict[str, Any]:
    """Each replicate against the sum of the others, averaged over the choices: what the assay repeats."""
    values = replicates(task, split)
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


def kmer_regression(task: Task, split: str = "test") -> dict[str, Any]:
    """Logistic regression on counts of 3-mers, either strand counting as the same, per label."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train, held_out = load_examples(task, "train"), load_examples(task, split)
    X, X_test = (kmer_counts(examples.unshifted_codes) for examples in (train, held_out))
    scores = []
    for label in np.asarray(train.target).T:
        logistic = LogisticRegression(C=0.1, class_weight="balanced", max_iter=1000)
        model = make_pipeline(StandardScaler(), logistic)
        scores.append(model.fit(X, label > 0.5).decision_function(X_test))
    return label_row(np.asarray(held_out.target), np.stack(scores, axis=1))


def kmer_counts(codes: np.ndarray, k: int = WORD) -> np.ndarray:
    """Counts of words of ``k`` bases, a word and its reverse complement together: (n, L) -> (n, words)."""
    counts = _count(codes, k) + _count(dna.complement_codes(codes), k)
    words = np.stack(np.unravel_index(np.arange(4**k), (4,) * k), axis=1).astype(np.uint8)
    partner = np.ravel_multi_index(dna.complement_codes(words).T, (4,) * k)
    once: np.ndarray = counts[:, np.arange(4**k) <= partner]
    return once


def label_row(target: np.ndarray, score: np.ndarray, seed: int = 0) -> dict[str, Any]:
    """Metrics of labels with bootstrap intervals: examples are drawn anew, with repeats."""
    row: dict[str, Any] = dict(metrics.label_metrics(target, score))
    rng = np.random.default_rng(seed)
    draws = [rng.integers(0, len(target), len(target)) for _ in range(LABEL_DRAWS)]
    functions: dict[str, Callable[..., np.ndarray]] = {"auroc": metrics.auroc, "auprc": metrics.auprc}
    row["intervals"] = {
        name: _interval(np.array([_mean(f(target[d], score[d])) for d in draws]))
        for name, f in functions.items()
    }
    return row


def summarise(values: dict[str, np.ndarray], seed: int = 0) -> dict[str, Any]:
    """Means of per-example values with bootstrap intervals; undefined examples are counted and left out."""
    rng = np.random.default_rng(seed)
    row: dict[str, Any] = {"intervals": {}, "undefined": {}}
    for name, found in values.items():
        defined = found[~np.isnan(found)]
        row[name] = _mean(found)
        row["undefined"][name] = int(np.isnan(found).sum())
        draws = range(DRAWS if defined.size else 0)
        means = [rng.choice(defined, defined.size).mean() for _ in draws]
        row["intervals"][name] = _interval(np.array(means))
    return row


def _profile_row(task: Task, truth: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    return summarise(_per_example(task, truth, predicted)) | {"examples": len(truth)}


def _per_example(task: Task, truth: np.ndarray, predicted: np.ndarray) -> dict[str, np.ndarray]:
    """Each profile metric, of the examples and factors that were measured."""
    values, measured = metrics.profile_values(truth, predicted, task.rep_out[0])
    return {name: found[measured] for name, found in values.items()}


def _targets(task: Task, split: str) -> np.ndarray:
    """Profiles of a split, unshifted: (n, channels, out_length) float64."""
    return np.asarray(load_examples(task, split).unshifted_target, dtype=np.float64)


def _replicates(task: Task) -> int:
    """The most files that are added up to one table of signal."""
    tables = task.data.signal or () if isinstance(task.data, IntervalData) else ()
    return max((sum(map(len, files_by_strand(table).values())) for table in tables), default=0)


def _count(codes: np.ndarray, k: int) -> np.ndarray:
    """Counts of words without N: (n, 4**k)."""
    windows = np.lib.stride_tricks.sliding_window_view(codes, k, axis=1)
    word = windows.astype(np.int64) @ (4 ** np.arange(k)[::-1])
    index = np.where((windows < dna.UNKNOWN).all(-1), word, 4**k)
    return np.stack([np.bincount(row, minlength=4**k + 1)[:-1] for row in index])


def _mean(values: np.ndarray) -> float:
    """The mean of the defined values, if any."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")


def _interval(values: np.ndarray) -> tuple[float, float]:
    defined = values[~np.isnan(values)]
    low, high = np.percentile(defined, [2.5, 97.5]) if defined.size else (np.nan, np.nan)
    return float(low), float(high)
