"""The sweep as a whole: killed with SIGKILL and taken up again, and done work recognised in another clone."""

import os
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.zoo_tasks import write_tiny
from zoo.plan import DONE, Job
from zoo.rows import read_rows
from zoo.sweep.job import run
from zoo.sweep.snakemake import sweep

ROOT = Path(__file__).parents[2]
SEED = 1535
pytestmark = pytest.mark.skipif(find_spec("snakemake") is None, reason="needs the extra 'sweeps'")


def command(folder, *more):
    return [
        *(sys.executable, "-m", "zoo", "sweep", "--runs", str(folder / "zoo" / "runs")),
        *("--plan", str(folder / "plan.toml")),
        *("--cores", "1", "--nice", "0", *more),
    ]


def start(folder, *more):
    return subprocess.Popen(
        command(folder, *more),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def kill_when(path, process, seconds=300):
    """SIGKILL to a whole sweep as soon as a file is there."""
    end = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert path.exists(), f"{path} did not appear"


@pytest.mark.slow
def test_a_sweep_killed_midway_ends_in_the_same_results(tmp_path):
    place = tmp_path / "a path with spaces"
    place.mkdir()
    task = write_tiny(place, ["rcps"], epochs=12)
    job = Job(str(task), "rcps", SEED)
    run(job, tmp_path / "undisturbed")
    folder = job.folder(place / "zoo" / "runs")
    kill_when(folder / "resume.safetensors", start(place))
    assert not (folder / DONE).exists(), "it was killed in the middle"
    again = start(place)
    output, _ = again.communicate(timeout=300)
    assert again.returncode == 0, output
    undisturbed = job.folder(tmp_path / "undisturbed")
    one, other = (read_rows(done / DONE) for done in (undisturbed, folder))
    assert [row[:9] for row in one] == [row[:9] for row in other]
    for name in ("model.safetensors", "test-examples.npz"):
        assert (folder / name).read_bytes() == (undisturbed / name).read_bytes()
    assert sorted(read_rows(place / "zoo" / "results.csv"))[0].task == "tiny"
    _nothing_is_left_to_do_in_a_clone(place)


def _nothing_is_left_to_do_in_a_clone(folder):
    """Only what is committed travels: not Snakemake's records, not the state, and with new times."""
    clone = folder / "clone"
    shutil.copytree(
        folder / "zoo" / "runs",
        clone / "zoo" / "runs",
        ignore=shutil.ignore_patterns(".*", "resume.safetensors"),
        copy_function=shutil.copyfile,
    )
    shutil.copyfile(folder / "plan.toml", clone / "plan.toml")
    output = subprocess.run(command(clone, "--dry-run"), cwd=ROOT, capture_output=True, text=True, check=True)
    assert "Nothing to be done" in output.stdout


def test_two_sweeps_at_once_are_refused(tmp_path):
    import fcntl

    write_tiny(tmp_path)
    with (tmp_path / ".sweep.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ValueError, match=r"another sweep is working in .*: wait for it or end it"):
            sweep(runs=tmp_path, plan_file=tmp_path / "plan.toml")


def test_a_sweep_needs_snakemake(tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.sweep.snakemake.find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"needs Snakemake: pip install 'rczoo\[sweeps\]'"):
        sweep(runs=tmp_path)
