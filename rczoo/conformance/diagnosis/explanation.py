"""What a report says of a failure: a counter-example, causes, the place and a repair."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from ..calls.inputs import Problem
from ..calls.meter import SpentError
from ..counterexample import with_counterexample
from ..results import Diagnosis, Result
from ..run import Run
from .causes import diagnose
from .features import place_of
from .repair import Repair, advice, find_repair

T = TypeVar("T")


class Explanation(NamedTuple):
    """Results with their counter-examples, and why they failed; ``trouble``: what could not be looked for."""

    results: list[Result]
    causes: list[Diagnosis]
    place: str | None
    repair: str | None
    trouble: list[str]


def explain(run: Run, results: list[Result]) -> Explanation:
    """Why checks failed. What goes wrong on the way is told, and is no verdict on the model."""
    if not any(r.status == "failed" for r in results):
        return Explanation(results, [], None, None, [])
    trouble: list[str] = []

    def tried(what: str, find: Callable[..., T], instead: T, *given: Any) -> T:
        try:
            return find(*given)
        except SpentError as spent:
            trouble.append(f"{what}: {spent}")
        except Problem as problem:
            trouble.append(f"{what}: {problem}")
        except Exception as error:
            line = str(error)[:200]
            trouble.append(f"{what}: {type(error).__name__}: {line}: a fault of rczoo; please report it")
        return instead

    with run.tested.meter.free():
        repair: Repair | None = tried("repair", find_repair, None, run, results)
        causes: list[Diagnosis] = tried("cause", diagnose, list[Diagnosis](), run, results, repair)
        place = tried("place", place_of, None, results)
        shown = [tried("counter-example", with_counterexample, r, r) for r in results]
        advised = tried("repair", advice, None, run, results, causes, repair)
    return Explanation(shown, causes, place, advised, list(dict.fromkeys(trouble)))
