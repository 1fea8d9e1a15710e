"""Links between files of the repository, turned into links between pages of the site."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from posixpath import normpath

from . import markdown
from .shell import Page, to

PICTURES = (".svg", ".png")


class Links:
    """Where each file of the repository is on the site; remembers which are linked to.

    ``places`` maps files and folders of the repository to pages. A picture that is linked to is copied; any
    other file becomes a page with its text.
    """

    def __init__(self, root: Path, places: Mapping[str, str]) -> None:
        self.root, self.places = root, dict(places)
        self._pictures: dict[str, str] = {}
        self._sources: dict[str, str] = {}

    def of(self, source: str, page: str) -> Callable[[str], str]:
        """From an address as it stands in the file ``source`` to that on the page made from it."""
        return lambda address: self._address(source, page, address)

    def page_of(self, file: str, page: str) -> str:
        """The address, seen from ``page``, of the page that shows a file of the repository."""
        return to(self._place(file, file), page)

    def sources(self) -> list[Page]:
        """Pages with the text of files that have no page of their own."""
        return [
            Page(place, file, f"<h1>{file}</h1>\n{markdown.code(self._text(file), file)}")
            for file, place in sorted(self._sources.items())
        ]

    def files(self) -> dict[str, bytes]:
        """The pictures, by their place on the site."""
        return {place: (self.root / file).read_bytes() for file, place in self._pictures.items()}

    def _address(self, source: str, page: str, address: str) -> str:
        path, _, part = address.partition("#")
        if not path or "://" in address or address.startswith("mailto:"):
            return address
        file = normpath(str(PurePosixPath(source).parent / path))
        return to(self._place(file, source), page) + (f"#{part}" if part else "")

    def _place(self, file: str, source: str) -> str:
        if file in self.places:
            return self.places[file]
        path = self.root / file
        if file.startswith("..") or not path.is_file():
            raise ValueError(f"{source} links to {file}, which is no file of the repository and has no page")
        if path.suffix in PICTURES:
            return self._pictures.setdefault(file, f"files/{file}")
        return self._sources.setdefault(file, f"source/{file}.html")

    def _text(self, file: str) -> str:
        return (self.root / file).read_text("utf-8")
