"""Baselines in packs: what is missing is added, what is there stays as it is."""

from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

import zoo.baselines
from rczoo.data.examples import Examples
from rczoo.data.task import load_task
from rczoo.evaluation import kmers
from rczoo.evaluation.baselines import baseline_rows
from rczoo.evaluation.metrics import auroc
from rczoo.symmetry import dna
from rczoo.symmetry.rep import Rep
from tests.support.zoo_tasks import write_tiny
from zoo.__main__ import app
from zoo.baselines import FITTED, complete_packs, write_baselines
from zoo.fingerprints import record
from zoo.packs import METRICS, Pack
from zoo.rows import MODEL, Row, write_rows

NAMES = ["3-mer logistic regression", "k-mer logistic regression", "GC content", "motif scan"]
LABELS = ["ELF1", "GATA", "RXRA"]


@pytest.fixture
def pack(tmp_path, monkeypatch):
    """A pack with one model's row and old rows of 3-mers; the k-mers have little to choose among."""
    monkeypatch.setattr(kmers, "LENGTHS", (3, 4))
    monkeypatch.setattr(kmers, "STRENGTHS", (1.0,))
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    task, folder = load_task(write_tiny(tmp_path)), tmp_path / "runs" / "tiny"
    monkeypatch.setattr(zoo.baselines, "load_task", {"tiny": task}.__getitem__)
    record(task, folder)
    old = [row(NAMES[0], "baseline", metric) for metric in ("auroc", "auprc")]
    write_rows(folder / METRICS, [*old, row("rcps", MODEL)])
    return task, Pack(folder)


def row(name, kind, metric="auroc"):
    return Row("tiny", name, kind, "", "", 0, "test", metric, 0.625, 0, 0.0, "old", "old")


def test_only_what_is_missing_is_written(pack):
    task, packed = pack
    assert write_baselines(task, packed.folder) == NAMES
    rows = packed.rows()
    assert rows == sorted(rows)
    assert {row(NAMES[0], "baseline"), row("rcps", MODEL)} < set(rows)
    assert packed.baselines() == set(NAMES)
    metrics = {name: {r.metric for r in rows if r.strategy == name} for name in NAMES}
    by_label = {f"{metric} {label}" for metric in ("auroc", "auprc") for label in LABELS}
    assert metrics[NAMES[1]] == {"auroc", "auprc", "k", "C", *by_label}
    assert metrics[NAMES[3]] == {"auroc", "auprc", *by_label}
    before = (packed.folder / METRICS).read_bytes()
    assert write_baselines(task, packed.folder) == []
    assert (packed.folder / METRICS).read_bytes() == before


def test_rows_are_what_the_package_gives_and_labels_average_to_them(pack):
    task, packed = pack
    write_baselines(task, packed.folder)
    value = {(r.strategy, r.metric): r.value for r in packed.rows()}
    for name, computed in baseline_rows(task).items():
        if name != NAMES[0]:  # an old row, which stays
            assert value[name, "auprc"] == pytest.approx(computed["auprc"], abs=1e-12)
        labels = [value[name, f"auroc {label}"] for label in LABELS]
        assert np.mean(labels) == pytest.approx(computed["auroc"], abs=1e-12)


def test_gc_content_counts_either_way():
    """Labels of AT-rich sequences are told as well as those of GC-rich ones."""
    codes = np.array([dna.encode(text) for text in ("AAAA", "AAAC", "ACCC", "CCCC")])
    poor = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=np.float32)
    examples = Examples(codes, poor, Rep("2t"))
    task = SimpleNamespace(model=SimpleNamespace(number=2))
    found = FITTED["GC content"](task, examples, examples, codes).score
    assert auroc(poor, found).tolist() == [1, 1]


def test_the_command_completes_packs_and_begins_others(pack, tmp_path):
    _, packed = pack
    runs = packed.folder.parent
    done = CliRunner().invoke(app, ["baselines", "tiny", "--runs", str(runs)])
    assert done.output == f"tiny: {', '.join(NAMES)}\n"
    assert list(complete_packs(runs)) == ["tiny: none was missing"]
    assert list(complete_packs(tmp_path / "new")) == []
    assert list(complete_packs(tmp_path / "new", ["tiny"])) == [f"tiny: {', '.join(NAMES)}"]
    begun = Pack(tmp_path / "new" / "tiny")
    assert begun.data() == packed.data()
    assert begun.configs() == {}
    assert begun.baselines() == set(NAMES)


def test_a_pack_of_other_data_is_refused(pack, tmp_path, monkeypatch):
    _, packed = pack
    other = load_task(write_tiny(tmp_path, size=60))
    monkeypatch.setattr(zoo.baselines, "load_task", {"tiny": other}.__getitem__)
    with pytest.raises(ValueError, match="tiny: the test data are"):
        list(complete_packs(packed.folder.parent))
