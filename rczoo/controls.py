"""Control tracks for models that read them: from bigWig files, smoothed as in training, or none (zeros)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .genome import Genome
from .readout import Readout, task_of
from .rep import Rep
from .tracks import Track, smooth, sum_windows

ZEROS = "zeros"


class Controls:
    """Control tracks of windows: ``files`` added up, then smoothed at each of ``widths``; no files: zeros.

    Raises ValueError unless there is a width for each channel, or for channels that are strands.
    """

    def __init__(self, rep: Rep, files: Sequence[Path], widths: Sequence[int], genome: Genome) -> None:
        if files and rep.trivial != rep.channels:
            raise ValueError(f"control tracks {rep} are stranded: give --control {ZEROS}")
        if files and len(widths) != rep.channels:
            raise ValueError(
                f"this model reads {rep.channels} control tracks, but the width of smoothing is known for "
                f"{len(widths)}: give --control {ZEROS}"
            )
        self.channels, self.widths = rep.channels, widths
        self.tracks = [Track(path, genome.lengths) for path in files]

    def windows(self, chrom: np.ndarray, first: np.ndarray, positions: int) -> np.ndarray:
        """Control (n, channels, positions) float32, in genome orientation."""
        if not self.tracks:
            return np.zeros((len(first), self.channels, positions), dtype=np.float32)
        edge = max(self.widths) // 2
        total = sum_windows(self.tracks, chrom, first - edge, positions + 2 * edge)
        spare = [edge - width // 2 for width in self.widths]
        rows = [smooth(total[:, s : total.shape[1] - s], w) for s, w in zip(spare, self.widths, strict=True)]
        return np.stack(rows, axis=1)


def check_control(rep_in: Sequence[Rep], given: Sequence[str], name: str) -> None:
    """Refuse a model that reads control tracks without them, and the reverse."""
    if len(rep_in) > 1 and not given:
        raise ValueError(
            f"{name} reads control tracks ({rep_in[1]}): give the control's bigWig files, --control FILE.bw "
            f"(repeatable; they are added up), or --control {ZEROS} for none"
        )
    if len(rep_in) == 1 and given:
        raise ValueError(f"{name} reads no control tracks: leave --control out")


def open_controls(
    rep_in: Sequence[Rep], given: Sequence[str], genome: Genome, task: str | None
) -> Controls | None:
    """The controls that the command line names, if the model reads any."""
    if len(rep_in) == 1:
        return None
    files = [] if list(given) == [ZEROS] else [Path(name) for name in given]
    known = task_of(task)
    widths = known.data.get("control", {}).get("widths", []) if known else [1] * (rep_in[1].channels == 1)
    return Controls(rep_in[1], files, widths, genome)


def zero_control(rep_in: Sequence[Rep], number: int, readout: Readout) -> np.ndarray | None:
    """No control signal for sequences, whose place in the genome nobody knows."""
    if len(rep_in) == 1:
        return None
    return np.zeros((number, rep_in[1].channels, readout.positions), dtype=np.float32)
