"""Peaks, a genome and two bigWigs of one's own: checked, trained on and evaluated from one task file."""

import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from rczoo.cli.tasks import app
from rczoo.data.task import load_task
from rczoo.evaluation.scoring import evaluate
from rczoo.training.trainer import train
from tests.support.miniature import chip_signal, random_genome, write_bed, write_bigwig, write_fasta

README = Path(__file__).parents[2] / "README.md"
GENOME = random_genome(6, {"chrIV": 20_000, "chrVII": 20_000, "chrXV": 20_000, "chrI": 40_000})
SITES = [(chrom, place) for chrom, s in GENOME.items() for place in range(800, len(s) - 800, 1300)]


def example():
    """The task file that the README shows."""
    found = re.search(r"```toml\n(.*?kind = .*?)```", README.read_text("utf-8"), re.S)
    if not found:
        pytest.skip("the README shows no task file")
    return found[1]


def test_the_readme_s_example(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "my_task.toml").write_text(example())
    write_fasta(tmp_path / "genome.fa", GENOME)
    rows = [(c, p - 60, p + 90, ".", 0, ".", 1, 1, 1, 60) for c, p in SITES]
    write_bed(tmp_path / "peaks.narrowPeak", rows)
    for name, track in zip(("plus", "minus"), chip_signal(GENOME, SITES), strict=True):
        write_bigwig(tmp_path / f"{name}.bw", track)
    result = CliRunner().invoke(app, ["check", str(tmp_path / "my_task.toml")])
    assert result.exit_code == 0, result.stdout
    assert "my_task: no problems found" in result.stdout
    assert "chr15 is chrXV" in result.stdout
    task = load_task(tmp_path / "my_task.toml")
    model = train(task, strategy="rcps", epochs=1, filters=4, out=tmp_path / "model")
    found = evaluate(model, task)
    assert found["equivariance_error"] == 0
    assert np.isfinite(found["jsd"])
