"""Baselines in packs: what is missing is added, what is there stays as it is."""

import pytest
from typer.testing import CliRunner

import zoo.baselines
from rczoo.data.task import load_task
from tests.support.zoo_tasks import write_tiny
from zoo.__main__ import app
from zoo.baselines import complete_packs, write_baselines
from zoo.fingerprints import record
from zoo.packs import METRICS, Pack
from zoo.rows import MODEL, Row, write_rows

NAMES = ["3-mer logistic regression", "k-mer logistic regression", "motif scan"]


@pytest.fixture
def pack(tmp_path, monkeypatch):
    """A pack with one model's row and an old row of 3-mers."""
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    task, folder = load_task(write_tiny(tmp_path)), tmp_path / "runs" / "tiny"
    monkeypatch.setattr(zoo.baselines, "load_task", {"tiny": task}.__getitem__)
    record(task, folder)
    write_rows(folder / METRICS, [row(NAMES[0], "baseline"), row("rcps", MODEL)])
    return task, Pack(folder)


def row(name, kind):
    return Row("tiny", name, kind, "", "", 0, "test", "auroc", 0.625, 0, 0.0, "old", "old")


def test_only_what_is_missing_is_written(pack):
    task, packed = pack
    assert write_baselines(task, packed.folder) == NAMES[1:]
    rows = packed.rows()
    assert rows == sorted(rows)
    assert {row(NAMES[0], "baseline"), row("rcps", MODEL)} < set(rows)
    assert packed.baselines() == set(NAMES)
    metrics = {name: {r.metric for r in rows if r.strategy == name} for name in NAMES}
    assert metrics[NAMES[1]] == {"auroc", "auprc", "k", "C"}
    assert metrics[NAMES[2]] == {"auroc", "auprc"}
    before = (packed.folder / METRICS).read_bytes()
    assert write_baselines(task, packed.folder) == []
    assert (packed.folder / METRICS).read_bytes() == before


def test_the_command_completes_packs_and_refuses_others(pack):
    _, packed = pack
    runs = packed.folder.parent
    done = CliRunner().invoke(app, ["baselines", "tiny", "--runs", str(runs)])
    assert done.output == f"tiny: {NAMES[1]}, {NAMES[2]}\n"
    assert list(complete_packs(runs)) == ["tiny: none was missing"]
    with pytest.raises(ValueError, match=r"^no pack of 'teeny' in .*runs: choose from tiny$"):
        list(complete_packs(runs, ["teeny"]))


def test_a_pack_of_other_data_is_refused(pack, tmp_path, monkeypatch):
    _, packed = pack
    other = load_task(write_tiny(tmp_path, size=60))
    monkeypatch.setattr(zoo.baselines, "load_task", {"tiny": other}.__getitem__)
    with pytest.raises(ValueError, match="tiny: the test data are"):
        list(complete_packs(packed.folder.parent))
