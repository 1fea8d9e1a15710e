"""The named checks, in the order they run, and running them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..calls.inputs import Problem
from ..calls.meter import SpentError
from ..results import Result, skipped, unrun
from ..run import Check, Run
from . import behaviour, law
from .gradients import gradients
from .locality import locality

CHECKS: dict[str, Check] = {
    "runs": behaviour.runs,
    "deterministic": behaviour.deterministic,
    "outputs-vary": behaviour.outputs_vary,
    "fused-path": behaviour.fused_path,
    "float64-law": law.float64_law,
    "float32-law": law.float32_law,
    "own-sequences": law.own_sequences,
    "lengths": law.lengths,
    "unknown-bases": law.unknown_bases,
    "train-mode": law.train_mode,
    "trained-state": law.trained_state,
    "locality": locality,
    "dropout": law.dropout,
    "batch-independence": behaviour.batch_independence,
    "gradients": gradients,
    "batch-sizes": law.batch_sizes,
    "palindromes": law.palindromes,
    "bfloat16": law.bfloat16_report,
}
QUICK_OMITS = ("bfloat16", "dropout", "palindromes", "gradients", "batch-independence", "batch-sizes")
LAWS = (
    "float64-law",
    "float32-law",
    "bfloat16",
    "own-sequences",
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


def named_checks(extra: Mapping[str, Check] | None = None, mentioned: Iterable[str] = ()) -> dict[str, Check]:
    """The checks of the suite and, after them, a user's own, which must not be taken for one of ours.

    Raises ValueError when a name of ``extra`` is no name or already one of the suite's, when its check has no
    docstring, and when a name in ``mentioned`` is none of them all.
    """
    for name, check in (extra or {}).items():
        _accept(name, check)
    checks = {**CHECKS, **(extra or {})}
    for name in mentioned:
        if name not in checks:
            raise ValueError(f"no check named {name!r}: the checks are {', '.join(checks)}")
    return checks


def _accept(name: str, check: Check) -> None:
    """Refuse what a report could not show, or would show as another check."""
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise ValueError(
            f"extra check {name!r}: a name is lower-case words joined by hyphens, as float64-law"
        )
    if name in CHECKS:
        raise ValueError(f"extra check {name!r}: the suite has a check of this name: choose another")
    if not callable(check):
        raise ValueError(f"extra check {name!r} is a {type(check).__name__}: give a function of a Run")
    if not sentence(check):
        raise ValueError(f"extra check {name!r} has no docstring: its first line is what the report states")


def run_checks(
    run: Run, only: Iterable[str] | None = None, checks: Mapping[str, Check] = CHECKS
) -> list[Result]:
    """Run the checks named (default all) in order; those that an earlier failure makes idle are skipped."""
    results: list[Result] = []
    broken: set[str] = set()
    for name, check in checks.items():
        if only is not None and name not in only:
            continue
        result = _run(name, check, run, broken)
        if result.status == "failed":
            broken |= {name, result.cause or name}
        elif result.cause:
            broken.add(result.cause)
        results.append(result)
    return results


def _run(name: str, check: Check, run: Run, broken: set[str]) -> Result:
    """One check, with its name, its sentence and its time."""
    started = time.monotonic()
    if "runs" in broken:
        result = skipped("the model does not run")
    elif name in FOLLOW_THE_LAW and broken & {"float64-law", "random"}:
        result = skipped("the law is broken already")
    elif name in FOLLOW_THE_LAW and "unseen" in broken:
        result = skipped("no fault could be seen")
    elif name == "float64-law" and "random" in broken:
        result = skipped("the model gives different answers to one sequence")
    elif name == "batch-independence" and "state" in broken:
        result = skipped("each call moves what the model remembers")
    elif run.quick and name in QUICK_OMITS:
        result = skipped("left out by --quick")
    else:
        try:
            result = _call(check, run)
        except SpentError as spent:
            result = skipped(f"not tried: {spent}")
        except Problem as problem:
            result = unrun(f"the model does not run here: {problem}")
        except Exception as error:
            fault = "" if name not in CHECKS else ": a fault of rczoo, not of the model; please report it"
            result = unrun(f"could not be run: {type(error).__name__}: {str(error)[:200]}{fault}")
    return replace(result, name=name, sentence=sentence(check), seconds=time.monotonic() - started)


def _call(check: Check, run: Run) -> Result:
    """What the check gives; TypeError unless it is a Result."""
    result = check(run)
    if not isinstance(result, Result):
        given = type(result).__name__
        raise TypeError(f"the check gives a {given}: give passed(), failed(...), skipped(...) or noted(...)")
    return result


def sentence(check: Check) -> str:
    """What a check states, in one sentence: its docstring's first line, empty without one."""
    return ((check.__doc__ or "").strip().splitlines() or [""])[0]
