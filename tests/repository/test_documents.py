"""What the documents name exists, and there is one version."""

import inspect
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from pkgutil import resolve_name

import pytest

import rczoo
from rczoo.cli import examples

ROOT = Path(__file__).parents[2]
PLACES = ("rczoo", "tests", "proofs", "zoo", "docs", ".ci", ".github")
"""A text in backticks that begins with one of these folders is a path of the checkout."""
EXAMPLES = {"zoo/tasks/NAME.toml", *examples.FILES}
"""What a reader is to write, or what ``rczoo examples`` does."""
DOCUMENTS = (
    "CONTRIBUTING.md",
    "README.md",
    *sorted(f"docs/{path.relative_to(ROOT / 'docs')}" for path in (ROOT / "docs").rglob("*.md")),
    "zoo/README.md",
    "zoo/RESULTS.md",
)
TEXTS = [
    *DOCUMENTS,
    "proofs/README.md",
    *(
        str(path.relative_to(ROOT))
        for part in ("rczoo", "proofs", "zoo")
        for path in (ROOT / part).rglob("*.py")
    ),
]
"""What names our code: documents, docstrings, and code in strings that a user is given."""


def paths(text):
    """The paths in backticks: what lies in a folder of the checkout, and files at its top."""
    text = re.sub(r"```.*?```", "", text, flags=re.S)
    for code in " ".join(re.findall(r"`([^`\n]+)`", text)).split():
        first = code.split("/")[0]
        if ("/" in code and first in PLACES) or re.fullmatch(r"[\w.-]+\.(md|toml|txt|cff|svg)", code):
            yield code


def names(text):
    """The full names in a text: those of roles, and those that it imports, also by code in a string."""
    yield from re.findall(r":\w+:`~?((?:rczoo|proofs|zoo)\.[\w.]+)`", text)
    for module, found in re.findall(r"from ((?:rczoo|proofs|zoo)[\w.]*) import (\w+(?:, \w+)*)", text):
        yield from (f"{module}.{name}" for name in found.split(", "))


def exists(name):
    """Whether there is a module, or something in one, of this full name."""
    try:
        resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


@pytest.mark.parametrize("document", DOCUMENTS)
def test_paths_exist(document):
    named = set(paths((ROOT / document).read_text("utf-8"))) - EXAMPLES
    places = (ROOT, (ROOT / document).parent)
    assert {path for path in named if not any((place / path).exists() for place in places)} == set()


def test_names_exist():
    named = {(text, name) for text in TEXTS for name in names((ROOT / text).read_text("utf-8"))}
    assert len(named) > 100
    assert {(text, name) for text, name in named if not exists(name)} == set()


def test_names_are_told_from_other_code():
    text = ":func:`~rczoo.hub.load`, :class:`Rep`; from rczoo import a, b as c\nfrom torch import nn"
    assert list(names(text)) == ["rczoo.hub.load", "rczoo.a", "rczoo.b"]
    assert [exists(f"rczoo.{name}") for name in ("hub.load", "hub.gone", "gone.load")] == [True, False, False]


def test_paths_are_told_from_other_code():
    text = (
        "`rczoo/cli` `zoo/x.toml` `gone.md` `Rep` `f(R x)` `sim-200/posthoc` `--out out.tsv` ```rczoo/no```"
        "`python zoo/y.py`"
    )
    assert list(paths(text)) == ["rczoo/cli", "zoo/x.toml", "gone.md", "zoo/y.py"]


def documented():
    """What the reference shows and takes parameters: functions, classes, and methods but ``forward``.

    The one input of ``forward`` is what the first line of its docstring gives the shape of.
    """
    for name in rczoo.__all__:
        value = getattr(rczoo, name)
        if inspect.isfunction(value) or inspect.isclass(value):
            yield name, value
        for method in vars(value) if inspect.isclass(value) else ():
            of = getattr(value, method)
            if callable(of) and of.__module__.startswith("rczoo") and not re.match("_|forward$", method):
                yield f"{name}.{method}", of


def explained(docstring):
    """The names under "Args:" that have words beside them, in order."""
    section = re.search(r"^Args:\n((?: .*\n?|\n)*)", docstring, re.M)
    return re.findall(r"^    \*{0,2}(\w+): \S", section[1], re.M) if section else []


def test_every_parameter_of_the_reference_is_explained():
    values = dict(documented())
    taken = {name: [*inspect.signature(value).parameters] for name, value in values.items()}
    known = {name: explained(inspect.getdoc(value)) for name, value in values.items()}
    assert {"train", "Rep.act", "RCConv1d"} <= set(values)
    assert known == {name: [each for each in names if each != "self"] for name, names in taken.items()}


def test_one_version():
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert version("rczoo") == rczoo.__version__
    assert set(re.findall(r"^version: (.*)$", citation, re.M)) <= {rczoo.__version__}


def test_lowest_versions_are_those_of_the_project():
    command = [sys.executable, ROOT / ".ci" / "lowest.py", "proofs"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert {"torch", "numpy", "sympy"} <= {line.split("==")[0] for line in lines}
    assert all(re.fullmatch(r"[\w.-]+==[\d.]+", line) for line in lines)
