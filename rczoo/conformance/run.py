"""One run of the suite on a model: the sequences, lengths and tolerances that its checks share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch

from ..symmetry.dna import BASES, UNKNOWN, complement_codes
from ..symmetry.equivariance import relative_error
from .diagnosis.interventions import KeepPrecision
from .results import Result
from .tested_model import Problem, TestedModel


@dataclass
class Run:
    """A model and how to try it: ``lengths`` (the first is the main one), ``quick``, and a reference model.

    ``inference_only`` says that the model will never be trained again, so that its training is not tried.
    """

    tested: TestedModel
    lengths: tuple[int, ...]
    quick: bool = False
    inference_only: bool = False
    reference: Any = None
    float64_refused: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def length(self) -> int:
        """The main length."""
        return self.lengths[0]

    @cached_property
    def high(self) -> TestedModel:
        """The model in float64, or in float32 where it refuses float64 (``float64_refused`` says why)."""
        try:
            double = self.tested.at(torch.float64)
            double.both(self.codes(batch_size=1))
        except Problem as problem:
            self.float64_refused = str(problem)
            return self.tested
        return double

    def keep_precision(self) -> None:
        """From here on, casts inside the model to a narrower float are not made in float64."""
        self.high = self.high.under(lambda model: KeepPrecision())

    @cached_property
    def condition(self) -> float:
        """How much the model magnifies relative rounding of its parameters, between 1 and 1e4."""
        # far above rounding, and far below the parameters
        step = 1e-6 if self.high.dtype == torch.float64 else 1e-3
        shaken = self.high.at(self.high.dtype)
        generator = torch.Generator().manual_seed(0)
        for p in shaken.model.parameters():
            if p.is_floating_point():
                noise = torch.randn(p.shape, generator=generator, dtype=torch.float64).to(p)
                p.data.mul_(1 + step * noise)
        x, _ = self.high.pair(self.codes(batch_size=1))
        with torch.no_grad():
            before, after = self.high(x), shaken(x)
        worst = max((relative_error(after[n], before[n]) for n in before), default=0.0) / step
        # a model that magnifies rounding ten thousand times is not excused any further
        return min(max(1.0, worst), 1e4) if worst == worst else 1.0

    def tolerance(self, dtype: torch.dtype, error: float = 0.0) -> float:
        """The rounding allowed in a number type, relative: never below 1e-10 in float64.

        An ``error`` above that of a well-conditioned model is allowed for by :attr:`condition`, which costs
        two more calls of the model.
        """
        # tied kernels round by about 1e-15 in float64 and 5e-7 in float32: well below what is allowed
        plain = 1e-10 if dtype == torch.float64 else 100 * torch.finfo(dtype).eps
        if error <= plain:
            return plain
        return max(plain, 1000 * torch.finfo(dtype).eps * self.condition)

    def codes(self, length: int = 0, batch_size: int = 2, seed: int = 0, unknown: bool = False) -> np.ndarray:
        """Random base codes (batch, length), with one N in ten if ``unknown``."""
        rng = np.random.default_rng([seed, 77])  # 77 keeps these apart from the draws of other code
        codes = rng.integers(0, len(BASES), (batch_size, length or self.length)).astype(np.uint8)
        if unknown:
            codes[rng.random(codes.shape) < 0.1] = UNKNOWN
        return codes

    def palindromes(self, batch_size: int = 2) -> np.ndarray:
        """Sequences equal to their own reverse complement, with N in the middle of an odd length."""
        half = (
            self.codes(self.length // 2, batch_size, seed=3)
            if self.length > 1
            else self.codes(1, batch_size)[:, :0]
        )
        middle = np.full((batch_size, self.length % 2), UNKNOWN, dtype=np.uint8)
        return np.concatenate([half, middle, complement_codes(half)], axis=1)

    def trained(self) -> TestedModel:
        """The model after a few training steps on sequences of skewed composition, in eval mode.

        Moves batch statistics and parameters as training would, so that what was tied only by its initial
        values comes apart, and what training keeps tied stays so.
        """
        learner = self.high.at(self.high.dtype, train=True)
        for step in range(1 if self.quick else 2):
            codes = self.codes(batch_size=2 if self.quick else 3, seed=100 + step)
            codes[codes == BASES.index("T")] = step % 2  # few T, so that the strands differ
            _step(learner, codes, step)
        learner.model.eval()
        return replace(learner, model=learner.model)


def _step(learner: TestedModel, codes: np.ndarray, seed: int) -> None:
    """One step of each parameter along its gradient, a tenth of its size."""
    x, _ = learner.pair(codes, seed)
    with torch.enable_grad():
        outputs = learner(x, seed)
        generator = torch.Generator().manual_seed(seed)
        loss = sum((_noise(y, generator) * y).sum() for y in outputs.values() if y.is_floating_point())
        if not isinstance(loss, torch.Tensor) or not loss.requires_grad:
            return
        parameters = [p for p in learner.model.parameters() if p.requires_grad]
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
    with torch.no_grad():
        for p, g in zip(parameters, gradients, strict=True):
            if g is not None and (size := g.square().mean().sqrt()) > 0:
                # a tenth of the parameter's size; 0.05 moves what starts at zero, as biases do
                p.sub_(0.1 * max(p.square().mean().sqrt().item(), 0.05) * g / size)


def _noise(like: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(like.shape, generator=generator, dtype=torch.float64).to(like)


Check = Callable[[Run], Result]
"""A named check: its docstring's first line is the sentence that a report shows."""
