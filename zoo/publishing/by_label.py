"""How well a model tells each of its labels, where there are several, beside what needs no network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from rczoo.evaluation.metrics import auprc, auroc


class Label(NamedTuple):
    """A label on the test split: the share of examples that have it, how well it is told, and the bars."""

    name: str
    share: float
    auroc: float
    auprc: float
    auroc_bar: float | None = None
    auprc_bar: float | None = None


Bars = Mapping[str, float]
"""What the best reference that needs no network reaches, by metric and label, as ``auroc Abf1``."""


def by_label(
    names: list[str], target: np.ndarray, logits: np.ndarray, bars: Bars | None = None
) -> list[Label]:
    """Each label's row, of targets (NaN: not measured) and logits (examples, labels); none for one label."""
    if target.shape[1] < 2:
        return []
    names = names or [f"label {number}" for number in range(target.shape[1])]
    truth, given = target.astype(np.float64), logits.astype(np.float64)
    columns = np.nanmean(truth, axis=0), auroc(truth, given), auprc(truth, given)
    bar = bars or {}
    return [
        Label(name, *map(float, row), bar.get(f"auroc {name}"), bar.get(f"auprc {name}"))
        for name, *row in zip(names, *columns, strict=True)
    ]


def label_table(rows: list[Label]) -> str:
    """The rows as a table in Markdown, with bars where there are any."""
    barred = any(one.auroc_bar is not None for one in rows)
    head = ["label", "share positive", "auroc", *["to beat"] * barred, "auprc", *["to beat"] * barred]
    lines = [
        [
            one.name,
            f"{one.share:.3f}",
            *_beside(one.auroc, one.auroc_bar, barred),
            *_beside(one.auprc, one.auprc_bar, barred),
        ]
        for one in rows
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *lines])


def _beside(value: float, bar: float | None, barred: bool) -> list[str]:
    return [f"{value:.4f}", *["" if bar is None else f"{bar:.4f}"] * barred]


def label_section(rows: list[Label]) -> str:
    """The rows as a section of a card."""
    beaten = [one for one in rows if one.auroc_bar is not None]
    above = sum(one.auroc > one.auroc_bar for one in beaten if one.auroc_bar is not None)
    said = f" To beat: the best of what needs no network, by {above} of {len(beaten)} auROCs done." * bool(
        beaten
    )
    return (
        f"## By label\n\nOf this file, on the test split; by chance the auPRC is the share.{said}\n\n"
        + label_table(rows)
    )
