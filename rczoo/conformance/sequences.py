"""The sequences that a model is tried on: by design they hold every word, on both strands."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from ..symmetry.dna import BASES, encode

WORD = 6
"""Bases of a motif's core: the detector of any one such word, untied, is to be seen."""
LONG = 4**WORD + WORD - 1
"""Bases in which one sequence holds every such word: as long ones are tried one at a time."""
MOST_BASES = 4 * 4**WORD
"""Bases in one batch of several sequences: a few thousand more than the words need at most lengths."""


@cache
def every_word(word: int) -> np.ndarray:
    """Codes (4**word,) of a circle of bases that holds every word once, otherwise as if drawn at random.

    A de Bruijn sequence: the edges of a closed walk (Hierholzer's) through all words of ``word - 1`` bases.

    >>> circle = every_word(2)
    >>> len({(a, b) for a, b in zip(circle, np.roll(circle, -1))})
    16
    """
    nodes, rng = len(BASES) ** (word - 1), np.random.default_rng(77)
    left = [list(rng.permutation(len(BASES))) for _ in range(nodes)]
    path, circle = [(0, 0)], []
    while path:
        node, base = path[-1]
        if left[node]:
            step = int(left[node].pop())
            path.append(((node * len(BASES) + step) % nodes, step))
        else:
            circle.append(base)
            path.pop()
    return np.array(circle[:0:-1], dtype=np.uint8)


def windows(word: int, length: int, twice: bool = False) -> np.ndarray:
    """Codes (number, length) in which every word of ``word`` bases (or ``length``, if less) occurs.

    ``twice``: at two places at least, so that a model that reads only the middle half of a sequence meets it.
    """
    word = min(word, length)
    circle = every_word(word)
    step = max(1, (length - word + 1) // (2 if twice else 1))
    starts = np.arange(0, len(circle), step)
    rows: np.ndarray = circle[(starts[:, None] + np.arange(length)) % len(circle)]
    return rows


def as_codes(sequences: Sequence[str] | np.ndarray) -> np.ndarray:
    """Base codes (n, length) of strings of one length, or of codes. Raises ValueError on unequal lengths."""
    if isinstance(sequences, np.ndarray):
        return sequences
    rows = [encode(s) for s in sequences]
    if sizes := sorted({len(row) for row in rows} - {len(rows[0]) if rows else 0}):
        raise ValueError(f"sequences have lengths {len(rows[0])} and {sizes[0]}: give them one length")
    if not rows:
        raise ValueError("no sequences given")
    return np.stack(rows)
