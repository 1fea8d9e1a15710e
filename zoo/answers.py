"""Ensembles by the answers that their members left for the test split: nothing is trained or loaded.

An ensemble of label models answers with the mean of their logits, and those are in the packs, in half
precision: an auROC is within 5e-5 of that of the models themselves, an auPRC within 3e-4 (by a test).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

import numpy as np

from rczoo.evaluation.metrics import label_metrics

from .packs import Arrays, Pack, member
from .rows import MODEL, Row
from .strategies import members

ENSEMBLES = (
    "standard+aug-ensemble-2",
    "posthoc-ensemble-2",
    "posthoc-ensemble-3",
    "standard+aug-wide-ensemble-2",
)
"""Those that are compared with one model (:data:`zoo.results.comparisons.COMPARISONS`)."""


def of_ensembles(rows: Iterable[Row], runs: Path) -> Iterator[Row]:
    """The test metrics of ensembles of label models that are not packed, but all of whose members are.

    ``rows`` by task, as :func:`zoo.packs.gather` has them. Machine and commit are the first member's.
    """
    for task, of_task in groupby(rows, lambda row: row.task):
        found = [row for row in of_task if row.kind == MODEL and row.split == "test"]
        auroc = {(row.strategy, row.seed): row for row in found if row.metric == "auroc"}
        content: Arrays = {}
        for name in ENSEMBLES:
            made = members(name)
            assert made is not None
            first, of_members = made.seeds[0], {(made.strategy, seed) for seed in made.seeds}
            if (name, first) in auroc or not of_members <= auroc.keys():
                continue
            content = content or Pack(runs / task).arrays()
            values = label_metrics(content["target"], answers(content, name, first))
            about = auroc[made.strategy, first]._replace(strategy=name, epochs=0, seconds=0.0)
            for metric in ("auprc", "auroc"):
                yield about._replace(metric=metric, value=values[metric])


def answers(content: Arrays, strategy: str, seed: int) -> np.ndarray:
    """What a model gave for the test split, as a pack has it; of an ensemble without, its members' mean.

    Raises KeyError with the name of what the pack does not have.
    """
    made = members(strategy)
    if made is None or member(strategy, seed) in content:
        return content[member(strategy, seed)]
    return np.mean([content[member(made.strategy, s)] for s in made.seeds], axis=0, dtype=np.float32)
