"""The faces: all that they list is there with the core dependencies alone, and no module hides a name."""

import ast
import subprocess
import sys
from importlib import import_module
from inspect import isclass, isfunction
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

import pytest

import rczoo

ROOT = Path(__file__).parents[2]
FACES = ["rczoo", *(f"rczoo.{path.parent.name}" for path in sorted((ROOT / "rczoo").glob("*/__init__.pyi")))]
EXTRAS = (
    *("pytest", "lightning", "scipy", "sklearn", "matplotlib", "pandas", "sympy", "tangermeme"),
    *("onnx", "onnxruntime", "onnxscript", "huggingface_hub", "rdata"),
)
"""What a plain ``pip install rczoo`` does not bring."""
VERBS = {
    *("Rep", "build", "conjoin", "embed", "check", "measure", "predict", "attribute", "score_variants"),
    *("load", "list_models", "train", "evaluate", "load_task"),
}


HELP = "from rczoo.cli.main import app\ntry: app(['--help'])\nexcept SystemExit as end: assert not end.code"


def without(modules, code):
    """Run code in a new interpreter in which importing these modules fails."""
    blocked = f"import sys\nfor name in {tuple(modules)}: sys.modules[name] = None\n"
    command = [sys.executable, "-c", blocked + code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_every_face_needs_the_core_alone():
    stars = "".join(f"from {face} import *\n" for face in FACES)
    shown = "import pydoc\nassert 'score_variants(' in pydoc.render_doc(rczoo, renderer=pydoc.plaintext)\n"
    done = without(EXTRAS, f"{stars}import rczoo\n{shown}print(check.__name__, 'io' in globals())\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "check False\n"


def test_what_is_blocked_would_be_missed():
    done = without(["lightning"], "import rczoo.training.fitting")
    assert "ModuleNotFoundError: No module named 'lightning" in done.stderr


@pytest.mark.parametrize(
    ("missing", "command", "extra"),
    [
        (
            "lightning",
            ["train", "sim-200", "--strategy", "rcps", "--epochs", "1", "--out", "out"],
            "training",
        ),
        ("sklearn", ["evaluate", "model", "--task", "sim-200"], "training"),
        ("onnx", ["export", "model", "--out", "m.onnx"], "export"),
    ],
)
def test_a_command_names_the_extra_that_it_lacks(missing, command, extra, tmp_path):
    model = rczoo.build("motif-cnn", mixing=1, filters=2, length=200, outputs=3)
    rczoo.family.save_checkpoint(model, tmp_path / "model")
    enter = f"import os\nfrom rczoo.cli.main import app\nos.chdir({str(tmp_path)!r})\n"
    done = without([missing], f"{enter}app({command!r})")
    assert done.stderr == f"rczoo: this command needs {missing}: pip install 'rczoo[{extra}]'\n"
    assert done.returncode == 2


@pytest.mark.parametrize("code", ["import rczoo", HELP])
def test_nothing_heavy_is_imported_before_it_is_used(code):
    heavy = ("torch", "numpy", "hypothesis", "lightning", "scipy", "sklearn", "pytest", "pyBigWig")
    done = without([], f"{code}\nprint([name for name in {heavy} if name in sys.modules])")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("face", FACES)
def test_no_name_hides_behind_a_module_of_its_own_name(face):
    package = import_module(face)
    modules = {module.name for module in iter_modules(package.__path__)}
    listed = {name: getattr(package, name) for name in dir(package) if name in modules}
    hidden = [name for name, value in listed.items() if not isinstance(value, ModuleType)]
    assert not hidden


@pytest.mark.parametrize("face", FACES)
def test_a_face_lists_what_its_modules_define(face):
    package = import_module(face)
    for name in package.__all__:
        value = getattr(package, name)
        assert not name.startswith("_") or name == "__version__"
        if isfunction(value) or isclass(value):
            assert value.__module__.startswith(face) or face == "rczoo", name
            assert value.__doc__, f"{face}.{name} says nothing"


def test_no_name_means_two_things():
    """A name in several faces is one object: the same word, the same meaning."""
    meanings = {}
    for face in FACES:
        package = import_module(face)
        for name in package.__all__:
            if not isinstance(value := getattr(package, name), ModuleType):
                meanings.setdefault(name, {})[id(value)] = face
    assert [name for name, values in meanings.items() if len(values) > 1] == []


def test_the_verbs_are_at_the_top_and_every_package_is_reached():
    assert set(rczoo.__all__) >= VERBS
    assert [f"rczoo.{name}" for name in dir(rczoo) if isinstance(getattr(rczoo, name), ModuleType)] == FACES[
        1:
    ]


def test_the_top_level_is_listed_in_groups():
    lines = (ROOT / "rczoo" / "__init__.pyi").read_text().splitlines()
    groups = "\n".join(lines).split("\n\n")[1:]
    assert all(group.startswith("# ") for group in groups)
    assert max(len(ast.parse(group).body) for group in groups[:-1]) <= 8
