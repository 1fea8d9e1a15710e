"""The checks that no symmetry implies: a model runs, repeats itself, varies, and minds one sequence."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import nn

from .equivariance import relative_error
from .subject import Problem, Subject, describe
from .trial import Result, Situation, Trial, failed, passed, skipped


def runs(trial: Trial) -> Result:
    """The model accepts its inputs and gives the outputs declared, finite and of one shape."""
    codes = trial.codes()
    try:
        x, turned = trial.subject.pair(codes)
        with torch.no_grad():
            outputs = trial.subject(x)
            again = [trial.subject(x), trial.subject(turned)]
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
            if (acted := trial.subject.act(name, y)).shape != y.shape:
                return failed(f"the action on output {name!r} turns {tuple(y.shape)} to {tuple(acted.shape)}")
    except Problem as problem:
        return failed(str(problem))
    except Exception as error:  # an encode= or make= of the user's
        return failed(f"its inputs cannot be made: {type(error).__name__}: {error}")
    return passed(", ".join(f"{name} {tuple(y.shape)}" for name, y in outputs.items()))


def deterministic(trial: Trial) -> Result:
    """In evaluation mode, two calls on one sequence give one answer."""
    x, _ = trial.subject.pair(trial.codes(batch=1))
    with torch.no_grad():
        first = trial.subject(x, seed=1)
        errors = [_worst(trial.subject(x, seed=seed), first) for seed in range(2, 5 if trial.quick else 8)]
    if not max(errors) <= 1e-5:
        situation = Situation(trial.high, [trial.codes()], trial.tolerance(trial.high.dtype))
        words = f"differs by {max(errors):.2g} relative"
        return failed(words, max(errors), situation=situation, cause="random")
    return passed(f"differs by {max(errors):.1g} relative", max(errors))


def outputs_vary(trial: Trial) -> Result:
    """Every output differs between sequences: a dead or constant model obeys every law."""
    x, _ = trial.subject.pair(trial.codes(batch=4 if trial.quick else 16, seed=14))
    with torch.no_grad():
        outputs = trial.subject(x)
    for name, y in outputs.items():
        y = y.double()
        spread = (y - y[:1]).abs().max().item()
        scale = y.abs().max().item()
        if not spread > 1e-6 * scale and not _vary_in_float64(trial, name):
            words = f"output {name!r} is the same for {len(y)} random sequences (largest value {scale:.4g})"
            return failed(words, spread, cause="constant")
    return passed(f"over {len(next(iter(outputs.values())))} random sequences")


def _vary_in_float64(trial: Trial, name: str) -> bool:
    """Small variation on a large constant is still variation."""
    x, _ = trial.high.pair(trial.codes(batch=4, seed=14))
    with torch.no_grad():
        y = trial.high(x)[name].double()
    return (y - y[:1]).abs().max().item() > 1e-12 * y.abs().max().item()


def batch_independence(trial: Trial) -> Result:
    """In evaluation mode, the answer for a sequence does not depend on the others in its batch."""
    subject, codes = trial.subject, trial.codes(batch=3, seed=15)
    with torch.no_grad():
        whole = subject(subject.pair(codes)[0])
        scattered = subject(subject.pair(np.concatenate([codes[:1], trial.codes(batch=2, seed=16)]))[0])
    if len(subject.inputs) > 1 and subject.encode is None:
        with torch.no_grad():  # other inputs are noise of their own, so only compare slices of one batch
            x = subject.pair(codes)[0]
            first = partial(_first, len(codes))
            named = isinstance(x, dict)
            scattered = subject({n: first(v) for n, v in x.items()} if named else tuple(map(first, x)))
    error = max(relative_error(scattered[n][:1], whole[n][:1]) for n in whole)
    tolerance = trial.tolerance(subject.dtype, error)
    if not error <= tolerance:
        situation = Situation(subject, [codes], tolerance)
        return failed(f"changes by {error:.2g} relative", error, situation=situation, cause="batch")
    return passed(f"changes by {error:.1g} relative", error)


def _first(batch: int, x: torch.Tensor) -> torch.Tensor:
    """The first of a batch; what has no batch axis, as a scalar input, is the same for all."""
    return x[:1] if x.ndim and len(x) == batch else x


def fused_path(trial: Trial) -> Result:
    """The model gives the outputs of its plain path: laws alone cannot tell swapped halves."""
    subject, other = trial.subject, _other_path(trial)
    if other is None:
        return skipped("no reference model given, and no second execution declared")
    codes = trial.codes(batch=1, seed=17)
    with torch.no_grad():
        ours, theirs = subject(subject.pair(codes)[0]), other(other.pair(codes)[0])
    error = _worst(ours, theirs)
    if not error <= trial.tolerance(subject.dtype, error):
        return failed(f"differs from its reference by {error:.2g} relative", error, cause="fused path")
    return passed(f"equals its reference to {error:.1g} relative", error)


def _other_path(trial: Trial) -> Subject | None:
    """The reference given, or the same model on its other execution."""
    from dataclasses import replace

    dtype = trial.subject.dtype
    if trial.reference is not None:
        model = trial.reference if isinstance(trial.reference, nn.Module) else trial.reference()
        model = describe(model, outputs="0t").model
        return replace(trial.subject, model=model).at(dtype)
    if getattr(trial.subject.model, "execution", None) not in ("frames", "tied"):
        return None
    other = trial.subject.at(dtype)
    other.model.execution = "tied" if trial.subject.model.execution == "frames" else "frames"  # type: ignore[assignment]
    try:
        other(other.pair(trial.codes(batch=1))[0])
    except Problem:
        return None
    return other


def _worst(some: dict[str, torch.Tensor], others: dict[str, torch.Tensor]) -> float:
    return max((relative_error(some[n], others[n]) for n in others), default=0.0)
