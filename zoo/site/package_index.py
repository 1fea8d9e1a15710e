"""The README as a package index shows it: its links lead to the repository, from which its pictures come.

The build runs this file (``pyproject.toml``) without the package and what it needs.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

RELATIVE = re.compile(r"(!?)(\[(?:[^\[\]]|\[[^\]]*\])*\])\((?!\w+:|#)([^)\s]+)\)")
"""A link or a picture, its words, and its path from the top of the repository."""


def absolute(text: str, repository: str, version: str) -> str:
    """A text whose links lead to the files as a release has them, and whose pictures are those files."""

    def link(found: re.Match[str]) -> str:
        picture, words, path = found.groups()
        return f"{picture}{words}({repository}/{'raw' if picture else 'blob'}/v{version}/{path})"

    return RELATIVE.sub(link, text)


class Readme(MetadataHookInterface):
    """Adds the README to the package's metadata."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Read it from the repository, whose address ``project.urls`` has."""
        text = Path(self.root, "README.md").read_text("utf-8")
        text = absolute(text, metadata["urls"]["Repository"], metadata["version"])
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
