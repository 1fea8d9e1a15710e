"""``rczoo models`` on an index with metrics of every kind."""

import json

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
