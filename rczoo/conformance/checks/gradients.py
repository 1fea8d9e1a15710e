"""The gradient with respect to the input obeys the law that the outputs obey."""

from __future__ import annotations

from typing import Any

import torch

from ...symmetry.actions import RepAction, as_action
from ...symmetry.equivariance import relative_error
from ..calls.inputs import Problem
from ..calls.training import gradient
from ..results import Result, failed, passed, skipped
from ..run import Run
from ..tested_model import TestedModel


def gradients(run: Run) -> Result:
    """The gradient with respect to the input obeys the law too."""
    if run.long:
        return skipped("of long sequences a gradient takes as much memory as to train on them")
    name = run.high.sequence
    spec = run.high.inputs[name]
    action = as_action(spec.action)
    if run.high.encode is not None or not isinstance(action, RepAction):
        return skipped("the first input is no one-hot DNA")
    x, _ = run.high.pair(run.codes(batch_size=1, seed=13))
    place = name if isinstance(x, dict) else list(run.high.inputs).index(name)
    first = x[place]
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
    if not error <= 100 * run.tolerance(run.high.computes, error):
        return failed(f"off by {error:.2g} relative", error)
    return passed(f"off by {error:.1g} relative", error)


def _gradient(
    tested: TestedModel, run: Run, turned: bool, jittered: torch.Tensor, action: RepAction
) -> torch.Tensor | None:
    """The gradient of a fixed weighting of the outputs at x, or of the turned weighting at R x."""
    given = tested.pair(run.codes(batch_size=1, seed=13))[turned]
    first = (action(jittered) if turned else jittered).detach().clone().requires_grad_()
    if isinstance(given, dict):
        x: Any = {**given, tested.sequence: first}
    else:
        place = list(tested.inputs).index(tested.sequence)
        x = (*given[:place], first, *given[place + 1 :])
    generator = torch.Generator().manual_seed(1)
    with torch.enable_grad():
        total: torch.Tensor | float = 0.0
        for name, y in tested(x).items():
            weight = torch.randn(y.shape, generator=generator, dtype=torch.float64).to(y)
            total = total + ((tested.act(name, weight) if turned else weight) * y).sum()
        if not isinstance(total, torch.Tensor) or not total.requires_grad:
            return None
        return gradient(tested, total, [first])[0]
