"""Is the data itself RC-symmetric? The mean profile of one orientation against that of the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..symmetry import dna
from ..symmetry.rep import TRIVIAL, Rep, flip
from .preparation import load_examples
from .task import SPLITS, Task

WORD = 6
"""Long enough to tell motifs, short enough that each of the 4096 words occurs in a small data set."""


@dataclass(frozen=True)
class Symmetry:
    """Correlations ``rc`` and ``unflipped``, the sizes of the two groups, and what was compared.

    ``rc`` is that of the forward mean with the RC-ed reverse mean, ``unflipped`` with the reverse mean as it
    is. RC-symmetric data have ``rc`` near 1; only where ``unflipped`` is much lower can the data tell.
    """

    rc: float
    unflipped: float
    forward: int
    reverse: int
    by: str
    means: tuple[np.ndarray, np.ndarray]
    rep: Rep

    def summary(self) -> dict[str, float | int | str]:
        """The numbers, to be written as JSON."""
        return {
            "rc": round(self.rc, 4),
            "unflipped": round(self.unflipped, 4),
            "forward": self.forward,
            "reverse": self.reverse,
            "by": self.by,
        }


def symmetry(task: Task) -> Symmetry:
    """Compare the two orientations of a task's examples, all splits together.

    Profiles: mean of the profiles, each divided by its sum, of examples with the task's motif on the plus
    strand only and on the minus strand only; without a motif, of those with twice the signal on either strand
    (of the factors that have two).
    Labels: how often each 6-mer occurs in the positives, on the given strand and (RC) on the other;
    unflipped is the 6-mer complemented without reversal.
    Raises ValueError when one orientation has no examples.
    """
    codes, target = _everything(task)
    if task.kind == "labels":
        return _of_words(codes[target.max(axis=1) > 0])
    motif = task.symmetry.motif
    if motif:
        forward, reverse = _by_motif(codes, motif, task.symmetry.radius)
    else:
        forward, reverse = _by_signal(target, task.rep_out[0])
    if not forward.any() or not reverse.any():
        another = f"choose another motif than {motif!r}" if motif else "name a motif in [symmetry]"
        raise ValueError(
            f"symmetry of {task.name}: {forward.sum()} forward and {reverse.sum()} reverse examples: "
            + another
        )
    return _of_profiles(target, forward, reverse, task.rep_out[0], f"motif {motif}" if motif else "strand")


def plot(found: Symmetry, path: Path) -> None:
    """Draw the forward mean and the RC-ed reverse mean, strand by strand, into an image file."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    length = found.means[0].shape[-1]
    positions = np.arange(length) - length // 2
    for factor, strands in enumerate(found.rep.orbits):
        for channel, sign in zip(strands, (1, -1), strict=False):
            for mean, line, name in zip(found.means, ("-", "--"), ("forward", "reverse, RC-ed"), strict=True):
                label = name if channel == 0 else None
                axes.plot(positions, sign * mean[channel], color=f"C{factor}", ls=line, label=label)
    axes.set(xlabel="position", ylabel="mean share of signal (minus strand below)")
    axes.set_title(f"by {found.by}: rc {found.rc:.3f}, unflipped {found.unflipped:.3f}")
    axes.legend()
    figure.savefig(path)


def _everything(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Codes and targets of all splits, unshifted."""
    splits = [load_examples(task, split) for split in SPLITS]
    codes = np.concatenate([examples.unshifted_codes for examples in splits])
    return codes, np.concatenate([examples.unshifted_target for examples in splits])


def _by_motif(codes: np.ndarray, motif: str, radius: int) -> tuple[np.ndarray, np.ndarray]:
    """Which examples have the motif near the centre on the plus strand only, and on the minus strand only."""
    centre = codes.shape[1] // 2
    middle = [dna.decode(row) for row in codes[:, centre - radius : centre + radius + 1]]
    plus = np.array([bool(re.search(motif, text)) for text in middle])
    minus = np.array([bool(re.search(motif, dna.reverse_complement(text))) for text in middle])
    return plus & ~minus, minus & ~plus


def _by_signal(target: np.ndarray, rep: Rep) -> tuple[np.ndarray, np.ndarray]:
    """Which examples have twice the signal on the plus strand, and on the minus strand."""
    pairs = np.array([orbit for orbit in rep.orbits if len(orbit) == 2], int).reshape(-1, 2)
    plus, minus = (np.nansum(target[:, strand], axis=(1, 2)) for strand in pairs.T)
    return plus > 2 * minus, minus > 2 * plus


def _of_profiles(target: np.ndarray, forward: np.ndarray, reverse: np.ndarray, rep: Rep, by: str) -> Symmetry:
    share = target / np.maximum(np.nansum(target, axis=(1, 2), keepdims=True), 1e-9)
    a, b = np.nanmean(share[forward], axis=0), np.nanmean(share[reverse], axis=0)
    turned = rep.act(b[None])[0]
    means = (a, turned)
    return Symmetry(_r(a, turned), _r(a, b), int(forward.sum()), int(reverse.sum()), by, means, rep)


def _of_words(codes: np.ndarray) -> Symmetry:
    counts, rc, complement = (_words(c) for c in (codes, dna.complement_codes(codes), _complement(codes)))
    means = (counts[None], rc[None])
    n = len(codes)
    return Symmetry(_r(counts, rc), _r(counts, complement), n, n, f"{WORD}-mers of positives", means, TRIVIAL)


def _complement(codes: np.ndarray) -> np.ndarray:
    """Complement without reversal: what a wrong action would do."""
    return flip(dna.complement_codes(codes))


def _words(codes: np.ndarray) -> np.ndarray:
    """Frequency of each word without N: (4**WORD,)."""
    windows = np.lib.stride_tricks.sliding_window_view(codes, WORD, axis=1)
    index = (windows.astype(np.int64) @ (4 ** np.arange(WORD)))[(windows < dna.UNKNOWN).all(-1)]
    return np.bincount(index, minlength=4**WORD) / max(index.size, 1)


def _r(a: np.ndarray, b: np.ndarray) -> float:
    keep = ~(np.isnan(a) | np.isnan(b))
    return float(np.corrcoef(a[keep], b[keep])[0, 1])
