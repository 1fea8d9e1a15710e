"""Matched negatives: sites of the same kind of place that the factor does not bind.

Negatives drawn at random from the genome teach a model what a promoter looks like. These are taken from
sites of a general factor (so they are promoters too), far from every site of the factor in question, with
the GC content of the positives.
"""

from __future__ import annotations

import numpy as np

from ...io.bed import Intervals, distance_to, window_start, within
from ...io.genome import Genome
from ...symmetry import dna
from ..schema import Matched

BIN = 0.01
"""Width of the bins of GC content in which negatives are matched."""


def matched(
    positives: Intervals,
    bound: Intervals,
    sites: Intervals,
    genome: Genome,
    length: int,
    rule: Matched,
) -> Intervals:
    """Choose negatives among ``sites`` that lie far from every site of ``bound``.

    At least ``rule.distance`` away, up to ``rule.per_positive`` for each positive, each used once, nearest in
    GC content; the draw is fixed by ``rule.seed``. Raises ValueError when no site is far enough.
    """
    far = distance_to(sites, bound) >= rule.distance
    candidates = sites.take(far & within(sites, length, genome.lengths))
    if not len(candidates):
        raise ValueError(
            f"no negatives: none of {len(sites)} sites lies {rule.distance} bases from every positive: "
            "lower the distance or give more sites"
        )
    rng = np.random.default_rng(rule.seed)
    wanted = gc_content(positives, genome, length)
    chosen = match(wanted, gc_content(candidates, genome, length), rule.per_positive, rng)
    return candidates.take(chosen)


def gc_content(sites: Intervals, genome: Genome, length: int) -> np.ndarray:
    """Share of G and C in the windows around the sites: (n,)."""
    codes = genome.windows(sites.chrom, window_start(sites, length), length)
    share: np.ndarray = np.isin(codes, dna.encode("CG")).mean(axis=1)
    return share


def match(wanted: np.ndarray, offered: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Indices into ``offered``, sorted: equally many, at most ``most``, for each value ``wanted``, in bins.

    The number per positive is the largest that nine tenths of the wanted values can have within their bin,
    so that the negatives follow the positives' distribution instead of the candidates'.
    """
    wanted_bin, offered_bin = np.round(wanted / BIN).astype(int), np.round(offered / BIN).astype(int)
    bins, counts = np.unique(wanted_bin, return_counts=True)
    supply = np.array([(offered_bin == b).sum() for b in bins])
    per_positive = max(
        [r for r in range(1, most + 1) if np.minimum(supply, r * counts).sum() >= 0.9 * r * counts.sum()],
        default=1,
    )
    chosen = [
        rng.permutation(np.flatnonzero(offered_bin == b))[: per_positive * count]
        for b, count in zip(bins, counts, strict=True)
    ]
    return np.sort(np.concatenate(chosen))
