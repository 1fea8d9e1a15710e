"""How far one has to walk: modules visited and moves between files for three everyday commands.

    python tests/studies/moves.py            # in the root of a checkout; prints a table

A command is followed with ``sys.setprofile`` through the files of ``rczoo``. A module is *visited* when a
function of it runs. A *move* is the call of a function whose file is another than that of the nearest caller
within rczoo, whatever of torch, Lightning or typer stands between the two; a generator that goes on is called
again. Returns are not counted, nor is what runs while a module is imported: it is the same for every input.
Each command has a process of its own with a fixed hash seed, so that a second run gives the same numbers. Two
versions of the package are told apart by where the command line lies: ``rczoo.cli.main``, or ``rczoo.cli``
when the package was flat.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType

ROOT = Path.cwd()
PACKAGE = f"{ROOT / 'rczoo'}{os.sep}"
FASTA = "".join(f">s{n}\n{'ACGTTGCAGC'[n:] + 'ACGTTGCAGC' * 19 + 'ACGTTGCAGC'[:n]}\n" for n in range(6))
MODEL = """
import rczoo
import torch
from torch import nn


def build():
    torch.manual_seed(0)
    layers = nn.Conv1d(4, 4, 7), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(4, 1)
    return rczoo.conjoin(nn.Sequential(*layers), outputs="1t")
"""
TASK = """
title = "Tiny simulated motifs"
kind = "labels"

[model]
architecture = "motif-cnn"
filters = 4
length = 126
outputs = 3

[training]
batch_size = 16
epochs = 1
patience = 10
learning_rate = 1e-2
criterion = "auroc"
augment = "set"

[data]
source = "simulation"
per_motif = 40
counts = { train = 48, validation = 36, test = 36 }
label_noise = 0.2
seed = 1
"""
JOBS = {
    "predict": "predict sim-200/posthoc --fasta six.fa --out six.tsv",
    "check --quick": "check tiny_model:build --output 1t --length 40 --quick",
    "train, one epoch": "train tiny.toml --strategy rcps --seed 1 --out run",
}


class Walk:
    """Counts the modules visited and the moves; given to ``sys.setprofile``."""

    def __init__(self) -> None:
        self.visited: set[str] = set()
        self.moves = 0
        self.calls = 0

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        """Count one call of a function of rczoo."""
        code = frame.f_code
        if event != "call" or code.co_name == "<module>" or not code.co_filename.startswith(PACKAGE):
            return
        caller = frame.f_back
        while caller is not None and not caller.f_code.co_filename.startswith(PACKAGE):
            caller = caller.f_back
        if caller is not None and caller.f_code.co_name == "<module>":
            return  # while importing
        self.calls += 1
        self.visited.add(code.co_filename)
        self.moves += caller is not None and caller.f_code.co_filename != code.co_filename


def follow(arguments: list[str]) -> Walk:
    """Run one command, and follow it."""
    try:
        from rczoo.cli.main import app
    except ModuleNotFoundError:
        from rczoo.cli import app
    walk = Walk()
    sys.setprofile(walk)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            code = app(arguments, standalone_mode=False)
    finally:
        sys.setprofile(None)
    if code:
        raise SystemExit(f"rczoo {' '.join(arguments)} ends with code {code}")
    return walk


def main() -> None:
    """Each command in a process and a folder of its own."""
    print("command             modules    moves    calls")
    for name, command in JOBS.items():
        with tempfile.TemporaryDirectory() as folder:
            for file, text in (("six.fa", FASTA), ("tiny_model.py", MODEL), ("tiny.toml", TASK)):
                (Path(folder) / file).write_text(text)
            environment = {**os.environ, "PYTHONHASHSEED": "0", "RCZOO_CACHE": f"{folder}/cache"}
            numbers = subprocess.run(
                [sys.executable, __file__, "--one", str(ROOT), *command.split()],
                cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True,
            ).stdout.split()  # fmt: skip
        print(f"{name:18} {numbers[0]:>8} {numbers[1]:>8} {numbers[2]:>8}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        ROOT = Path(sys.argv[2])
        PACKAGE = f"{ROOT / 'rczoo'}{os.sep}"
        sys.path[:0] = [str(ROOT), os.getcwd()]
        result = follow(sys.argv[3:])
        print(len(result.visited), result.moves, result.calls)
    else:
        main()
