"""How much higher scores are at known sites than elsewhere."""

from typing import NamedTuple

import numpy as np

from rczoo.evaluation.metrics import auroc


class Enrichment(NamedTuple):
    """``fold``: mean size of the score at sites over that at shuffled sites.

    ``auroc``: of telling the positions of sites from others by the score, sign included.
    """

    fold: float
    auroc: float


def enrichment(scores, sites, seed=0):
    """Of scores (n, length) at sites (n, length) bool; shuffled sites are these moved along the sequence."""
    random = np.random.default_rng(seed)
    moved = np.stack([np.roll(row, random.integers(row.size)) for row in sites])
    fold = np.abs(scores[sites]).mean() / np.abs(scores[moved & ~sites]).mean()
    return Enrichment(float(fold), float(auroc(sites.reshape(-1, 1), scores.reshape(-1, 1))[0]))
