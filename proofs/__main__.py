"""Run the proofs: ``python -m proofs [t04 ...] [--verbose] [--readme]``; exit status 1 if any fails.

``python -m proofs coq`` builds the theorems in Coq, ``python -m proofs vectors`` asks its definitions anew.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import time

from rich.console import Console
from rich.table import Table

from . import theorems as folder
from .coq import build, vectors
from .engine.claims import Theorem
from .vectors.comparison import disagreements


def theorems(chosen: list[str] | None = None) -> dict[str, Theorem]:
    """File name -> theorem, in order: all, or those whose file begins with one of the names (``t04``)."""
    names = sorted(module.name for module in pkgutil.iter_modules(folder.__path__))
    wanted = [n for n in names if not chosen or any(n.startswith(c) for c in chosen)]
    if chosen and (unknown := [c for c in chosen if not any(n.startswith(c) for n in wanted)]):
        raise SystemExit(
            f"no proof is called {', '.join(unknown)}: choose among {', '.join(n[:3] for n in names)}"
        )
    return {f"{n}.py": importlib.import_module(f"{folder.__name__}.{n}").THEOREM for n in wanted}


def run(chosen: list[str], console: Console, verbose: bool) -> bool:
    """Check the theorems, print the table, and return whether all hold."""
    table = Table("", "theorem", "machine-checked for", "method", "twins refuted", "seconds", title="proofs")
    failures = []
    begun = time.perf_counter()
    for theorem in theorems(chosen).values():
        start = time.perf_counter()
        try:
            theorem.check()
            mark = f"{len(theorem.refutations)} of {len(theorem.twins)}"
        except Exception as error:
            failures.append(f"T{theorem.number} failed: {type(error).__name__}: {error}")
            mark = "[red]FAILED[/red]"
        seconds = f"{time.perf_counter() - start:.1f}"
        table.add_row(f"T{theorem.number}", theorem.title, theorem.coverage, theorem.method, mark, seconds)
        for name, counter_example in theorem.refutations.items() if verbose else ():
            console.print(f"T{theorem.number} {name}: {counter_example}", highlight=False, markup=False)
    console.print(table)
    console.print(f"{time.perf_counter() - begun:.1f} seconds in all")
    failures += [] if chosen else disagreements()
    for failure in failures:
        console.print(failure, markup=False)
    return not failures


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
        from .readme import write

        print(write(theorems()))
        return 0
    return 0 if run(chosen.proofs, _console(), chosen.verbose) else 1


if __name__ == "__main__":
    sys.exit(main())
