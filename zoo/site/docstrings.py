"""Docstrings as Markdown, for mkdocstrings: references as code, doctests as blocks."""

from __future__ import annotations

import re
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


def _rewrite(item: Any) -> None:
    if item.docstring:
        item.docstring.value = markdown(item.docstring.value)
    for member in item.members.values():
        if not member.is_alias:
            _rewrite(member)
