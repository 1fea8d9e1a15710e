"""How far the two strands' answers are apart, for models that are not meant to be exactly equivariant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..io.bad_lines import BadLines
from ..io.bed import read_located, window_start
from ..io.genome import Genome
from ..symmetry.actions import Action
from ..symmetry.dna import BASES
from .disagreement import disagreement
from .sequences import as_codes
from .tested_model import Encode, describe


@dataclass(frozen=True)
class Divergence:
    """How one output differs between strands: ``f(R x)`` against ``R f(x)``, over all entries and sequences.

    ``maximum`` and ``mean`` are of the absolute difference, in the output's units; ``relative`` is the
    maximum over the output's largest value; ``correlation`` is Pearson's (NaN for a constant); ``flips`` is
    the share of calls that differ: the sign of a logit, or, with positions, where a channel is highest.
    ``disagreement`` is J, by which conjoining with merge mean lowers the loss on these sequences and their
    reverse complements, whatever the labels: of labels in nats per example (the mean over labels), of a
    profile in nats per count of a channel, so N counts in it make N times as much. ``unit`` names which; it
    is the reason where the output is neither, and J is NaN.
    """

    output: str
    sequences: int
    maximum: float
    mean: float
    relative: float
    correlation: float
    flips: float
    disagreement: float
    unit: str

    def __str__(self) -> str:
        J = (
            f"J unclear: {self.unit}"
            if np.isnan(self.disagreement)
            else f"J {self.disagreement:.3g} {self.unit}"
        )
        return (
            f"{self.output}: maximum {self.maximum:.3g}, mean {self.mean:.3g}, relative {self.relative:.3g}, "
            f"correlation {self.correlation:.4f}, calls that flip {self.flips:.1%}, "
            f"{J} ({self.sequences} sequences)"
        )


@dataclass(frozen=True)
class Measurement:
    """Divergence of every output, and the answers themselves (``given``, ``other``: name -> array)."""

    rows: list[Divergence]
    given: dict[str, np.ndarray]
    other: dict[str, np.ndarray]

    def __str__(self) -> str:
        return "\n".join(map(str, self.rows))

    def as_dict(self) -> dict[str, Any]:
        """The rows, for JSON."""
        return {row.output: {k: _finite(v) for k, v in asdict(row).items()} for row in self.rows}

    def plot(self, path: Path | str) -> None:
        """Draw the answer for each strand against the other's, one panel for each output."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(4.2 * len(self.rows), 4.2), layout="constrained")
        for n, row in enumerate(self.rows):
            axes = figure.add_subplot(1, len(self.rows), n + 1)
            u, v = self.given[row.output].ravel(), self.other[row.output].ravel()
            keep = np.random.default_rng(0).permutation(len(u))[:20_000]
            axes.plot(u[keep], v[keep], ".", markersize=2, alpha=0.4)
            ends = [min(u.min(), v.min()), max(u.max(), v.max())]
            axes.plot(ends, ends, color="black", linewidth=0.8)
            axes.set(xlabel="R f(x)", ylabel="f(R x)", title=f"{row.output}: r = {row.correlation:.4f}")
        figure.savefig(path, dpi=150)


def measure(
    model: Any,
    sequences: Sequence[str] | np.ndarray | None = None,
    inputs: Any = None,
    outputs: Any = None,
    layout: str = "NCL",
    encode: Encode | None = None,
    *,
    length: int = 200,
    number: int = 256,
    batch_size: int = 32,
    threshold: float = 0.0,
    device: str = "cpu",
) -> Measurement:
    """Measure how far ``f(R x)`` is from ``R f(x)``, in evaluation mode and float32.

    Args:
        model: as for :func:`rczoo.check`.
        sequences: strings of one length, or base codes (n, length); by default random ones.
        inputs: how RC acts on each, as for :func:`rczoo.check`.
        outputs: likewise for each output.
        layout: ``"NCL"`` or ``"NLC"``, for every Rep.
        encode: from a list of strings to the model's inputs, for tokenisers.
        length: bases of each random sequence.
        number: how many random sequences.
        batch_size: sequences in one pass.
        threshold: the logit (or probability) above which a call is positive.
        device: ``"cpu"``, ``"cuda"`` or ``"auto"``.

    Raises ``Problem`` when the model does not run.
    """
    codes = _codes(sequences, length, number)
    tested = describe(model, inputs, outputs, layout, encode, device).accepting(codes[:1])
    got: dict[str, list[np.ndarray]] = {name: [] for name in tested.outputs}
    want: dict[str, list[np.ndarray]] = {name: [] for name in tested.outputs}
    for start in range(0, len(codes), batch_size):
        for name, (u, v) in tested.both(codes[start : start + batch_size], seed=start).items():
            got[name].append(u.double().cpu().numpy())
            want[name].append(v.double().cpu().numpy())
    given = {name: np.concatenate(parts) for name, parts in want.items()}
    other = {name: np.concatenate(parts) for name, parts in got.items()}
    profiles = any(values.ndim == 3 for values in given.values())
    rows = [
        _row(name, u, other[name], threshold, tested.outputs[name], profiles) for name, u in given.items()
    ]
    return Measurement(rows, given, other)


def windows_of(bed: Path, fasta: Path, length: int, bad: BadLines | None = None) -> np.ndarray:
    """Base codes (n, length) of the windows around a BED file's summits in a genome, N beyond its ends.

    Raises ValueError for no intervals, and for one off its chromosome, unless ``bad`` leaves it out.
    """
    genome = Genome(fasta)
    sites = read_located(bed, genome, bad)
    return genome.windows(sites.chrom, window_start(sites, length), length)


def _row(
    name: str, u: np.ndarray, v: np.ndarray, threshold: float, action: Action, profiles: bool
) -> Divergence:
    gap = np.abs(u - v)
    scale = max(np.abs(u).max(), np.abs(v).max()) or 1.0
    varies = u.std() > 0 and v.std() > 0
    correlation = float(np.corrcoef(u.ravel(), v.ravel())[0, 1]) if varies else float("nan")
    if u.ndim == 3:
        axis = 1 if getattr(action, "last", False) else 2
        flips = float((u.argmax(axis) != v.argmax(axis)).mean())
    else:
        flips = float(((u > threshold) != (v > threshold)).mean())
    largest, mean = float(gap.max()), float(gap.mean())
    J = disagreement(u, v, action, profiles)
    return Divergence(name, len(u), largest, mean, largest / float(scale), correlation, flips, *J)


def _codes(sequences: Sequence[str] | np.ndarray | None, length: int, number: int) -> np.ndarray:
    if sequences is not None:
        return as_codes(sequences)
    return np.random.default_rng(0).integers(0, len(BASES), (number, length)).astype(np.uint8)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value
