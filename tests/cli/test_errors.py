"""Every error is one line that names its file, and a reader that has gone is no error."""

import io
import subprocess
import sys
import zlib
from pathlib import Path
from types import FunctionType

import pytest
import torch

from rczoo.cli import errors
from rczoo.cli.main import _print_any_letter
from tests.support.cli import run
from zoo.__main__ import main as zoo_main

ROOT = Path(__file__).parents[2]


def raised(monkeypatch, error):
    """``rczoo models fetch`` with this error in its midst."""

    def fail(*_):
        path = Path("peaks.bed")  # the file at hand
        assert path
        if isinstance(error, Exception):
            raise error
        error()

    ours = FunctionType(fail.__code__, {**globals(), "__name__": "rczoo.io.bed"}, closure=fail.__closure__)
    monkeypatch.setattr("rczoo.hub.published.entry", ours)
    return run("models", "fetch", "a/b")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("length is 3,\n  expected 4"), "length is 3, expected 4"),
        (
            lambda: Path("gone[/x].fa").read_text(),
            "gone[/x].fa: No such file or directory: check the path and its permissions",
        ),
        (lambda: zlib.decompress(b"no"), "peaks.bed: error: Error -3 while decompressing data"),
        (lambda: b"\xff".decode(), "peaks.bed is not text in UTF-8 ('utf-8' codec can't decode byte 0xff"),
        (KeyError("chr1"), "peaks.bed: KeyError: 'chr1' (--debug shows where)"),
        (RecursionError("too deep"), "peaks.bed: RecursionError: too deep"),
        (lambda: [][0], "peaks.bed: IndexError: list index out of range"),
        (ConnectionError("cannot read https://me:secret@hub.org/x"), "cannot read https://hub.org/x"),
        (
            RuntimeError(
                "DefaultCPUAllocator: can't allocate memory: you tried to allocate 800 bytes. Error"
            ),
            "memory has run out (800 bytes more were asked for): give less at once, or use a machine",
        ),
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
            "memory has run out (20.00 GiB",
        ),
        (MemoryError("Unable to allocate 7.28 TiB for an array"), "memory has run out (7.28 TiB more were"),
        (MemoryError(), "memory has run out: give less at once, or use a machine with more"),
    ],
)
def test_every_error_is_one_line(monkeypatch, error, message):
    result = raised(monkeypatch, error)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"rczoo: {message}")
    assert result.stderr.count("\n") == 1


def test_memory_that_runs_out_names_the_option_to_lower(monkeypatch, tmp_path):
    def fail(*_, **options):
        raise MemoryError

    monkeypatch.setattr("rczoo.family.architectures.build", fail)
    result = run("build", "tf-cnn", "--mixing", "1")
    assert result.stderr == "rczoo: memory has run out: lower --filters, or use a machine with more\n"


def test_of_several_options_the_most_telling_is_to_be_lowered(monkeypatch):
    given = {"number": 9, "length": 8, "filters": 7, "references": 20, "batch_size": 64}
    monkeypatch.setattr(errors, "_options", lambda error: given)
    for name in ("batch-size", "references", "filters", "length", "number"):
        assert errors.line(MemoryError()).startswith(f"memory has run out: lower --{name},")
        del given[name.replace("-", "_")]


def test_debug_anywhere_shows_the_traceback():
    for arguments in (["--debug", "models", "info", "nope"], ["models", "info", "nope", "--debug"]):
        result = run(*arguments)
        assert result.exit_code == 2
        assert "Traceback" in result.stderr
        assert result.stderr.splitlines()[-1].startswith("rczoo: no model 'nope'")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check"], "Missing argument 'target': see rczoo check --help"),
        (["train", "sim-200", "--epoch", "3"], "No such option"),
        (["train", "sim-200", "--epochs", "x"], "Invalid value for '--epochs':"),
        (["bild"], "No such command 'bild'"),
        (["--nonsense"], "No such option: --nonsense"),
    ],
)
def test_a_wrong_call_is_one_line_that_names_the_flag(arguments, message):
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"rczoo: {message}")
    assert result.stderr.endswith("--help\n")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["models", "list"], ["--help"]], ids=" ".join)
def test_a_reader_that_has_gone_is_no_error(arguments):
    command = subprocess.Popen(
        [sys.executable, "-m", "rczoo", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    command.stdout.close()
    assert command.stderr.read() == b""
    command.stderr.close()
    assert command.wait() == 0


def test_letters_that_a_terminal_lacks_are_escaped(monkeypatch):
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", stdout)
    _print_any_letter()
    print("wrote é.tsv", flush=True)
    assert stdout.buffer.getvalue() == b"wrote \\xe9.tsv\n"


def test_version_and_short_help():
    assert run("--version").stdout.startswith("rczoo ")
    for arguments in (["-h"], ["train", "-h"], ["models", "list", "-h"]):
        assert "Usage" in run(*arguments).stdout


def test_the_zoo_has_the_same_errors(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["zoo", "verify", "nope", "--models", "/nowhere"])
    with pytest.raises(SystemExit) as ended:
        zoo_main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("zoo: ")
    monkeypatch.setitem(sys.modules, "zoo.tutorials", None)
    monkeypatch.setattr(sys, "argv", ["zoo", "tutorials"])
    with pytest.raises(SystemExit):
        zoo_main()
    assert capsys.readouterr().err.count("\n") == 1
