"""What every page has around its content: head, navigation, main part, footer."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from posixpath import dirname, relpath
from typing import NamedTuple

NAVIGATION = {
    "index.html": "Start",
    "layers.html": "Layers",
    "architectures.html": "Architectures",
    "theory.html": "Theory",
    "results.html": "Results",
    "models/index.html": "Models",
    "examples/index.html": "Examples",
    "api/index.html": "API",
    "zoo.html": "The zoo",
    "changelog.html": "Changes",
}
FEW = 4
"""A page with as many sections gets a list of them."""


class Page(NamedTuple):
    """A page of the site: where it lies, its title, its content as HTML, its sections (id, heading)."""

    path: str
    title: str
    body: str
    sections: Sequence[tuple[str, str]] = ()
    script: str = ""


def page(made: Page) -> str:
    """The whole HTML of a page."""
    script = f'<script src="{to(made.script, made.path)}" defer></script>\n' if made.script else ""
    title = "rczoo" if made.path == "index.html" else f"{made.title} · rczoo"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(title)}</title>\n<link rel="icon" href="data:,">\n'
        f'<link rel="stylesheet" href="{to("site.css", made.path)}">\n{script}</head>\n<body>\n'
        '<a class="skip" href="#content">Skip to the content</a>\n'
        f'<header><nav aria-label="Site">\n<ul>\n{_navigation(made.path)}</ul>\n</nav></header>\n'
        f'<main id="content">\n{_contents(made)}{made.body}</main>\n'
        "<footer><p>rczoo. Made by <code>python -m zoo site</code> from the repository.</p></footer>\n"
        "</body>\n</html>\n"
    )


def to(path: str, start: str) -> str:
    """The relative address of one page (which may end in #part) from another.

    >>> to("models/index.html", "models/sim-200/rcps.html")
    '../index.html'
    """
    return relpath(path, dirname(start) or ".")


def table(head: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> str:
    """A table of cells that are HTML already; the first cell of each row heads it."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>\n"
        for first, *rest in rows
    )
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{escape(caption)}"><table>'
        f'<caption class="unseen">{escape(caption)}</caption>\n'
        f"<thead><tr>{top}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n"
    )


def _navigation(path: str) -> str:
    here = path if path in NAVIGATION else f"{path.split('/')[0]}/index.html"
    return "".join(
        f'<li><a href="{to(place, path)}"{_current(place, here, path)}>{name}</a></li>\n'
        for place, name in NAVIGATION.items()
    )


def _current(place: str, here: str, path: str) -> str:
    """Mark the page itself, or the part of the site that it belongs to."""
    if place != here:
        return ""
    return ' aria-current="page"' if place == path else ' aria-current="true"'


def _contents(made: Page) -> str:
    if len(made.sections) < FEW:
        return ""
    items = "".join(f'<li><a href="#{escape(name)}">{text}</a></li>\n' for name, text in made.sections)
    return f'<nav class="contents" aria-label="On this page">\n<ul>\n{items}</ul>\n</nav>\n'
