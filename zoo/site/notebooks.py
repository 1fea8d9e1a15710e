"""Notebooks and worked examples as Markdown, with what they print."""

from __future__ import annotations

import ast
import base64
import json
import re
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
    shown = printed()
    return {
        f"guides/examples/{path.stem}.md": _example(path, shown[path.stem])
        for path in sorted(EXAMPLES.glob("*.py"))
    }


def printed() -> dict[str, str]:
    """What each worked example prints, by its name."""
    text = (EXAMPLES / "printed.txt").read_text("utf-8")
    parts = re.split(r"^===== (\w+)\n", text, flags=re.MULTILINE)[1:]
    return {name: words.rstrip() for name, words in zip(parts[::2], parts[1::2], strict=True)}


def _example(path: Path, shown: str) -> str:
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    code = "\n".join(text.splitlines()[tree.body[0].end_lineno or 0 :]).strip()
    said = (ast.get_docstring(tree) or "").strip()
    return f"{said}\n\n```python\n{code}\n```\n\n## What it prints\n\n```text\n{shown}\n```\n"
