"""The suite against other people's models, and against models drawn at random.

    python -m tests.studies.conformance published          # a table in Markdown; --only NAME
    python -m tests.studies.conformance random 10000       # counts; --first N --every K to share them out
    python -m tests.studies.conformance long               # forwards and seconds of --quick on long sequences

``random`` writes a line a model into ``--into FILE`` and goes on where that file ends. Packages for
``published``: ``pip install 'rczoo[foreign]' rcps-pytorch equirc openspliceai promoterai-torch``.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

import torch


def published(only: str) -> int:
    """Print the table; return 1 if a verdict or a repair is wrong."""
    from .published import HEADINGS, PUBLISHED, Row, table

    rows = []
    print(f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}")
    for entry in PUBLISHED:
        if only.lower() in f"{entry.name} {entry.source}".lower():
            rows += table([entry])
            print(rows[-1].line() if isinstance(rows[-1], Row) else f"not installed: {rows[-1]}", flush=True)
    tried = [row for row in rows if isinstance(row, Row)]
    wrong = [f"{row.entry.name}: {row.wrong}" for row in tried if row.wrong]
    repaired = sum(row.repaired is not None for row in tried)
    print(f"\n{len(tried)} architectures, {repaired} repaired; wrong: {len(wrong)} {wrong}")
    return int(bool(wrong))


def at_random(number: int, first: int, every: int, into: Path | None) -> int:
    """Compare models, print those on which the suite is wrong, and counts; return 1 if there is one."""
    from .judging import compare

    begun = into.read_text().splitlines() if into and into.exists() else []
    counts, seconds = Counter(line.split("\t")[1] for line in begun), 0.0
    for seed in range(first + len(begun) * every, number, every):
        outcome = compare(seed)
        said = outcome.wrong.split(":")[0] or outcome.truth
        counts[said], seconds = counts[said] + 1, seconds + outcome.seconds
        if outcome.wrong:
            print(outcome, flush=True)
        if into:
            with into.open("a") as file:
                file.write(f"{seed}\t{said}\t{outcome.seconds:.3f}\n")
    print(f"{counts.total()} models, {seconds:.0f} s of processor time: {dict(counts)}")
    return int(bool(counts["miss"] or counts["false alarm"]))


def long() -> int:
    """Forward passes and seconds of ``--quick`` on a narrow Enformer, as it is and conjoined."""
    import rczoo

    from .long_range import Enformer

    for length in (8_192, 196_608):
        torch.manual_seed(0)
        plain = Enformer()
        for name, model in (("one strand", plain), ("conjoined", rczoo.conjoin(plain, outputs="1r"))):
            started = time.process_time()
            report = rczoo.check(model, outputs="1r", lengths=length, quick=True, name=name)
            work = time.process_time() - started
            print(
                f"{length} bases, {report.verdict}; {report.cost}, of the processor {work:.1f} s", flush=True
            )
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run one of the studies."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", choices=["published", "random", "long"])
    parser.add_argument("number", type=int, nargs="?", default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--into", type=Path)
    parser.add_argument("--only", default="")
    given = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    if given.study == "published":
        return published(given.only)
    return long() if given.study == "long" else at_random(given.number, given.first, given.every, given.into)


if __name__ == "__main__":
    sys.exit(main())
