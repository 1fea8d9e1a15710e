"""Batches of windows and their answers, for the two strands as asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from . import __version__, dna
from .controls import Controls, zero_control
from .files import stamp
from .journal import Journal
from .prediction import answer, sides
from .readout import Readout
from .regions import Regions
from .sequences import Sequences

Batch = tuple[np.ndarray, np.ndarray | None, np.ndarray]
"""Codes (n, length), control tracks, and which rows are to be read on their other strand."""


@dataclass(frozen=True)
class Places:
    """Where the results go: a table, and bigWigs by channel name."""

    table: Path | None = None
    tracks: dict[str, Path] = field(default_factory=dict)

    def paths(self) -> list[Path]:
        """All of them, the table first."""
        return [*([self.table] if self.table else []), *self.tracks.values()]


def fill(
    journal: Journal,
    model: Any,
    readout: Readout,
    strand: str,
    batches: Iterable[Batch],
    advance: Callable[[int], object],
) -> None:
    """Answer batch after batch into the journal: records (strands, channels, positions)."""
    for codes, control, reverse in batches:
        inputs = [dna.one_hot(codes)]
        if control is not None:
            inputs.append(torch.from_numpy(control))
        found = [readout.values(answer(model, inputs, reverse ^ other)) for other in sides(strand)]
        journal.append(np.stack(found, axis=1).reshape(len(codes), -1))
        advance(len(codes))


def identity(
    config: dict[str, Any], model: Any, inputs: Iterable[Path | None], options: list[Any]
) -> dict[str, Any]:
    """What tells one run from another: the model, the files as they are now, options and versions."""
    files = [path for path in inputs if path and path.is_file()]
    return {
        "model": [config["sha256"], model.config],
        "inputs": {str(path.resolve()): stamp(path) for path in files},
        "options": options,
        "versions": [__version__, str(torch.__version__)],
    }


def sequence_batches(
    sequences: Sequences, model: Any, readout: Readout, first: int, size: int
) -> Iterator[Batch]:
    """Batches of a FASTA file; the control tracks, if the model reads any, are zeros."""
    for codes in sequences.batches(first, size):
        yield codes, zero_control(model.rep_in, len(codes), readout), np.zeros(len(codes), dtype=bool)


def region_batches(regions: Regions, controls: Controls | None, first: int, size: int) -> Iterator[Batch]:
    """Batches of windows in genome orientation; those of minus-strand regions are to be turned."""
    for windows, codes in regions.batches(first, size):
        control = None
        if controls is not None:
            chrom = regions.sites.chrom[windows.region]
            control = controls.windows(chrom, windows.first, regions.readout.positions)
        yield codes, control, regions.sites.reverse[windows.region]


def disagreement(journal: Journal, readout: Readout) -> dict[str, float]:
    """How far the two strands' answers are apart: the largest and mean difference, and the calls that flip.

    A call is the sign of a logit, or, in a profile, the position where a channel is highest.
    """
    largest = total = flips = 0.0
    for record in journal.read(0, journal.done):
        given, other = record.reshape(2, len(readout.channels), -1)
        gap = np.abs(given - other)
        largest, total = max(largest, float(gap.max())), total + float(gap.mean())
        called = [x.argmax(-1) if readout.positions else x[:, 0] > 0 for x in (given, other)]
        flips += float((called[0] != called[1]).mean())
    return {
        "largest_difference": largest,
        "mean_difference": total / max(journal.done, 1),
        "flips": flips / max(journal.done, 1),
    }
