"""How well a model tells each of its labels, where there are several."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rczoo.evaluation.metrics import auprc, auroc


class Label(NamedTuple):
    """A label on the test split: the share of examples that have it, and how well it is told."""

    name: str
    share: float
    auroc: float
    auprc: float


def by_label(names: list[str], target: np.ndarray, logits: np.ndarray) -> list[Label]:
    """Each label's row, of targets (NaN: not measured) and logits (examples, labels); none for one label."""
    if target.shape[1] < 2:
        return []
    names = names or [f"label {number}" for number in range(target.shape[1])]
    truth, given = target.astype(np.float64), logits.astype(np.float64)
    columns = np.nanmean(truth, axis=0), auroc(truth, given), auprc(truth, given)
    return [Label(name, *map(float, row)) for name, *row in zip(names, *columns, strict=True)]


def label_section(rows: list[Label]) -> str:
    """The rows as a section of a card."""
    lines = [f"| {one.name} | {one.share:.3f} | {one.auroc:.4f} | {one.auprc:.4f} |" for one in rows]
    head = ["| label | share positive | auroc | auprc |", "|---" * 4 + "|"]
    return (
        "## By label\n\nOf this file, on the test split; by chance the auPRC is the share.\n\n"
        + "\n".join([*head, *lines])
    )
