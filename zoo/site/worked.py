"""The worked examples as pages: what each says of itself, its code, and what it printed when tested."""

from __future__ import annotations

import ast
from html import escape
from pathlib import Path

from . import markdown
from .links import Links
from .shell import Page

FOLDER = "tests/examples"


def places(root: Path) -> dict[str, str]:
    """Each example and its page."""
    return {f"{FOLDER}/{name}.py": f"examples/{name}.html" for name in names(root)}


def names(root: Path) -> list[str]:
    """The examples, sorted."""
    return sorted(path.stem for path in (root / FOLDER).glob("*.py") if path.stem != "conftest")


def pages(root: Path, links: Links) -> list[Page]:
    """The list of examples and a page for each."""
    found = [_page(root, links, name) for name in names(root)]
    items = "".join(
        f'<li><a href="{page.path.removeprefix("examples/")}">{escape(page.title)}</a></li>\n'
        for page in found
    )
    body = (
        "<h1>Worked examples</h1>\n<p>Somebody's PyTorch model: measured, conjoined, checked, saved. Each "
        "is a script that the tests run.</p>\n"
        f"<ul>\n{items}</ul>\n"
    )
    return [Page("examples/index.html", "Examples", body), *found]


def _page(root: Path, links: Links, name: str) -> Page:
    file, place = f"{FOLDER}/{name}.py", f"examples/{name}.html"
    text = (root / file).read_text("utf-8")
    told = markdown.render(ast.get_docstring(ast.parse(text)) or "", links.of(file, place))
    printed = (root / FOLDER / f"{name}.txt").read_text("utf-8")
    body = (
        f"{told.body}<p>Run it: <code>python {file}</code></p>\n"
        f"{markdown.code(_without_docstring(text), file)}"
        f'<h2 id="output">What it prints</h2>\n<pre tabindex="0"><code>{escape(printed)}</code></pre>\n'
    )
    return Page(place, told.title, body)


def _without_docstring(text: str) -> str:
    """The code, of which the page has told the docstring."""
    end = ast.parse(text).body[0].end_lineno or 0
    return "\n".join(text.splitlines()[end:]).lstrip("\n") + "\n"
