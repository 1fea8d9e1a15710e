"""Many trainings at once: the same as one by one, and only what is not done."""

import os
import re
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from rczoo.family.checkpoint import read_config
from rczoo.hardware import hardware
from tests.support.zoo_tasks import write_tiny
from zoo.__main__ import app
from zoo.plan import DONE, plan
from zoo.rows import read_rows
from zoo.sweep.job import run
from zoo.sweep.pool import stacks, train_many, train_one, train_stack

STRATEGIES = ["standard", "rcps", "conjoined"]
WEIGHTS = "model.safetensors"


@pytest.mark.slow
def test_many_at_once_are_what_each_is_alone(tmp_path):
    write_tiny(tmp_path, STRATEGIES)
    runs = tmp_path / "runs"
    jobs = plan(tmp_path / "plan.toml")
    run(jobs[0], runs)
    done = (jobs[0].folder(runs) / DONE).read_bytes()
    options = ("--device", "cpu", "--runs", str(runs), "--plan", str(tmp_path / "plan.toml"))
    said = CliRunner().invoke(app, ["train", *options, "--workers", "2"])
    assert said.exit_code == 0, said.output
    assert sorted(line.partition(":")[0] for line in said.output.splitlines()) == [
        "tiny conjoined 1535",
        "tiny rcps 1535",
    ], "what is done is left alone"
    assert re.search(rf"2 epochs, \d+ s on {re.escape(hardware())}", said.output)
    assert (jobs[0].folder(runs) / DONE).read_bytes() == done
    for job in jobs[1:]:
        run(job, tmp_path / "alone")
        one, other = job.folder(runs), job.folder(tmp_path / "alone")
        assert (one / WEIGHTS).read_bytes() == (other / WEIGHTS).read_bytes()
        assert not (one / DONE).exists(), "scoring is the sweep's"
    assert not list(train_many(jobs, runs)), "what is trained is not taken up again"


def test_trainings_that_are_alike_are_stacked(tmp_path, monkeypatch):
    alike = ["conjoined", "mixing-0-agreement-2"]
    write_tiny(tmp_path, [*alike, "rcps", "mixing-0-agreement-8", "mixing-0-agreement-8-subset-0.5"])
    runs, jobs = tmp_path / "runs", plan(tmp_path / "plan.toml")
    monkeypatch.setattr("zoo.sweep.pool.AT_ONCE", 2)
    found = stacks(jobs)
    assert [[job.strategy for job in stack.jobs] for stack in found] == [
        alike,
        ["mixing-0-agreement-8"],
        ["rcps"],
        ["mixing-0-agreement-8-subset-0.5"],
    ]
    assert re.fullmatch(r"2 trainings, \d+ s", train_stack(found[0], runs, "cpu"))
    assert train_stack(found[0], runs, "cpu").startswith("0 trainings"), (
        "what is trained is not taken up again"
    )
    configs = [read_config(job.folder(runs)) for job in found[0].jobs]
    assert [config["strategy"] for config in configs] == alike
    assert {config["hardware"] for config in configs} == {f"{hardware()}, 2 trainings at once"}
    run(found[0].jobs[1], runs)
    assert {row.hardware for row in read_rows(found[0].jobs[1].folder(runs) / DONE)} == {
        configs[1]["hardware"]
    }


@pytest.mark.slow
def test_killed_and_called_again_it_ends_in_the_same_weights(tmp_path):
    write_tiny(tmp_path, ["rcps"], epochs=40)
    (job,) = plan(tmp_path / "plan.toml")
    run(job, tmp_path / "undisturbed")
    folder, runs = job.folder(tmp_path / "runs"), tmp_path / "runs"
    options = ("--device", "cpu", "--runs", str(runs), "--plan", str(tmp_path / "plan.toml"))
    process = subprocess.Popen([sys.executable, "-m", "zoo", "train", *options], start_new_session=True)
    wait_until((folder / "resume.safetensors").exists)
    process.kill()  # the one that was started, not its workers
    process.wait()
    wait_until(lambda: not alive(process.pid))
    assert not (folder / WEIGHTS).exists(), "it was killed in the middle"
    assert train_one(job, runs, "cpu").startswith("40 epochs")
    assert (folder / WEIGHTS).read_bytes() == (job.folder(tmp_path / "undisturbed") / WEIGHTS).read_bytes()


def alive(group):
    """Whether a process of a group runs."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(true, seconds=120):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.01)


@pytest.mark.slow
def test_a_training_that_fails_is_named_and_the_others_go_on(tmp_path):
    write_tiny(tmp_path, ["rcps", "conjoined"])
    wrong, right = plan(tmp_path / "plan.toml")
    runs = tmp_path / "runs"
    folder = wrong.folder(runs)
    folder.mkdir(parents=True)
    (folder / "resume.safetensors").write_bytes(b"cut")
    lines = []
    with pytest.raises(ValueError, match=r"not done: tiny rcps 1535: why is said above"):
        lines.extend(train_many([wrong, right], runs, workers=1))
    assert read_config(right.folder(runs))["strategy"] == "conjoined"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ({"size": 60}, {"size": 61}, r"tiny: the train data are .* earlier runs saw"),
        (
            {"epochs": 1},
            {"epochs": 2},
            r"tiny: \[model\] or \[training\] are not those of the earlier runs",
        ),
    ],
    ids=["data", "recipe"],
)
def test_data_and_recipe_must_be_those_of_the_earlier_runs(tmp_path, before, after, message):
    job = plan(write_tiny(tmp_path, **before).with_name("plan.toml"))[0]
    run(job, tmp_path / "runs")
    for name in (DONE, "config.json"):
        (job.folder(tmp_path / "runs") / name).unlink()
    write_tiny(tmp_path, **after)
    with pytest.raises(ValueError, match=message):
        next(train_many([job], tmp_path / "runs"))


def test_a_device_that_is_not_there():
    with pytest.raises(ValueError, match="unknown device 'tpu'"):
        next(train_many([], None, "tpu"))


def test_the_rows_name_the_machine_of_the_training(tmp_path, monkeypatch):
    job = plan(write_tiny(tmp_path).with_name("plan.toml"))[0]
    monkeypatch.setattr("rczoo.training.trainer.hardware", lambda *_: "a GPU")
    run(job, tmp_path / "runs")
    assert {row.hardware for row in read_rows(job.folder(tmp_path / "runs") / DONE)} == {"a GPU"}
