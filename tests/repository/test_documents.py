"""What the documents name exists, and there is one version."""

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import rczoo

ROOT = Path(__file__).parents[2]
PLACES = ("rczoo", "tests", "proofs", "zoo", ".ci", ".github")
"""A text in backticks that begins with one of these folders is a path of the checkout."""
EXAMPLES = {"zoo/tasks/NAME.toml", "my_task.toml"}
"""What a reader is to write."""


def paths(text):
    """The paths in backticks: what lies in a folder of the checkout, and files at its top."""
    for code in re.findall(r"`([^`\s]+)`", re.sub(r"```.*?```", "", text, flags=re.S)):
        first = code.split("/")[0]
        if ("/" in code and first in PLACES) or re.fullmatch(r"[\w.-]+\.(md|toml|txt|cff|svg)", code):
            yield code


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "README.md"])
def test_paths_exist(document):
    named = set(paths((ROOT / document).read_text("utf-8"))) - EXAMPLES
    assert named
    assert {path for path in named if not (ROOT / path).exists()} == set()


def test_paths_are_told_from_other_code():
    text = (
        "`rczoo/cli` `zoo/x.toml` `gone.md` `Rep` `f(R x)` `sim-200/posthoc` `--out out.tsv` ```rczoo/no```"
    )
    assert list(paths(text)) == ["rczoo/cli", "zoo/x.toml", "gone.md"]


def test_one_version():
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert version("rczoo") == rczoo.__version__
    assert set(re.findall(r"^version: (.*)$", citation, re.M)) <= {rczoo.__version__}


def test_lowest_versions_are_those_of_the_project():
    command = [sys.executable, ROOT / ".ci" / "lowest.py", "proofs"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert {"torch", "numpy", "sympy"} <= {line.split("==")[0] for line in lines}
    assert all(re.fullmatch(r"[\w.-]+==[\d.]+", line) for line in lines)
