"""The reference of the code, made by pdoc from docstrings: public names first, then every module."""

from __future__ import annotations

import inspect
import pkgutil
import re
import warnings
from html import escape
from pathlib import Path

import rczoo

from .shell import Page, table

TEMPLATES = Path(__file__).parent / "templates"


def write(out: Path) -> None:
    """Write a page for the package and for each of its modules."""
    import pdoc
    import pdoc.render

    for name in rczoo.__all__:  # they are imported on first use: let pdoc see them
        vars(rczoo)[name] = getattr(rczoo, name)
    pdoc.render.configure(show_source=False, template_directory=TEMPLATES)
    with warnings.catch_warnings():  # names that are imported for type checking only are shown as they stand
        warnings.filterwarnings("ignore", "Error parsing type annotation", UserWarning)
        # a package that offers no names of its own brings its modules by itself
        warnings.filterwarnings("ignore", "The module specification", UserWarning)
        pdoc.pdoc("rczoo", *modules(), output_directory=out)


def modules() -> list[str]:
    """The package's modules."""
    return [found.name for found in pkgutil.walk_packages(rczoo.__path__, "rczoo.")]


def index() -> Page:
    """The way in: what ``rczoo.NAME`` offers, and what each module is about."""
    names = [
        [f'<a href="rczoo.html#{name}"><code>rczoo.{name}</code></a>', escape(summary(name))]
        for name in rczoo.__all__
        if not name.startswith("__")
    ]
    about = [
        [f'<a href="{name.replace(".", "/")}.html"><code>{name}</code></a>', escape(_docstring_of(name))]
        for name in modules()
    ]
    body = (
        "<h1>Reference</h1>\n<p>Made from the docstrings. What is not listed under public names may change "
        "without notice.</p>\n"
        f'<h2 id="names">Public names</h2>\n{table(["name", "what it is"], names, "Public names")}'
        f'<h2 id="modules">Modules</h2>\n{table(["module", "what it is about"], about, "Modules")}'
    )
    return Page("api/index.html", "Reference", body)


def summary(name: str) -> str:
    """The first paragraph of a public name's docstring; of a constant, its value."""
    value = getattr(rczoo, name)
    if not (inspect.isclass(value) or inspect.isroutine(value)):
        return repr(value)
    return _first(inspect.getdoc(value))


def _docstring_of(module: str) -> str:
    """What a module says first of itself, read without importing it."""
    import ast

    path = Path(rczoo.__path__[0], *module.split(".")[1:])
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return _first(ast.get_docstring(ast.parse(path.read_text("utf-8"))))


def _first(text: str | None) -> str:
    """The first paragraph of a docstring, without its marks."""
    words = " ".join((text or "").partition("\n\n")[0].split())
    return re.sub(r":\w+:|`", "", words)
