"""The sweep as a Snakemake workflow: this process becomes Snakemake."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from ..plan import HERE, PLAN, RUNS, plan
from ..rows import RESULTS

LOCK = ".sweep.lock"


def sweep(
    tasks: Sequence[str] = (),
    tier: int | None = None,
    cores: int = 2,
    profile: Path | None = None,
    dry_run: bool = False,
    nice: int = 19,
    runs: Path = RUNS,
    plan_file: Path = PLAN,
    results: Path = RESULTS,
) -> None:
    """Run what is not done yet. Does not return: the process turns into Snakemake, so a kill reaches it.

    Raises ValueError without Snakemake, for unknown tasks, and when another sweep works in the same folder.
    """
    if find_spec("snakemake") is None:
        raise ValueError("the sweep needs Snakemake: pip install 'rczoo[sweeps]'")
    plan(plan_file, tier, tasks)
    runs.mkdir(parents=True, exist_ok=True)
    if not dry_run:
        _lock(runs)
    config = {
        "runs": runs.resolve(),
        "plan": plan_file.resolve(),
        "results": results.resolve(),
        "python": sys.executable,
        "nice": nice,
        **({"tasks": " ".join(tasks)} if tasks else {}),
        **({"tier": tier} if tier is not None else {}),
    }
    where = ["--profile", str(profile.resolve())] if profile else ["--cores", str(cores)]
    arguments = [
        *("--snakefile", str(HERE / "Snakefile"), "--directory", str(runs.resolve().parent)),
        *where,
        *("--nolock", "--keep-going", "--rerun-incomplete"),
        *("--rerun-triggers", "mtime", "--scheduler", "greedy"),
        *(["--dry-run"] if dry_run else []),
        *("--config", *(f"{name}={value}" for name, value in config.items())),
    ]
    already = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE.parent), *([already] if already else [])])
    os.environ["OMP_NUM_THREADS"] = "1"
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "snakemake", *arguments])


def _lock(runs: Path) -> None:
    """Take the sweep's lock; it passes to Snakemake and ends with it, however that ends."""
    file = os.open(runs / LOCK, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ValueError(f"another sweep is working in {runs}: wait for it or end it") from None
    os.set_inheritable(file, True)
