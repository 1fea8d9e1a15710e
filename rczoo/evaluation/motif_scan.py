"""The motif scan: what the best match to a known motif tells, at any position of either strand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..data.schema import SimulationData
from ..data.sources import simulation
from ..data.task import Task
from ..symmetry import dna

MISMATCH = 0.1
"""The share of a uniform distribution in each column of a consensus, so that a site may depart from it.

A choice, not a measurement: where every letter is one base, any share ranks sequences alike, by mismatches.
"""


def known_motifs(task: Task) -> list[np.ndarray]:
    """The log-odds of a motif for each label, (width, 5) each; an empty list where none is known.

    Those of the task file, else those that a simulation plants, against the background that it draws.
    """
    if task.reference.motifs:
        return [log_odds(consensus_matrix(text), np.full(4, 0.25)) for text in task.reference.motifs]
    if not isinstance(task.data, SimulationData):
        return []
    share = simulation.PSEUDO
    planted = [(1 - share) * matrix + share / 4 for matrix in simulation.motifs().values()]
    return [log_odds(matrix, np.array(simulation.BACKGROUND)) for matrix in planted]


def consensus_matrix(text: str) -> np.ndarray:
    """The probabilities of a consensus in IUPAC letters, alike for the bases of a letter: (width, 4)."""
    allowed = np.zeros((len(text), 4))
    for column, letter in zip(allowed, text, strict=True):
        column[dna.encode(dna.IUPAC[letter])] = 1 / len(dna.IUPAC[letter])
    return (1 - MISMATCH) * allowed + MISMATCH / 4


def log_odds(matrix: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Log-odds against independent bases: (width, 4) -> (width, 5), 0 for N, which tells nothing."""
    return np.pad(np.log(matrix / background), ((0, 0), (0, 1)))


def scan(codes: np.ndarray, motifs: Sequence[np.ndarray]) -> np.ndarray:
    """The best score of each motif over all positions and both strands: (n, length) -> (n, motifs).

    Law: the scores of reverse-complemented codes are the same. Raises ValueError for sequences that are
    shorter than a motif.
    """
    codes = np.asarray(codes)
    if codes.shape[1] < (longest := max(map(len, motifs))):
        raise ValueError(
            f"motif scan: the sequences have {codes.shape[1]} bases, a motif {longest}: give longer ones"
        )
    strands = codes, dna.complement_codes(codes)
    return np.stack([np.maximum(*(_best(strand, motif) for strand in strands)) for motif in motifs], axis=1)


def _best(codes: np.ndarray, motif: np.ndarray) -> np.ndarray:
    """The best score over the positions of the given strand: (n,)."""
    places = codes.shape[1] - len(motif) + 1
    total = np.zeros((len(codes), places), np.float32)
    for offset, column in enumerate(motif.astype(np.float32)):
        total += column[codes[:, offset : offset + places]]
    best: np.ndarray = total.max(axis=1)
    return best
