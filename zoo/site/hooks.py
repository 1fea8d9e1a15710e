"""The hooks that ``mkdocs.yml`` names: documents of the repository become pages, marks become references."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from posixpath import dirname, relpath
from typing import Any

from mkdocs.structure.files import File, Files

from zoo.site import api, commands, notebooks, play, reference, results
from zoo.site.links import DOCUMENTS, Links
from zoo.site.models import models_table

ROOT = Path(__file__).parents[2]
MADE: dict[str, Callable[[], str]] = {
    "checks": reference.checks,
    "models": models_table,
    "task-file": reference.task_file,
    "play": play.page,
}
"""What stands in the place of ``<!-- made: NAME -->`` in a page."""
SHIM, OWN_SHIM = "https://unpkg.com/iframe-worker/shim", "assets/iframe-worker.js"
"""What the theme loads from outside for search in pages that are read as files, and our copy."""
SEARCH = 'data-md-component="search" role="dialog"'
"""The theme's field of search, to which it gives no name that can be read out."""
LISTED = {"made/api": api.pages, "made/tasks": results.task_pages, "made/examples": notebooks.examples}
"""Pages of which the navigation names only the place."""


def on_config(config: Any) -> Any:
    """Put the pages that are made into the navigation, where their places are named."""
    config.nav = _navigation(config.nav)
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the documents of the repository, the pages made, and their pictures; notebooks become Markdown."""
    links = Links(ROOT)
    for file in [file for file in files if file.src_uri.endswith(".ipynb")]:
        files.remove(file)
    texts = {place: (source, (ROOT / source).read_text("utf-8")) for source, place in DOCUMENTS.items()}
    texts["results.md"] = ("zoo/RESULTS.md", results.overview())
    texts["reference/command-line.md"] = ("docs/reference/command-line.md", commands.page())
    for make in LISTED.values():
        texts |= {
            place: ("zoo/RESULTS.md" if "tasks/" in place else place, text) for place, text in make().items()
        }
    for notebook in sorted((ROOT / "docs/tutorials").glob("*.ipynb")):
        page = notebooks.page(notebook)
        texts[f"tutorials/{notebook.stem}.md"] = (f"docs/tutorials/{notebook.name}", page.text)
        for name, content in page.pictures.items():
            files.append(File.generated(config, f"tutorials/{name}", content=content))
    for place, (source, text) in texts.items():
        files.append(File.generated(config, place, content=links.rewritten(text, source, place)))
    for file in files.documentation_pages():  # which pictures the pages of docs/ show
        if file.abs_src_path:
            links.rewritten(Path(file.abs_src_path).read_text("utf-8"), f"docs/{file.src_uri}", file.src_uri)
    for place, content in {**play.files(), **results.task_pictures()}.items():
        files.append(File.generated(config, place, content=content))
    for place, picture in links.pictures.items():
        files.append(File.generated(config, place, abs_src_path=str(picture)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Fill the marks, and turn links between files of the repository into links between pages."""
    if page.is_homepage:  # which is the only page of its part of the navigation
        page.meta["hide"] = ["navigation"]
    markdown = re.sub(r"<!-- made: ([\w-]+) -->", lambda mark: MADE[mark[1]](), markdown)
    if page.file.abs_src_path and (ROOT / "docs") in Path(page.file.abs_src_path).parents:
        return Links(ROOT).rewritten(markdown, f"docs/{page.file.src_uri}", page.file.src_uri)
    return markdown


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Load the theme's help for search in files from the site itself, and give the search a name."""
    return _mended(output, relpath(OWN_SHIM, dirname(page.url) or "."))


def on_post_template(output_content: str, **_: Any) -> str:
    """The same on pages that have no place, such as that for a wrong address."""
    return _mended(output_content, OWN_SHIM)


def _mended(text: str, shim: str) -> str:
    return text.replace(SHIM, shim).replace(SEARCH, f'{SEARCH} aria-label="Search"')


def _navigation(nav: Any) -> Any:
    if isinstance(nav, list):
        return [_navigation(entry) for entry in nav]
    if isinstance(nav, dict):
        return {title: _navigation(entry) for title, entry in nav.items()}
    return list(LISTED[nav]()) if nav in LISTED else nav
