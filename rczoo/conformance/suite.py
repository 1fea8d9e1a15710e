"""Does a model of DNA obey reverse complement? The conformance suite for any ``torch.nn.Module``.

:func:`check` runs the named checks and says where and why a model fails.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from .calls.inputs import Problem
from .calls.meter import FULL, QUICK, Meter
from .calls.precision import type_name
from .checks.catalogue import CHECKS, named_checks, run_checks, sentence
from .diagnosis.explanation import explain
from .report import Report
from .results import Result, failed
from .run import Check, Run
from .sequences import LONG, as_codes
from .tested_model import Encode, describe

QUICK_SPARE, FULL_SPARE = 5.0, 20.0
"""Seconds of work in which a failure is explained by as many forward passes as that takes."""


def check(
    model: Any,
    inputs: Any = None,
    outputs: Any = None,
    lengths: Sequence[int] | int | None = None,
    layout: str = "NCL",
    encode: Encode | None = None,
    *,
    sequences: Sequence[str] | np.ndarray | None = None,
    arguments: Mapping[str, Any] | None = None,
    seconds: float = float("inf"),
    quick: bool = False,
    inference_only: bool = False,
    reference: Any = None,
    expect_fail: Mapping[str, str] | None = None,
    only: Collection[str] | None = None,
    extra_checks: Mapping[str, Check] | None = None,
    device: str = "cpu",
    name: str | None = None,
) -> Report:
    """Check that a model obeys reverse complement, and say where and why it does not.

    Every word of 6 bases is tried on both strands, of 8 where that takes no longer than seconds. The checks
    take 40 forward passes at most, 12 if ``quick``, but for your own sequences; to explain a failure takes
    more while it is quick. Sequences of 4,101 bases and more are tried one at a time, and their failures
    explained within the same number of passes. Half precision inside a model is no fault: in float64 casts
    are not made, so that it hides none, and the report's notes say what it does to the answers.

    Args:
        model: a module, a factory, or the place of one: ``"package.module:factory"``, a published name, or a
            checkpoint's folder.
        inputs: how RC acts on each, as in :func:`rczoo.conjoin`: one spec, a sequence in the order of
            ``forward``, or a mapping by name; a spec is a Rep or its notation, ``"dna"``, ``"positions"`` for
            (batch, length), a function, ``None``, or :class:`rczoo.Input` to draw it otherwise. By default
            the model's ``rep_in``, else DNA.
        outputs: likewise for each output; by default the model's ``rep_out``.
        lengths: the sequence lengths it must hold at, the main one first; by default the model's own, else
            200 and 201.
        layout: ``"NCL"`` or ``"NLC"``, for every Rep.
        encode: from a list of strings to the model's inputs, for tokenisers.
        sequences: your own, which it is tried on as well: strings of one length, or base codes (n, length).
        arguments: what else ``forward`` takes and RC cannot touch, such as ``{"return_dict": True}``.
        seconds: no pass begins that would end later.
        quick: whether to leave out some checks.
        inference_only: whether to leave out those of training.
        reference: a model (or a factory) with equal outputs, for a fused path.
        expect_fail: from the name of a check to the reason why it fails; it is strict.
        only: the names of the checks to run.
        extra_checks: from a name to a function of a :class:`rczoo.conformance.Run` that returns ``passed()``,
            ``failed(why)``, ``skipped(why)`` or ``noted(fact)``. It runs after the suite's own, ``only`` and
            ``expect_fail`` take its name, and its docstring's first line is what the report states. It is no
            law: a model on which only extra checks ran has not passed.
        device: ``"cpu"``, ``"cuda"`` or ``"auto"``.
        name: what the report calls the model.

    Never raises for a fault of the model: the report then says what is wrong. ValueError on unknown names, on
    an extra check without a docstring or with the name of another, and on a device that is not here.

    >>> import rczoo
    >>> from rczoo.conformance import Result, Run, failed, passed
    >>> def one_logit(run: Run) -> Result:
    ...     'Every output is one number for each sequence.'
    ...     x, _ = run.tested.pair(run.codes(batch_size=3))
    ...     shapes = {name: tuple(y.shape) for name, y in run.tested(x).items()}
    ...     return passed() if set(shapes.values()) == {(3, 1)} else failed(f"shapes {shapes}")
    >>> model = rczoo.build("motif-cnn", strategy="rcps", filters=2, length=60, outputs=2)
    >>> report = rczoo.check(model, extra_checks={"one-logit": one_logit}, only=["float64-law", "one-logit"])
    >>> print(report.verdict)
    Network: FAILS; 2 of 2 checks ran, 1 failed
    >>> print(report["one-logit"].sentence, report["one-logit"].detail)
    Every output is one number for each sequence. shapes {'output': (3, 2)}
    """
    started = time.monotonic()
    called = name or type(model).__name__
    checks = named_checks(extra_checks, [*(expect_fail or ()), *(only or ())])
    if layout not in ("NCL", "NLC"):
        raise ValueError(
            f"no layout {layout!r}: NCL is (batch, channels, length), NLC (batch, length, channels)"
        )
    own = None if sequences is None else as_codes(sequences)
    chosen = lengths_of(model, lengths) if lengths or own is None else (own.shape[1],)
    spare = 0.0 if chosen[0] >= LONG else QUICK_SPARE if quick else FULL_SPARE
    meter = Meter(QUICK if quick else FULL, seconds, spare)
    try:
        tested = describe(model, inputs, outputs, layout, encode, device, arguments, meter)
    except Problem as problem:
        unrun = failed(str(problem), name="runs", sentence=sentence(CHECKS["runs"]))
        return Report(called, [unrun], expected=expect_fail or {})
    run = Run(tested, chosen, quick, inference_only, reference, own)
    run.tested = tested.accepting(run.codes(batch_size=1))
    results = run_checks(run, only, checks)
    forwards = meter.forwards
    found = explain(run, results)
    notes = [*run.notes, *filter(None, [_half_precision(run, results)])]
    return Report(
        called,
        found.results,
        found.causes,
        found.place,
        found.repair,
        expect_fail or {},
        time.monotonic() - started,
        forwards,
        meter.forwards - forwards + meter.freed,
        found.trouble,
        notes,
    )


def lengths_of(model: object, lengths: Sequence[int] | int | None) -> tuple[int, ...]:
    """The lengths asked for, else the one in the model's config, else an even and an odd one."""
    if lengths is None:
        config = getattr(model, "config", None)
        own = config.get("length") if isinstance(config, dict) else getattr(config, "length", None)
        return (own,) if own and isinstance(own, int) else (200, 201)
    chosen = (lengths,) if isinstance(lengths, int) else tuple(lengths)
    if not chosen or min(chosen) < 1:
        raise ValueError(f"lengths must be 1 or more, got {chosen}")
    return chosen


def _half_precision(run: Run, results: Sequence[Result]) -> str | None:
    """A note on a model that computes in half precision inside, which is no fault of it."""
    named = {r.name: r for r in results}
    inside, result = run.tested.computes, named.get("float32-law")
    if inside == run.tested.dtype or result is None or result.error is None:
        return None
    apart = "differ by rounding, up to {:.1g} relative" if result.error else "are alike on what was tried"
    words = f"computes in {type_name(inside)} inside: the two strands' answers {apart.format(result.error)}"
    if "float64-law" not in named or named["float64-law"].status != "passed":
        return words
    if run.high.computes == run.high.dtype:
        return f"{words}; exact in {type_name(run.high.dtype)}"
    return f"{words}; faults below {run.tolerance(run.high.computes):.1g} cannot be seen"
