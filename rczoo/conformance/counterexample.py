"""The smallest sequence that still shows a failure, and where in the outputs it shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..symmetry.dna import decode
from ..symmetry.equivariance import relative_error
from .calls.inputs import Problem
from .calls.meter import SpentError
from .calls.outputs import row_errors
from .results import Counterexample, Result, Violation
from .sequences import LONG, MOST_BASES
from .tested_model import TestedModel


def with_counterexample(result: Result) -> Result:
    """A failure of the law with a sequence of that length, of as few bases other than A as it takes."""
    violation = result.violation
    if result.status != "failed" or violation is None or result.cause:
        return result
    codes = violation.batches[0]
    single = next((codes[i : i + 1] for i in range(len(codes)) if _breaks(violation, codes[i : i + 1])), None)
    if single is not None and violation.modes != "train mode" and violation.tested.encode is None:
        codes = smallest(violation, single)
    elif single is not None:
        codes = single
    return replace(result, counterexample=locate(violation.tested, codes))


def _breaks(violation: Violation, codes: np.ndarray) -> bool:
    """Is the law broken there, by a number? A sequence on which the model does not run breaks nothing."""
    try:
        return violation.tolerance < violation.tested.error(codes) < float("inf")
    except Problem:
        return False


def smallest(violation: Violation, codes: np.ndarray) -> np.ndarray:
    """As few bases other than A as a search finds, at the length of ``codes`` (1, length), which violate.

    One is left at least, as nobody has a sequence of A alone. Delta debugging: halves of those bases, then
    smaller parts, are kept alone or left out, many at once. It ends early, with the best so far, when the
    forward passes that may be spent on it are.
    """
    parts = 2
    try:
        while (places := np.flatnonzero(codes[0])).size > 1 and parts <= 2 * places.size:
            simpler = _simplest(violation, codes, list(_candidates(codes, places, parts)))
            parts = 2 * parts if simpler is None else max(parts - 1, 2)
            codes = codes if simpler is None else simpler
    except SpentError:
        pass
    return codes


def _candidates(codes: np.ndarray, places: np.ndarray, parts: int) -> Iterator[np.ndarray]:
    """Sequences in which one part of the places is A, and such in which all but one part is."""
    for part in np.array_split(places, min(parts, places.size)):
        for erased in (np.setdiff1d(places, part), part):
            simpler = codes.copy()
            simpler[0, erased] = 0
            yield simpler


def _simplest(violation: Violation, codes: np.ndarray, candidates: list[np.ndarray]) -> np.ndarray | None:
    """The candidate with the fewest bases other than A that violates by itself; None if none does."""
    rows = 1 if codes.shape[1] >= LONG else MOST_BASES // codes.shape[1]
    candidates.sort(key=np.count_nonzero)
    for start in range(0, len(candidates), rows):
        chosen = np.concatenate(candidates[start : start + rows])
        try:
            errors = row_errors(violation.tested.both(chosen), len(chosen), each=True)
        except Problem:
            return None
        told = np.ones(len(chosen)) if errors is None else errors
        for row in np.flatnonzero((told > violation.tolerance) & np.isfinite(told))[:1]:
            if len(chosen) == 1 or _breaks(violation, chosen[row : row + 1]):
                simplest: np.ndarray = chosen[row : row + 1]
                return simplest
    return None


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
