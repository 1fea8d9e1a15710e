"""The options of every command: what was not given is nobody's choice, names are offered and compared."""

from inspect import signature
from typing import get_args, get_type_hints

import pytest
import typer

import rczoo
from rczoo import hardware
from rczoo.attribution.methods import METHODS
from rczoo.cli import explain, models, options
from rczoo.cli.main import app
from rczoo.conformance import divergence, suite
from rczoo.data.task import AGAINST_PEAKS, AGAINST_SHUFFLES, SPLITS, UNSHARED, list_tasks
from rczoo.evaluation.scoring import evaluate
from rczoo.export.exporting import FORMATS
from rczoo.family.architectures import ARCHITECTURES
from rczoo.inference.prediction import check_strand
from rczoo.training.strategies import STRATEGIES
from rczoo.training.trainer import SEEDS, train
from tests.support.cli import run

DEFAULTS = {
    "train": train,
    "evaluate": evaluate,
    "check": suite.check,
    "measure": divergence.measure,
    "explain": rczoo.attribute,
}
"""The Python calls whose defaults a command may repeat."""
OWN = {
    ("build", "seed"): SEEDS[0],
    ("evaluate", "device"): "cpu",
    ("check", "device"): "cpu",
    ("measure", "device"): "cpu",
    ("predict", "device"): "cpu",
    ("variants", "device"): "cpu",
    ("explain", "device"): "cpu",
    ("predict", "strand"): "given",
    ("predict", "batch_size"): 64,
    ("variants", "batch_size"): 32,
    ("explain", "logos"): 6,
    ("shards", "cores"): 1,
    ("shards", "retries"): 2,
    ("demo", "task"): "sim-200",
    ("demo", "seed"): SEEDS[0],
}
"""What no task, model or file has a say in, so that the command's default overrides nobody's."""


def commands(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("name", COMMANDS)
def test_an_option_that_was_not_given_is_nobody_s_choice(name):
    for option in COMMANDS[name].params:
        if option.default in (None, False) or option.param_type_name != "option" or option.name == "out":
            continue
        if (name, option.name) in OWN:
            assert option.default == OWN[name, option.name]
            continue
        assert option.default == signature(DEFAULTS[name]).parameters[option.name].default, option.name


@pytest.mark.parametrize(
    "name", ["build", "train", "evaluate", "ensemble", "examples", "explain", "export", "demo"]
)
def test_help_has_an_example_whose_options_are_there(name):
    text = COMMANDS[name].help
    example = text.partition("Example: rczoo ")[2].split()
    assert example[0] == name
    flags = {flag for option in COMMANDS[name].params for flag in option.opts}
    assert {word for word in example if word.startswith("--")} <= flags


def choices(alias):
    inner = alias.__origin__
    return {name for part in (inner, *get_args(inner)) for name in get_args(part) if isinstance(name, str)}


def test_the_choices_are_those_of_the_library():
    assert choices(options.Split) == {*SPLITS, UNSHARED, AGAINST_PEAKS, AGAINST_SHUFFLES}
    assert choices(options.Architecture) == set(ARCHITECTURES)
    for device in choices(options.Device) - {"cuda"}:
        hardware.choose_device(device)
    for strand in get_args(options.Strand):
        check_strand(strand)
    assert choices(get_type_hints(explain.explain, include_extras=True)["method"]) == set(METHODS)
    assert choices(get_type_hints(models.export, include_extras=True)["format"]) == set(FORMATS)
    for merge in choices(options.Merge) - {"none"}:
        rczoo.build("tf-cnn", mixing=0, merge=merge, filters=2)
    for statistics in choices(options.Statistics):
        rczoo.build("tf-cnn", mixing=1, batch_statistics=statistics, filters=2)


def test_names_are_offered():
    assert options.task_names("gue-tf") == [name for name in list_tasks() if name.startswith("gue-tf")]
    assert "sim-200/rcps" in options.model_names("sim-200/")
    names = ["gcn4", *rczoo.list_models("gcn4/*")]
    assert options.model_names("gcn") == names, "a task's name, then its models"
    assert options.strategy_names("rcps") == [name for name in STRATEGIES if name.startswith("rcps")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["build", "tf-cnn", "--mixing", "1", "--merge", "mena"],
            "'--merge': 'mena' is not one of 'sum', 'mean'",
        ),
        (
            ["build", "tf-cnn", "--mixing", "1", "--merge", "mena"],
            "(did you mean 'mean'?): see rczoo build --help",
        ),
        (["build", "tf-cnn", "--mixing", "1", "--gain", "1e308"], "'--gain'"),
        (["build", "tf-cnn", "--mixing", "1", "--filters", "0"], "'--filters'"),
        (["build", "tf-cnn"], "give one of --strategy, --mixing, --wrap and --irreps, got none"),
        (["train", "sim-200", "--strategy", "rcps", "--threads", "0"], "'--threads'"),
        (["explain", "sim-200/rcps", "--out", "x", "--batch-size", "0"], "'--batch-size'"),
        (["explain", "sim-200/rcps", "--out", "x", "--method", "saliency"], "--target: ELF1, GATA, RXRA"),
    ],
)
def test_mistakes_speak_of_flags(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert message in result.stderr


def test_places_are_tried_before_the_work(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("rczoo.hub.published.checkpoint_folder", lambda name: pytest.fail("the work began"))
    for arguments in (
        ["build", "tf-cnn", "--mixing", "1", "--out", "file/x"],
        ["ensemble", "a/b", "c/d", "--out", "file/x"],
        ["export", "a/b", "--out", "file/x.pt2"],
        ["demo", "--out", "file/x"],
    ):
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "file is a file: name a folder" in result.stderr


def test_reports_never_take_the_place_of_what_is_read_and_bad_records_are_left_out(tmp_path):
    own = tmp_path / "own.fa"
    own.write_text(">a\n" + "ACGTTGCAAC" * 6 + "\n>b\nACGT\n")
    model = ["tests.support.faulty_models:tied", "--output", "1r", "--length", "60", "--fasta", str(own)]
    for command in (["check", *model, "--html"], ["measure", *model, "--plot"]):
        assert "own.fa is read as well, and writing would destroy it" in run(*command, str(own)).stderr
        assert "there is no folder" in run(*command, str(tmp_path / "no" / "report")).stderr
    assert (
        "report does not end as a picture"
        in run("measure", *model, "--plot", str(tmp_path / "report")).stderr
    )
    assert "'b' has 4 bases, the model reads 60" in run("measure", *model).stderr
    found = run("measure", *model, "--skip-bad")
    assert "left out: 1 too short" in found.stderr
    assert "(1 sequences)" in found.stdout


def test_a_name_between_colons_is_no_picture(capsys):
    options.console().print("cli_m:m: 3 rows")
    assert capsys.readouterr().out == "cli_m:m: 3 rows\n"
