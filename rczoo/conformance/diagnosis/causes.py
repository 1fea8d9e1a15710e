"""Why a model fails: hypotheses, each verified by running the model again with that one thing mended."""

from __future__ import annotations

import numpy as np
import torch

from ...symmetry.dna import UNKNOWN
from ..calls.inputs import Problem
from ..calls.meter import SpentError
from ..results import Diagnosis, Result, Violation
from ..run import Run
from .actions import batch_axis, wrong_actions
from .features import first_break, recorded
from .interventions import no_dropout
from .operations import active_dropout, geometry, rounding, several, untied_norms
from .repair import Repair, causal, conjoined

HYPOTHESES = (
    wrong_actions,
    batch_axis,
    active_dropout,
    rounding,
    untied_norms,
    geometry,
    several,
    causal,
)


def diagnose(run: Run, results: list[Result], repair: Repair | None = None) -> list[Diagnosis]:
    """The likely cause of each failure, first failures first; one diagnosis for each cause."""
    found: dict[str, Diagnosis] = {}
    for result in results:
        if result.status == "failed" and result.name != "runs":
            try:
                diagnosis = _one(run, result, repair)
            except Problem:
                continue
            if diagnosis is not None:
                found.setdefault(diagnosis.cause, diagnosis)
    if "state" in found:
        found.pop("untied", None)  # what moves between the strands unties them
    if found.keys() & {"length not reversed", "input not reversed"}:
        found.pop("non-local", None)  # the same fault seen twice
    return list(found.values())


def _one(run: Run, result: Result, repair: Repair | None) -> Diagnosis | None:
    """The diagnosis of one failed check."""
    if result.cause == "constant":
        return Diagnosis("constant", result.detail + _dead(run))
    if result.cause == "state":
        words = (
            f"in evaluation mode {result.detail}: move it only where self.training is true, and check again"
        )
        return Diagnosis("state", words, conjoins=False)
    if result.cause in ("non-local", "fused path"):
        remedy = {"non-local": "the branch reads the strand backwards: reverse it in both strands or in none"}
        return Diagnosis(result.cause, f"{result.detail}; {remedy.get(result.cause, _reordered(run))}")
    violation = result.violation
    if violation is None:
        return None
    if result.cause == "random":
        return _random(violation)
    if result.name == "unknown-bases" and _of_unknown(violation, run):
        words = "the law holds until a base is unknown: N must not be read as one of the four bases"
        return Diagnosis("unknown base", words)
    for hypothesis in HYPOTHESES:
        try:
            if (diagnosis := hypothesis(violation, run)) is not None:
                return diagnosis
        except SpentError as spent:
            return _untied(violation, result, repair, f"; {spent}, so that other causes were not all tried")
    return _untied(violation, result, repair)


def _of_unknown(violation: Violation, run: Run) -> bool:
    """Does the law hold once unknown bases are known, and is it not precision that breaks it?"""
    known = [np.where(c == UNKNOWN, run.codes(c.shape[1], len(c), seed=60), c) for c in violation.batches]
    return violation.error(batches=known) <= violation.tolerance and rounding(violation, run) is None


def _random(violation: Violation) -> Diagnosis:
    """Randomness in evaluation mode: dropout if it vanishes without, else some other."""
    x, _ = violation.tested.pair(violation.batches[0])
    quiet = violation.tested.under(no_dropout)
    with torch.no_grad():
        without = [quiet(x, seed) for seed in range(6)]
        fixed = [violation.tested(x, 3) for _ in range(2)]
    if all(torch.equal(y[n], without[0][n]) for y in without for n in y):
        return Diagnosis("dropout", "a dropout is active in evaluation mode: pass training=self.training")
    same = all(torch.equal(fixed[0][n], fixed[1][n]) for n in fixed[0])
    words = "the model draws random numbers in evaluation mode, for example for augmentation"
    return Diagnosis("random", words, verified=same)


def _untied(violation: Violation, result: Result, repair: Repair | None, spent: str = "") -> Diagnosis:
    """No single mend explains it: say where it starts, and that conjoining repairs it."""
    where = "" if spent else f"; {_start(violation)}"
    if result.name == "trained-state":
        words = f"the law holds only until training: parameters are tied by their values alone{where}"
        return Diagnosis("untied", words, verified=False)
    repaired = repair is not None or (not spent and conjoined(violation) is not None)
    words = f"computations are not shared between the strands{where}"
    mended = "; conjoining mends it" if repaired else ""
    return Diagnosis("untied", words + mended + spent, verified=repaired and not spent)


def _start(violation: Violation) -> str:
    place = first_break(violation.tested, violation.batches[0], max(violation.tolerance, 1e-9))
    return (
        f"the first features that break are those of {place}" if place else "every sub-module's features hold"
    )


def _dead(run: Run) -> str:
    """The first sub-module whose features are the same for all sequences."""
    tested = run.high
    x, _ = tested.pair(run.codes(batch_size=2 if run.long else 8, seed=20))
    with torch.no_grad(), recorded(tested.model) as features:
        tested(x)
    for name, calls in features.items():
        if name and all(float((c - c[:1]).abs().max()) <= 1e-12 * float(c.abs().max()) for c in calls):
            return f"; the first constant features are those of {name!r}"
    return ""


def _reordered(run: Run) -> str:
    return "check the order in which it concatenates the halves of each pair"
