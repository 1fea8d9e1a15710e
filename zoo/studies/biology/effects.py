"""What a model makes of a known motif: its effect when inserted, footprints at its matches, attributions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rczoo.attribution import attribute
from rczoo.data.examples import Examples
from rczoo.data.sources.shuffles import dinucleotide_shuffles
from rczoo.data.task import Task
from rczoo.family.ensembles import Model
from rczoo.symmetry import dna

from ...publishing.expected import answers
from .motifs import Hits, Motif, hits, inserted, scrambled, sites

BACKGROUNDS = 200
"""Shuffled test windows: an interval of the mean is then some .14 of their spread to either side."""
NEAR = 20
"""Bases to either side of a motif within which ChIP-exo has its reads: the edges of a footprint."""
MOVES = 20
"""Times that a mask of hits is moved at random for what is in it by chance."""
DRAWS = 200
"""Of the bootstrap over hits."""


class Mean(NamedTuple):
    """A mean and its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3g} ({self.low:.3g} to {self.high:.3g})"


class Effect(NamedTuple):
    """What a site in the middle of a shuffled window changes: on each strand, scrambled, and more than that.

    Of labels in the logit; of profiles in the share of the reads within :data:`NEAR` bases of the site.
    """

    output: str
    motif: str
    forward: Mean
    reverse: Mean
    scrambled: Mean
    above: Mean


class Footprint(NamedTuple):
    """The share of the reads within :data:`NEAR` bases of places with a motif, and of the like without.

    ``found`` hits; the shares observed and predicted; ``alike``, the correlation of the mean difference
    between hits and others as predicted with that observed; ``profiles``: observed at hits and at others,
    predicted at hits and at others, each (strands, 2 * NEAR + 1).
    """

    output: str
    found: int
    observed: Mean
    observed_elsewhere: Mean
    predicted: Mean
    predicted_elsewhere: Mean
    alike: Mean
    profiles: list[list[list[float]]]


class Shown(NamedTuple):
    """The test window with the most reads, observed and predicted: each (strands, out_length)."""

    output: str
    observed: list[list[float]]
    predicted: list[list[float]]


class Explained(NamedTuple):
    """The share of attributions in matches to the motif, in these moved at random, and the ratio."""

    output: str
    windows: int
    inside: Mean
    by_chance: Mean
    times: float


def effect(model: Model, task: Task, motif: Motif, windows: np.ndarray, rng: np.random.Generator) -> Effect:
    """The marginal effect of a motif, inserted into dinucleotide shuffles of test windows (n, length)."""
    drawn = rng.choice(len(windows), BACKGROUNDS, replace=len(windows) < BACKGROUNDS)
    background = dinucleotide_shuffles(windows[drawn], rng)
    true = sites(motif.matrix, BACKGROUNDS, rng)
    false = scrambled(true, motif.matrix, rng)
    before = _told(model, task, motif.number, background)
    changed = [
        _told(model, task, motif.number, inserted(background, written, reverse)) - before
        for written in (true, false)
        for reverse in (False, True)
    ]
    own, null = np.mean(changed[:2], axis=0), np.mean(changed[2:], axis=0)
    return Effect(motif.output, motif.text, *map(mean_of, (changed[0], changed[1], null, own - null)))


def _told(model: Model, task: Task, number: int, codes: np.ndarray) -> np.ndarray:
    """The number that a motif is expected to raise: (n,)."""
    given = _answers(model, codes)
    if task.kind == "labels":
        return given[:, number]
    middle = given.shape[-1] // 2
    share: np.ndarray = _shares(given)[:, :, middle - NEAR : middle + NEAR + 1].sum(axis=-1).mean(axis=1)
    return share


def _answers(model: Model, codes: np.ndarray) -> np.ndarray:
    parts = np.array_split(codes, -(-len(codes) // BACKGROUNDS))
    return np.concatenate(
        [answers(model, [dna.decode(row) for row in part]).double().numpy() for part in parts]
    )


def _shares(logits: np.ndarray) -> np.ndarray:
    """Profiles of logits as shares of each strand's reads."""
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    return shares


def footprint(
    model: Model, task: Task, motif: Motif, examples: Examples, rng: np.random.Generator
) -> Footprint | None:
    """Profiles at hits in test windows, and at the same places of others without one; None without a hit.

    Every window is read so that the motif lies on the given strand. A hit is the one next to the middle.
    """
    codes, target = np.asarray(examples.unshifted_codes), np.asarray(examples.unshifted_target, np.float64)
    found = _middle_hits(hits(codes, motif.matrix, rng), codes.shape[1], len(motif.matrix), target.shape[-1])
    without = np.setdiff1d(np.arange(len(codes)), found.window)
    if not len(found.window) or not len(without):
        return None
    others = Hits(rng.choice(without, len(found.window)), found.start, found.reverse)
    predicted = _shares(_answers(model, codes))
    observed = target / np.maximum(target.sum(axis=-1, keepdims=True), 1e-9)
    cut = [
        _around(tracks, task, where, codes.shape[1], len(motif.matrix))
        for tracks in (observed, predicted)
        for where in (found, others)
    ]
    inside = [mean_of(part.sum(axis=-1).mean(axis=1)) for part in cut]
    means = [np.round(part.mean(axis=0), 5).tolist() for part in cut]
    return Footprint(motif.output, len(found.window), *inside, _alike(cut, rng), means)


def shown(model: Model, task: Task, examples: Examples, outputs: list[str]) -> Shown:
    """The profile with the most reads of the test split, of the output that has them, and as predicted."""
    target = np.nan_to_num(np.asarray(examples.unshifted_target, np.float64))
    orbits = task.rep_out[0].orbits
    reads = np.stack([target[:, list(orbit)].sum(axis=(1, 2)) for orbit in orbits], axis=1)
    row, number = np.unravel_index(reads.argmax(), reads.shape)
    channels = list(orbits[number])
    predicted = _shares(_answers(model, np.asarray(examples.unshifted_codes)[[row]]))[0, channels]
    observed = target[row, channels] / np.maximum(target[row, channels].sum(axis=-1, keepdims=True), 1e-9)
    name = outputs[number] if len(outputs) > 1 else outputs[0]
    return Shown(name, np.round(observed, 5).tolist(), np.round(predicted, 5).tolist())


def _middle_hits(found: Hits, length: int, width: int, out_length: int) -> Hits:
    """Of each window the hit nearest to its middle, where the profile reaches as far as needed around it."""
    away = np.abs(2 * found.start + width - length)
    inside = np.flatnonzero(away <= out_length - 2 * NEAR - 2)
    order = inside[np.lexsort((away[inside], found.window[inside]))]
    _, first = np.unique(found.window[order], return_index=True)
    return Hits(*(array[order[first]] for array in found))


def _around(tracks: np.ndarray, task: Task, where: Hits, length: int, width: int) -> np.ndarray:
    """Tracks (n, strands, out_length) around places, on their strand: (hits, strands, 2 * NEAR + 1)."""
    centre = where.start + width // 2 - (length - tracks.shape[-1]) // 2
    turned = np.where(where.reverse, tracks.shape[-1] - 1 - centre - (width % 2 - 1), centre)
    cut = np.where(
        where.reverse[:, None, None], task.rep_out[0].act(tracks[where.window]), tracks[where.window]
    )
    places = turned[:, None] + np.arange(-NEAR, NEAR + 1)
    around: np.ndarray = np.take_along_axis(cut, places[:, None, :].repeat(cut.shape[1], axis=1), axis=-1)
    return around


def _alike(cut: list[np.ndarray], rng: np.random.Generator) -> Mean:
    """The correlation of hits less others as observed and as predicted, with a bootstrap over hits."""
    observed, predicted = (hit - other for hit, other in (cut[:2], cut[2:]))

    def correlation(rows: np.ndarray) -> float:
        return float(np.corrcoef(observed[rows].mean(0).ravel(), predicted[rows].mean(0).ravel())[0, 1])

    number = len(observed)
    drawn = [correlation(rng.integers(0, number, number)) for _ in range(DRAWS)]
    return Mean(correlation(np.arange(number)), *map(float, np.percentile(drawn, [2.5, 97.5])))


def scores_of(model: Model, task: Task, number: int, codes: np.ndarray) -> np.ndarray:
    """What each base adds, by the default of ``rczoo explain``: windows (n, length) -> (n, length)."""
    X = dna.one_hot(codes)
    target = number if task.kind == "labels" else "profile"
    present: np.ndarray = (attribute(model, X, target=target) * X).sum(dim=1).double().numpy()
    return present


def explained(
    motif: Motif, codes: np.ndarray, scores: np.ndarray, rng: np.random.Generator
) -> Explained | None:
    """How much of the attributions (n, length) lies in hits, of the windows that have one."""
    mask, found = np.zeros(codes.shape, dtype=bool), hits(codes, motif.matrix, rng)
    for offset in range(len(motif.matrix)):
        mask[found.window, found.start + offset] = True
    rows = np.flatnonzero(mask.any(axis=1) & (scores != 0).any(axis=1))
    if not len(rows):
        return None
    size = np.abs(scores[rows]) / np.abs(scores[rows]).sum(axis=1, keepdims=True)
    moved = [
        np.stack(
            [
                np.roll(row, step)
                for row, step in zip(mask[rows], rng.integers(0, codes.shape[1], len(rows)), strict=True)
            ]
        )
        for _ in range(MOVES)
    ]
    inside = (size * mask[rows]).sum(axis=1)
    chance = np.mean([(size * one).sum(axis=1) for one in moved], axis=0)
    return Explained(
        motif.output, len(rows), mean_of(inside), mean_of(chance), float(inside.mean() / chance.mean())
    )


def mean_of(values: np.ndarray) -> Mean:
    """The mean of values (n,), with the interval that their spread gives it."""
    half = 1.96 * float(values.std(ddof=1)) / len(values) ** 0.5 if len(values) > 1 else 0.0
    mean = float(values.mean())
    return Mean(mean, mean - half, mean + half)
