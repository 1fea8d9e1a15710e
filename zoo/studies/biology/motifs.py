"""Known motifs of a task's outputs: sites drawn from them, what these are compared with, and matches."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rczoo.data.output_names import output_names
from rczoo.data.schema import SimulationData
from rczoo.data.sources import simulation
from rczoo.data.sources.shuffles import dinucleotide_shuffles
from rczoo.data.task import Task
from rczoo.evaluation.motif_scan import MISMATCH, consensus_matrix, log_odds
from rczoo.symmetry import dna
from rczoo.symmetry.rep import DNA

ORDERS = 20
"""Orders of a site's bases that are tried for its null: of so many one is unlike most sites."""
BY_CHANCE = 0.1
"""Most hits in a shuffled window that are allowed where a motif's best matches are rarer than that."""

COMMON = 0.2
"""The share of a base that is named: the four of a place where all are alike have .25 each."""
EXACT = 1e-3
"""What sums in single precision of log-odds may lack of the largest."""
TURNED = [*DNA.partners, dna.UNKNOWN]
"""The complements of the codes."""


class Motif(NamedTuple):
    """What is known of an output: its name and number, and each base's share at each place, (width, 4)."""

    output: str
    number: int
    matrix: np.ndarray

    @property
    def text(self) -> str:
        """Its consensus in IUPAC letters, of the bases that have :data:`COMMON` or more."""
        letters = {frozenset(bases): letter for letter, bases in dna.IUPAC.items()}
        common = (
            [b for b, share in zip(dna.BASES, row, strict=True) if share >= COMMON] for row in self.matrix
        )
        return "".join(letters[frozenset(bases)] for bases in common)


class Hits(NamedTuple):
    """Places of matches: the window, the first base on the strand given, and whether it is on the other."""

    window: np.ndarray
    start: np.ndarray
    reverse: np.ndarray


def motifs_of(task: Task) -> list[Motif]:
    """The motifs that a task file declares, or a simulation plants; none for outputs without a known one."""
    names = output_names(task) or [task.name]
    known = [
        Motif(name, number, m) for number, (name, m) in enumerate(zip(names, _matrices(task), strict=False))
    ]
    return [motif for motif in known if not np.allclose(motif.matrix, 1 / len(dna.BASES))]


def _matrices(task: Task) -> list[np.ndarray]:
    if isinstance(task.data, SimulationData):
        return list(simulation.motifs().values())
    of_profile = (task.symmetry.motif,) if task.kind == "profile" and task.symmetry.motif else ()
    return [_exact(text) for text in task.reference.motifs or of_profile]


def _exact(text: str) -> np.ndarray:
    """The matrix of a consensus without a share for mismatches."""
    matrix: np.ndarray = (consensus_matrix(text) - MISMATCH / 4) / (1 - MISMATCH)
    return matrix


def sites(matrix: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """Sites drawn from a motif, each place on its own: codes (number, width)."""
    drawn = rng.random((number, len(matrix), 1)) > matrix.cumsum(axis=1)[None, :, :-1]
    codes: np.ndarray = drawn.sum(axis=2).astype(np.uint8)
    return codes


def scrambled(drawn: np.ndarray, matrix: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same bases in another order: of :data:`ORDERS`, that least like the motif on either strand."""
    orders = np.stack([rng.permuted(drawn, axis=1) for _ in range(ORDERS)])
    likeness = _likeness(orders.reshape(-1, drawn.shape[1]), matrix).reshape(ORDERS, -1)
    chosen: np.ndarray = orders[likeness.argmin(axis=0), np.arange(len(drawn))]
    return chosen


def inserted(codes: np.ndarray, drawn: np.ndarray, reverse: bool) -> np.ndarray:
    """Windows (n, length) with a site each, on either strand, in their middle."""
    written, first = codes.copy(), (codes.shape[1] - drawn.shape[1]) // 2
    written[:, first : first + drawn.shape[1]] = dna.complement_codes(drawn) if reverse else drawn
    return written


def hits(codes: np.ndarray, matrix: np.ndarray, rng: np.random.Generator) -> Hits:
    """The matches to a motif on both strands: those rarer than :data:`BY_CHANCE` a window in its shuffle.

    Matches that fit the consensus wholly always count, however often they occur by chance.
    """
    odds = _odds(matrix)
    forward, backward = _scores(codes, odds), _scores(codes, odds[::-1, TURNED])
    shuffled = dinucleotide_shuffles(codes, rng)
    by_chance = np.concatenate([_scores(shuffled, odds), _scores(shuffled, odds[::-1, TURNED])]).ravel()
    allowed = int(BY_CHANCE * len(codes))
    rare = np.partition(by_chance, -allowed - 1)[-allowed - 1]
    least = min(np.nextafter(rare, np.inf), odds.max(axis=1).sum() - EXACT)
    found = [np.nonzero(scores >= least) for scores in (forward, backward)]
    window, start = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Hits(window, start, np.repeat([False, True], [len(found[0][0]), len(found[1][0])]))


def _odds(matrix: np.ndarray) -> np.ndarray:
    return log_odds((1 - MISMATCH) * matrix + MISMATCH / 4, np.full(4, 0.25)).astype(np.float32)


def _scores(codes: np.ndarray, odds: np.ndarray) -> np.ndarray:
    """The score of every place: (n, length) -> (n, length - width + 1)."""
    places = codes.shape[1] - len(odds) + 1
    total = np.zeros((len(codes), places), np.float32)
    for offset, column in enumerate(odds):
        total += column[codes[:, offset : offset + places]]
    return total


def _likeness(sites: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The best score of sites on either strand, whole: (n,)."""
    odds = _odds(matrix)
    best: np.ndarray = np.maximum(_scores(sites, odds), _scores(sites, odds[::-1, TURNED]))[:, 0]
    return best
