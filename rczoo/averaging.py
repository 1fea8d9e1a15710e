"""Means of overlapping windows along a chromosome, in memory for as long as a later window may reach them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

Run = tuple[int, np.ndarray]
"""First position, and values (channels, n) from there on without a gap."""


class Averager:
    """Adds windows (channels, n) at positions of one chromosome, and gives out means of what is complete."""

    def __init__(self, channels: int, size: int) -> None:
        self.size, self._low = size, 0
        self._total, self._count = np.zeros((channels, 0)), np.zeros(0, dtype=np.int64)

    def add(self, first: int, values: np.ndarray) -> None:
        """Add a window; what lies beyond the chromosome's ends is left out.

        Windows come in the order of their places, up to what :meth:`take` has left.
        """
        low, high = max(first, 0), min(first + values.shape[1], self.size)
        if low >= high:
            return
        if not self._count.size:
            self._low = low
        self._reserve(high - self._low)
        self._total[:, low - self._low : high - self._low] += values[:, low - first : high - first]
        self._count[low - self._low : high - self._low] += 1

    def take(self, end: int | None = None) -> Iterator[Run]:
        """The means before ``end`` (default: all), which no later window may reach, in runs without gaps."""
        number = self._count.size if end is None else min(max(end - self._low, 0), self._count.size)
        total, count = self._total[:, :number], self._count[:number]
        edges = np.flatnonzero(np.diff(np.concatenate([[0], count > 0, [0]]).astype(np.int8)))
        for low, high in zip(edges[::2], edges[1::2], strict=True):
            yield self._low + int(low), (total[:, low:high] / count[low:high]).astype(np.float32)
        self._total, self._count = self._total[:, number:].copy(), self._count[number:].copy()
        self._low += number

    def _reserve(self, number: int) -> None:
        if (more := number - self._count.size) > 0:
            more = max(more, self._count.size)  # doubled, so that growing costs little
            self._total = np.pad(self._total, ((0, 0), (0, more)))
            self._count = np.pad(self._count, (0, more))
