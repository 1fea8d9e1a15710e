"""The command ``rczoo shards``: another command in parts, by Snakemake, on this machine or a cluster."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

SNAKEFILE = Path(__file__).with_name("Snakefile")
WORK = Path(".snakemake") / "rczoo-shards"
"""Where Snakemake keeps its own files, a folder for each command: on a cluster every node must reach it."""


def shards(
    context: typer.Context,
    parts: Annotated[int, typer.Option(help="How many: some times as many as run at once.", min=1)],
    cores: Annotated[int, typer.Option(help="Parts at a time on this machine.", min=1)] = 1,
    profile: Annotated[
        Path | None, typer.Option(help="A Snakemake profile, such as one for SLURM, instead of this machine.")
    ] = None,
    retries: Annotated[int, typer.Option(help="How often a part that fails is tried again.", min=0)] = 2,
) -> None:
    """Run predict or variants in parts that go side by side; what is written is what one process would write.

    Killed and called again, it goes on: a part's answers are kept beside the output until they are joined.

    Example: rczoo shards --parts 8 --cores 2 variants gcn4/posthoc --vcf my.vcf --genome my.fa --out out.tsv
    """
    command = context.args
    if not command or command[0] not in ("predict", "variants"):
        raise ValueError(
            "give the command to run in parts after the options: rczoo shards --parts 8 predict ..."
        )
    if any(word.split("=")[0] == "--shard" for word in command):
        raise ValueError("--shard is what this command gives to each part: leave it out")
    if find_spec("snakemake") is None:
        raise ValueError("parts are run by Snakemake: pip install 'rczoo[sweeps]'")
    where = ["--profile", str(profile.resolve())] if profile else ["--cores", str(cores)]
    run = shlex.join([sys.executable, "-m", "rczoo", *command])
    work = WORK / hashlib.sha256(run.encode()).hexdigest()[:16]
    shutil.rmtree(work, ignore_errors=True)  # what is done is known by its answers, not by marks
    work.mkdir(parents=True)
    config = work / "config.json"
    config.write_text(json.dumps({"parts": parts, "folder": str(Path.cwd()), "command": run}), "utf-8")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.stdout.flush()
    os.execv(
        sys.executable,
        [
            *(sys.executable, "-m", "snakemake", "--snakefile", str(SNAKEFILE), "--directory", str(work)),
            *("--configfile", str(config.resolve())),
            *(*where, "--nolock", "--keep-going", "--retries", str(retries), "--quiet", "rules"),
        ],
    )
