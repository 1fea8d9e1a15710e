"""``rczoo models`` on an index with metrics of every kind."""

import json
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from rczoo.cli.models import app
from rczoo.hub import published

METRICS = {"auroc": None, "loss": 0.25, "seeds": 3, "of": "test", "odd": [1, "a"], "huge": 10**400}


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RCZOO_HUB", str(tmp_path))
    monkeypatch.setattr(published, "bundled_folder", lambda: tmp_path / "bundled")
    files = {
        file: {"path": file, "sha256": "0" * 64, "size": 9} for file in ("config.json", "model.safetensors")
    }
    index = {"format": "rczoo index 1", "models": {"a/b": {"files": files, "metrics": METRICS}}}
    (tmp_path / "index.json").write_text(json.dumps(index))


def test_info_shows_every_metric():
    shown = CliRunner().invoke(app, ["info", "a/b"], catch_exceptions=False).output
    found = dict(line.split(maxsplit=1) for line in shown.splitlines()[3:])
    assert found.pop("huge").startswith("1000")
    assert found == {"auroc": "nan", "loss": "0.2500", "seeds": "3", "of": "test", "odd": "[1, 'a']"}


def test_json_has_the_metrics_as_published():
    shown = CliRunner().invoke(app, ["info", "a/b", "--json"], catch_exceptions=False).output
    assert json.loads(shown)["metrics"] == METRICS


def test_a_table_with_the_best_of_a_task_first(tmp_path, monkeypatch):
    models = {"gcn4/a": {"jsd": 0.2}, "gcn4/b": {"jsd": 0.1}, "gcn4/c": {}, "gue-tf3/a": {"auroc": 0.8}}
    models |= {"gue-tf3/b": {"auroc": 0.85}, "gue-tf3/c": {"auroc": 0.9}}
    index = json.loads((tmp_path / "index.json").read_text())
    files = index["models"]["a/b"]["files"]
    index["models"] |= {name: {"files": files, "metrics": metrics} for name, metrics in models.items()}
    index["models"]["gcn4/b"]["bar"] = 0.0811
    index["models"]["gue-tf3/a"] |= {"recommended": True, "bar": 0.7, "architecture": "tf-cnn"}
    (tmp_path / "index.json").write_text(json.dumps(index))

    def names(*options):
        shown = CliRunner().invoke(app, ["list", *options], catch_exceptions=False).output
        return [line.split()[0] for line in shown.splitlines()[1:]]

    assert names() == ["a/b", "gcn4/b", "gcn4/a", "gcn4/c", "gue-tf3/a", "gue-tf3/c", "gue-tf3/b"]
    assert names("--task", "gcn4", "--best") == ["gcn4/b"]
    assert names("--organism", "human") == ["gue-tf3/a", "gue-tf3/c", "gue-tf3/b"]
    assert names("--organism", "human", "--best") == names("--above-bar") == ["gue-tf3/a"]
    assert names("--architecture", "tf-cnn") == ["gue-tf3/a"]
    shown = CliRunner().invoke(app, ["list", "gcn4/b"], catch_exceptions=False).output
    assert shown.splitlines()[0].split()[-3:] == ["bar", "beaten", "predicts"]
    assert shown.splitlines()[1].split(maxsplit=7) == [
        "gcn4/b", "yeast", "445", "jsd", "0.1000", "0.0811", "no", "Gcn4 ChIP-exo profiles, yeast"
    ]  # fmt: skip
    plain = CliRunner().invoke(app, ["list", "gcn4/*", "--names"], catch_exceptions=False).output
    assert plain.splitlines() == ["gcn4/a", "gcn4/b", "gcn4/c"]


def test_info_says_what_a_model_is(monkeypatch):
    monkeypatch.undo()
    shown = CliRunner().invoke(app, ["info", "sim-200/rcps"], catch_exceptions=False).output
    for line in (
        "title                     Simulated motifs, 200 bp",
        "outputs                   ELF1, GATA, RXRA",
        "length                    200",
        "architecture              motif-cnn, 20 filters per strand",
        "licence                   mit",
    ):
        assert f"  {line}\n" in shown


def test_looking_around_needs_neither_torch_nor_network(tmp_path):
    (tmp_path / "a.csv").write_text("sequence,label\nACGT,1\nTTTT,0\n")
    (tmp_path / "t.toml").write_text(
        'kind = "labels"\nmodel = { architecture = "tf-cnn", length = 4 }\ntraining = { batch_size = 2 }\n'
        '[data]\nsource = "table"\ntrain = "a.csv"\nvalidation = "a.csv"\ntest = "a.csv"\n'
    )
    commands = [
        ["models", "list"],
        ["models", "info", "sim-200/rcps"],
        ["tasks", "list"],
        ["tasks", "info", "gcn4"],
        ["tasks", "info", str(tmp_path / "t.toml")],
    ]
    code = (
        "import socket, sys\n"
        "sys.modules['torch'] = socket.socket.connect = None\n"
        "from rczoo.cli.main import app\n"
        f"for command in {commands}: app(command, standalone_mode=False)"
    )
    offline = {"RCZOO_CACHE": str(tmp_path), "RCZOO_DATA": "", "RCZOO_HUB": ""}
    environment = {**os.environ, **offline}
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, env=environment, capture_output=True, text=True
    )
    assert "chalmers-chipexo/chr1.fa" in done.stdout
    assert "rczoo tasks fetch" in done.stdout
    assert "positive: 0.500" in done.stdout
