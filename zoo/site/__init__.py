"""The documentation site: ``python -m zoo site --out site``, made from what is there and from nothing else.

Markdown files, the published models, the worked examples and the docstrings become HTML files that link to
each other, ask no other address for anything, and read without JavaScript.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from . import api, markdown, models, worked
from .links import Links
from .shell import Page, page

HERE = Path(__file__).parent
DOCUMENTS = {
    "README.md": "index.html",
    "docs/layers.md": "layers.html",
    "docs/architectures.md": "architectures.html",
    "proofs/README.md": "theory.html",
    "zoo/README.md": "zoo.html",
    "zoo/RESULTS.md": "results.html",
    "CHANGELOG.md": "changelog.html",
}
FOLDERS = {
    "proofs": "theory.html",
    "zoo/models": "models/index.html",
    "tests/examples": "examples/index.html",
}
"""What a link to a folder leads to."""
MARK = ".rczoo-site"
"""Marks a folder that this program made and may empty."""


def build(out: Path, root: Path = HERE.parents[1], with_api: bool = True) -> list[str]:
    """Write the site into the folder ``out``, which is emptied first; returns the paths of its pages.

    ``root``: the checkout. Raises ValueError for a link that leads nowhere, and for a folder ``out`` that has
    other things in it.
    """
    _empty(out)
    links = Links(root, {**DOCUMENTS, **FOLDERS, **models.places(root), **worked.places(root)})
    pages = [*_documents(root, links), *models.pages(root, links), *worked.pages(root, links)]
    if with_api:
        pages.append(api.index())
        api.write(out / "api")
    pages += links.sources()
    for made in pages:
        _write(out / made.path, page(made).encode())
    for name, content in {**_assets(), **links.files()}.items():
        _write(out / name, content)
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*.html"))


def _documents(root: Path, links: Links) -> list[Page]:
    """The Markdown files as pages."""
    found = []
    for source, place in DOCUMENTS.items():
        text = (root / source).read_text("utf-8")
        html = markdown.render(text, links.of(source, place))
        found.append(Page(place, html.title, html.body, html.sections))
    return found


def _assets() -> dict[str, bytes]:
    """The style sheet with the colours of code, and the script of the table of models."""
    css = (HERE / "site.css").read_text("utf-8") + markdown.colours()
    return {"site.css": css.encode(), "models/filter.js": (HERE / "filter.js").read_bytes()}


def _empty(out: Path) -> None:
    if out.is_dir() and any(out.iterdir()):
        if not (out / MARK).exists():
            raise ValueError(f"{out} holds other files: name a new or empty folder with --out")
        shutil.rmtree(out)
    _write(out / MARK, b"made by python -m zoo site; emptied by the next\n")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
