import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from rczoo.cli.tasks import _of_the_model
from rczoo.data.task import list_tasks, load_task
from rczoo.data.task_file import json_schema
from rczoo.files.cache import cache_folder
from tests.support import cli
from tests.support.miniature import serve
from tests.support.real import REACHABLE, real_task


def run(*arguments):
    return cli.run("tasks", *arguments)


def test_list_shows_every_task():
    result = run("list", "--json")
    assert [entry["name"] for entry in json.loads(result.stdout)] == list_tasks()
    assert "gcn4" in run("list").stdout


@pytest.mark.realdata
def test_info_shows_sources_licences_sizes_splits_and_balance():
    real_task("reb1")
    found = json.loads(run("info", "reb1", "--json").stdout)
    assert {s["licence"] for s in found["sources"]} == {"MIT", "CC0-1.0"}
    assert all(s["bytes"] > 0 for s in found["sources"])
    assert found["splits"]["train"]["examples"] > 3000
    assert found["splits"]["test"]["balance"].startswith("positive: 0.2")
    assert "S_cerevisiae.fasta.gz: chr1 is chrI, chr10 is chrX" in found["notes"][0]
    text = run("info", "reb1").stdout
    assert "CC0-1.0" in text
    assert "chr1 is chrI" in text


@pytest.mark.realdata
@pytest.mark.parametrize("over", ["mirror", "http"])
@pytest.mark.parametrize("name", REACHABLE)
def test_fetch_and_info_from_a_cold_cache(name, over, tmp_path, monkeypatch):
    """From the mirror as a folder, and the mirror behind a web server; nothing is written in it."""
    real_task(name)
    mirror = os.environ.get("RCZOO_DATA", "")
    if not os.path.isdir(mirror):
        pytest.skip("needs a mirror folder named by RCZOO_DATA")
    every = bool(os.environ.get("RCZOO_EVERY_TASK"))
    if name in ("gue-tf0", "gue-tf1", "gue-tf3", "gue-tf4") and not every:
        pytest.skip("like gue-tf2: set RCZOO_EVERY_TASK=1 to run all, and an epoch of training on each")
    before = sorted(os.walk(mirror))
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path))
    with serve(mirror) as (url, seen):
        monkeypatch.setenv("RCZOO_DATA", url if over == "http" else mirror)
        files = json.loads(run("fetch", name, "--json").stdout)
        assert len(files) == len(load_task(name).file_names())
        assert bool(seen) == (over == "http" and bool(files))
        if over == "mirror" or every:
            assert json.loads(run("info", name, "--json").stdout)["splits"]["test"]["examples"] > 50
        if every:
            from rczoo.training.trainer import train

            train(name, strategy="standard", epochs=1, out=tmp_path / "model")
            assert (tmp_path / "model" / "model.safetensors").is_file()
    assert sorted(os.walk(mirror)) == before
    assert not list((cache_folder() / "partial").glob("*"))


def test_schema_prints_that_of_task_files():
    assert json.loads(run("schema").stdout) == json_schema()


def test_check_tells_problems_by_its_exit_code(tmp_path):
    (tmp_path / "a.csv").write_text("sequence,label\nACGT,1\nTTTT,1\n")
    (tmp_path / "t.toml").write_text(
        'kind = "labels"\n[model]\narchitecture = "tf-cnn"\nlength = 4\n[training]\nbatch_size = 2\n'
        '[data]\nsource = "table"\ntrain = "a.csv"\nvalidation = "a.csv"\ntest = "a.csv"\n'
    )
    result = run("check", str(tmp_path / "t.toml"))
    assert result.exit_code == 1
    assert "problem: train: label 0 has only the class 1" in result.stdout
    found = json.loads(run("check", str(tmp_path / "t.toml"), "--json").stdout)
    assert {f["check"] for f in found} == {"model", "classes", "leaks"}
    assert found[0]["message"].startswith("[model]: tf-cnn: length 4 is shorter than the receptive field")
    assert run("check", "sim-200").exit_code == 0


@pytest.mark.parametrize("name", list_tasks())
def test_the_model_of_a_task_can_be_built_and_has_its_profile(name):
    task = load_task(name)
    assert _of_the_model(task) == []
    if task.kind == "profile":
        longer = task.model.model_copy(update={"length": task.length + 2})
        [finding] = _of_the_model(replace(task, model=longer))
        assert f"[data] out_length is {task.out_length}: change length or out_length" in finding.message


@pytest.mark.parametrize("command", ["info", "fetch", "check", "symmetry"])
def test_an_unknown_task_is_one_line_and_exit_code_2(command):
    result = run(command, "gcn5")
    assert result.exit_code == 2
    assert result.stderr.startswith("rczoo: no task 'gcn5'; near it: gcn4")
    assert result.stderr.count("\n") == 1


def test_files_that_cannot_be_had_are_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    with serve(tmp_path) as (url, _):
        monkeypatch.setenv("RCZOO_DATA", url)
        result = run("fetch", "gcn4")
    assert result.exit_code == 2
    assert "cannot download chalmers-chipexo/chr1.fa from http://127.0.0.1" in result.stderr


def test_help_imports_nothing_heavy():
    code = (
        "import sys, rczoo.cli.tasks; "
        "print([m for m in ('torch', 'numpy', 'pyBigWig', 'matplotlib', 'rich.table') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
