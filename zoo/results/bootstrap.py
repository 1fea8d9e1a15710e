"""Differences between strategies with intervals: a bootstrap over test examples, Student's t over seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rczoo.evaluation.metrics import PROFILE_METRICS

from ..packs import Pack
from ..strategies import source

DRAWS = 1000
METRIC = {"labels": "auroc", "profile": "jsd"}


@dataclass(frozen=True)
class Effect:
    """Mean difference of two strategies on the test split, and its 95 % interval."""

    difference: float
    low: float
    high: float
    seeds: tuple[int, int]


def effects(
    folder: Path, kind: str, seeds: Mapping[str, list[int]], against: str, draws: int = DRAWS
) -> dict[str, Effect]:
    """The effect of every strategy of a task against one of them.

    ``seeds`` by strategy. In each draw the test examples are drawn anew with repeats, whole blocks together
    (:func:`zoo.fingerprints.blocks`), the same for all strategies; then the weights of each training's seeds
    (:func:`seed_weights`), the same for the models that are one training under several merges. One seed gives
    no idea of the spread over seeds: the interval is then of the examples alone.
    """
    pack = Pack(folder)
    targets = pack.targets()
    known = {name: [pack.examples(name, seed) for seed in chosen] for name, chosen in seeds.items()}
    size = known[against][0].shape[1 if kind == "profile" else 0]
    weights = block_weights(targets.get("block", np.arange(size)), draws)
    score = _auroc_draws if kind == "labels" else _mean_draws
    table = {
        name: np.stack([score(found, weights, targets) for found in per_seed])
        for name, per_seed in known.items()
    }
    rng = np.random.default_rng(1)
    drawn: dict[tuple[str, int], np.ndarray] = {}
    means = {}
    for name, found in table.items():
        key = source(name)[0], len(found)
        if key not in drawn:
            drawn[key] = seed_weights(len(found), draws, rng)
        means[name] = (drawn[key] * found[:, 1:]).sum(axis=0)
    return {
        name: _effect(table[name], table[against], means[name] - means[against])
        for name in table
        if name != against
    }


def _effect(found: np.ndarray, base: np.ndarray, differences: np.ndarray) -> Effect:
    low, high = np.nanpercentile(differences, [2.5, 97.5])
    point = found[:, 0].mean() - base[:, 0].mean()
    return Effect(float(point), float(low), float(high), (len(found), len(base)))


def block_weights(block: np.ndarray, draws: int, seed: int = 0) -> np.ndarray:
    """How often each example occurs: (1 + draws, examples), blocks drawn whole; the first row is all ones."""
    rng = np.random.default_rng(seed)
    names, index = np.unique(block, return_inverse=True)
    counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    return np.vstack([np.ones(len(block), int), counts[:, index]])


def seed_weights(seeds: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Random weights of seeds, (seeds, draws), each column summing to 1: equal ones for a single seed.

    The weighted sum of normal scores is their mean plus Student's t, with seeds - 1 degrees of freedom, times
    their standard error: so the 95 % interval holds the true mean 95 times of 100 with few seeds, too (the
    true difference of two trainings at least as often), where drawing three seeds with repeats does 80 times.
    """
    if seeds == 1:
        return np.ones((1, draws))
    noise = rng.standard_normal((seeds, draws))
    noise -= noise.mean(axis=0)
    return 1 / seeds + noise / np.sqrt(seeds * rng.chisquare(seeds - 1, draws))


def weighted_auroc(target: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Area under the ROC curve of one label for rows of example weights: (draws, examples) -> (draws,).

    The probability that a positive scores above a negative, ties counting half; NaN without one class.
    """
    order = np.argsort(score, kind="stable")
    w, positive = weights[:, order].astype(float), target[order] > 0
    starts = np.flatnonzero(np.r_[True, np.diff(score[order].astype(float)) != 0])
    up = np.add.reduceat(np.where(positive, w, 0.0), starts, axis=1)
    down = np.add.reduceat(np.where(positive, 0.0, w), starts, axis=1)
    below = np.cumsum(down, axis=1) - down / 2
    pairs = up.sum(axis=1) * down.sum(axis=1)
    return np.divide((up * below).sum(axis=1), pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)


def _auroc_draws(logits: np.ndarray, weights: np.ndarray, targets: Mapping[str, np.ndarray]) -> np.ndarray:
    """Macro auROC for every row of weights, a few rows at a time to spare memory."""
    pieces = []
    for rows in np.array_split(weights, max(1, weights.size // 2_000_000)):
        labels = [weighted_auroc(t, s, rows) for t, s in zip(targets["target"].T, logits.T, strict=True)]
        pieces.append(np.nanmean(labels, axis=0))
    return np.concatenate(pieces)


def _mean_draws(table: np.ndarray, weights: np.ndarray, targets: Mapping[str, np.ndarray]) -> np.ndarray:
    """Mean of the profile metric over examples and factors for every row of weights."""
    found = table[list(PROFILE_METRICS).index(METRIC["profile"])]
    defined = ~np.isnan(found)
    total = weights @ np.where(defined, found, 0).sum(axis=1)
    return total / np.maximum(weights @ defined.sum(axis=1), 1)
