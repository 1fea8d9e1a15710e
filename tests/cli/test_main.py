"""The command line: what it prints and leaves, and one line with exit code 2 for each mistake."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rczoo.family.checkpoint import load_checkpoint, read_config
from tests.support.cli import run

ROOT = Path(__file__).parents[2]
TASK = """
name = "small"
title = "Small simulation"
kind = "labels"

[model]
architecture = "motif-cnn"
length = 130
outputs = 3
filters = 4

[training]
batch_size = 30
epochs = {epochs}
learning_rate = 1e-2
criterion = "auroc"
augment = "set"

[data]
source = "simulation"
per_motif = 100
counts = {{ train = 150, validation = 75, test = 75 }}
label_noise = 0.2
seed = 1
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def task(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(TASK.format(epochs=2))
    return str(path)


def test_help_is_fast_because_nothing_heavy_is_imported():
    heavy = "{'torch', 'lightning', 'matplotlib', 'scipy', 'sklearn', 'pydantic'}"
    code = f"import rczoo, rczoo.cli.main, sys; sys.exit(sorted({heavy} & set(sys.modules)) or 0)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_help_names_the_commands():
    result = run("--help")
    assert result.exit_code == 0
    assert all(
        name in result.output
        for name in ("build", "train", "evaluate", "demo", "check", "measure", "export", "tasks", "models")
    )


def test_a_missing_extra_is_named(task, monkeypatch):
    monkeypatch.setitem(sys.modules, "lightning", None)
    for name in ("fitting", "module"):  # imported anew, where the fit starts
        monkeypatch.delitem(sys.modules, f"rczoo.training.{name}", raising=False)
        monkeypatch.delattr(f"rczoo.training.{name}", raising=False)
    result = run("train", task, "--strategy", "rcps")
    assert result.exit_code == 2
    assert result.stderr == "rczoo: this command needs lightning: pip install 'rczoo[training]'\n"


@pytest.mark.parametrize("before", [signal.default_int_handler, signal.SIG_IGN], ids=["usual", "ignored"])
def test_ctrl_c_says_how_to_go_on(task, monkeypatch, before):
    from rczoo.training.module import TrainingModule

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(TrainingModule, "training_step", interrupted)
    outside = signal.signal(signal.SIGINT, before)
    try:
        result = run("train", task, "--strategy", "rcps")
        assert result.exit_code == 130
        assert "train, predict and variants go on when the same command runs again" in result.stderr
        assert signal.getsignal(signal.SIGINT) == before
    finally:
        signal.signal(signal.SIGINT, outside)


def test_build_shows_and_saves(tmp_path):
    result = run("build", "tf-cnn", "--mixing", "0.5,1", "--filters", 4, "--out", "half")
    assert result.exit_code == 0, result.output
    assert "2/4" in result.output
    assert load_checkpoint(tmp_path / "half").config.mixing == (0.5, 1.0)
    again = run("build", "tf-cnn", "--wrap", "2,1", "--out", "half")
    assert (again.exit_code, again.stderr) == (
        2,
        "rczoo: half already holds a checkpoint: choose another --out, or --force\n",
    )
    assert run("build", "tf-cnn", "--wrap", "2,1", "--out", "half", "--force").exit_code == 0
    found = json.loads(run("build", "bpnet", "--strategy", "rcps-half", "--json").stdout)
    assert found["model"]["filters"] == 32
    paper = ("--strategy", "rcps", "--gain", 2, "--batch-statistics", "frozen")
    found = json.loads(run("build", "motif-cnn", *paper, "--json").stdout)
    assert (found["model"]["gain"], found["model"]["batch_statistics"]) == (2.0, "frozen")
    assert found["parameters"] == sum(row["parameters"] for row in found["blocks"])


def test_a_task_s_own_gain_holds_unless_the_command_gives_another(tmp_path):
    own = 'filters = 4\ngain = 2\nbatch_statistics = "frozen"'
    (tmp_path / "own.toml").write_text(TASK.format(epochs=1).replace("filters = 4", own))
    for folder, options, gain in [("as-said", (), 2), ("other", ("--gain", 3), 3)]:
        result = run("train", "own.toml", "--strategy", "rcps", "--out", folder, *options)
        assert result.exit_code == 0, result.output
        config = load_checkpoint(tmp_path / folder).config
        assert (config.gain, config.batch_statistics) == (gain, "frozen")


def test_train_with_an_agreement(tmp_path, task):
    trained = run("train", task, "--irreps", "0.75", "--agreement", "2", "--json")
    assert trained.exit_code == 0, trained.output
    assert "irreps-0.75-agreement-2" in json.loads(trained.stdout)["rows"]
    config = read_config(tmp_path / "runs" / "small" / "irreps-0.75-agreement-2" / "1535")
    assert (config["agreement"], config["model"]["merge"], config["model"]["irreps"]) == (2.0, "mean", 0.75)
    refused = run("train", task, "--strategy", "posthoc", "--agreement", "1")
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert "post-hoc is mixing 0, agreement 1" in refused.stderr


def test_train_then_evaluate(tmp_path, task):
    trained = run("train", task, "--strategy", "posthoc", "--json")
    assert trained.exit_code == 0, trained.output
    rows = json.loads(trained.stdout)["rows"]
    row = rows["posthoc"]
    assert "3-mer logistic regression" in rows
    assert row["equivariance_error"] == 0
    assert row["equivariance_error_tied"] < 1e-5
    folder = tmp_path / "runs" / "small" / "posthoc" / "1535"
    again = run("evaluate", folder, "--task", task, "--json")
    assert json.loads(again.stdout)["rows"]["posthoc"] == row
    table = run("evaluate", folder, "--task", task, "--split", "validation")
    assert "75 validation examples" in table.output
    assert "RC error" in table.output
    refused = run("train", task, "--strategy", "posthoc")
    assert refused.exit_code == 2
    assert "already holds a finished training" in refused.stderr
    assert run("train", task, "--strategy", "posthoc", "--force", "--epochs", 1).exit_code == 0
    assert len(read_config(folder)["history"]) == 1


def test_options_reach_the_model(tmp_path, task):
    result = run("train", task, "--strategy", "conjoined", "--merge", "max", "--filters", 3, "--out", "a")
    assert result.exit_code == 0, result.output
    config = read_config(tmp_path / "a")["model"]
    assert (config["merge"], config["filters"]) == ("max", 3)


def test_every_option_reaches_the_training_and_the_evaluation(task, monkeypatch):
    seen = {}

    def note(chosen, **options):
        seen.update(options)
        raise ValueError("noted")

    monkeypatch.setattr("rczoo.training.trainer.train", note)
    wanted = {"filters": 3, "gain": 2.0, "batch_statistics": "separate", "epochs": 4, "seed": 5, "threads": 6}
    wanted |= {"mixing": 0.5, "merge": "max", "agreement": 1.5, "logger": "csv", "device": "auto"}
    options = [text for name, value in wanted.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    assert "noted" in run("train", task, *options, "--force").stderr
    assert {name: seen[name] for name in wanted} == wanted
    assert seen["force"] is True
    assert str(seen["out"]).startswith("runs/small/mixing-0.5-max-agreement-1.5/5")

    def report(folder, chosen, split, as_json, device="cpu"):
        raise ValueError(f"{chosen.name} {split} {device} {as_json}")

    monkeypatch.setattr("rczoo.cli.train._report", report)
    command = ("evaluate", "sim-200/rcps", "--task", task, "--split", "validation", "--json")
    assert "small validation cpu True" in run(*command).stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "gnc4", "--strategy", "rcps"], "no task 'gnc4'; near it: gcn4"),
        (["train", "sim-200", "--strategy", "rcsp"], "unknown strategy 'rcsp' (did you mean 'rcps'?)"),
        (["train", "sim-200"], "give one of --strategy, --mixing, --wrap and --irreps, got none"),
        (["train", "sim-200", "--strategy", "rcps", "--wrap", "1"], "got --strategy and --wrap"),
        (["train", "none.toml", "--strategy", "rcps"], "none.toml"),
        (
            ["train", "SMALL", "--strategy", "rcps", "--device", "tpu"],
            "'--device': 'tpu' is not one of 'cpu', 'cuda', 'auto'",
        ),
        (["train", "SMALL", "--mixing", "0.5"], "mixing 0.5 at depth 1"),
        (
            ["build", "tf-cnm", "--mixing", "1"],
            "'tf-cnm' is not one of 'motif-cnn', 'tf-cnn', 'bpnet', 'deepsea', ",
        ),
        (["build", "tf-cnn", "--mixing", "1.5"], "mixing 1.5 lies outside [0, 1]"),
        (["build", "tf-cnn", "--mixing", "half"], "--mixing 'half': give numbers such as 0.5 or 0,1"),
        (["build", "tf-cnn", "--wrap", "2,2"], "sums to 4, but the trunk has 3 blocks"),
        (["build", "tf-cnn", "--wrap", "two"], "--wrap 'two': give the sizes of groups"),
        (["build", "tf-cnn", "--mixing", "1", "--length", "20"], "shorter than the receptive field"),
        (["build", "bpnet", "--mixing", "1", "--control", "2x"], "Rep '2x': cannot read '2x'"),
        (["evaluate", "nowhere"], "no model 'nowhere'; near it:"),
        (["evaluate", "cut", "--task", "SMALL"], "the file is truncated or changed"),
        (["evaluate", "cut"], "was trained on no task: give --task FILE.toml"),
        (["demo", "--task", "sim-100"], "'sim-100' is not one of 'sim-200', 'gcn4'"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(tmp_path, task, arguments, message):
    if "cut" in arguments:
        assert run("build", "motif-cnn", "--strategy", "rcps", "--out", "cut").exit_code == 0
        weights = tmp_path / "cut" / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-1])
    before = sorted(tmp_path.rglob("*"))
    result = run(*(task if a == "SMALL" else a for a in arguments))
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.startswith("rczoo: ")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
    assert [p for p in sorted(tmp_path.rglob("*")) if "cache" not in p.parts] == before


def test_a_training_never_writes_over_what_it_reads(tmp_path):
    table = 'source = "table"\ntrain = "history.csv"\nvalidation = "history.csv"\ntest = "history.csv"\n'
    (tmp_path / "t.toml").write_text(TASK.format(epochs=1).split("source")[0] + table)
    (tmp_path / "history.csv").write_text("sequence,a,b,c\nACGT,1,0,0\n")
    result = run("train", "t.toml", "--strategy", "rcps", "--out", ".", "--force")
    assert result.exit_code == 2
    assert "history.csv is read as well, and writing would destroy it" in result.stderr
    assert (tmp_path / "history.csv").exists()


@pytest.mark.slow
def test_a_training_killed_by_the_system_goes_on_to_the_same_weights(tmp_path):
    """SIGKILL between epochs or within one, then the same command again."""
    (tmp_path / "small.toml").write_text(TASK.format(epochs=12))
    command = [sys.executable, "-c", "from rczoo.cli.main import app; app()", "train", "small.toml"]
    command += ["--strategy", "rcps"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([*command, "--out", "killed"], env=environment, stderr=subprocess.DEVNULL)
    state = tmp_path / "killed" / "resume.safetensors"
    while not state.exists() and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the training ended before it could be killed"
    assert not (tmp_path / "killed" / "config.json").exists()
    for name in ("whole", "killed"):
        assert run("train", "small.toml", "--strategy", "rcps", "--out", name).exit_code == 0
    found = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "killed")]
    assert found[0] == found[1]
