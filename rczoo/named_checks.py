"""The named checks, in the order they run, and running them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

from . import laws, sanity
from .counterexamples import locate, smallest
from .laws import gradients
from .locality import locality
from .subject import Problem
from .trial import Check, Result, Trial, failed, skipped

CHECKS: dict[str, Check] = {
    "runs": sanity.runs,
    "deterministic": sanity.deterministic,
    "outputs-vary": sanity.outputs_vary,
    "float64-law": laws.float64_law,
    "float32-law": laws.float32_law,
    "bfloat16": laws.bfloat16_report,
    "lengths": laws.lengths,
    "batch-sizes": laws.batch_sizes,
    "unknown-bases": laws.unknown_bases,
    "palindromes": laws.palindromes,
    "trained-state": laws.trained_state,
    "train-mode": laws.train_mode,
    "dropout": laws.dropout,
    "gradients": gradients,
    "batch-independence": sanity.batch_independence,
    "locality": locality,
    "fused-path": sanity.fused_path,
}
QUICK_OMITS = ("bfloat16", "dropout", "palindromes", "gradients", "batch-independence")
LAWS = (
    "float64-law",
    "float32-law",
    "bfloat16",
    "lengths",
    "batch-sizes",
    "unknown-bases",
    "palindromes",
    "trained-state",
    "train-mode",
    "dropout",
)
"""Checks of the law itself, ``float64-law`` the first: without one of them a model has not passed."""
FOLLOW_THE_LAW = (*LAWS[1:], "gradients")
"""Checks that add nothing once the law itself is broken in float64."""


def run_checks(trial: Trial, only: Iterable[str] | None = None) -> list[Result]:
    """Run the checks named (default all) in order; those that an earlier failure makes idle are skipped."""
    results: list[Result] = []
    broken: set[str] = set()
    for name in CHECKS:
        if only is not None and name not in only:
            continue
        result = _run(name, trial, broken)
        if result.status == "failed":
            broken.add(name)
        results.append(result)
    return results


def _run(name: str, trial: Trial, broken: set[str]) -> Result:
    """One check, with its name, its sentence, its time and the smallest counter-example."""
    started = time.monotonic()
    if "runs" in broken:
        result = skipped("the model does not run")
    elif name in FOLLOW_THE_LAW and broken & {"float64-law", "deterministic"}:
        result = skipped("the law is broken already")
    elif name == "float64-law" and "deterministic" in broken:
        result = skipped("the model gives different answers to one sequence")
    elif trial.quick and name in QUICK_OMITS:
        result = skipped("left out by --quick")
    else:
        try:
            result = _with_counterexample(CHECKS[name](trial), trial, name)
        except Problem as problem:
            result = failed(str(problem))
        except Exception as error:
            result = failed(f"could not be run: {type(error).__name__}: {str(error)[:200]}")
    return replace(result, name=name, sentence=sentence(name), seconds=time.monotonic() - started)


def sentence(name: str) -> str:
    """What a check states, in one sentence."""
    return (CHECKS[name].__doc__ or "").strip().splitlines()[0]


def _with_counterexample(result: Result, trial: Trial, name: str) -> Result:
    """Add the smallest sequence that shows a failure of the law."""
    situation = result.situation
    if result.status != "failed" or situation is None or result.cause:
        return result

    def violates(codes: object) -> bool:
        error = situation.subject.error(codes)  # type: ignore[arg-type]
        return situation.tolerance < error < float("inf")

    start = situation.batches[0]
    single = next((start[i : i + 1] for i in range(len(start)) if violates(start[i : i + 1])), None)
    if single is None or situation.modes == "train mode":
        return replace(result, counterexample=locate(situation.subject, start))
    seconds = 1.0 if trial.quick else 6.0
    if trial.subject.encode is None and name != "lengths":
        single = smallest(situation.subject, violates, single, seconds, unknown=name == "unknown-bases")
    return replace(result, counterexample=locate(situation.subject, single))
