"""Files by name: the manifest, the cache, and downloads that are whole or absent.

A name such as ``s288c/S_cerevisiae.fasta.gz`` becomes a path in the cache. The environment says where things
are: ``RCZOO_CACHE`` the cache folder, ``RCZOO_DATA`` a mirror (a folder, or the URL of one) to use instead
of the network. A mirror is only read.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

CHUNK = 1 << 20


@dataclass(frozen=True)
class Source:
    """A file to be had: its name in the cache and in mirrors, URL, sha256 (or None), bytes and licence."""

    path: str
    url: str
    sha256: str | None = None
    bytes: int | None = None
    licence: str = "not stated"
    description: str = ""


@cache
def manifest() -> dict[str, Source]:
    """Every file that the shipped tasks use and that has a published hash, by name."""
    text = package_files("rczoo").joinpath("manifest.tsv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t")
    return {
        row["path"]: Source(
            row["path"], row["url"], row["sha256"], int(row["bytes"]), row["licence"], row["description"]
        )
        for row in rows
    }


def cache_folder() -> Path:
    """Where downloads and prepared examples are kept: ``RCZOO_CACHE``, or the system's cache folder."""
    import pooch

    return Path(os.environ.get("RCZOO_CACHE") or pooch.os_cache("rczoo"))


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
        if verified.exists() and json.loads(verified.read_text()) == [expected, *_stamp(path)]:
            return path
        if sha256(path) != expected:
            path.unlink(missing_ok=True)
    if not path.exists() or not expected:
        expected = _download(source, path, progress)
    content = json.dumps([expected, *_stamp(path)])
    atomically(verified, lambda temporary: _write(temporary, content))
    return path


def sha256(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def unpacked(path: Path) -> Path:
    """The plain version of a gzip or bgzip file, unpacked once into the cache; other files as they are."""
    with path.open("rb") as stream:
        if stream.read(2) != b"\x1f\x8b":
            return path
    target = derived(path, path.name.removesuffix(".gz").removesuffix(".bgz"))

    def unpack(temporary: Path) -> None:
        try:
            with gzip.open(path, "rb") as packed, temporary.open("wb") as plain:
                shutil.copyfileobj(packed, plain, CHUNK)
        except (EOFError, OSError) as error:
            raise ValueError(f"{path.name} is not a whole gzip file ({error}): fetch it again") from error

    return target if target.exists() else atomically(target, unpack)


def derived(path: Path, name: str) -> Path:
    """Where the cache keeps something made from ``path``: a change of the original gives another place."""
    size, modified = _stamp(path)
    key = hashlib.sha256(f"{path.resolve()} {size} {modified}".encode()).hexdigest()[:16]
    return cache_folder() / "derived" / key / name


def atomically(target: Path, write: Callable[[Path], None]) -> Path:
    """Let ``write`` make a file or fill a folder at a temporary path, then give it its name in one step."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_partial()) as folder:
        temporary = Path(folder) / target.name
        write(temporary)
        try:
            temporary.replace(target)
        except OSError:
            if not target.is_dir():  # a parallel process finished the same folder first: keep that one
                raise
    return target


def _partial() -> Path:
    """The folder for unfinished work; what a killed process left there is removed after a day."""
    folder = cache_folder() / "partial"
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.iterdir():
        try:
            old = time.time() - left.stat().st_mtime > 86_400
        except FileNotFoundError:
            continue
        if old:
            shutil.rmtree(left, ignore_errors=True)
    return folder


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
    with tempfile.TemporaryDirectory(dir=_partial()) as folder:
        _write(Path(folder) / "pin", digest)
        with contextlib.suppress(FileExistsError):
            os.link(Path(folder) / "pin", pin)
    return pin.read_text().strip()


def _transfer(source: Source, temporary: Path, progress: Any) -> None:
    """Copy from the mirror, or download from it or from the file's own URL."""
    import pooch
    import requests

    mirror = os.environ.get("RCZOO_DATA", "")
    url = source.url
    if mirror.startswith(("http://", "https://")):
        url = f"{mirror.rstrip('/')}/{source.path}"
    elif mirror and (Path(mirror) / source.path).is_file():
        shutil.copyfile(Path(mirror) / source.path, temporary)
        return
    try:
        pooch.HTTPDownloader(progressbar=progress, chunk_size=CHUNK)(url, str(temporary), None)
    except requests.exceptions.RequestException as error:
        reason = str(error).splitlines()[0][:160]
        raise ConnectionError(
            f"cannot download {source.path} from {url} ({reason}): check the network, or name a mirror in "
            "RCZOO_DATA"
        ) from error


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
