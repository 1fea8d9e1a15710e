"""Where a model computes in a narrower float than it is tried in: what its rounding excuses, and what not."""

from __future__ import annotations

import torch

from ..calls.meter import SpentError
from ..diagnosis.interventions import ComputedIn, KeepPrecision, coarser
from ..results import Result, passed
from ..run import Place, Run


def precise_once_kept(run: Run, result: Result) -> torch.dtype | None:
    """The narrower float whose rounding is all that it is off by: without casts to it, it is precise."""
    violation, error = result.violation, result.error or 0.0
    if run.long and error > 100 * run.tolerance(torch.float32):
        return None  # to tell how much it magnifies rounding takes two passes more
    if violation is None:
        return None
    mode = KeepPrecision()
    try:
        with run.tested.meter.free():
            kept = violation.holds(violation.tested.under(lambda model: mode))
    except SpentError:
        return None  # a fault that was found is not lost
    if not kept or mode.narrowest is None:
        return None
    at = Place(violation.tested, violation.batches[0])
    return mode.narrowest if error <= run.tolerance(mode.narrowest, error, at=at) else None


def in_half_precision(run: Run, result: Result, summed: int) -> Result:
    """What broke the law in float32, judged by the half precision that it computes in, if any."""
    violation, mode, error = result.violation, ComputedIn(), result.error or 0.0
    if violation is None or violation.tested.dtype == run.high.dtype:
        return result  # where float64 is refused no other check would see the fault
    codes = violation.batches[0]
    try:
        with run.tested.meter.free():
            violation.tested.under(lambda model: mode).error(codes)
    except SpentError:
        return result
    if coarser(mode.coarsest, torch.float32) == torch.float32:
        return result
    allowed = run.tolerance(mode.coarsest, error, summed, Place(run.high, codes))
    if error > allowed:
        return result
    inside = f"it computes in {type_name(mode.coarsest)} inside"
    return passed(f"off by {error:.1g} relative, allowed {allowed:.1g}: {inside}", error)


def type_name(dtype: torch.dtype) -> str:
    """The name of a number type without its package."""
    return str(dtype).removeprefix("torch.")
