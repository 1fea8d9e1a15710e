"""The tutorials' notebooks: run in order in one namespace, their outputs written, or compared.

No kernel is needed. What a cell prints, and the value or figure of its last line become its outputs, and a
line that begins with ``!`` is a command of rczoo, as Jupyter has it.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "docs" / "tutorials"


def notebooks() -> list[Path]:
    """The tutorials."""
    return sorted(FOLDER.glob("*.ipynb"))


def run(path: Path) -> dict[str, Any]:
    """A notebook with the outputs of a run in an empty folder."""
    notebook: dict[str, Any] = json.loads(path.read_text("utf-8"))
    names: dict[str, Any] = {"__name__": path.stem, "_command": _command}
    with _elsewhere():
        for number, cell in enumerate([c for c in notebook["cells"] if c["cell_type"] == "code"], 1):
            cell |= {"execution_count": number, "outputs": list(_outputs("".join(cell["source"]), names))}
    return notebook


def written(path: Path) -> bool:
    """Run a notebook and write its outputs; whether any text of them changed, numbers aside."""
    before, fresh = json.loads(path.read_text("utf-8")), run(path)
    path.write_text(json.dumps(fresh, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return texts(before) != texts(fresh)


def texts(notebook: dict[str, Any]) -> list[str]:
    """The outputs of a notebook as words, without numbers, which differ between machines."""
    found = [
        "".join(output.get("text") or output["data"]["text/plain"])
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
    ]
    return [" ".join(re.sub(r"-?\d+(\.\d+)?(e-?\d+)?", "#", text).split()) for text in found]


def _outputs(source: str, names: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Run a cell; what it printed, then the value of its last expression."""
    code = re.sub(r"^!(.*)$", lambda found: f"_command({found[1]!r})", source, flags=re.M)
    tree, out, value = ast.parse(code), io.StringIO(), None
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(out):
        exec(compile(tree, "cell", "exec"), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    if printed := out.getvalue():
        yield {"name": "stdout", "output_type": "stream", "text": printed.splitlines(keepends=True)}
    if value is not None:
        yield {"data": _shown(value), "metadata": {}, "output_type": "display_data"}


def _shown(value: Any) -> dict[str, Any]:
    if not hasattr(value, "savefig"):
        return {"text/plain": repr(value).splitlines(keepends=True)}
    png = io.BytesIO()
    value.savefig(png, dpi=110)
    title = " and ".join(ax.get_title() for ax in value.axes)
    return {"image/png": base64.b64encode(png.getvalue()).decode(), "text/plain": [title]}


def _command(line: str) -> None:
    """Run ``rczoo ...`` in this process, and print what it says."""
    from typer.testing import CliRunner

    from rczoo.cli.main import app

    words = line.split()
    if words.pop(0) != "rczoo":
        raise ValueError(f"!{line}: a tutorial runs commands of rczoo only")
    print(CliRunner().invoke(app, words).output, end="")


@contextlib.contextmanager
def _elsewhere() -> Iterator[None]:
    """In an empty folder, which is imported from, at a terminal's width."""
    before, path, columns = Path.cwd(), list(sys.path), os.environ.get("COLUMNS")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["COLUMNS"] = "80"
        sys.path.insert(0, "")
        try:
            yield
        finally:
            os.chdir(before)
            sys.path[:] = path
            sys.modules.pop("mymodel", None)
            os.environ.pop("COLUMNS") if columns is None else os.environ.update(COLUMNS=columns)
