"""How the house stands: no circle, no import against the order, small folders, short files.

The order of the packages is read from ``pyproject.toml``, where ``lint-imports`` reads it too. All else comes
from syntax trees, so that an import inside a function counts like any other.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from rczoo.cli.errors import EXTRAS

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "rczoo"
MOST_MODULES = 14  # in a folder: what fits on a screen and in a head
MOST_LINES = 300  # in a module: one idea; the median has about 110

OPTIONAL = {name for names in EXTRAS.values() for name in names} | {"pytest"}
"""What only an extra brings: it may be imported where it is used, which is what keeps it optional."""
PLUGIN = "pytest loads the plugin in every project where rczoo is installed, also to check nothing"
DEFERRED = {
    ("conformance/cases.py", "torch"): PLUGIN,
    ("conformance/cases.py", "rczoo.conformance._text"): PLUGIN,
    ("conformance/cases.py", "rczoo.conformance.suite"): PLUGIN,
    ("conformance/cases.py", "rczoo.conformance.checks.catalogue"): PLUGIN,
    ("conformance/pytest_plugin.py", "rczoo.conformance._text"): PLUGIN,
    ("files/storage.py", "safetensors"): "JSON is read without torch, which safetensors.torch imports",
    ("files/storage.py", "safetensors.torch"): "JSON is read without torch",
    ("data/examples.py", "torch"): "tasks are listed and described without torch",
    ("symmetry/dna.py", "torch"): "tasks are listed and described without torch",
    ("hub/published.py", "rczoo.family.checkpoint"): "models are listed and fetched without torch",
    ("training/trainer.py", "rczoo.training.fitting"): "Lightning, an extra, comes where the fit starts",
    ("training/trainer.py", "rczoo.training.processes"): "Lightning, an extra, comes where the fit starts",
    ("files/cache.py", "pooch"): "a file of one's own is read without the downloader",
    ("files/downloads.py", "requests"): "a file of one's own is read without the downloader",
    ("files/transfers.py", "requests"): "a file of one's own is read without the downloader",
    ("hub/remotes.py", "requests"): "a hub in a folder, or none, needs no HTTP",
}
"""Every other import inside a function, with the reason that keeps the command line light."""


def modules(package: Path = PACKAGE) -> dict[str, Path]:
    """Every module of a package by its dotted name; a package's name stands for its ``__init__``."""
    named = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return named


MODULES = modules()


def imports(name: str, tree: ast.AST, known: dict[str, Path]) -> Iterator[str]:
    """The full names that a syntax tree imports, those of ``known`` to the module."""
    package = name if name in known and known[name].name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield inner if inner in known else base


def graph(known: dict[str, Path]) -> dict[str, set[str]]:
    """What each module imports of the others, inside functions and for the type checker included."""
    trees = {name: ast.parse(path.read_text("utf-8")) for name, path in known.items()}
    return {name: set(imports(name, tree, known)) & set(known) - {name} for name, tree in trees.items()}


def circle(edges: dict[str, set[str]]) -> list[str]:
    """One circle of imports, empty where there is none."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def rows() -> dict[str, int]:
    """The row of every package and ground module, counted from the top."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return {name.strip(" ()"): row for row, line in enumerate(layers) for name in re.split(r"[|:]", line)}


def upward(edges: dict[str, set[str]], row_of: dict[str, int]) -> list[str]:
    """The imports that do not go to a lower row, other than those inside one package."""
    arrows = []
    for importer, imported in edges.items():
        for other in imported:
            mine, theirs = importer.split(".")[1:2], other.split(".")[1:2]
            if mine and mine != theirs and (not theirs or row_of[theirs[0]] <= row_of[mine[0]]):
                arrows.append(f"{importer} imports {other}")
    return arrows


def exported(face: Path) -> set[str]:
    """The names that a package's face gives to its users."""
    tree = ast.parse(face.read_text("utf-8"))
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module  # 'from . import' gives the module itself
        for alias in node.names
    }


def deferred(name: str, tree: ast.AST, known: dict[str, Path]) -> set[str]:
    """What is imported inside the functions of a module."""
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {module for function in functions for module in imports(name, function, known)}


def test_no_circle():
    assert circle(graph(MODULES)) == []


def test_nothing_is_imported_against_the_order():
    assert upward(graph(MODULES), rows()) == []


def test_every_package_has_its_row():
    assert {name.split(".")[1] for name in MODULES if "." in name} <= set(rows())


@pytest.mark.parametrize("folder", sorted({path.parent for path in MODULES.values()}), ids=lambda f: f.name)
def test_folders_are_small(folder):
    names = [path.name for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert len(names) <= MOST_MODULES, f"{folder.name}: give some of {names} a package of their own"


def test_modules_are_short():
    lengths = {name: len(path.read_text("utf-8").splitlines()) for name, path in MODULES.items()}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


@pytest.mark.parametrize("face", sorted(PACKAGE.rglob("__init__.pyi")), ids=lambda face: face.parent.name)
def test_no_module_hides_a_name_of_its_face(face):
    """Importing ``package.name`` sets that attribute, so that the module would hide what the face gives."""
    inside = {path.stem if path.is_file() else path.name for path in face.parent.iterdir()}
    assert {name for name in exported(face) & inside if not name.startswith("_")} == set()


def test_imports_inside_functions_have_a_reason():
    inside = {
        (str(path.relative_to(PACKAGE)), module)
        for name, path in MODULES.items()
        if not name.startswith("rczoo.cli.")
        for module in deferred(name, ast.parse(path.read_text("utf-8")), MODULES)
        if module.split(".")[0] not in OPTIONAL
    }
    assert inside == set(DEFERRED), (
        "import at the top, or name the reason in DEFERRED; leave out what is gone"
    )
