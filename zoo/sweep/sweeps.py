"""The sweep: all jobs of a plan, by processes on this machine or, through Snakemake, on a cluster."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from ..packs import collect, left
from ..plan import HERE, PLAN, RUNS, Job
from ..rows import RESULTS

LOCK = ".sweep.lock"


def sweep(jobs: Sequence[Job], runs: Path, results: Path, cores: int = 2, nice: int = 19) -> Iterator[str]:
    """Do here what is not done yet, and gather the results; gives a line for each job as it ends.

    Raises ValueError when another sweep works in the same folder, and at the end for the jobs that failed.
    """
    from .pool import do_many  # brings torch, which asking what is to do, and a cluster, can do without

    with _lock(runs):
        os.environ["OMP_NUM_THREADS"] = "1"  # the workers inherit it
        try:
            yield from do_many(jobs, runs, cores, nice)
        finally:
            collect(runs, results)


def to_do(jobs: Sequence[Job], runs: Path) -> Iterator[str]:
    """A line for each job that a sweep would do."""
    found = left(jobs, runs)
    yield from map(str, found)
    yield f"{len(found)} of {len(jobs)} jobs to do" if found else "Nothing to be done"


def submit(
    profile: Path,
    dry_run: bool = False,
    tasks: Sequence[str] = (),
    tier: int | None = None,
    nice: int = 19,
    runs: Path = RUNS,
    plan_file: Path = PLAN,
    results: Path = RESULTS,
) -> NoReturn:
    """Let Snakemake do what is not done yet, where a profile says. This process becomes it, so a kill works.

    Raises ValueError without Snakemake, and when another sweep works in the same folder.
    """
    if find_spec("snakemake") is None:
        raise ValueError("a sweep on a cluster needs Snakemake: pip install 'rczoo[sweeps]'")
    root = runs.resolve().parent
    marks = root / ".snakemake" / ("dry-run" if dry_run else "jobs")
    if not dry_run:
        os.set_inheritable(_taken(runs), True)  # it ends with Snakemake, however that ends
        shutil.rmtree(marks, ignore_errors=True)
    config = {
        "runs": runs.resolve(),
        "plan": plan_file.resolve(),
        "results": results.resolve(),
        "marks": marks,
        "python": sys.executable,
        "nice": nice,
        **({"tasks": " ".join(tasks)} if tasks else {}),
        **({"tier": tier} if tier is not None else {}),
    }
    arguments = [
        *("--snakefile", str(HERE / "Snakefile"), "--directory", str(root)),
        *("--profile", str(profile.resolve())),
        *("--nolock", "--keep-going", "--rerun-triggers", "mtime", "--scheduler", "greedy"),
        *(["--dry-run"] if dry_run else []),
        *("--config", *(f"{name}={value}" for name, value in config.items())),
    ]
    already = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE.parent), *([already] if already else [])])
    os.environ["OMP_NUM_THREADS"] = "1"
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "snakemake", *arguments])


@contextmanager
def _lock(runs: Path) -> Iterator[None]:
    """Hold the lock of all sweeps in a folder."""
    file = _taken(runs)
    try:
        yield
    finally:
        os.close(file)


def _taken(runs: Path) -> int:
    """The file of the sweep's lock, taken; ValueError while another process has it."""
    runs.mkdir(parents=True, exist_ok=True)
    file = os.open(runs / LOCK, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise ValueError(f"another sweep is working in {runs}: wait for it or end it") from None
    return file
