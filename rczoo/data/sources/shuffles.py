"""Shuffles that keep how often each pair of neighbouring bases occurs: negatives made of the positives."""

from __future__ import annotations

import numpy as np

LETTERS = 5
"""Codes of bases: A, C, G, T and N, which counts as a base of its own."""


def dinucleotide_shuffles(codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A shuffle of each sequence, codes (n, length), drawn evenly from all that keep its pairs: (n, length).

    A sequence is a walk over its bases, and its pairs are the steps. Any order in which the steps out of each
    base are taken gives such a walk if the last steps out of all bases lead to where the sequence ends
    (Altschul & Erickson 1985); orders are drawn until they do. The first and the last base stay.
    """
    shuffled = codes.copy()
    if codes.shape[1] < 3:
        return shuffled  # there is nothing to change
    left = np.arange(len(codes))
    while left.size:
        order = _orders(codes[left], rng)
        arrives = _arrive(codes[left], order)
        shuffled[left[arrives]] = _walk(codes[left[arrives]], order[arrives])
        left = left[~arrives]
    return shuffled


def _orders(codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Steps sorted by the base that they leave, those of a base at random: (n, length - 1) positions."""
    order: np.ndarray = np.argsort(codes[:, :-1] + rng.random((len(codes), codes.shape[1] - 1)), axis=1)
    return order


def _ends(codes: np.ndarray) -> np.ndarray:
    """How many steps leave each base or one before it in the alphabet: (n, letters)."""
    leaving = codes[:, :-1, None] == np.arange(LETTERS)
    ends: np.ndarray = leaving.sum(axis=1).cumsum(axis=1)
    return ends


def _arrive(codes: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Whether the last steps out of all bases lead to a sequence's last base: (n,) of bool."""
    rows, ends, goal = np.arange(len(codes)), _ends(codes), codes[:, -1].astype(np.int64)
    leads = np.repeat(goal[:, None], LETTERS, axis=1)
    for base in range(LETTERS):
        leaves = np.diff(ends, axis=1, prepend=0)[:, base] > 0
        last = order[rows, np.maximum(ends[:, base] - 1, 0)]
        step = leaves & (goal != base)
        leads[step, base] = codes[rows[step], last[step] + 1]
    reached = leads
    for _ in range(LETTERS):
        reached = np.take_along_axis(leads, reached, axis=1)
    arrives: np.ndarray = (reached == goal[:, None]).all(axis=1)
    return arrives


def _walk(codes: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The sequences that take their steps in this order."""
    rows, ends = np.arange(len(codes)), _ends(codes)
    next_step = np.concatenate([np.zeros((len(codes), 1), dtype=ends.dtype), ends[:, :-1]], axis=1)
    walked = codes.copy()
    for place in range(codes.shape[1] - 1):
        base = walked[:, place]
        walked[:, place + 1] = codes[rows, order[rows, next_step[rows, base]] + 1]
        next_step[rows, base] += 1
    return walked
