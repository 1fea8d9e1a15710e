"""One run of the suite on a model: the sequences, lengths and tolerances that its checks share."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch

from ..symmetry.dna import BASES, UNKNOWN, complement_codes
from ..symmetry.equivariance import relative_error
from .calls.highest import Highest, highest, without_casts
from .calls.inputs import Problem
from .calls.meter import SpentError
from .calls.outputs import Both
from .calls.precision import rounds_more
from .calls.training import Training, train
from .results import Result
from .sequences import LONG, MOST_BASES, WORD, windows
from .tested_model import TestedModel

FEWEST_TERMS = 64
"""Terms of a sum that are allowed for at least: activations and norms round as well."""
N_ROWS = 4
"""Sequences with unknown bases: each position is unknown in one of them, whatever a model does not read."""
DIRECTIONS = 4
"""In which parameters are shaken: a model may magnify one of them ten times more than another."""
MAGNIFIED = 1e4
"""A model that magnifies rounding by more is not excused any further."""


class FirstCalls(NamedTuple):
    """The answer for a batch, the next call's for the same batch, and what moved from one to the other."""

    codes: np.ndarray
    both: Both
    answer: dict[str, torch.Tensor]
    again: dict[str, torch.Tensor]
    moved: list[str]


class Batch(NamedTuple):
    """Sequences, the last ``unknown`` of them with N, and what came out for ``R x`` beside what the law
    demands. ``seconds``: of work, for both."""

    codes: np.ndarray
    both: Both
    unknown: int
    seconds: float = 0.0


class Answered(NamedTuple):
    """A model, sequences, and its answer for them."""

    tested: TestedModel
    codes: np.ndarray
    answer: dict[str, torch.Tensor]


class Place(NamedTuple):
    """A model, in the state and mode it was in, and sequences on which it was tried."""

    tested: TestedModel
    codes: np.ndarray


@dataclass
class Run:
    """A model and how to try it: ``lengths`` (the first is the main one), ``quick``, and a reference model.

    ``inference_only`` says that the model will never be trained again, so that its training is not tried.
    ``sequences``: base codes (n, length) of the user's own, or None.
    """

    tested: TestedModel
    lengths: tuple[int, ...]
    quick: bool = False
    inference_only: bool = False
    reference: Any = None
    sequences: np.ndarray | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def length(self) -> int:
        """The main length."""
        return self.lengths[0]

    @property
    def long(self) -> bool:
        """Whether the sequences are so long that they are tried one at a time."""
        return bool(self.length >= LONG)

    @property
    def few(self) -> int:
        """Sequences in a batch of a training: more of short ones, of which one alone shows little."""
        return 1 if self.long else min(max(2, 400 // self.length), 8)

    @cached_property
    def first(self) -> FirstCalls:
        """Three calls in float32: of a batch twice, in the state that the last one left, and of its RC.

        Of long sequences the first has the few words for which :attr:`covered` finds no place in one. A model
        whose weights were made float32, while it casts to less what they meet, runs with no such cast.
        """
        codes = self.codes(batch_size=3)
        codes = np.concatenate([windows(WORD, self.length)[1:2], codes])[:2] if self.long else codes

        def called(tested: TestedModel) -> FirstCalls:
            x, turned = tested.pair(codes)
            with torch.no_grad():
                answer, again, moved = tested.twice(x)
                got = tested(turned)
            return FirstCalls(codes, tested.compare(got, answer, codes), answer, again, moved)

        self.tested, first, without = without_casts(self.tested, called)
        if without:
            words = "inside are not made: with them it does not run here, where its weights are float32"
            self.notes.append(f"casts to {without} {words}")
        return first

    @property
    def high(self) -> TestedModel:
        """The model in float64, its casts to less not made; in float32 where it refuses that.

        What cannot be made float64 is computed as it is: ``high.computes`` is then another type.
        """
        return self._covered[0].tested

    @property
    def refused(self) -> str:
        """Why the model, or a part of it, is not computed in float64."""
        return self._covered[0].refused

    @property
    def covered(self) -> Batch:
        """With :attr:`high`: every word on both strands, then sequences with unknown bases."""
        return self._covered[1]

    @property
    def finest(self) -> Answered:
        """Answers of the model as it is, or of :attr:`high` where half precision inside hides too much."""
        if not rounds_more(self.tested.computes, torch.float32):
            return Answered(self.tested, self.first.codes, self.first.answer)
        codes, padding = self.covered.codes, self.high.padding(self.covered.codes)
        answer = {name: self.high.act(name, want, padding) for name, (_, want) in self.covered.both.items()}
        return Answered(self.high, codes, answer)

    @cached_property
    def _covered(self) -> tuple[Highest, Batch]:
        words = windows(WORD, self.length, twice=not self.quick)
        words = words[: 1 if self.long else max(1, MOST_BASES // self.length)]

        def tried(tested: TestedModel) -> Batch:
            with suppress(Problem):  # unknown bases may be refused
                if not self.long:
                    return batch(tested, N_ROWS)
            return batch(tested, 0)

        def batch(tested: TestedModel, rows: int) -> Batch:
            codes, begun = np.concatenate([words, self.unknown()[:rows]]), time.thread_time()
            return Batch(codes, tested.both(codes), rows, time.thread_time() - begun)

        return highest(self.tested, tried)

    @cached_property
    def condition(self) -> float:
        """:meth:`magnified` of the model at one random sequence."""
        return self.magnified(self.high, self.codes(batch_size=1))

    def magnified(self, tested: TestedModel, codes: np.ndarray) -> float:
        """How much a model magnifies rounding of its parameters there, between 1 and :data:`MAGNIFIED`."""
        if rounds_more(tested.computes, torch.float32):
            return 1.0  # nothing is far above its rounding and far below its parameters
        try:
            with self.tested.meter.free():
                return self._magnified(tested, codes)
        except SpentError:
            return MAGNIFIED

    def _magnified(self, tested: TestedModel, codes: np.ndarray) -> float:
        """The relative change of the answer over that of every parameter, which is small."""
        x, _ = tested.pair(codes)
        with torch.no_grad():
            before = tested(x)
            found = [self._shaken(tested, x, before, seed) for seed in range(1 if self.long else DIRECTIONS)]
        worst = max((error for error in found if error == error), default=1.0)
        return min(max(1.0, worst), MAGNIFIED)

    def _shaken(self, tested: TestedModel, x: Any, before: dict[str, torch.Tensor], seed: int) -> float:
        """How far the answer is off once every parameter is off at random, over the size of that."""
        # far above rounding, and far below the parameters
        step = 1e-6 if tested.computes == torch.float64 else 1e-3
        shaken = tested.at(tested.dtype, train=tested.model.training)
        generator = torch.Generator().manual_seed(seed)
        for p in shaken.model.parameters():
            if p.is_floating_point():
                noise = torch.randn(p.shape, generator=generator, dtype=torch.float64).to(p)
                p.data.mul_(1 + step * noise)
        after = shaken(x)
        return max((relative_error(after[n], before[n]) for n in before), default=0.0) / step

    @property
    def terms(self) -> float:
        """The terms of the longest sum that a layer makes; a mean of positions is made in a tree of sums."""
        return max(FEWEST_TERMS, self.tested.meter.terms, self._fan) + math.log2(self.length + 1)

    @cached_property
    def _fan(self) -> float:
        """The largest fan of a parameter: what no pass shows of a layer that is one operation, as an LSTM."""
        parameters = self.tested.model.parameters()
        return max((p.numel() / len(p) for p in parameters if p.ndim > 1 and len(p)), default=0.0)

    def tolerance(
        self, dtype: torch.dtype, error: float = 0.0, summed: int = 0, at: Place | None = None
    ) -> float:
        """The rounding allowed in a number type, relative: ``2 n u / (1 - n u)`` times the condition.

        Both strands of a tied layer sum the same n numbers in another order, which is as if each parameter
        were off by n roundings u. An ``error`` above that of a well-conditioned model is allowed for by how
        much it magnifies rounding :class:`at <Place>` where it was found, or else by :attr:`condition`, which
        costs five more calls of the model, two of long sequences. ``summed``: how many positions a norm sums
        in train mode, which it does one by one.
        """
        rounding = min((self.terms + summed) * torch.finfo(dtype).eps / 2, 0.5)
        plain = 2 * rounding / (1 - rounding)
        if error > plain * MAGNIFIED:
            return plain * MAGNIFIED
        if error <= plain:
            return plain
        # of long sequences it is measured once, as it takes as long as the law itself
        return plain * (self.condition if at is None or self.long else self.magnified(*at))

    def codes(self, length: int = 0, batch_size: int = 2, seed: int = 0) -> np.ndarray:
        """Random base codes (batch, length)."""
        rng = np.random.default_rng([seed, 77])  # 77 keeps these apart from the draws of other code
        return rng.integers(0, len(BASES), (batch_size, length or self.length)).astype(np.uint8)

    def unknown(self) -> np.ndarray:
        """Random base codes (rows, length), in which each position is N in one of the sequences.

        Of long sequences there is one, in which every tenth base is N.
        """
        if self.long:
            codes = self.codes(batch_size=1, seed=12)
            codes[:, ::10] = UNKNOWN
            return codes
        codes, places = self.codes(batch_size=N_ROWS, seed=12), np.arange(self.length)
        codes[np.random.default_rng(78).permutation(self.length) % N_ROWS, places] = UNKNOWN
        return codes

    def palindromes(self, batch_size: int = 2) -> np.ndarray:
        """Sequences equal to their own reverse complement, with N in the middle of an odd length."""
        half = self.codes(max(self.length // 2, 1), batch_size, seed=3)[:, : self.length // 2]
        middle = np.full((batch_size, self.length % 2), UNKNOWN, dtype=np.uint8)
        return np.concatenate([half, middle, complement_codes(half)], axis=1)

    @cached_property
    def training(self) -> Training:
        """The law in train mode without dropout, and the model after a few steps on skewed compositions."""
        batches = [self.codes(batch_size=self.few, seed=100 + n) for n in range(3)]
        for step, codes in enumerate(batches):
            codes[codes == BASES.index("T")] = step % 2  # few T, so that the strands differ
        return train(self.high, batches, 1 if self.quick else 2, gradients=not self.long)

    def trained(self) -> TestedModel:
        """The model after a few training steps on sequences of skewed composition, in eval mode.

        Moves batch statistics and parameters as training would, so that what was tied only by its initial
        values comes apart, and what training keeps tied stays so. Of long sequences only the statistics.
        """
        return self.training.trained


Check = Callable[[Run], Result]
"""A named check: its docstring's first line is the sentence that a report shows."""
