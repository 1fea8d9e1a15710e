"""The checks of the law ``f(R x) = R f(x)``: in each number type, mode, length and kind of sequence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from ...symmetry.actions import RepAction, as_action
from ...symmetry.dna import UNKNOWN
from ...symmetry.equivariance import relative_error
from ..counterexample import SequenceRecipe, search, sequence_recipes
from ..diagnosis.interventions import KeepPrecision, no_dropout
from ..results import Result, Violation, failed, noted, passed, skipped
from ..run import Run
from ..tested_model import Problem, TestedModel


def float64_law(run: Run) -> Result:
    """In float64, the answer for R x is R of the answer for x, to rounding."""
    high, base = run.high, run.tolerance(run.high.dtype)
    worst = 0.0

    def violates(recipe: SequenceRecipe) -> bool:
        nonlocal worst
        error = high.error(recipe.codes())
        worst = max(worst, error)
        return not error <= base and not error <= run.tolerance(high.dtype, error)

    tries = 1 if run.quick else 8
    found = search(sequence_recipes([run.length]), violates, tries=tries, seconds=0.0)
    batches = [run.codes(batch_size=1 if run.quick else 2)]
    worst = max(worst, *(high.error(codes) for codes in batches))
    tolerance = run.tolerance(high.dtype, worst)
    if found is not None and high.error(batches[0]) <= tolerance:
        batches = [found.codes()]
    refused = f" (in float32: {run.float64_refused})" if run.float64_refused else ""
    if not worst <= tolerance:
        violation = Violation(high, batches, tolerance)
        if worst <= run.tolerance(torch.float32, worst) and float32_inside(violation):
            run.keep_precision()
            return passed(f"off by {worst:.1g} relative: it computes in float32 inside", worst)
        return failed(
            f"off by {worst:.2g} relative, allowed {tolerance:.1g}{refused}", worst, violation=violation
        )
    return passed(f"off by {worst:.1g} relative{refused}", worst)


def float32_law(run: Run) -> Result:
    """In float32, the law holds to rounding, as much as the model magnifies it."""
    return _law(run, run.tested, [run.codes(seed=5)])


def bfloat16_report(run: Run) -> Result:
    """In bfloat16, how far off rounding puts the law (reported, never failed)."""
    try:
        error = run.tested.at(torch.bfloat16).error(run.codes(seed=6))
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
    return _law(run, trained, [run.codes(batch_size=1, seed=7)])


def train_mode(run: Run) -> Result:
    """In train mode, with batch statistics and without dropout, the law holds for a whole batch."""
    if why := _untrainable(run):
        return skipped(why)
    tested = run.high.at(run.high.dtype, train=True).under(no_dropout)
    return _law(run, tested, [run.codes(batch_size=2 if run.quick else 3, seed=8)], modes="train mode")


def dropout(run: Run) -> Result:
    """In train mode, with dropout, both strands are given the same masks."""
    if why := _untrainable(run):
        return skipped(why)
    tested = run.high.at(run.high.dtype, train=True)
    codes = run.codes(seed=9)
    x, _ = tested.pair(codes)
    with torch.no_grad():
        first, second = tested(x, 1), tested(x, 2)
    if all(relative_error(first[n], second[n]) < 1e-12 for n in first):  # two seeds, one answer
        return skipped("no dropout")
    return _law(run, tested, [codes], modes="train mode")


def lengths(run: Run) -> Result:
    """The law holds at every length asked for; the neighbours of the main one are reported."""
    batches = [run.codes(length, batch_size=1, seed=10) for length in run.lengths]
    required = _law(run, run.high, batches)
    if required.status == "failed" or run.quick:
        return required
    words = [required.detail]
    for length in (run.length + 1, run.length - 1):
        if length in run.lengths or length < 1:
            continue
        try:
            error = run.high.error(run.codes(length, batch_size=1))
            good = error <= run.tolerance(run.high.dtype, error)
            words.append(f"{length}: holds" if good else f"note that at {length} it does not ({error:.1g})")
        except Problem:
            words.append(f"{length}: refused by the model")
    return passed("; ".join(words), required.error)


def batch_sizes(run: Run) -> Result:
    """The law holds for one sequence, and for an odd and a larger batch."""
    sizes = (3,) if run.quick else (1, 3, 5)
    return _law(run, run.tested, [run.codes(batch_size=size, seed=11) for size in sizes])


def unknown_bases(run: Run) -> Result:
    """The law holds where bases are unknown (N): all zeros, and a quarter each."""
    batches = [run.codes(batch_size=1, seed=12, unknown=True)]
    variants = [run.high] if (quarter := _quarters(run.high)) is None else [run.high, quarter]
    try:
        results = [_law(run, tested, batches) for tested in variants]
    except Problem as problem:
        return noted(f"N is refused: {problem}")
    return next((r for r in results if r.status == "failed"), results[0])


def palindromes(run: Run) -> Result:
    """A sequence that is its own reverse complement has an answer that is its own RC."""
    codes = run.palindromes(batch_size=1)
    if run.length % 2 and (codes == UNKNOWN).any():
        try:
            return _law(run, run.high, [codes])
        except Problem:
            return skipped("an odd palindrome needs an N, which the model refuses")
    return _law(run, run.high, [codes])


def _law(run: Run, tested: TestedModel, batches: list[np.ndarray], modes: str = "evaluation mode") -> Result:
    """The law on these sequences, with what is needed to look for the cause."""
    error = Violation(tested, batches, 0.0).error()
    violation = Violation(tested, batches, run.tolerance(tested.dtype, error), modes)
    if not error <= violation.tolerance:
        worst = max(batches, key=tested.error)
        where = f" at length {worst.shape[1]}" if len({b.shape[1] for b in batches}) > 1 else ""
        words = f"off by {error:.2g} relative{where}, allowed {violation.tolerance:.1g}"
        return failed(words, error, violation=Violation(tested, [worst], violation.tolerance, modes))
    return passed(f"off by {error:.1g} relative", error)


def float32_inside(violation: Violation) -> bool:
    """Does the model cast to float32, no lower, and does the law hold to float64 once it does not?"""
    mode = KeepPrecision()
    return violation.holds(violation.tested.under(lambda model: mode)) and mode.narrowest == torch.float32


def _untrainable(run: Run) -> str:
    if run.inference_only:
        return "declared as inference only"
    if not any(p.requires_grad for p in run.tested.model.parameters()):
        return "no parameter asks for a gradient"
    return ""


def _quarters(tested: TestedModel) -> TestedModel | None:
    """The model with N as a quarter of each base, if its first input is one-hot DNA of four channels."""
    name, spec = next(iter(tested.inputs.items()))
    action = as_action(spec.action)
    if tested.encode or spec.make or not isinstance(action, RepAction) or action.rep.channels != 4:
        return None

    def make(codes: np.ndarray, generator: torch.Generator) -> torch.Tensor:
        x = tested.draw(name, codes, generator)
        axis = 2 if action.last else 1
        return x + (1 - x.sum(axis, keepdim=True)) / 4

    return replace(tested, inputs=tested.inputs | {name: replace(spec, make=make)})


def gradients(run: Run) -> Result:
    """The gradient with respect to the input obeys the law too."""
    name, spec = next(iter(run.high.inputs.items()))
    action = as_action(spec.action)
    if run.high.encode is not None or not isinstance(action, RepAction):
        return skipped("the first input is no one-hot DNA")
    x, _ = run.high.pair(run.codes(batch_size=1, seed=13))
    first = x[name] if isinstance(x, dict) else x[0]
    if not first.is_floating_point():
        return skipped("the first input is not a float")
    noise = torch.randn(first.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    jittered = first + 0.05 * noise.to(first)  # no ties, where a gradient would not exist
    try:
        direct, turned = (_gradient(run.high, run, side, jittered, action) for side in (False, True))
    except (Problem, RuntimeError) as problem:
        return skipped(f"no gradient: {problem}")
    if direct is None or turned is None:
        return skipped("no output depends on the input by a gradient")
    error = relative_error(turned, action(direct))
    # a gradient is a sum over more terms than an output, and has no scale of its own
    if not error <= 100 * run.tolerance(run.high.dtype, error):
        return failed(f"off by {error:.2g} relative", error)
    return passed(f"off by {error:.1g} relative", error)


def _gradient(
    tested: TestedModel, run: Run, turned: bool, jittered: torch.Tensor, action: RepAction
) -> torch.Tensor | None:
    """The gradient of a fixed weighting of the outputs at x, or of the turned weighting at R x."""
    given = tested.pair(run.codes(batch_size=1, seed=13))[turned]
    first = (action(jittered) if turned else jittered).detach().clone().requires_grad_()
    x = {**given, next(iter(given)): first} if isinstance(given, dict) else (first, *given[1:])
    generator = torch.Generator().manual_seed(1)
    with torch.enable_grad():
        total: torch.Tensor | float = 0.0
        for name, y in tested(x).items():
            weight = torch.randn(y.shape, generator=generator, dtype=torch.float64).to(y)
            total = total + ((tested.act(name, weight) if turned else weight) * y).sum()
        if not isinstance(total, torch.Tensor) or not total.requires_grad:
            return None
        return torch.autograd.grad(total, first, allow_unused=True)[0]
