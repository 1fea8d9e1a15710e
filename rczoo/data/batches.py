"""The batches of an epoch: which examples, in which order, shifted and reverse-complemented how.

Everything random depends on (seed, epoch) alone, so an interrupted training goes on as if never interrupted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from .examples import Examples

if TYPE_CHECKING:
    from .schema import Training

Batch = tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]


@dataclass(frozen=True)
class Epoch:
    """The training batches of one epoch, to be iterated over.

    ``training`` is the task's table: ``batch_size``, and for binary tasks the proportion of ``positives`` to
    ``negatives`` in each batch, with ``steps_per_epoch``. ``augment`` is ``""``, ``"set"`` (every example
    also appears reverse-complemented, the doubled set shuffled) or ``"batch"`` (each batch is followed by its
    RC copies, shifted on their own).
    """

    examples: Examples
    training: Training
    augment: str
    seed: int
    number: int

    def __len__(self) -> int:
        if steps := self.training.steps_per_epoch:
            return steps
        size = len(self.examples) * (2 if self.augment == "set" else 1)
        return -(-size // self.training.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        random = np.random.default_rng([self.seed, self.number])
        rows = self._order(random)
        size = self.training.batch_size
        for start in range(0, len(self) * size, size):
            yield self._batch(rows[start : start + size], random)

    def _order(self, random: np.random.Generator) -> np.ndarray:
        """Rows in the order of the epoch; rows from ``len(examples)`` on stand for RC copies."""
        if self.training.positives and self.training.negatives:
            return self._balanced(random, self.training.positives, self.training.negatives)
        copies = 2 if self.augment == "set" else 1
        return random.permutation(copies * len(self.examples))

    def _balanced(self, random: np.random.Generator, ons: int, offs: int) -> np.ndarray:
        """Batches with ``ons`` positives to ``offs`` negatives, each class without repeats while it lasts."""
        size = self.training.batch_size
        positives = size * ons // (ons + offs)
        label = self.examples.target[:, 0] > 0
        columns = [
            np.resize(random.permutation(np.flatnonzero(chosen)), (len(self), width))
            for chosen, width in ((label, positives), (~label, size - positives))
        ]
        return np.concatenate(columns, axis=1).ravel()

    def _batch(self, rows: np.ndarray, random: np.random.Generator) -> Batch:
        if self.augment == "batch":
            rows = np.concatenate([rows, rows + len(self.examples)])
        jitter = self.examples.jitter
        shifts = random.integers(-jitter, jitter, len(rows), endpoint=True) if jitter else None
        n = len(self.examples)
        return self.examples.batch(rows % n, shifts, rows >= n)


@dataclass(frozen=True)
class Plain:
    """All examples in their order, unshifted, for evaluation."""

    examples: Examples
    batch_size: int

    def __len__(self) -> int:
        return -(-len(self.examples) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, len(self.examples), self.batch_size):
            yield self.examples.batch(np.arange(start, min(start + self.batch_size, len(self.examples))))
