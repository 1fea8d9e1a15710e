"""``rczoo shards``: a command in parts by Snakemake, one of them killed before."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.cli import run
from tests.support.small_models import label_model, refused, saved

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(find_spec("snakemake") is None, reason="needs the extra 'sweeps'")
def test_snakemake_runs_the_parts_and_joins_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saved(label_model(), tmp_path / "a model")
    (tmp_path / "s.fa").write_text("".join(f">{n}\n{'ACGTTGCA' * 9}{'ACGT'[n % 4] * 8}\n" for n in range(9)))
    command = ["predict", "a model", "--fasta", "s.fa", "--batch-size", "2", "--out"]
    assert run(*command, "whole.tsv").exit_code == 0
    assert run(*command, "{x}: #y.tsv", "--shard", "2/2").exit_code == 0
    (killed,) = tmp_path.glob(".*.partial")
    killed.write_bytes(killed.read_bytes()[:-7])
    shards = [sys.executable, "-m", "rczoo", "shards", "--parts", "2", *command, "{x}: #y.tsv"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(shards, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    assert "resumed from 4" in done.stdout
    assert (tmp_path / "{x}: #y.tsv").read_bytes() == (tmp_path / "whole.tsv").read_bytes()
    assert not list(tmp_path.glob(".*.partial"))


def test_what_cannot_be_run_in_parts_is_refused(monkeypatch):
    assert "give the command to run in parts" in refused(run("shards", "--parts", 2))
    assert "give the command to run in parts" in refused(run("shards", "--parts", 2, "train", "sim-200"))
    twice = run("shards", "--parts", 2, "predict", "m", "--shard", "1/2")
    assert "leave it out" in refused(twice)
    monkeypatch.setattr("rczoo.cli.shards.command.find_spec", lambda _: None)
    assert "pip install 'rczoo[sweeps]'" in refused(run("shards", "--parts", 2, "predict", "m"))
