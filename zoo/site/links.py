"""Links between files of the repository, turned into links between pages of the site."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from posixpath import dirname, normpath, relpath

DOCUMENTS = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "guides/contributing.md",
    "CHANGELOG.md": "changes.md",
    "proofs/README.md": "explanation/theory.md",
    "zoo/README.md": "guides/zoo.md",
}
"""Documents of the repository that are pages of the site, too."""
PAGES = {**DOCUMENTS, "zoo/RESULTS.md": "results.md"}
PICTURES = (".svg", ".png")
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_SOURCE = re.compile(r'src="([^"]+)"')


class Links:
    """Where the files of the repository are on the site; remembers the pictures that are shown."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pictures: dict[str, Path] = {}

    def rewritten(self, text: str, source: str, page: str) -> str:
        """A text as it stands in the file ``source``, for its page; blocks of code are left alone.

        A link to a file that has no page becomes its words.
        """
        parts = re.split(r"(^```.*?^```$)", text, flags=re.S | re.M)
        return "".join(part if part.startswith("```") else self._prose(part, source, page) for part in parts)

    def _prose(self, text: str, source: str, page: str) -> str:
        def link(found: re.Match[str]) -> str:
            address = self._address(found[3], source, page)
            return f"{found[1]}[{found[2]}]({address})" if address else found[2]

        text = _LINK.sub(link, text)
        return _SOURCE.sub(lambda found: f'src="{self._address(found[1], source, page)}"', text)

    def _address(self, address: str, source: str, page: str) -> str:
        """The address on the site, empty for what has no page."""
        path, _, part = address.partition("#")
        if not path or "://" in address or address.startswith("mailto:"):
            return address
        file = normpath(str(PurePosixPath(source).parent / path))
        place = self._place(file, part)
        if place is None:
            return "" if (self.root / file).exists() else address
        part = "" if place.startswith("tasks/") else part
        return relpath(place, dirname(page) or ".") + (f"#{part}" if part else "")

    def _place(self, file: str, part: str) -> str | None:
        if file == "zoo/RESULTS.md" and (self.root / "zoo" / "tasks" / f"{part}.toml").exists():
            return f"tasks/{part}.md"
        if file in PAGES:
            return PAGES[file]
        if file.startswith("tests/examples/"):
            return f"guides/examples/{PurePosixPath(file).stem}.md"
        if file.endswith(PICTURES) and (self.root / file).exists():
            self.pictures[f"pictures/{PurePosixPath(file).name}"] = self.root / file
            return f"pictures/{PurePosixPath(file).name}"
        if file.startswith("docs/"):
            return file.removeprefix("docs/").replace(".ipynb", ".md")
        return None
