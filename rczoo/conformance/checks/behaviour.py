"""The checks that no symmetry implies: a model runs, repeats itself, varies, and minds one sequence."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import nn

from ...symmetry.equivariance import relative_error
from ..results import Result, Violation, failed, passed, skipped
from ..run import Run
from ..tested_model import Problem, TestedModel, describe


def runs(run: Run) -> Result:
    """The model accepts its inputs and gives the outputs declared, finite and of one shape."""
    codes = run.codes()
    try:
        x, turned = run.tested.pair(codes)
        with torch.no_grad():
            outputs = run.tested(x)
            again = [run.tested(x), run.tested(turned)]
        for name, y in outputs.items():
            if shapes := {tuple(other[name].shape) for other in again} - {tuple(y.shape)}:
                return failed(
                    f"output {name!r} changes shape between calls: {tuple(y.shape)}, {shapes.pop()}"
                )
            if y.ndim and len(y) != len(codes):
                return failed(f"output {name!r} has shape {tuple(y.shape)} for a batch of {len(codes)}")
            if not torch.isfinite(y.double()).all():
                bad = int((~torch.isfinite(y.double())).sum())
                return failed(f"output {name!r} has {bad} entries that are NaN or infinite, of {y.numel()}")
            if (acted := run.tested.act(name, y)).shape != y.shape:
                return failed(f"the action on output {name!r} turns {tuple(y.shape)} to {tuple(acted.shape)}")
    except Problem as problem:
        return failed(str(problem))
    except Exception as error:  # an encode= or make= of the user's
        return failed(f"its inputs cannot be made: {type(error).__name__}: {error}")
    return passed(", ".join(f"{name} {tuple(y.shape)}" for name, y in outputs.items()))


def deterministic(run: Run) -> Result:
    """In evaluation mode, two calls on one sequence give one answer."""
    x, _ = run.tested.pair(run.codes(batch_size=1))
    with torch.no_grad():
        first = run.tested(x, seed=1)
        errors = [_worst(run.tested(x, seed=seed), first) for seed in range(2, 5 if run.quick else 8)]
    if not max(errors) <= 1e-5:  # float32 algorithms may be chosen anew at each call
        violation = Violation(run.high, [run.codes()], run.tolerance(run.high.dtype))
        words = f"differs by {max(errors):.2g} relative"
        return failed(words, max(errors), violation=violation, cause="random")
    return passed(f"differs by {max(errors):.1g} relative", max(errors))


def outputs_vary(run: Run) -> Result:
    """Every output differs between sequences: a dead or constant model obeys every law."""
    x, _ = run.tested.pair(run.codes(batch_size=4 if run.quick else 16, seed=14))
    with torch.no_grad():
        outputs = run.tested(x)
    for name, y in outputs.items():
        y = y.double()
        spread = (y - y[:1]).abs().max().item()
        scale = y.abs().max().item()
        # float32 cannot show less; what varies less on a large constant is looked at in float64
        if not spread > 1e-6 * scale and not _vary_in_float64(run, name):
            words = f"output {name!r} is the same for {len(y)} random sequences (largest value {scale:.4g})"
            return failed(words, spread, cause="constant")
    return passed(f"over {len(next(iter(outputs.values())))} random sequences")


def _vary_in_float64(run: Run, name: str) -> bool:
    """Small variation on a large constant is still variation."""
    x, _ = run.high.pair(run.codes(batch_size=4, seed=14))
    with torch.no_grad():
        y = run.high(x)[name].double()
    return (y - y[:1]).abs().max().item() > 1e-12 * y.abs().max().item()


def batch_independence(run: Run) -> Result:
    """In evaluation mode, the answer for a sequence does not depend on the others in its batch."""
    tested, codes = run.tested, run.codes(batch_size=3, seed=15)
    with torch.no_grad():
        whole = tested(tested.pair(codes)[0])
        scattered = tested(tested.pair(np.concatenate([codes[:1], run.codes(batch_size=2, seed=16)]))[0])
    if len(tested.inputs) > 1 and tested.encode is None:
        with torch.no_grad():  # other inputs are noise of their own, so only compare slices of one batch
            x = tested.pair(codes)[0]
            first = partial(_first, len(codes))
            named = isinstance(x, dict)
            scattered = tested({n: first(v) for n, v in x.items()} if named else tuple(map(first, x)))
    error = max(relative_error(scattered[n][:1], whole[n][:1]) for n in whole)
    tolerance = run.tolerance(tested.dtype, error)
    if not error <= tolerance:
        violation = Violation(tested, [codes], tolerance)
        return failed(f"changes by {error:.2g} relative", error, violation=violation, cause="batch")
    return passed(f"changes by {error:.1g} relative", error)


def _first(batch_size: int, x: torch.Tensor) -> torch.Tensor:
    """The first of a batch; what has no batch axis, as a scalar input, is the same for all."""
    return x[:1] if x.ndim and len(x) == batch_size else x


def fused_path(run: Run) -> Result:
    """The model gives the outputs of its plain path: laws alone cannot tell swapped halves."""
    tested, other = run.tested, _other_path(run)
    if other is None:
        return skipped("no reference model given, and no second execution declared")
    codes = run.codes(batch_size=1, seed=17)
    with torch.no_grad():
        ours, theirs = tested(tested.pair(codes)[0]), other(other.pair(codes)[0])
    error = _worst(ours, theirs)
    if not error <= run.tolerance(tested.dtype, error):
        return failed(f"differs from its reference by {error:.2g} relative", error, cause="fused path")
    return passed(f"equals its reference to {error:.1g} relative", error)


def _other_path(run: Run) -> TestedModel | None:
    """The reference given, or the same model on its other execution."""
    dtype = run.tested.dtype
    if run.reference is not None:
        model = run.reference if isinstance(run.reference, nn.Module) else run.reference()
        model = describe(model, outputs="0t").model
        return replace(run.tested, model=model).at(dtype)
    if getattr(run.tested.model, "execution", None) not in ("frames", "tied"):
        return None
    other = run.tested.at(dtype)
    other.model.execution = "tied" if run.tested.model.execution == "frames" else "frames"  # type: ignore[assignment]
    try:
        other(other.pair(run.codes(batch_size=1))[0])
    except Problem:
        return None
    return other


def _worst(some: dict[str, torch.Tensor], others: dict[str, torch.Tensor]) -> float:
    return max((relative_error(some[n], others[n]) for n in others), default=0.0)
