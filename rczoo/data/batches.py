"""The batches of an epoch: which examples, in which order, shifted and reverse-complemented how.

Everything random depends on (seed, epoch) alone, so an interrupted training goes on as if never interrupted.
No batch is ever empty: an optimiser with moments moves weights on a batch without a gradient, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from .examples import Examples
from .recipe import Training, in_batch

Batch = tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]


@dataclass(frozen=True)
class Epoch:
    """The training batches of one epoch, to be iterated over.

    ``training`` is the task's table: ``batch_size``, ``steps_per_epoch`` (full batches, for which examples
    come again where there are too few; without it, each example comes once and the last batch may be
    smaller), and the proportion of ``positives`` to ``negatives`` in every batch. ``augment`` is ``""``,
    ``"set"`` (every example also appears reverse-complemented, the doubled set shuffled) or ``"batch"``
    (each batch is followed by its RC copies, shifted on their own). ``part`` is (rank, number) of one of
    several processes that share every batch evenly: of a last, smaller batch what does not divide is left
    out.

    Raises ValueError, when iterated over, where there are no examples of a class to fill batches with.
    """

    examples: Examples
    training: Training
    augment: str
    seed: int
    number: int
    part: tuple[int, int] = (0, 1)

    def __len__(self) -> int:
        return self.training.steps_per_epoch or -(-self._distinct // self.training.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        random = np.random.default_rng([self.seed, self.number])
        rows = self._order(random)
        size = self.training.batch_size
        for start in range(0, len(self) * size, size):
            whole = rows[start : start + size]
            yield self._batch(whole[: len(whole) // self.part[1] * self.part[1]], random)

    @property
    def _distinct(self) -> int:
        """Rows that differ: those from ``len(examples)`` on stand for RC copies."""
        return len(self.examples) * (2 if self.augment == "set" else 1)

    def _order(self, random: np.random.Generator) -> np.ndarray:
        """Rows in the order of the epoch."""
        rows = np.arange(self._distinct)
        ons, offs = self.training.positives, self.training.negatives
        if ons and offs:
            return self._balanced(random, rows, in_batch(self.training.batch_size, ons, offs))
        steps = self.training.steps_per_epoch
        wanted = steps * self.training.batch_size if steps else len(rows)
        return _shuffled(random, rows, wanted, "training examples")

    def _balanced(self, random: np.random.Generator, rows: np.ndarray, positives: int) -> np.ndarray:
        """Batches of so many positives, which come first, and of negatives."""
        size = self.training.batch_size
        label = self.examples.target[rows % len(self.examples), 0] > 0
        parts = (rows[label], positives, "positives"), (rows[~label], size - positives, "negatives")
        columns = [
            _shuffled(random, chosen, len(self) * width, name).reshape(-1, width)
            for chosen, width, name in parts
        ]
        return np.concatenate(columns, axis=1).ravel()

    def _batch(self, rows: np.ndarray, random: np.random.Generator) -> Batch:
        if self.augment == "batch":
            rows = np.concatenate([rows, rows + len(self.examples)])
        jitter = self.examples.jitter
        shifts = random.integers(-jitter, jitter, len(rows), endpoint=True) if jitter else None
        n, own = len(self.examples), slice(self.part[0], None, self.part[1])
        rows = rows[own]
        return self.examples.batch(rows % n, None if shifts is None else shifts[own], rows >= n)


def _shuffled(random: np.random.Generator, rows: np.ndarray, wanted: int, name: str) -> np.ndarray:
    """So many rows in random order: all of them, before any comes again."""
    if not len(rows):
        raise ValueError(f"there are no {name} to make batches of: look at [data]")
    rounds = [random.permutation(rows) for _ in range(-(-wanted // len(rows)))]
    return np.concatenate(rounds)[:wanted]


@dataclass(frozen=True)
class Plain:
    """All examples in their order, unshifted, for evaluation; ValueError, when iterated over, for none.

    ``part`` is (rank, number) of one of several processes, which take the batches in turn.
    """

    examples: Examples
    batch_size: int
    part: tuple[int, int] = (0, 1)

    def __len__(self) -> int:
        return len(self._starts())

    def _starts(self) -> range:
        rank, number = self.part
        return range(rank * self.batch_size, len(self.examples), number * self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        if not len(self.examples):
            raise ValueError("there are no examples to make batches of: look at [data] splits")
        for start in self._starts():
            yield self.examples.batch(np.arange(start, min(start + self.batch_size, len(self.examples))))
