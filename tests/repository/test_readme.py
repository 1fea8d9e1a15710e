"""Every block of the README and of the pages runs and prints what they say; links lead somewhere."""

import contextlib
import io
import re
import shlex
import sys
from pathlib import Path

import pytest

from rczoo.cli import examples
from tests.support.cli import run

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text("utf-8")
PAGES = ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.S | re.M)
SET_UP = re.compile(r"<!-- set-up -->.*<!-- end of set-up -->", re.S)
WIDTH = 80
"""Columns of a terminal, at which the output in the documents was printed."""


def blocks(text):
    """Language and code of each block, other than those of the set-up, which CI runs by themselves."""
    return BLOCK.findall(SET_UP.sub("", text))


def in_shell(code, monkeypatch):
    """What the lines of a shell block print; each ends as its comment says, else with exit code 0."""
    printed = ""
    for line in code.splitlines():
        expected = int((re.search(r"# exit code (\d)", line) or [0, 0])[1])
        for command in line.partition("#")[0].split("&&"):
            program, *arguments = shlex.split(command)
            if program == "cd":
                monkeypatch.chdir(arguments[0])
                sys.path.insert(0, str(Path.cwd()))
                continue
            assert program == "rczoo", line
            result = run(*arguments)
            assert result.exit_code == expected, f"{line}\n{result.output}"
            printed += result.stdout
    return printed


def in_python(code, names):
    """What a block prints, beside the comments that say so at the ends of its lines."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "block", "exec"), names)
    if said := re.findall(r"^print\(.*\)  # (.*)$", code, re.M):
        assert out.getvalue().splitlines() == said
    return out.getvalue()


def words(text):
    """A text without its numbers, which differ between machines, and without the ends of its lines."""
    return [
        re.sub(r"\d+(\.\d+)?(e[-+]?\d+)?", "#", " ".join(line.split()))
        for line in text.splitlines()
        if line.strip()
    ]


def assert_shown(shown, printed):
    """What is shown was printed, in this order and without a gap other than where ``...`` stands."""
    lines, skipping = iter(words(printed)), True
    for line in words(shown):
        if line == "...":
            skipping = True
            continue
        got = next((found for found in lines if found == line), None) if skipping else next(lines, None)
        assert got == line
        skipping = False


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of examples, in which the pages' blocks run; the README makes its own."""
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("mymodel", None)


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if blocks((ROOT / page).read_text("utf-8"))])
def test_blocks_run_and_print_what_is_shown(page, folder, monkeypatch):
    if page != "README.md":
        examples.make(folder)
    names, printed = {"__name__": "block"}, ""
    for language, code in blocks((ROOT / page).read_text("utf-8")):
        if language == "sh":
            printed = in_shell(code, monkeypatch)
        elif language == "python":
            printed = in_python(code, names)
        elif language == "text":
            assert_shown(code, printed)
        else:
            assert language in ("yaml", "toml", "bibtex")


def test_what_is_not_printed_is_noticed():
    assert_shown("a 1\n...\nc 3\n", "a 2\nb 2\nc 4\n")
    for shown in ("b\n", "a 1\nc 3\n", "...\nd\n"):
        with pytest.raises(AssertionError):
            assert_shown(shown, "a 2\nb 2\nc 4\n")


def test_the_task_file_shown_is_the_example():
    shown = dict(blocks((ROOT / "docs/guides/own-data.md").read_text("utf-8")))["toml"]
    assert shown == examples.TASK


def test_the_readme_is_short():
    assert len(TEXT.splitlines()) <= 150


def test_two_set_up_commands():
    section = TEXT.split("<!-- set-up -->")[1].split("<!-- end of set-up -->")[0]
    commands = [line for line in section.splitlines() if line.startswith("python3")]
    assert len(commands) == 2
    assert commands[0].endswith(".venv/bin/rczoo demo")
    assert commands[1].endswith(".venv/bin/pytest -n auto")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(((?!http)[^)#]+)", (ROOT / page).read_text("utf-8"))
    made = {"checks.md", "models.md", "task-file.md", "command-line.md", "index.md"}
    broken = {
        link
        for link in links
        if Path(link).name not in made and not (ROOT / page).parent.joinpath(link).exists()
    }
    assert broken == set()
