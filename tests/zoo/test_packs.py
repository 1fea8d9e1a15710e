"""Packs: nothing of a run is lost on its way into its task's three files, whoever is killed or joins in."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import zoo.packs
from rczoo.files.atomic import write_bytes
from tests.support import tiny_tasks
from tests.support.zoo_tasks import write_tiny
from zoo.fingerprints import targets
from zoo.packs import Pack, collect, gather, is_done, left, pack
from zoo.plan import DONE, Job
from zoo.rows import read_rows, write_rows
from zoo.sweep.job import run

JOBS = (("standard", 1535), ("rcps", 1535), ("rcps", 1780))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of three finished runs that are not packed."""
    folder = tmp_path_factory.mktemp("packs")
    task = write_tiny(folder)
    for strategy, seed in JOBS:
        run(Job(str(task), strategy, seed), folder / "runs")
    return folder


@pytest.fixture
def runs(finished, tmp_path):
    return shutil.copytree(finished / "runs", tmp_path / "runs")


def job(finished, strategy, seed):
    return Job(str(finished / "tiny.toml"), strategy, seed)


def content(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def test_a_pack_has_all_that_the_folders_had(finished, runs, tmp_path):
    collect(runs, tmp_path / "results.csv")
    packed, old = Pack(runs / "tiny"), finished / "runs" / "tiny"
    rows = []
    for strategy, seed in JOBS:
        folder = old / strategy / str(seed)
        assert packed.config(strategy, seed) == json.loads((folder / "config.json").read_text())
        with np.load(folder / "test-examples.npz") as kept:
            for name in kept:
                assert np.array_equal(packed.examples(name, seed), kept[name])
        rows += read_rows(folder / DONE)
    assert sorted(rows) == [row for row in packed.rows() if row.kind != "baseline"]
    assert packed.data() == Pack(old).data() != {}
    assert np.array_equal(packed.targets()["target"], Pack(old).targets()["target"])
    assert set(content(runs / "tiny")) == {
        *("runs.json", "metrics.csv", "test-examples.npz"),
        *(f"{strategy}/{seed}/model.safetensors" for strategy, seed in JOBS),
    }, "only weights stay"


def test_collect_gathers_runs_and_references(runs, tmp_path):
    rows = collect(runs, tmp_path / "results.csv")
    assert rows == read_rows(tmp_path / "results.csv") == gather(runs)
    names = {"3-mer logistic regression", "k-mer logistic regression", "GC content", "motif scan"}
    assert {row.strategy for row in rows if row.kind == "baseline"} == names
    assert {(row.strategy, row.seed) for row in rows} > set(JOBS)


def test_the_bytes_of_a_pack_do_not_depend_on_the_order_of_packing(finished, runs, tmp_path):
    pack(runs / "tiny")
    other = tmp_path / "other"
    for strategy, seed in reversed(JOBS):
        shutil.copytree(
            finished / "runs" / "tiny" / strategy / str(seed), other / "tiny" / strategy / str(seed)
        )
        for name in ("runs.json", "metrics.csv", "test-examples.npz"):
            if not (other / "tiny" / name).exists():
                shutil.copy(finished / "runs" / "tiny" / name, other / "tiny")
        pack(other / "tiny")
    assert content(other) == content(runs)
    before = {path: path.stat().st_mtime_ns for path in runs.rglob("*")}
    pack(runs / "tiny")
    assert {path: path.stat().st_mtime_ns for path in runs.rglob("*")} == before


@pytest.mark.parametrize("step", range(1, 13))
def test_a_kill_at_any_step_loses_nothing_and_the_next_packing_ends_as_if_undisturbed(
    finished, runs, tmp_path, monkeypatch, step
):
    """The three files are written and nine removed; the kill comes before each of these steps."""
    undisturbed = shutil.copytree(runs, tmp_path / "undisturbed")
    rows = gather(undisturbed)
    steps = 0

    def counted(plain):
        def act(*given, **more):
            nonlocal steps
            steps += 1
            if steps == step:
                raise KeyboardInterrupt
            return plain(*given, **more)

        return act

    with monkeypatch.context() as patch:
        patch.setattr("zoo.packs.write_bytes", counted(write_bytes))
        patch.setattr("zoo.packs.write_rows", counted(write_rows))
        patch.setattr("pathlib.Path.unlink", _only_in_runs(counted))
        with pytest.raises(KeyboardInterrupt):
            pack(runs / "tiny")
    assert not left([job(finished, *one) for one in JOBS], runs), "none is done again"
    assert gather(runs) == rows
    assert content(runs) == content(undisturbed)


def _only_in_runs(counted):
    """Count the removals of a run's files, not those of temporary files."""
    from pathlib import Path

    plain = Path.unlink
    removal = counted(plain)
    names = ("test-examples.npz", "config.json", DONE)
    return lambda path, **more: (removal if path.name in names else plain)(path, **more)


def test_two_processes_pack_at_once(runs):
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(gather, [runs] * 4))
    assert all(rows == found[0] for rows in found)
    assert Pack(runs / "tiny").done() >= set(JOBS)


def test_a_packed_job_is_done(finished, runs):
    packed = job(finished, "rcps", 1535)
    pack(runs / "tiny")
    before = content(runs)
    assert is_done(packed, runs)
    run(packed, runs)
    assert content(runs) == before
    missing = job(finished, "conjoined", 1535)
    assert not is_done(missing, runs)
    assert left([packed, missing], runs) == [missing]


def test_a_run_that_was_packed_elsewhere_does_not_replace_the_pack(finished, runs):
    pack(runs / "tiny")
    before = content(runs)
    folder = runs / "tiny" / "rcps" / "1535"
    shutil.copytree(finished / "runs" / "tiny" / "rcps" / "1535", folder, dirs_exist_ok=True)
    write_rows(folder / DONE, [row._replace(value=0.0) for row in read_rows(folder / DONE)])
    gather(runs)
    assert content(runs) == before


def test_an_unfinished_run_stays_where_it_is(finished, runs):
    folder = runs / "tiny" / "rcps" / "1535"
    (folder / DONE).unlink()
    (folder / "resume.safetensors").write_bytes(b"so far")
    before = content(folder)
    pack(runs / "tiny")
    assert content(folder) == before
    assert ("rcps", 1535) not in Pack(runs / "tiny").done()


def test_folders_without_weights_go(finished, runs):
    for weights in runs.rglob("model.safetensors"):
        weights.unlink()
    pack(runs / "tiny")
    assert not [path for path in (runs / "tiny").iterdir() if path.is_dir()]


def test_a_line_for_each_run(runs):
    pack(runs / "tiny")
    lines = (runs / "tiny" / zoo.packs.CONFIGS).read_text().splitlines()
    assert [line.split(":")[0] for line in lines[1:-1]] == ['"rcps/1535"', '"rcps/1780"', '"standard/1535"']
    assert json.loads("\n".join(lines))["runs"].keys() == {"rcps/1535", "rcps/1780", "standard/1535"}


def test_labels_that_were_not_measured_stay_so():
    task = tiny_tasks.labels(n=4)
    assert targets(task)["target"].dtype == np.int8
    task.in_memory["test"].target[1, 2] = np.nan
    kept = targets(task)["target"]
    np.testing.assert_array_equal(kept, task.in_memory["test"].target)
    assert kept.dtype == np.float16


def test_what_is_not_packed_is_named(runs):
    with pytest.raises(ValueError, match=r"runs\.json has no run rcps/7: python -m zoo collect packs runs"):
        Pack(runs / "tiny").config("rcps", 7)
    empty = Pack(runs / "none")
    assert (empty.data(), empty.configs(), empty.rows(), empty.arrays()) == ({}, {}, [], {})
