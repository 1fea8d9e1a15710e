"""Markdown and code as HTML: tables that scroll on their own, headings with names, coloured code."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from itertools import pairwise
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.lexers.special import TextLexer
from pygments.util import ClassNotFound

Address = Callable[[str], str]
"""From an address as it stands in the file to that on the site."""

_ADDRESS = re.compile(r'\b(src|href)="([^"]*)"')
_COMMENT = re.compile(r"<!--.*?-->\n?", re.S)
_FRONT = re.compile(r"\A---\n.*?\n---\n", re.S)


class Html(NamedTuple):
    """A rendered text: the words of its first heading, all of it, and its sections (id, heading)."""

    title: str
    body: str
    sections: list[tuple[str, str]]


def render(text: str, address: Address) -> Html:
    """Render Markdown without front matter and comments; links and images go through ``address``."""
    parser = MarkdownIt("commonmark", {"html": True, "highlight": _coloured}).enable("table")
    parser.add_render_rule("table_open", _open_table)
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    tokens = parser.parse(_COMMENT.sub("", _FRONT.sub("", text)))
    headings = _name_headings(tokens)
    for token in _all(tokens):
        _relink(token, address)
        if token.type == "th_open":
            token.attrSet("scope", "col")
    title = next((words for _, words, level in headings if level == "h1"), "")
    sections = [(name, escape(words)) for name, words, level in headings if level == "h2"]
    return Html(title, parser.renderer.render(tokens, parser.options, {}), sections)


def code(text: str, file_name: str) -> str:
    """The text of a file, coloured by its kind."""
    try:
        lexer = get_lexer_for_filename(file_name)
    except ClassNotFound:
        lexer = TextLexer()
    return _pre(text, lexer)


def colours() -> str:
    """The style sheet of coloured code, for light and dark screens."""
    light, dark = (
        HtmlFormatter(style=style).get_style_defs("pre.code") for style in ("default", "github-dark")
    )
    return f"\n{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


def slug(words: str) -> str:
    """The name of a heading in an address.

    >>> slug("Check your own model in CI")
    'check-your-own-model-in-ci'
    """
    return re.sub(r"[^\w]+", "-", words.lower()).strip("-")


def _coloured(text: str, language: str, _attributes: str) -> str:
    try:
        return _pre(text, get_lexer_by_name(language))
    except ClassNotFound:
        return _pre(text, TextLexer())


def _pre(text: str, lexer: Any) -> str:
    inner = highlight(text, lexer, HtmlFormatter(nowrap=True))
    return f'<pre class="code" tabindex="0"><code>{inner}</code></pre>\n'


def _open_table(*_: Any) -> str:
    return '<div class="wide" role="region" tabindex="0" aria-label="Table"><table>\n'


def _name_headings(tokens: Sequence[Token]) -> list[tuple[str, str, str]]:
    """Give every heading a name of its own; returns names, words and levels in order."""
    found: list[tuple[str, str, str]] = []
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open":
            continue
        words = "".join(child.content for child in inline.children or [])
        taken = {name for name, _, _ in found}
        name = next(
            n for k in range(len(found) + 1) if (n := slug(words) + (f"-{k}" if k else "")) not in taken
        )
        opening.attrSet("id", name)
        found.append((name, words, opening.tag))
    return found


def _all(tokens: Sequence[Token]) -> list[Token]:
    """Tokens with those inside them."""
    return [inner for token in tokens for inner in (token, *(token.children or []))]


def _relink(token: Token, address: Address) -> None:
    for name in ("href", "src"):
        if name in token.attrs:
            token.attrSet(name, address(str(token.attrs[name])))
    if token.type in ("html_block", "html_inline"):
        token.content = _ADDRESS.sub(lambda m: f'{m[1]}="{address(m[2])}"', token.content)
