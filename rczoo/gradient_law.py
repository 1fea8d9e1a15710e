"""The check that gradients obey the law too: what attribution methods rest on."""

from __future__ import annotations

import torch

from .actions import RepAction, as_action
from .conformance import relative_error
from .subject import Problem, Subject
from .trial import Result, Trial, failed, passed, skipped


def gradients(trial: Trial) -> Result:
    """The gradient with respect to the input obeys the law too."""
    name, spec = next(iter(trial.high.inputs.items()))
    action = as_action(spec.action)
    if trial.high.encode is not None or not isinstance(action, RepAction):
        return skipped("the first input is no one-hot DNA")
    x, _ = trial.high.pair(trial.codes(batch=1, seed=13))
    first = x[name] if isinstance(x, dict) else x[0]
    if not first.is_floating_point():
        return skipped("the first input is not a float")
    noise = torch.randn(first.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    jittered = first + 0.05 * noise.to(first)  # no ties, where a gradient would not exist
    try:
        direct, turned = (_gradient(trial.high, trial, side, jittered, action) for side in (False, True))
    except (Problem, RuntimeError) as problem:
        return skipped(f"no gradient: {problem}")
    if direct is None or turned is None:
        return skipped("no output depends on the input by a gradient")
    error = relative_error(turned, action(direct))
    if not error <= 100 * trial.tolerance(trial.high.dtype, error):
        return failed(f"off by {error:.2g} relative", error)
    return passed(f"off by {error:.1g} relative", error)


def _gradient(
    subject: Subject, trial: Trial, turned: bool, jittered: torch.Tensor, action: RepAction
) -> torch.Tensor | None:
    """The gradient of a fixed weighting of the outputs at x, or of the turned weighting at R x."""
    given = subject.pair(trial.codes(batch=1, seed=13))[turned]
    first = (action(jittered) if turned else jittered).detach().clone().requires_grad_()
    x = {**given, next(iter(given)): first} if isinstance(given, dict) else (first, *given[1:])
    generator = torch.Generator().manual_seed(1)
    with torch.enable_grad():
        total: torch.Tensor | float = 0.0
        for name, y in subject(x).items():
            weight = torch.randn(y.shape, generator=generator, dtype=torch.float64).to(y)
            total = total + ((subject.act(name, weight) if turned else weight) * y).sum()
        if not isinstance(total, torch.Tensor) or not total.requires_grad:
            return None
        return torch.autograd.grad(total, first, allow_unused=True)[0]
