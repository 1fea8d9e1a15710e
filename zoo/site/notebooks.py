"""Notebooks and worked examples as Markdown, with what they print."""

from __future__ import annotations

import ast
import base64
import json
from pathlib import Path
from typing import Any, NamedTuple

EXAMPLES = Path(__file__).parents[2] / "tests" / "examples"


class Notebook(NamedTuple):
    """A notebook as a page: its Markdown, and its pictures by file name."""

    text: str
    pictures: dict[str, bytes]


def page(path: Path) -> Notebook:
    """The cells of a notebook in order; below each cell of code what it gave."""
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        parts += [_output(output, path.stem, pictures) for output in cell.get("outputs", [])]
    return Notebook("\n\n".join(parts) + "\n", pictures)


def _output(output: Any, stem: str, pictures: dict[str, bytes]) -> str:
    data = output.get("data", {})
    if "image/png" in data:
        name = f"{stem}-{len(pictures) + 1}.png"
        pictures[name] = base64.b64decode(data["image/png"])
        return f"![{data.get('text/plain', ['figure'])[0]}]({name})"
    return f"```text\n{''.join(output.get('text') or data['text/plain']).rstrip()}\n```"


def examples() -> dict[str, str]:
    """The worked examples: by its place each page, what it says of itself, its code, what it printed."""
    return {f"guides/examples/{path.stem}.md": _example(path) for path in _scripts()}


def _scripts() -> list[Path]:
    return [path for path in sorted(EXAMPLES.glob("*.py")) if path.stem != "conftest"]


def _example(path: Path) -> str:
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    code = "\n".join(text.splitlines()[tree.body[0].end_lineno or 0 :]).strip()
    printed = path.with_suffix(".txt").read_text("utf-8").rstrip()
    said = (ast.get_docstring(tree) or "").strip()
    return f"{said}\n\n```python\n{code}\n```\n\n## What it prints\n\n```text\n{printed}\n```\n"
