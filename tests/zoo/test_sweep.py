"""The sweep as a whole: killed with SIGKILL and taken up again, and done work recognised in another clone."""

import os
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tests.support.zoo_tasks import write_tiny
from zoo.__main__ import main
from zoo.packs import Pack, gather
from zoo.plan import DONE, Job, plan
from zoo.rows import read_rows
from zoo.sweep.job import run
from zoo.sweep.sweeps import submit, sweep

ROOT = Path(__file__).parents[2]
SEED = 1535
SNAKEMAKE = pytest.mark.skipif(find_spec("snakemake") is None, reason="needs the extra 'sweeps'")
HERE, CLUSTER = "this machine", "a Snakemake profile"


def command(folder, *more):
    return [
        *(sys.executable, "-m", "zoo", "sweep", "--runs", str(folder / "zoo" / "runs")),
        *("--plan", str(folder / "plan.toml")),
        *("--cores", "1", "--nice", "0", *more),
    ]


@pytest.fixture
def zoo(monkeypatch, capsys):
    """Do a command in this process, which has imported what takes seconds: exit code, stdout, stderr."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # which a sweep sets, and which is taken back so
    monkeypatch.setattr("os.execv", lambda *_: pytest.fail("Snakemake would take the place of this process"))

    def done(command):
        monkeypatch.setattr(sys, "argv", command[2:])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code
        return (code or 0, *capsys.readouterr())

    return done


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


@pytest.fixture(params=[HERE, pytest.param(CLUSTER, marks=SNAKEMAKE)])
def where(request, tmp_path):
    """Options of the sweep: none, or a profile that lets Snakemake use this machine."""
    if request.param == HERE:
        return ()
    (tmp_path / "profile").mkdir()
    (tmp_path / "profile" / "config.yaml").write_text("cores: 1\n")
    return ("--profile", str(tmp_path / "profile"))


@pytest.mark.slow
def test_a_sweep_killed_midway_ends_in_the_same_results(tmp_path, where, zoo):
    place = tmp_path / "a path with spaces"
    place.mkdir()
    task = write_tiny(place, ["rcps"], epochs=12)
    job = Job(str(task), "rcps", SEED)
    run(job, tmp_path / "undisturbed")
    folder = job.folder(place / "zoo" / "runs")
    kill_when(folder / "resume.safetensors", start(place, *where))
    assert not (folder / DONE).exists(), "it was killed in the middle"
    code, output = again(place, where, zoo)
    assert code == 0, output
    weights = (job.folder(tmp_path / "undisturbed") / "model.safetensors").read_bytes()
    assert (folder / "model.safetensors").read_bytes() == weights
    one, other = gather(tmp_path / "undisturbed"), read_rows(place / "zoo" / "results.csv")
    assert [row[:9] for row in one] == [row[:9] for row in other]
    assert {row.task for row in other} == {"tiny"}
    outputs = [
        Pack(runs / "tiny").examples("rcps", SEED)
        for runs in (tmp_path / "undisturbed", place / "zoo" / "runs")
    ]
    assert np.array_equal(*outputs)
    _nothing_is_left_to_do_in_a_clone(place, where, zoo)


def again(folder, where, zoo, *more):
    """The exit code and the output of a sweep: Snakemake takes the place of the process that calls it."""
    if not where:
        code, *output = zoo(command(folder, *more))
        return code, "".join(output)
    process = start(folder, *more, *where)
    output, _ = process.communicate(timeout=300)
    return process.returncode, output


def _nothing_is_left_to_do_in_a_clone(folder, where, zoo):
    """Only what is committed travels: no folder of a run, not Snakemake's records, and with new times."""
    clone = folder / "clone"
    (clone / "zoo" / "runs" / "tiny").mkdir(parents=True)
    for path in (folder / "zoo" / "runs" / "tiny").iterdir():
        if path.is_file() and not path.name.startswith("."):
            shutil.copyfile(path, clone / "zoo" / "runs" / "tiny" / path.name)
    shutil.copyfile(folder / "plan.toml", clone / "plan.toml")
    code, output, _ = zoo(command(clone, "--dry-run", *where))
    assert (code, "Nothing to be done" in output) == (0, True)


@pytest.mark.slow
def test_a_dry_run_says_what_a_sweep_would_do_and_does_nothing(tmp_path, where, zoo):
    write_tiny(tmp_path, ["rcps", "standard"])
    code, output = again(tmp_path, where, zoo, "--dry-run")
    assert code == 0, output
    assert "tiny rcps 1535" in output
    assert "tiny standard 1535" in output
    assert not list((tmp_path / "zoo").rglob(DONE))


@pytest.mark.slow
def test_a_job_that_fails_is_named_and_the_others_are_gathered(tmp_path, zoo):
    write_tiny(tmp_path, ["rcps", "conjoined"])
    wrong, _ = plan(tmp_path / "plan.toml")
    runs = tmp_path / "zoo" / "runs"
    wrong.folder(runs).mkdir(parents=True)
    (wrong.folder(runs) / "resume.safetensors").write_bytes(b"cut")
    code, stdout, stderr = zoo(command(tmp_path))
    assert code == 2
    well, badly = sorted(stdout.splitlines())
    assert well == "tiny conjoined 1535: done"
    assert badly.startswith("tiny rcps 1535: failed: ")
    assert "resume.safetensors" in badly
    assert "zoo: not done: tiny rcps 1535: why is said above" in stderr
    assert {row.strategy for row in read_rows(tmp_path / "zoo" / "results.csv") if row.seed} == {"conjoined"}


def test_two_sweeps_at_once_are_refused(tmp_path):
    import fcntl

    write_tiny(tmp_path)
    jobs = plan(tmp_path / "plan.toml")
    with (tmp_path / ".sweep.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)  # refuses only who wants it alone
        with pytest.raises(ValueError, match=r"another sweep is working in .*: wait for it or end it"):
            next(sweep(jobs, tmp_path, tmp_path / "results.csv"))


@SNAKEMAKE
def test_nor_one_on_a_cluster_beside_one_here(tmp_path):
    import fcntl

    write_tiny(tmp_path)
    with (tmp_path / ".sweep.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)  # refuses only who wants it alone
        with pytest.raises(ValueError, match=r"another sweep is working in .*: wait for it or end it"):
            submit(tmp_path, runs=tmp_path, plan_file=tmp_path / "plan.toml")


def test_a_sweep_on_a_cluster_needs_snakemake(tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.sweep.sweeps.find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"needs Snakemake: pip install 'rczoo\[sweeps\]'"):
        submit(tmp_path, runs=tmp_path)


def test_what_is_asked_first_needs_no_torch():
    """Snakemake reads its file again for every job, and a dry run is to answer at once."""
    brought = "import sys, zoo.__main__, zoo.sweep.sweeps; print({'torch', 'lightning'} & set(sys.modules))"
    said = subprocess.run(
        [sys.executable, "-c", brought], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout == "set()\n"
