"""The public names, from ``rczoo/__init__.pyi``: a page a group, each name by its docstring."""

from __future__ import annotations

import ast
import inspect
from importlib import import_module

import rczoo

STUB = rczoo.__path__[0] + "/__init__.pyi"
LAST = "Everything else, by concern"
"""The group of packages, which have a page of tables."""
PACKAGES = """# Packages

What `rczoo.PACKAGE` offers beside the names at the top. A name that is listed nowhere may change without
notice.

"""


def groups() -> dict[str, dict[str, str]]:
    """By group, each public name and the full name of what it is."""
    found: dict[str, dict[str, str]] = {}
    with open(STUB, encoding="utf-8") as file:
        parts = file.read().split("\n# ")[1:]
    for part in parts:
        title, _, body = part.partition("\n")
        found[title] = {
            alias.asname or alias.name: f"rczoo.{node.module or ''}.{alias.name}"
            for node in ast.parse(body).body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
    return found


def pages() -> dict[str, str]:
    """A page for each group, and one for the packages: by its place, its text for mkdocstrings."""
    listed = {
        f"reference/api/{_slug(title)}.md": f"# {title}\n\n" + "\n\n".join(map(_entry, names.items()))
        for title, names in groups().items()
        if title != LAST
    }
    return listed | {"reference/api/packages.md": f"{PACKAGES}{packages()}"}


def _entry(named: tuple[str, str]) -> str:
    name, full = named
    return f"::: {full}\n    options:\n      heading: rczoo.{name}\n      toc_label: {name}"


def packages() -> str:
    """What each package offers beside the names at the top, a table each."""
    top, text = set(rczoo.__all__), ""
    for package in groups()[LAST]:
        module = import_module(f"rczoo.{package}")
        rows = [
            f"| `{name}` | {summary(getattr(module, name))} |" for name in sorted(set(module.__all__) - top)
        ]
        if rows:
            text += f"## rczoo.{package}\n\n{summary(module)}\n\n| name | what it is |\n|---|---|\n"
            text += "\n".join(rows) + "\n\n"
    return text


def summary(value: object) -> str:
    """The first paragraph of a docstring; of a constant, its value."""
    if not (inspect.isclass(value) or inspect.isroutine(value) or inspect.ismodule(value)):
        return f"`{value!r}`".replace("|", "\\|") if len(repr(value)) < 80 else "a table"
    words = " ".join((inspect.getdoc(value) or "").partition("\n\n")[0].split())
    return without_roles(words).replace("|", "\\|")


def without_roles(text: str) -> str:
    """A docstring's references as code."""
    import re

    text = re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", text)
    return re.sub(r"``([^`]+)``", r"`\1`", text)


def _slug(title: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in title.lower()).split())
