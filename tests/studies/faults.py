"""Faults put into the package by hand, and whether the tests that ought to notice each one do.

    python -m tests.studies.faults [--only WORD] [--cores N] [--again]

A line of ``faults.tsv`` says what is wrong, the file, the right text and the wrong one, and what pytest runs.
The checkout is copied, the edit made, and the tests run on the copy, in a process of its own. What was found
is kept in ``build/faults.jsonl``: the same command goes on where it stopped, and tries anew what changed
since. Exit status 1 if fewer than nine of ten are noticed. Run it where all tests pass.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import hashlib
import importlib
import io
import json
import multiprocessing
import os
import resource
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple, Protocol

ROOT = Path(__file__).parents[2]
LIST, FOUND = Path(__file__).with_suffix(".tsv"), ROOT / "build" / "faults.jsonl"
GOAL = 0.9
"""The share of faults that has to be noticed."""
LIMIT = 300
"""Seconds, of a processor and of the clock, after which tests never end, and so notice the fault."""
PARTS = ("rczoo", "tests", "zoo", "pyproject.toml", "README.md")
HEAVY = ("models", "runs", "figures", "results.csv")
"""What of ``zoo`` is linked and not copied."""
OURS = ("rczoo", "tests", "zoo", "proofs")


class Fault(NamedTuple):
    """What is wrong, the file, the text and what replaces it, and the arguments of pytest."""

    words: str
    file: str
    right: str
    wrong: str
    tests: str


NONE = Fault("no fault", "rczoo/io/bad_lines.py", "", "", "tests/io/test_bad_lines.py")
"""What has to go unnoticed."""


class Edit(Protocol):
    """What any kind of fault says of the edit."""

    words: str
    file: str
    right: str
    wrong: str


def listed() -> list[Fault]:
    """The faults of the list."""
    with LIST.open(encoding="utf-8") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Fault(*row) for row in rows]


def edit(fault: Edit) -> str:
    """The text of the file with the fault in it, at the first place where the right text stands."""
    text = (ROOT / fault.file).read_text("utf-8")
    if fault.right not in text:
        raise SystemExit(f"{fault.words}: {fault.file} has no {fault.right!r}: bring the fault up to date")
    return text.replace(fault.right, fault.wrong, 1)


def edited(fault: Edit, folder: Path, parts: Sequence[str]) -> Path:
    """A copy of parts of the checkout with the fault in it."""
    for part in parts:
        _copy(ROOT / part, folder / part)
    (folder / fault.file).write_text(edit(fault), "utf-8")
    return folder


def _copy(source: Path, target: Path) -> None:
    if source.is_file():
        shutil.copy(source, target)
        return
    heavy = HEAVY if source.name == "zoo" else ()
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*heavy))  # with what is compiled
    for name in heavy:
        (target / name).symlink_to(source / name)


def alone(copy: Path) -> None:
    """In a process of its own: import from the copy, and nothing of the checkout itself."""
    sys.path.insert(0, str(copy))
    for name in [name for name in sys.modules if name.split(".")[0] in OURS]:
        del sys.modules[name]
    importlib.invalidate_caches()


class Trial(NamedTuple):
    """A process in which a function answers for one fault."""

    process: BaseProcess
    pipe: Connection

    def answer(self) -> str:
        """What it says, once it is there; a fault that ends the process is noticed, too."""
        try:
            told: str = self.pipe.recv()
        except EOFError:
            told = "the process ended"
        self.process.join()
        return told


def begin(function: Callable[..., str], *arguments: Any) -> Trial:
    """Start a function in a process that inherits what this one has imported."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(theirs, function, *arguments))
    process.start()
    theirs.close()
    return Trial(process, ours)


def _answer(pipe: Connection, function: Callable[..., str], *arguments: Any) -> None:
    try:
        pipe.send(function(*arguments))
    except BaseException as error:  # a fault that stops the import is noticed, too
        pipe.send(f"{type(error).__name__}: {error}")


def tested(fault: Fault) -> str:
    """In a process of its own: the first test that fails for a fault, or nothing."""
    import pytest

    with tempfile.TemporaryDirectory() as folder:
        copy = edited(fault, Path(folder), PARTS)
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))
        signal.alarm(LIMIT)  # as of tests that wait for a pipe
        alone(copy)
        os.chdir(copy)
        os.environ |= {"PYTHONPATH": str(copy), "RCZOO_CACHE": str(copy / "cache")}
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(FOUND.parent / "hypothesis")  # what it read of us
        said = io.StringIO()
        plain = ["-q", "-x", "-p", "no:cacheprovider", "--hypothesis-profile=mutation"]
        plain += [f"--basetemp={copy / 'tmp'}", "-m", "not slow and not realdata"]
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = pytest.main([*plain, *shlex.split(fault.tests)])
        if code in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED):
            raise SystemExit(f"{fault.words}: pytest {fault.tests} runs no test: bring the fault up to date")
        failed = (line for line in said.getvalue().splitlines() if line.startswith(("FAILED", "ERROR")))
        return "" if code == pytest.ExitCode.OK else next(failed, f"exit code {int(code)}").split(" - ")[0]


def key(fault: Fault) -> str:
    """What the outcome depends on, short: the fault, and the files of the code and of the tests."""
    names = [part.partition("::")[0] for part in shlex.split(fault.tests)]
    files = [ROOT / name for name in (fault.file, *names) if (ROOT / name).is_file()]
    content = [*fault, *(path.read_text("utf-8") for path in files)]
    return hashlib.sha256("\0".join(content).encode()).hexdigest()[:16]


def known() -> dict[str, str]:
    """The outcomes so far, by :func:`key`."""
    lines = FOUND.read_text("utf-8").splitlines() if FOUND.exists() else []
    return {entry["key"]: entry["noticed"] for entry in map(json.loads, lines)}


def outcomes(faults: Sequence[Fault], cores: int) -> Iterator[tuple[Fault, str]]:
    """Try the faults, some at once; each with what noticed it, as it comes."""
    waiting, running = list(faults)[::-1], dict[Connection, tuple[Fault, Trial]]()
    while waiting or running:
        while waiting and len(running) < cores:
            trial = begin(tested, fault := waiting.pop())
            running[trial.pipe] = fault, trial
        for pipe in wait(list(running)):
            fault, trial = running.pop(pipe)  # type: ignore[call-overload]
            yield fault, trial.answer()


def main(arguments: list[str] | None = None) -> int:
    """Try the faults that were not tried as they are now, and print which were noticed and by what."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="faults whose words or file contain this")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="how many are tried at once")
    parser.add_argument("--again", action="store_true", help="try those that were not noticed once more")
    options = parser.parse_args(arguments)
    faults = [fault for fault in listed() if options.only in fault.words or options.only in fault.file]
    found = known()
    new = [f for f in faults if key(f) not in found or (options.again and not found[key(f)])]
    for name in ("torch", "scipy.stats", "sklearn.linear_model", "lightning"):
        importlib.import_module(name)  # the children inherit what takes long to import, and nothing of ours

    if noticed := begin(tested, NONE).answer():
        raise SystemExit(f"tests fail without a fault, too: {noticed}")
    FOUND.parent.mkdir(exist_ok=True)
    stale: list[str] = []
    for fault, noticed in outcomes(new, options.cores):
        if noticed.startswith("SystemExit"):
            stale.append(noticed)
            continue
        found[key(fault)] = noticed
        with FOUND.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key(fault), "words": fault.words, "noticed": noticed}) + "\n")
        print(f"{fault.file}: {fault.words}: {noticed or 'UNNOTICED'}", flush=True)
    if stale:
        raise SystemExit("\n".join(stale))
    share = sum(bool(found[key(fault)]) for fault in faults) / max(len(faults), 1)
    for fault in faults:
        if not found[key(fault)]:
            print(f"unnoticed: {fault.file}: {fault.words}")
    print(f"{len(faults)} faults, {share:.1%} noticed")
    return int(share < GOAL)


if __name__ == "__main__":
    sys.exit(main())
