"""The checks of the law ``f(R x) = R f(x)``: in each number type, mode, length and kind of sequence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch

from ...symmetry.actions import RepAction, as_action
from ...symmetry.dna import UNKNOWN
from ..calls.inputs import Problem
from ..calls.meter import SpentError
from ..calls.outputs import Both, largest_error, row_errors
from ..calls.precision import rounds_more, type_name
from ..results import Result, Violation, failed, noted, passed, skipped
from ..run import Place, Run
from ..sequences import MOST_BASES, WORD, windows
from ..tested_model import TestedModel

FAST = 4.0
"""Seconds of work that words of two more bases may take."""


def float64_law(run: Run) -> Result:
    """In float64, the answer for R x is R of the answer for x, to rounding, whatever word it holds."""
    codes, both, unknown, _ = run.covered
    if run.high.computes != run.high.dtype and run.tolerance(run.high.computes) >= 2:
        inside = f"computes in {type_name(run.high.computes)}, which cannot be made float64"
        why = f"{inside}: of sums of {run.terms:.0f} terms no fault could be seen"
        return replace(skipped(why), cause="unseen")
    errors = row_errors(both, len(codes))
    if unknown and errors is not None:  # what is only so for N is the concern of another check
        codes, both = codes[:-unknown], _rows(both, slice(len(codes) - unknown))
    result = _judged(run, run.high, codes, both)
    word = min(WORD, run.length)
    if result.status == "passed" and (further := _longer_words(run, len(codes))) is not None:
        result, word = further, word + 2
    words = "" if run.high.encode else f"; every word of {word} bases on both strands"
    if run.high.dtype != torch.float64:
        words += f" (in float32, where smaller faults are not seen: {run.refused})"
    elif rounds_more(run.high.computes, torch.float64) and run.refused:
        words += f" (no float64 there: {run.refused})"
    return _worded(result, result.detail + words)


def own_sequences(run: Run) -> Result:
    """The law holds on the sequences that were given."""
    if run.sequences is None:
        return skipped("none were given")
    size = 1 if run.long else max(1, MOST_BASES // run.sequences.shape[1])
    tried, worst = 0, 0.0
    with run.tested.meter.asked_for():
        for start in range(0, len(run.sequences), size):
            codes = run.sequences[start : start + size]
            try:
                result = _law(run, run.high, [codes])
            except SpentError:
                if not tried:
                    raise
                break
            tried, worst = tried + len(codes), max(worst, result.error or 0.0)
            if result.status == "failed":
                return result
    return passed(f"off by {worst:.1g} relative on {tried} of {len(run.sequences)}", worst)


def float32_law(run: Run) -> Result:
    """In float32, the law holds to rounding, as much as the model magnifies it."""
    return _judged(run, run.tested, run.first.codes, run.first.both)


def bfloat16_report(run: Run) -> Result:
    """In bfloat16, how far off rounding puts the law (reported, never failed)."""
    try:
        error = run.tested.at(torch.bfloat16).error(run.codes(batch_size=1, seed=6))
    except Problem as problem:
        return skipped(f"does not run in bfloat16: {problem}")
    return noted(f"off by {error:.1g} relative", error)


def trained_state(run: Run) -> Result:
    """After a few training steps, in evaluation mode, the law still holds: nothing was tied by chance."""
    if why := _untrainable(run):
        return skipped(why)
    try:
        trained = run.trained()
    except (Problem, RuntimeError, ValueError) as problem:
        return skipped(f"cannot be trained here: {problem}")
    # of one alone nothing is left by what subtracts the mean of its batch
    result = _law(run, trained, [run.codes(batch_size=run.few, seed=7)])
    return _worded(result, f"{result.detail}; only its statistics moved" if run.long else result.detail)


def train_mode(run: Run) -> Result:
    """In train mode, with batch statistics and without dropout, the law holds for a whole batch."""
    if why := _untrainable(run):
        return skipped(why)
    training = run.training
    return _judged(run, training.learner, training.codes, training.both, modes="train mode")


def dropout(run: Run) -> Result:
    """In train mode, with dropout, both strands are given the same masks."""
    if why := _untrainable(run):
        return skipped(why)
    tested = run.high.at(run.high.dtype, train=True)
    codes = run.codes(batch_size=1 if run.long else 2, seed=9)
    x, turned = tested.pair(codes)
    with torch.no_grad():
        answer = tested(x, 1)
        if not tested.meter.drew:
            return skipped("no dropout")
        both = tested.compare(tested(turned, 1), answer, codes)
    return _judged(run, tested, codes, both, modes="train mode")


def lengths(run: Run) -> Result:
    """The law holds at every length asked for; the neighbours of the main one are reported."""
    words, worst, tried = [], 0.0, 1
    for tried, length in enumerate(run.lengths[1:], start=2):
        try:
            required = _law(run, run.high, [run.codes(length, batch_size=1, seed=10)])
        except Problem as problem:
            return failed(f"at length {length}: {problem}")
        except SpentError as spent:
            words.append(f"not tried, as {spent}: {', '.join(map(str, run.lengths[tried - 1 :]))}")
            break
        if required.status == "failed":
            return _worded(required, f"at length {length}: {required.detail}")
        worst = max(worst, required.error or 0.0)
    if not (run.quick or run.long):
        around = (n for n in (run.length + 1, run.length - 1) if n >= 1 and n not in run.lengths)
        words += [_neighbour(run, n) for n in around]
    if len(run.lengths) == 1:
        return passed("; ".join(["no other was asked for", *words]))
    return passed("; ".join([f"off by {worst:.1g} relative", *words]), worst)


def _neighbour(run: Run, length: int) -> str:
    """Whether the law holds at a length that nobody asked for."""
    try:
        error = run.high.error(run.codes(length, batch_size=1))
    except Problem:
        return f"{length}: refused by the model"
    if error <= run.tolerance(run.high.computes, error):
        return f"{length}: holds"
    return f"note that at {length} it does not ({error:.1g})"


def batch_sizes(run: Run) -> Result:
    """The law holds for one sequence, and for an odd and a larger batch."""
    sizes = (1,) if run.long else (1, 5)
    return _law(run, run.finest.tested, [run.codes(batch_size=size, seed=11) for size in sizes])


def unknown_bases(run: Run) -> Result:
    """The law holds where bases are unknown (N): all zeros, and a quarter each."""
    codes = run.unknown()
    try:
        result = _zeros(run, codes)
        quarter = None if run.quick or result.status == "failed" else _quarters(run.high)
        return result if quarter is None else _law(run, quarter, [codes])
    except Problem as problem:
        return noted(f"N is refused: {problem}")


def _zeros(run: Run, codes: np.ndarray) -> Result:
    """The law where unknown bases are all zeros, as in the last of the sequences that were tried first."""
    every, both, unknown, _ = run.covered
    if unknown and row_errors(both, len(every)) is not None:
        return _judged(run, run.high, codes, _rows(both, slice(len(every) - unknown, None)))
    return _law(run, run.high, [codes])


def palindromes(run: Run) -> Result:
    """A sequence that is its own reverse complement has an answer that is its own RC."""
    codes = run.palindromes(batch_size=1)
    try:
        return _law(run, run.high, [codes])
    except Problem:
        if not (codes == UNKNOWN).any():
            raise
        return skipped("an odd palindrome needs an N, which the model refuses")


def _law(run: Run, tested: TestedModel, batches: Sequence[np.ndarray]) -> Result:
    """The law on these batches, with what is needed to look for the cause."""
    results = [_judged(run, tested, codes, tested.both(codes)) for codes in batches]
    worst = max(results, key=lambda r: r.error or 0.0)
    return next((r for r in results if r.status == "failed"), worst)


def _judged(
    run: Run, tested: TestedModel, codes: np.ndarray, both: Both, modes: str = "evaluation mode"
) -> Result:
    """The law on a batch that was tried, and where it is broken the worst of its sequences."""
    errors = row_errors(both, len(codes))
    error = largest_error(both) if errors is None else max(largest_error(both), float(errors.max()))
    # a norm may meet both strands in one batch
    summed, at = (2 * codes.size, codes) if modes == "train mode" else (0, _telling(codes, both, errors))
    exact = run.high if tested is run.tested else tested
    tolerance = run.tolerance(tested.computes, error, summed, Place(exact, at))
    if error <= tolerance:
        return passed(
            f"off by {error:.1g} relative, allowed {tolerance:.1g}{_unseen(tested, tolerance)}", error
        )
    words = f"off by {error:.2g} relative, allowed {tolerance:.1g}"
    narrowed = _narrowed(tested, codes, errors, tolerance, modes)
    return failed(words, error, violation=Violation(tested, narrowed, tolerance, modes, error))


def _unseen(tested: TestedModel, tolerance: float) -> str:
    """What size of fault cannot be seen, of a model that computes in narrower floats than it is given."""
    if tested.computes == tested.dtype:
        return ""
    inside, given = type_name(tested.computes), type_name(tested.dtype)
    return f"; computes in {inside}: faults below {tolerance:.1g} cannot be seen in {given}"


def _telling(codes: np.ndarray, both: Both, errors: np.ndarray | None) -> np.ndarray:
    """The sequence that is off most, and those of the largest answers, to which it is relative."""
    if errors is None:
        return codes
    sizes = [want.double().abs().reshape(len(codes), -1).amax(1) for _, want in both.values()]
    return codes[sorted({int(errors.argmax()), *(int(size.argmax()) for size in sizes)})]


def _narrowed(
    tested: TestedModel, codes: np.ndarray, errors: np.ndarray | None, tolerance: float, modes: str
) -> list[np.ndarray]:
    """The worst sequence of a batch with the one after it, where these break the law too; else the batch."""
    if errors is None or len(codes) <= 2 or modes == "train mode":
        return [codes]
    pair = codes[[int(errors.argmax()), (int(errors.argmax()) + 1) % len(codes)]]
    try:
        with tested.meter.free():
            return [pair] if tested.error(pair) > tolerance else [codes]
    except (Problem, SpentError):
        return [codes]


def _rows(both: Both, rows: slice) -> Both:
    return {name: (got[rows], want[rows]) for name, (got, want) in both.items()}


def _worded(result: Result, detail: str) -> Result:
    return replace(result, detail=detail)


def _longer_words(run: Run, number: int) -> Result | None:
    """The law on every word of two more bases, where that takes no longer than :data:`FAST`; else None."""
    rows = 5 * MOST_BASES // run.length  # most often all of them in one batch
    seconds = run.covered.seconds * 4**2  # as many times more words
    if run.quick or run.long or run.high.encode or run.length < WORD + 2 or seconds > FAST:
        return None
    every = windows(WORD + 2, run.length)
    ends = [*range(0, len(every), rows), len(every)]
    return _law(run, run.high, [every[start:end] for start, end in pairwise(ends)])


def _untrainable(run: Run) -> str:
    if run.inference_only:
        return "declared as inference only"
    if not any(p.requires_grad for p in run.tested.model.parameters()):
        return "no parameter asks for a gradient"
    return ""


def _quarters(tested: TestedModel) -> TestedModel | None:
    """The model with N as a quarter of each base, if its first input is one-hot DNA of four channels."""
    name = tested.sequence
    spec = tested.inputs[name]
    action = as_action(spec.action)
    if tested.encode or spec.make or not isinstance(action, RepAction) or action.rep.channels != 4:
        return None

    def make(codes: np.ndarray, generator: torch.Generator) -> torch.Tensor:
        x = tested.draw(name, codes, generator)
        axis = 2 if action.last else 1
        return x + (1 - x.sum(axis, keepdim=True)) / 4

    return replace(tested, inputs=tested.inputs | {name: replace(spec, make=make)})
