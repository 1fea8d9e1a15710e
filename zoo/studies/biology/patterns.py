"""The patterns on which a model's answers rest most, from attributions alone: no motif is known here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from rczoo.symmetry import dna

WORD, FLANK = 8, 6
"""Bases by which places are told to be alike, and those shown beside them."""
SHIFTS = range(-3, 4)
"""By so much places of one pattern may be off each other."""
MISMATCHES = 1
EACH = 3
"""Places taken from a window: as many as the simulation plants at most."""
SHOWN = 1 / 4
"""Of the largest mean contribution: what a base needs to be in a pattern's text."""
LEAST = 5
"""Places of a pattern: of fewer a mean says little."""


class Pattern(NamedTuple):
    """Mean contributions of bases at alike places, (width, 4), of how many, and the output they are about."""

    output: str
    places: int
    contributions: list[list[float]]

    @property
    def text(self) -> str:
        """The bases that matter, with dots between them."""
        values = np.array(self.contributions)
        matter = values.max(axis=1) >= SHOWN * values.max()
        letters = [
            dna.BASES[base] if shown else "." for base, shown in zip(values.argmax(1), matter, strict=True)
        ]
        return "".join(letters).strip(".")


def listed(patterns: Iterable[Pattern]) -> str:
    """Patterns as text, with the number of their places."""
    return ", ".join(f"{pattern.text} ({pattern.places})" for pattern in patterns)


def patterns(output: str, codes: np.ndarray, scores: np.ndarray, number: int) -> Iterator[Pattern]:
    """The strongest patterns: windows (n, length), what each of their bases adds (n, length).

    The word of eight bases that adds most in all is the seed of a pattern, and the places that have it but
    for a base, on either strand, are its places. Places without the seeds so far give the next.
    """
    regions, values = _places(codes, scores)
    for _ in range(number):
        if len(regions) < LEAST:
            return
        pattern, left = _strongest(output, regions, values)
        if pattern.places >= LEAST:
            yield pattern
        regions, values = regions[left], values[left]


def _places(codes: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The places that add most in each window, and what their bases add: each (places, width + margins)."""
    margin = FLANK + max(SHIFTS)
    summed = np.lib.stride_tricks.sliding_window_view(scores, WORD, axis=1).sum(axis=-1)
    summed[:, :margin], summed[:, len(summed[0]) - margin :] = -np.inf, -np.inf
    rows, firsts = np.arange(len(codes)), []
    for _ in range(EACH):
        first = summed.argmax(axis=1)
        firsts.append(np.where(summed[rows, first] > 0, first, -1))
        beside = np.abs(np.arange(summed.shape[1]) - first[:, None]) < WORD
        summed[beside] = -np.inf
    window, first = np.tile(rows, EACH), np.concatenate(firsts)
    kept = first >= 0
    at = (first[kept] - margin)[:, None] + np.arange(WORD + 2 * margin)
    return codes[window[kept][:, None], at], scores[window[kept][:, None], at]


def _strongest(output: str, regions: np.ndarray, values: np.ndarray) -> tuple[Pattern, np.ndarray]:
    """The pattern of the strongest seed, and which places do not have it."""
    margin = FLANK + max(SHIFTS)
    both = np.stack([regions, dna.complement_codes(regions)]), np.stack([values, values[:, ::-1]])
    seed = _seed(both[0][:, :, margin : margin + WORD], both[1][:, :, margin : margin + WORD].sum(axis=2))
    firsts = [margin + shift for shift in SHIFTS]
    same = np.stack([(both[0][:, :, f : f + WORD] == seed).sum(axis=2) for f in firsts])
    best = same.reshape(-1, len(regions)).argmax(axis=0)
    shift, strand = np.unravel_index(best, same.shape[:2])
    rows = np.arange(len(regions))
    alike = same[shift, strand, rows] >= WORD - MISMATCHES
    at = (np.array(firsts)[shift] - FLANK)[:, None] + np.arange(WORD + 2 * FLANK)
    drawn, added = (part[strand[:, None], rows[:, None], at][alike] for part in both)
    mean = (np.eye(5)[drawn][:, :, :4] * added[:, :, None]).mean(axis=0)
    return Pattern(output, int(alike.sum()), np.round(mean, 5).tolist()), ~alike


def _seed(words: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """The word that adds most over all places, either strand: words (2, places, WORD), sums (2, places)."""
    places = 5 ** np.arange(WORD)[::-1]
    numbers = (words * places).sum(axis=2).min(axis=0)  # of the two strands the smaller: one name for both
    known, which = np.unique(numbers, return_inverse=True)
    total = np.bincount(which, weights=sums[0], minlength=len(known))
    seed: np.ndarray = known[total.argmax()] // places % 5
    return seed.astype(np.uint8)
