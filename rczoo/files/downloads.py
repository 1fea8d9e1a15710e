"""Files by name: the manifest, and downloads that are verified.

A name such as ``s288c/S_cerevisiae.fasta.gz`` becomes a path in the cache. ``RCZOO_DATA`` names a mirror (a
folder, or the URL of one) to use instead of the files' own addresses. A mirror is only read.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .._package_data import package_data
from .cache import atomically, cache_folder, partial, sha256, stamp, write_text
from .storage import stays_below
from .transfers import TooSlowError, chunks, without_password

WEB = ("http://", "https://")
"""How a mirror that is no folder begins."""


@dataclass(frozen=True)
class Source:
    """A file to be had: its name in the cache and in mirrors, URL, sha256 (or None), bytes and licence.

    Raises ValueError for a name that leads out of the cache.
    """

    path: str
    url: str
    sha256: str | None = None
    bytes: int | None = None
    licence: str = "not stated"
    description: str = ""

    def __post_init__(self) -> None:
        if not stays_below(self.path):
            raise ValueError(
                f"the path {self.path!r} leads out of the cache: give a relative one, without .., \\ and :"
            )


@cache
def manifest() -> dict[str, Source]:
    """Every file that the shipped tasks use and that has a published hash, by name."""
    text = package_data("files/manifest.tsv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t")
    return {
        row["path"]: Source(
            row["path"], row["url"], row["sha256"], int(row["bytes"]), row["licence"], row["description"]
        )
        for row in rows
    }


def fetch(source: Source, progress: Any = False) -> Path:
    """The path of a file in the cache, downloaded and verified if it is not there yet.

    ``progress`` is anything with pooch's progress-bar methods. The file appears under its name only when
    whole and verified, so an interrupted or parallel download leaves nothing bad. Without a published hash
    the first download records one, which later downloads must match. Raises ValueError on a wrong hash and
    ConnectionError when the file cannot be had.
    """
    path = cache_folder() / "files" / source.path
    verified = path.with_name(path.name + ".verified")
    expected = source.sha256 or _pinned(path)
    if path.exists() and expected:
        if verified.exists() and json.loads(verified.read_text()) == [expected, *stamp(path)]:
            return path
        if sha256(path) != expected:
            path.unlink(missing_ok=True)
    if not path.exists() or not expected:
        expected = _download(source, path, progress)
    content = json.dumps([expected, *stamp(path)])
    atomically(verified, lambda temporary: write_text(temporary, content))
    return path


def at_hand(source: Source) -> bool:
    """Whether :func:`fetch` needs no network: the file is in the cache, or in a mirror that is a folder."""
    mirror = os.environ.get("RCZOO_DATA", "")
    folders = [cache_folder() / "files", *([] if mirror.startswith(WEB) or not mirror else [Path(mirror)])]
    return any((folder / source.path).is_file() for folder in folders)


def _download(source: Source, path: Path, progress: Any) -> str:
    """Download into the cache, verify, and return the sha256."""
    digest = ""

    def write(temporary: Path) -> None:
        nonlocal digest
        _transfer(source, temporary, progress)
        digest = sha256(temporary)
        expected = source.sha256 or _pin(path, digest)
        if digest != expected:
            raise ValueError(
                f"{source.path} has sha256 {digest[:12]}..., expected {expected[:12]}...: the download is "
                "damaged or the file has changed; nothing was kept"
            )

    atomically(path, write)
    return digest


def _pinned(path: Path) -> str | None:
    """The hash that a first download recorded, for a file without a published one."""
    pin = path.with_name(path.name + ".sha256")
    return pin.read_text().strip() if pin.exists() else None


def _pin(path: Path, digest: str) -> str:
    """Record the hash of a first download; of several in parallel, the first to record it decides."""
    pin = path.with_name(path.name + ".sha256")
    pin.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=partial()) as folder:
        write_text(Path(folder) / "pin", digest)
        with contextlib.suppress(FileExistsError):
            os.link(Path(folder) / "pin", pin)
    return pin.read_text().strip()


def _transfer(source: Source, temporary: Path, progress: Any) -> None:
    """Copy from the mirror, or download from it or from the file's own URL."""
    import requests

    mirror = os.environ.get("RCZOO_DATA", "")
    url = source.url
    if mirror.startswith(WEB):
        url = f"{mirror.rstrip('/')}/{source.path}"
    elif mirror and (Path(mirror) / source.path).is_file():
        shutil.copyfile(Path(mirror) / source.path, temporary)
        return
    try:
        _save(url, temporary, progress)
    except (requests.exceptions.RequestException, TooSlowError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
        problem = without_password(f"cannot download {source.path} from {url} ({reason})")
        raise ConnectionError(f"{problem}: check the network, or name a mirror in RCZOO_DATA") from error


def _save(url: str, path: Path, progress: Any) -> None:
    """Write what is at an address to a file, and tell ``progress``, if there is one, how much has come."""

    def begin(answer: Any) -> None:
        answer.raise_for_status()
        if progress:
            progress.total = int(answer.headers.get("content-length", 0))

    with path.open("wb") as file:
        for piece in chunks(url, begin):
            file.write(piece)
            if progress:
                progress.update(len(piece))
    if progress:
        progress.close()
