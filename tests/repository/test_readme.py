"""The README's Python runs as written, its commands exist, set-up takes two, and its links lead somewhere."""

import re
import shlex
import sys
from pathlib import Path
from types import ModuleType

import pytest
import typer

import rczoo
from rczoo.cli.main import app

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text("utf-8")
PAGES = {path.name: path.read_text("utf-8") for path in sorted((ROOT / "docs").glob("*.md"))}


def blocks(language, text=TEXT):
    return re.findall(rf"```{language}\n(.*?)```", text, re.S)


COMMANDS = [line for code in blocks("sh") for line in code.splitlines() if line.startswith("rczoo ")]


@pytest.mark.parametrize("code", blocks("python"))
def test_python_runs(code, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    somebody = ModuleType("mypackage.models")
    somebody.build = lambda: rczoo.build("bpnet", mixing=1, filters=2)
    monkeypatch.setitem(sys.modules, "mypackage", ModuleType("mypackage"))
    monkeypatch.setitem(sys.modules, "mypackage.models", somebody)
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})


@pytest.mark.parametrize("code", [code for text in PAGES.values() for code in blocks("python", text)])
def test_python_of_the_pages_runs_and_prints_what_they_say(code, capsys):
    exec(compile(code, "docs", "exec"), {"__name__": "docs"})
    assert capsys.readouterr().out.splitlines() == re.findall(r"^print\(.*\)  # (.*)$", code, re.M)


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_exist(line):
    words = shlex.split(line, comments=True)[1:]
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_two_set_up_commands():
    section = TEXT.split("<!-- set-up -->")[1].split("<!-- end of set-up -->")[0]
    commands = [line for line in section.splitlines() if line.startswith("python3")]
    assert len(commands) == 2
    assert commands[0].endswith(".venv/bin/rczoo demo")
    assert commands[1].endswith(".venv/bin/pytest -n auto")


@pytest.mark.parametrize("link", re.findall(r"\]\(((?!http)[^)#]+)", TEXT))
def test_links_lead_somewhere(link):
    assert (ROOT / link).exists()
