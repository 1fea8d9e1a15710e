"""The baselines of a task as rows of the results: what no model, a little model or a perfect one reaches.

Of labels each is fitted once, and scored on the test split, on each of its parts, and label by label where
there are several: the rows of a label's metrics are named as ``auroc Abf1``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from rczoo.data.examples import Examples
from rczoo.data.output_names import output_names
from rczoo.data.preparation import load_examples
from rczoo.data.task import Task, load_task
from rczoo.evaluation import kmers, metrics
from rczoo.evaluation.baselines import SCAN, THREE_MERS, WORDS, baselines
from rczoo.evaluation.motif_scan import known_motifs, scan
from rczoo.evaluation.tables import METRICS
from rczoo.hardware import hardware
from rczoo.symmetry import dna

from .fingerprints import check_data, fingerprint, record
from .packs import CONFIGS, Pack, add_baselines
from .rows import BASELINE, Row, commit

BY_LABEL = ("auroc", "auprc")
"""The metrics that each of several labels has a row of."""

Values = dict[str, float]
"""By metric."""


class Given(NamedTuple):
    """What a baseline gives for sequences, (n, labels), and what it chose on the validation split."""

    score: np.ndarray
    chosen: Mapping[str, float] = MappingProxyType({})


Part = tuple[set[tuple[str, str]], Callable[[], dict[str, Values]]]
"""The splits and metrics that a baseline has, and what computes them: by split and metric."""
Fit = Callable[[Task, Examples, Examples, np.ndarray], Given]
"""Of a task, its training and validation examples, and the codes to score."""


def write_baselines(task: Task, folder: Path) -> list[str]:
    """Write the baselines that are missing into a task's pack; returns their names."""
    known = {(row.strategy, row.split, row.metric) for row in Pack(folder).rows() if row.kind == BASELINE}
    parts = labels_scored(task) if task.kind == "labels" else profiles_scored(task)
    added, machine, made_by = [], hardware(), commit()
    for name, (wanted, compute) in parts.items():
        if wanted <= {(split, metric) for strategy, split, metric in known if strategy == name}:
            continue
        rows = [
            Row(task.name, name, BASELINE, "", "", 0, split, metric, value, 0, 0.0, machine, made_by)
            for split, found in compute().items()
            for metric, value in found.items()
            if (name, split, metric) not in known
        ]
        add_baselines(folder, rows)
        added.append(name)
    return added


def labels_scored(task: Task) -> dict[str, Part]:
    """The baselines of labels."""
    tested = ["test", *(split for split in task.splits if split.startswith("test-"))]
    names = output_names(task) if task.model.number > 1 else []
    wanted = {(split, metric) for split in tested for metric in BY_LABEL}
    wanted |= {("test", f"{metric} {name}") for metric in BY_LABEL for name in names}
    fitted = {name: FITTED[name] for name in FITTED if name != SCAN or known_motifs(task)}
    return {name: (wanted, partial(_scored, task, fit, tested, names)) for name, fit in fitted.items()}


def _scored(task: Task, fit: Fit, tested: list[str], names: list[str]) -> dict[str, Values]:
    """A baseline's metrics by split, from one fit."""
    train, validation, *held_out = (load_examples(task, s) for s in ("train", "validation", *tested))
    given = fit(task, train, validation, np.concatenate([_codes(examples) for examples in held_out]))
    ends = np.cumsum([len(examples) for examples in held_out])[:-1]
    parts = zip(tested, held_out, np.split(given.score, ends), strict=True)
    found = {split: _metrics(examples, score, ()) for split, examples, score in parts}
    of_test = given.score[: len(held_out[0])]
    return {**found, "test": _metrics(held_out[0], of_test, names) | dict(given.chosen)}


def _metrics(examples: Examples, score: np.ndarray, names: Sequence[str]) -> Values:
    """The means over labels, and the values of each that is named."""
    target, found = np.asarray(examples.target), Values()
    for metric, compute in (("auroc", metrics.auroc), ("auprc", metrics.auprc)):
        values = compute(target, score)
        found[metric] = float(np.nanmean(values))
        found |= {f"{metric} {name}": float(v) for name, v in zip(names, values, strict=False)}
    return found


def _three_mers(task: Task, train: Examples, validation: Examples, codes: np.ndarray) -> Given:
    return Given(kmers.three_mers(train, codes))


def _words(task: Task, train: Examples, validation: Examples, codes: np.ndarray) -> Given:
    chosen = kmers.choose(train, validation)
    return Given(chosen.score(codes), {"k": float(chosen.k), "C": chosen.C})


def _gc(task: Task, train: Examples, validation: Examples, codes: np.ndarray) -> Given:
    """The share of G and C, for each label with the sign by which it tells the training labels."""
    known, asked = (np.repeat(_share_gc(c)[:, None], task.model.number, 1) for c in (_codes(train), codes))
    told = metrics.auroc(np.asarray(train.target), known)
    return Given(asked * np.where(told < 0.5, -1, 1))


def _scan(task: Task, train: Examples, validation: Examples, codes: np.ndarray) -> Given:
    return Given(scan(codes, known_motifs(task)))


FITTED: dict[str, Fit] = {
    THREE_MERS: _three_mers,
    WORDS: _words,
    "GC content": _gc,
    SCAN: _scan,
}
"""The baselines of labels, which score any sequences; the last where motifs are known."""


def profiles_scored(task: Task) -> dict[str, Part]:
    """The baselines of profiles, of the test split."""
    wanted = {("test", metric) for metric in METRICS if metric not in BY_LABEL}

    def scored(compute: Callable[[Task, str], dict[str, float]]) -> dict[str, Values]:
        found = compute(task, "test")
        return {"test": {metric: float(found[metric]) for metric in METRICS if metric in found}}

    return {name: (wanted, partial(scored, compute)) for name, compute in baselines(task).items()}


def _codes(examples: Examples) -> np.ndarray:
    return np.asarray(examples.unshifted_codes)


def _share_gc(codes: np.ndarray) -> np.ndarray:
    share: np.ndarray = np.isin(codes, dna.encode("CG")).mean(axis=1)
    return share


def complete_packs(runs: Path, tasks: Collection[str] = ()) -> Iterator[str]:
    """Write the missing baselines into the packs of some of the zoo's tasks, or of all: a line for each.

    A task that is named and has no pack gets one. Raises ValueError for an unknown task, and where the test
    data are not those that its runs saw.
    """
    packed = sorted(path.parent.name for path in runs.glob(f"*/{CONFIGS}"))
    for name in tasks or packed:
        task, folder = load_task(name), runs / name
        if name in packed:
            check_data(task, folder, {"test": fingerprint(task)["test"]})
        else:
            record(task, folder)
        yield f"{name}: {', '.join(write_baselines(task, folder)) or 'none was missing'}"
