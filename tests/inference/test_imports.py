"""Answers come from a checkpoint alone: no task file is read for them, nor what reads task files imported."""

import subprocess
import sys
from pathlib import Path

MODULES = ("bigwig_output", "controls", "outputs", "prediction", "regions", "runs", "tables", "variants")


def test_inference_imports_nothing_of_the_data():
    code = (
        f"import sys, importlib; [importlib.import_module('rczoo.inference.' + m) for m in {MODULES}]; "
        "print([m for m in sys.modules if m.startswith(('rczoo.data', 'pydantic'))])"
    )
    root = Path(__file__).parents[2]
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert found.stdout.strip() == "[]"


def test_every_module_is_named():
    import rczoo.inference

    folder = Path(rczoo.inference.__file__).parent
    assert sorted(MODULES) == sorted(p.stem for p in folder.glob("[!_]*.py"))
