"""Control tracks for models that read them: from bigWig files, smoothed as in training, or none (zeros)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..io.bigwig import Track, smoothed_windows
from ..io.genome import Genome
from ..symmetry.rep import Rep
from .outputs import Outputs

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
                f"{len(widths)} (control_widths in its config.json): give --control {ZEROS}"
            )
        self.channels, self.widths = rep.channels, widths
        self.tracks = [Track(path, genome.lengths) for path in files]

    def check(self, chrom: np.ndarray) -> None:
        """Raise ValueError if a file has another length of one of these chromosomes than the genome."""
        for track in self.tracks:
            track.check(np.unique(chrom).tolist())

    def windows(self, chrom: np.ndarray, first: np.ndarray, positions: int) -> np.ndarray:
        """Control (n, channels, positions) float32, in genome orientation."""
        if not self.tracks:
            return np.zeros((len(first), self.channels, positions), dtype=np.float32)
        return smoothed_windows(self.tracks, self.widths, chrom, first, positions)


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
    rep_in: Sequence[Rep], given: Sequence[str], genome: Genome, config: Mapping[str, Any]
) -> Controls | None:
    """The controls that the command line names, if the model reads any; ``config``: its checkpoint's."""
    if len(rep_in) == 1:
        return None
    files = [] if list(given) == [ZEROS] else [Path(name) for name in given]
    return Controls(rep_in[1], files, config.get("control_widths", []), genome)


def zero_control(rep_in: Sequence[Rep], number: int, outputs: Outputs) -> np.ndarray | None:
    """No control signal for sequences, whose place in the genome nobody knows."""
    if len(rep_in) == 1:
        return None
    return np.zeros((number, rep_in[1].channels, outputs.positions), dtype=np.float32)
