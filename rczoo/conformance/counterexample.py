"""Sequences drawn by hypothesis, and a failure shrunk to the smallest one that still shows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import hypothesis
import hypothesis.strategies as st
import numpy as np
from hypothesis.errors import NoSuchExample

from ..symmetry.dna import BASES, UNKNOWN, decode
from ..symmetry.equivariance import relative_error
from .tested_model import Problem, TestedModel


@dataclass(frozen=True)
class SequenceRecipe:
    """A batch of sequences: a homopolymer with edits, or random bases when ``seed`` is not 0."""

    length: int
    background: int
    edits: tuple[tuple[int, int], ...]
    seed: int

    def codes(self, batch_size: int = 1, unknown: bool = False) -> np.ndarray:
        """Base codes (batch, length). The first row is the one drawn; the others are always random."""
        rng = np.random.default_rng([self.seed, self.length])
        codes = rng.integers(0, len(BASES), (batch_size, self.length)).astype(np.uint8)
        if unknown:
            codes[rng.random(codes.shape) < 0.1] = UNKNOWN
        if self.seed == 0:
            codes[0] = self.background
        for position, base in self.edits:
            codes[0, position % self.length] = base
        return codes


def sequence_recipes(
    lengths: Sequence[int] | None, longest: int = 1, bases: int = len(BASES)
) -> st.SearchStrategy:
    """Recipes of these lengths, or of any length from 1 to ``longest``."""
    size = st.sampled_from(sorted(lengths)) if lengths else st.integers(1, longest)
    edit = st.tuples(st.integers(0, max(lengths) if lengths else longest), st.integers(0, bases - 1))
    return st.builds(
        SequenceRecipe,
        length=size,
        background=st.integers(0, bases - 1),
        edits=st.lists(edit, max_size=6).map(tuple),
        seed=st.integers(0, 2**16),
    )


def search(
    strategy: st.SearchStrategy, violates: Callable[[SequenceRecipe], bool], tries: int, seconds: float
) -> SequenceRecipe | None:
    """The smallest recipe found that violates, after hypothesis has shrunk it; None if ``tries`` all hold.

    Shrinking stops after ``seconds``, keeping the smallest so far.
    """
    started, best = time.monotonic(), None

    def condition(recipe: SequenceRecipe) -> bool:
        nonlocal best
        if best is not None and time.monotonic() - started > seconds:
            return False
        if violates(recipe):
            best = recipe if best is None or _size(recipe) <= _size(best) else best
            return True
        return False

    settings = hypothesis.settings(
        max_examples=tries,
        database=None,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
        verbosity=hypothesis.Verbosity.quiet,
        report_multiple_bugs=False,
    )

    @settings
    @hypothesis.given(strategy)
    def run(recipe: SequenceRecipe) -> None:
        if condition(recipe):
            raise _FoundError

    try:
        run()
    except (_FoundError, NoSuchExample, hypothesis.errors.Flaky, BaseExceptionGroup):
        return best
    return best


class _FoundError(Exception):
    pass


def _size(recipe: SequenceRecipe) -> tuple[bool, int, int, int]:
    return recipe.seed != 0, recipe.length, len(recipe.edits), recipe.background


@dataclass(frozen=True)
class Counterexample:
    """The smallest sequence found that breaks a law, and the entry of the output that differs most."""

    sequence: str
    output: str
    channel: int | None
    strand: str | None
    position: int | None
    got: float
    expected: float

    def __str__(self) -> str:
        place = "".join(
            [
                f", channel {self.channel}" if self.channel is not None else "",
                f" (strand {self.strand})" if self.strand else "",
                f", position {self.position}" if self.position is not None else "",
            ]
        )
        return f"{self.sequence}: {self.output}{place} is {self.got:.6g}, the law demands {self.expected:.6g}"

    def as_dict(self) -> dict[str, object]:
        """Every field, for JSON."""
        return asdict(self)


def smallest(
    tested: TestedModel,
    violates: Callable[[np.ndarray], bool],
    start: np.ndarray,
    seconds: float,
    unknown: bool,
) -> np.ndarray:
    """The smallest single sequence that violates: shorter than ``start`` if it can be."""
    longest = start.shape[1]
    bases = len(BASES) + unknown

    def fails(recipe: SequenceRecipe) -> bool:
        try:
            return violates(recipe.codes())
        except Problem:
            return False

    for strategy in (sequence_recipes(None, longest, bases), sequence_recipes([longest], bases=bases)):
        found = search(strategy, fails, tries=40, seconds=seconds / 2)
        if found is not None:
            return _fewer(found.codes(), violates, seconds / 2) if found.seed else found.codes()
    return _fewer(start[:1], violates, seconds / 2)


def _fewer(codes: np.ndarray, violates: Callable[[np.ndarray], bool], seconds: float) -> np.ndarray:
    """Replace ever smaller stretches by the first base while the violation lasts."""
    started, size = time.monotonic(), codes.shape[1]
    while size >= 1 and time.monotonic() - started < seconds:
        for start in range(0, codes.shape[1], size):
            simpler = codes.copy()
            simpler[:, start : start + size] = 0
            if time.monotonic() - started < seconds and (simpler != codes).any() and violates(simpler):
                codes = simpler
        size //= 2
    return codes


def locate(tested: TestedModel, codes: np.ndarray) -> Counterexample:
    """Where in the outputs the law is broken most by this sequence, relative to each output's size."""
    both = tested.both(codes)
    name = max(both, key=lambda n: relative_error(*both[n]))
    got, want = both[name]
    if got.shape != want.shape:
        return Counterexample(phrase(codes[0]), name, None, None, None, float("nan"), float("nan"))
    flat = int((got.double() - want.double()).abs().argmax())
    index = np.unravel_index(flat, got.shape)
    action = tested.outputs[name]
    rep, last = getattr(action, "rep", None), getattr(action, "last", False)
    channel = int(index[-1 if last else 1]) if got.ndim > 1 else None
    position = int(index[1 if last else 2]) if got.ndim > 2 else None
    strand = None
    if rep is not None and channel is not None and rep.partners[channel] != channel:
        strand = "+" if channel < rep.partners[channel] else "-"
    value = got.flatten()[flat].item(), want.flatten()[flat].item()
    return Counterexample(phrase(codes[0]), name, channel, strand, position, *value)


def phrase(codes: np.ndarray) -> str:
    """A sequence in words: whole when short, else as a homopolymer and its exceptions.

    >>> phrase(np.array([0] * 99 + [2]))
    'A x 100 but G at 99'
    """
    text, (values, counts) = decode(codes), np.unique(codes, return_counts=True)
    main = values[counts.argmax()]
    others = np.flatnonzero(codes != main)
    if len(text) <= 40 and len(others):
        return text
    if len(others) <= 8:
        edits = ", ".join(f"{text[i]} at {i}" for i in others)
        return f"{decode(codes[:1] * 0 + main)} x {len(text)}" + (f" but {edits}" if edits else "")
    return f"{text[:30]}...{text[-10:]} ({len(text)} bases)"
