"""Run the proofs: ``python -m proofs [t04 ...] [--verbose] [--readme]``; exit status 1 if any fails.

``python -m proofs coq`` builds the theorems in Coq, ``python -m proofs vectors`` asks its definitions anew.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import time
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from . import theorems as folder
from .coq import build, vectors
from .coq.comparison import disagreements
from .engine.claims import Theorem
from .engine.refusals import accepted
from .readme import stale, write


def theorems(chosen: list[str] | None = None) -> dict[str, Theorem]:
    """File name -> theorem, in order: all, or those whose file begins with one of the names (``t04``)."""
    names = sorted(module.name for module in pkgutil.iter_modules(folder.__path__))
    wanted = [n for n in names if not chosen or any(n.startswith(c) for c in chosen)]
    if chosen and (unknown := [c for c in chosen if not any(n.startswith(c) for n in wanted)]):
        raise SystemExit(
            f"no proof is called {', '.join(unknown)}: choose among {', '.join(n[:3] for n in names)}"
        )
    return {f"{n}.py": importlib.import_module(f"{folder.__name__}.{n}").THEOREM for n in wanted}


def complaints(chosen: list[str]) -> Iterator[str]:
    """What is wrong with the machinery, with the README where all theorems are run, and with each theorem."""
    yield from _general(chosen)
    yield from filter(None, map(_problem, theorems(chosen).values()))


def _general(chosen: list[str]) -> Iterator[str]:
    yield from (f"the machinery lets pass: {name}" for name in accepted())
    if not chosen and stale(theorems()):
        yield "README.md is not what the theorems say: run python -m proofs --readme"
    yield from () if chosen else disagreements()


def _problem(theorem: Theorem) -> str:
    """Why a theorem does not hold, or nothing."""
    try:
        theorem.check()
    except Exception as error:
        return f"T{theorem.number} failed: {type(error).__name__}: {error}"
    return ""


def run(chosen: list[str], console: Console, verbose: bool) -> bool:
    """Check the theorems, print the table, and return whether all hold."""
    headings = "", "theorem", "machine-checked for", "method", "twins refuted", "processor seconds"
    table = Table(*headings, title="proofs")
    begun, used = time.perf_counter(), time.process_time()
    failures = list(_general(chosen))
    for theorem in theorems(chosen).values():
        start = time.process_time()
        if problem := _problem(theorem):
            failures.append(problem)
        mark = "[red]FAILED[/red]" if problem else f"{len(theorem.refutations)} of {len(theorem.twins)}"
        seconds = f"{time.process_time() - start:.1f}"
        table.add_row(f"T{theorem.number}", theorem.title, theorem.coverage, theorem.method, mark, seconds)
        for line in _details(theorem) if verbose else ():
            console.print(f"T{theorem.number} {line}", highlight=False, markup=False)
    console.print(table)
    used, begun = time.process_time() - used, time.perf_counter() - begun
    console.print(f"in all {used:.0f} processor seconds, {begun:.0f} by the clock")
    for failure in failures:
        console.print(failure, markup=False)
    return not failures


def _details(theorem: Theorem) -> Iterator[str]:
    """Which claims carry each part, what is only words, and the counter-example to each twin."""
    for part in theorem.parts:
        yield f"{part.words}: by {', '.join(map(repr, part.by)) or 'definition'}"
        if part.prose:
            yield f"in words only: {part.prose}"
    yield from (f"{name}: {counter_example}" for name, counter_example in theorem.refutations.items())


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=150)


def main(arguments: list[str] | None = None) -> int:
    """Read the command line; return the exit status."""
    parser = argparse.ArgumentParser("python -m proofs", description=__doc__)
    parser.add_argument(
        "proofs", nargs="*", help="files to run, such as t04 (default: all), or coq, or vectors"
    )
    parser.add_argument("--verbose", action="store_true", help="print the counter-example to each false twin")
    parser.add_argument(
        "--readme", action="store_true", help="write the README's table and picture, and stop"
    )
    chosen = parser.parse_args(arguments)
    if chosen.proofs == ["coq"]:
        return build.run(write=chosen.readme)
    if chosen.proofs == ["vectors"]:
        return vectors.run()
    if chosen.readme:
        print(write(theorems()))
        return 0
    return 0 if run(chosen.proofs, _console(), chosen.verbose) else 1


if __name__ == "__main__":
    sys.exit(main())
