"""Windows that lie near each other, cut from one reading of the stretch that they cover."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

NEAR, MOST_WINDOWS = 5000, 64
"""Bases that take as long to read as a new place takes to find; and windows that share a reading, at most."""


def cut_windows(
    out: np.ndarray, chrom: np.ndarray, start: np.ndarray, read: Callable[[str, int, int], np.ndarray]
) -> None:
    """Fill the rows of ``out`` (n, length) with windows at ``start`` (n,), whose order is free.

    ``read`` gives the values of a chromosome from a place up to another, which may lie beyond its ends. What
    it holds at a time are few windows and the gaps between them, however many are asked for.
    """
    length = out.shape[1]
    for rows in _near_each_other(chrom, start, length):
        first, last = int(start[rows[0]]), int(start[rows[-1]])
        values = read(str(chrom[rows[0]]), first, last + length)
        for row, at in zip(rows.tolist(), (start[rows] - first).tolist(), strict=True):
            out[row] = values[at : at + length]


def _near_each_other(chrom: np.ndarray, start: np.ndarray, length: int) -> Iterator[np.ndarray]:
    """The rows of windows that share a reading, in the order of their places."""
    order = np.lexsort((start, chrom))
    far = np.diff(start[order]) > length + NEAR
    apart = np.flatnonzero(far | (chrom[order][1:] != chrom[order][:-1])) + 1
    for near in np.split(order, apart) if len(order) else []:
        yield from np.split(near, range(MOST_WINDOWS, len(near), MOST_WINDOWS))
