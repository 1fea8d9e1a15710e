"""The README's Python runs as written, its set-up commands are two, and what it links to is there."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import rczoo

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text("utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.S)


@pytest.mark.parametrize("code", blocks("python"))
def test_python_runs(code, monkeypatch):
    somebody = ModuleType("mypackage.models")
    somebody.build = lambda: rczoo.build("bpnet", mixing=1, filters=2)
    monkeypatch.setitem(sys.modules, "mypackage", ModuleType("mypackage"))
    monkeypatch.setitem(sys.modules, "mypackage.models", somebody)
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})


def test_two_set_up_commands():
    section = TEXT.split("<!-- set-up -->")[1].split("<!-- end of set-up -->")[0]
    commands = [line for line in section.splitlines() if line.startswith("python3")]
    assert len(commands) == 2
    assert commands[0].endswith(".venv/bin/rczoo demo")
    assert commands[1].endswith(".venv/bin/pytest")


@pytest.mark.parametrize("link", re.findall(r"\]\(((?!http)[^)#]+)", TEXT))
def test_links_lead_somewhere(link):
    assert (ROOT / link).exists()
