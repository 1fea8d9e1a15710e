"""Diagnoses of a wrong operation: the law holds again once one kind of operation is mended."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

from ..calls.outputs import largest_error
from ..calls.precision import type_name
from ..results import Diagnosis, Violation
from ..run import Run
from .interventions import Asymmetry, Mirrored, module_names, neutral_norms, no_dropout

REMEDIES = {
    "stride": "crop the input or choose a length that fits",
    "same padding": "use an odd kernel or an even dilation",
    "output padding": "set output_padding to 0 and crop alike at both ends",
    "upsampling": "use a whole ratio, or mode='linear'",
    "crop": "crop as much from one end as from the other",
    "padding": "pad as much at one end as at the other",
}

ROUNDING = 1e-6
"""Of what float32 rounds, float64 rounds less than a hundred-millionth; a fault is as large in both."""


def active_dropout(violation: Violation, run: Run) -> Diagnosis | None:
    """Does the law hold with every dropout off?"""
    if not violation.holds(violation.tested.under(no_dropout)):
        return None
    if violation.modes == "train mode":
        words = "the masks differ between the strands: draw one mask per pair, or train by augmentation"
        return Diagnosis("dropout", words)
    return Diagnosis("dropout", "a dropout is active in evaluation mode: pass training=self.training")


def rounding(violation: Violation, run: Run) -> Diagnosis | None:
    """Is the law off by so much less in float64 than in float32 that rounding alone breaks it?"""
    tested, precise = violation.tested, run.high
    if violation.modes != "evaluation mode" or precise.computes != torch.float64:
        return None
    if tested.dtype == torch.float64:
        single, double = largest_error(run.first.both), violation.off
        allowed = run.tolerance(run.tested.computes)
    else:
        single, double, allowed = violation.off, violation.error(precise), violation.tolerance
    if not allowed < single < float("inf") or not double <= ROUNDING * single:
        return None
    inside = run.tested.computes
    where = "" if inside == torch.float32 else f", where it computes in {type_name(inside)}"
    words = (
        f"the law is off by {single:.2g} in float32{where}, and by {double:.2g} in float64: rounding alone "
        "breaks it, as where large numbers that are nearly equal are subtracted. Subtract what they have in "
        "common first"
    )
    return Diagnosis("precision", words, conjoins=False)


def untied_norms(violation: Violation, run: Run) -> Diagnosis | None:
    """Does the law hold once each normalisation has one scale, shift, mean and variance for all channels?"""
    tested = violation.tested
    if not violation.holds(tested.under(neutral_norms)):
        return None
    kinds = sorted({type(m).__name__ for m in tested.model.modules() if "norm" in type(m).__name__.lower()})
    return Diagnosis(
        "normalisation",
        f"{' and '.join(kinds)} has its own scale, shift or running statistics for each channel of a pair: "
        "tie them within pairs",
    )


def geometry(violation: Violation, run: Run) -> Diagnosis | None:
    """Does the law hold once operations that treat the two ends differently are made symmetric?"""
    mended, seen = _mended(violation, lambda a: True)
    if not mended or not seen:
        return None
    single = [a for a in seen if _mended(violation, partial(_same, a))[0]]
    guilty = single[:1] or seen
    words = []
    for a in guilty:
        module = dict(violation.tested.model.named_modules()).get(a.where)
        place = (
            f"{type(module).__name__} {a.where!r}"
            if module is not None and a.where
            else "the model's own code"
        )
        words.append(f"in {place}: {a.numbers}; {REMEDIES[a.kind]}")
    if any(a.kind == "stride" for a in guilty):
        words.append(_fitting(violation, run))
    return Diagnosis(guilty[0].kind, "; ".join(dict.fromkeys(words)))


def several(violation: Violation, run: Run) -> Diagnosis | None:
    """Does the law hold once geometry, dropout and normalisation are mended together?"""
    tested = violation.tested
    mirrored = Mirrored()
    mends: list[Callable[[nn.Module], Any]] = [
        neutral_norms,
        lambda model: mirrored,
        no_dropout,
    ]
    if not violation.holds(tested.under(*mends)):
        return None
    kinds = sorted({a.kind for a in mirrored.seen})
    for name, mend in (("normalisation", mends[0]), ("dropout", mends[2])):
        if not violation.holds(tested.under(*[m for m in mends if m is not mend])):
            kinds.append(name)
    return Diagnosis(kinds[0] if kinds else "several", f"several faults at once: {', '.join(kinds)}")


def _same(some: Asymmetry, other: Asymmetry) -> bool:
    """One place and kind; its numbers may differ between calls."""
    return (some.kind, some.where) == (other.kind, other.where)


def _mended(violation: Violation, wanted: Callable[[Asymmetry], bool]) -> tuple[bool, list[Asymmetry]]:
    """Does the law hold with these asymmetries mended, and which were there?"""
    with module_names(violation.tested.model) as where:
        mode = Mirrored(wanted, where)
        return violation.holds(violation.tested.under(lambda model: mode)), mode.seen


def _fitting(violation: Violation, run: Run) -> str:
    """The nearest lengths at which the law holds, by trying them."""
    length = violation.batches[0].shape[1]
    fits: list[int] = []
    for distance in range(1, 65):  # fitting lengths are a stride apart: enough for strides up to 128
        for other in (length - distance, length + distance):
            if other > 0 and len(fits) < 4 and _fits(violation, run, other):
                fits.append(other)
    if not fits:
        return f"no length within 64 of {length} fits, or the model takes no other"
    return f"nearest lengths that fit: {', '.join(map(str, sorted(fits)))}"


def _fits(violation: Violation, run: Run, length: int) -> bool:
    return violation.holds(batches=[run.codes(length, seed=40)])
