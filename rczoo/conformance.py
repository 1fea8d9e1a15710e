"""Does a model of DNA obey reverse complement? The conformance suite for any ``torch.nn.Module``.

:func:`check` runs the named checks and says where and why a model fails; :func:`equivariance_error` and
:func:`assert_equivariant` are the law alone, for tests.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

from .actions import Spec, act

if TYPE_CHECKING:
    from .reports import Report
    from .subject import Encode

Specs = Spec | Sequence[Spec] | Mapping[str, Spec]


def check(
    model: Any,
    inputs: Any = None,
    outputs: Any = None,
    lengths: Sequence[int] | int | None = None,
    layout: str = "NCL",
    encode: Encode | None = None,
    *,
    quick: bool = False,
    inference_only: bool = False,
    reference: Any = None,
    expect_fail: Mapping[str, str] | None = None,
    only: Collection[str] | None = None,
    device: str = "cpu",
    name: str | None = None,
) -> Report:
    """Check that a model obeys reverse complement, and say where and why it does not.

    ``inputs`` and ``outputs`` say how RC acts, as in :func:`rczoo.conjoin`: one spec, a sequence in the order
    of ``forward`` and of its outputs, or a mapping by name; a spec is a Rep or its notation, ``"dna"``,
    ``"positions"`` for (batch, length), a function, ``None``, or :class:`~rczoo.subject.Input` to draw it
    otherwise. Defaults: the model's ``rep_in`` (else DNA) and ``rep_out``. ``lengths``: the sequence lengths
    it must hold at, the main one first (default: the model's own, else 200 and 201). ``layout``: ``"NCL"``
    or ``"NLC"`` for every Rep. ``encode``: from a list of strings to the model's inputs, for tokenisers.

    ``quick`` leaves out some checks; ``inference_only`` those of training; ``reference``: a model (or a
    factory) with equal outputs, for a fused path; ``expect_fail``: check name -> reason, strict.
    Never raises for a fault of the model: the report then says what is wrong. ValueError on unknown names,
    and on a ``device`` (``"cpu"``, ``"cuda"`` or ``"auto"``) that is not here.
    """
    from .diagnosis import diagnose, repair_call
    from .localisation import place_of
    from .named_checks import CHECKS, run_checks, sentence
    from .reports import Report
    from .subject import Problem, describe
    from .trial import Trial, failed

    started = time.monotonic()
    called = name or type(model).__name__
    for given in [*(expect_fail or ()), *(only or ())]:
        if given not in CHECKS:
            raise ValueError(f"no check named {given!r}: the checks are {', '.join(CHECKS)}")
    if layout not in ("NCL", "NLC"):
        raise ValueError(
            f"no layout {layout!r}: NCL is (batch, channels, length), NLC (batch, length, channels)"
        )
    try:
        subject = describe(model, inputs, outputs, layout, encode, device)
    except Problem as problem:
        unrun = failed(str(problem), name="runs", sentence=sentence("runs"))
        return Report(called, [unrun], expected=expect_fail or {})
    trial = Trial(subject, _lengths(model, lengths), quick, inference_only, reference)
    results = run_checks(trial, only)
    causes = diagnose(trial, results)
    return Report(
        called,
        results,
        causes,
        place_of(results),
        repair_call(trial, results),
        expect_fail or {},
        time.monotonic() - started,
    )


def _lengths(model: object, lengths: Sequence[int] | int | None) -> tuple[int, ...]:
    """The lengths asked for, else the one in the model's config, else an even and an odd one."""
    if lengths is None:
        own = (
            (getattr(model, "config", None) or {}) if isinstance(getattr(model, "config", None), dict) else {}
        )
        return (own["length"],) if own.get("length") else (200, 201)
    chosen = (lengths,) if isinstance(lengths, int) else tuple(lengths)
    if not chosen or min(chosen) < 1:
        raise ValueError(f"lengths must be 1 or more, got {chosen}")
    return chosen


def equivariance_error(
    model: Callable[..., Any],
    *inputs: torch.Tensor,
    rep_in: Specs | None = None,
    rep_out: Specs | None = None,
) -> float:
    """How far a model is from the law ``f(R x) = R f(x)`` on these inputs, relative to the output.

    The :func:`relative_error` of ``f(R x)`` from ``R f(x)``, taken for each output and then the largest of
    them. ``rep_in`` and ``rep_out`` give one spec per input and output (a Rep, its notation, a function,
    ``None``), in order or as a mapping: from the names of ``forward``'s parameters, and from those of the
    outputs that are to be compared. By default they are the model's own attributes of these names. The model
    runs in the mode it is in.
    """
    specs_in = _in_order(model, rep_in if rep_in is not None else _declared(model, "rep_in"), len(inputs))
    specs_out = _one_each(rep_out if rep_out is not None else _declared(model, "rep_out"))
    with torch.no_grad():
        turned = act(specs_in, inputs, what="input")
        direct, swapped = _one_each(model(*inputs)), _one_each(model(*turned))
        expected = act(specs_out, direct)
    if isinstance(expected, Mapping):
        swapped, expected = [swapped[name] for name in expected], list(expected.values())
    return max((relative_error(u, v) for u, v in zip(swapped, expected, strict=True)), default=0.0)


def assert_equivariant(
    model: Callable[..., Any],
    *inputs: torch.Tensor,
    rep_in: Specs | None = None,
    rep_out: Specs | None = None,
    tolerance: float | None = None,
) -> None:
    """Raise AssertionError unless the law holds within ``tolerance`` (relative) on these inputs.

    By default the tolerance is 1e-10 for float64 inputs and 1e-4 for others.
    """
    if tolerance is None:
        tolerance = 1e-10 if inputs[0].dtype == torch.float64 else 1e-4
    error = equivariance_error(model, *inputs, rep_in=rep_in, rep_out=rep_out)
    if not error <= tolerance:
        raise AssertionError(f"f(R x) differs from R f(x) by {error:.2g} relative, allowed {tolerance:.2g}")


def relative_error(got: torch.Tensor, want: torch.Tensor) -> float:
    """``max |got - want|`` over the largest entry of either: at most 2.

    0 when both vanish or are empty, infinite on shapes that differ or NaN.
    """
    if got.shape != want.shape:
        return float("inf")
    if got.numel() == 0:
        return 0.0
    difference = (got.double() - want.double()).abs().max().item()
    scale = max(want.abs().max().item(), got.abs().max().item())
    if difference != difference or difference == float("inf"):
        return float("inf")
    return difference / scale if scale else 0.0


def _declared(model: object, name: str) -> Specs:
    """A model's own ``rep_in`` or ``rep_out``."""
    specs = getattr(model, name, None)
    if specs is None:
        raise ValueError(
            f"{type(model).__name__} declares no {name}: give {name}=, for example {name}='2r:flip'"
        )
    return specs


def _one_each(value: Any) -> Any:
    """A single value or a sequence, as a tuple; a mapping as it is."""
    return value if isinstance(value, list | tuple | Mapping) else (value,)


def _in_order(model: Callable[..., Any], specs: Specs, number: int) -> Any:
    """Specs of the first ``number`` inputs, in their order if they were a mapping from parameter names."""
    if not isinstance(specs, Mapping):
        return _one_each(specs)
    from .conjoining import Conjoined

    inner = model
    while isinstance(inner, Conjoined):  # it takes what the model inside takes
        inner = inner.model
    names = list(inspect.signature(getattr(inner, "forward", inner)).parameters)[:number]
    if missing := [name for name in names if name not in specs]:
        raise ValueError(f"no input spec named {missing[0]!r} among: {', '.join(specs)}")
    return tuple(specs[name] for name in names)
