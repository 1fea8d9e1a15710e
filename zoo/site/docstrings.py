"""Docstrings as Markdown, for mkdocstrings: references as code, doctests as blocks, parameters as a table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Any

import griffe

from zoo.site.api import without_roles


class Docstrings(griffe.Extension):
    """Rewrites every docstring of a package once it is read."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Rewrite the docstrings of a package and of all that is in it."""
        _rewrite(pkg)


def markdown(text: str) -> str:
    """A docstring as Markdown: examples in a block of code, references as code."""
    blocks = re.split(r"\n\s*\n", text)
    fenced = [
        f"```pycon\n{block}\n```" if block.lstrip().startswith(">>>") else without_roles(block)
        for block in blocks
    ]
    return "\n\n".join(fenced)


def parameters_table(parameters: Iterable[Any]) -> str:
    """Name, type and default of each parameter; empty for a function without any."""
    rows = [
        f"| {_code(p.name)} | {_code(p.annotation)} | {_code(p.default)} |"
        for p in parameters
        if p.name not in ("self", "cls")
    ]
    return "\n".join(["| parameter | type | default |", "|---|---|---|", *rows]) if rows else ""


def _code(value: Any) -> str:
    return f"<code>{escape(str(value)).replace('|', '&#124;')}</code>" if value is not None else ""


def _rewrite(item: Any) -> None:
    if item.docstring:
        taken = item.members.get("__init__", item) if item.is_class else item
        table = parameters_table(taken.parameters) if taken.is_function else ""
        item.docstring.value = "\n\n".join(filter(None, (markdown(item.docstring.value), table)))
    for member in item.members.values():
        if not member.is_alias:
            _rewrite(member)
