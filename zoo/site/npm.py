"""Packages of JavaScript for the site and its tests: fetched by npm, held to their hashes, cached."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import NamedTuple

from rczoo.files.cache import atomically, cache_folder

PATIENCE = 300
"""Seconds for a download of 33 MB."""


class Package(NamedTuple):
    """A package at one version, with the hash that npm publishes for it."""

    name: str
    version: str
    sha512: str


RUNTIME = Package(
    "onnxruntime-web",
    "1.30.0",  # 1.22 never starts in the Chromium of Debian 12
    "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ==",
)
AXE = Package(
    "axe-core",
    "4.14.1",
    "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
)


def contents(package: Package, *names: str) -> list[bytes] | None:
    """Files of a package; None where it cannot be had, for want of npm or of a network.

    Raises ValueError if what was fetched has another hash.
    """
    path = cache_folder() / "npm" / f"{package.name}-{package.version}.tgz"
    if not path.exists() and not _fetched(package, path):
        return None
    digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    if digest != package.sha512:
        raise ValueError(f"{path} has sha512 {digest}, expected {package.sha512}: delete it")
    with tarfile.open(path) as archive:
        return [archive.extractfile(f"package/{name}").read() for name in names]  # type: ignore[union-attr]


def _fetched(package: Package, path: Path) -> bool:
    npm = shutil.which("npm")

    def pack(temporary: Path) -> None:
        folder = temporary.parent
        command = [str(npm), "pack", f"{package.name}@{package.version}", "--pack-destination", str(folder)]
        subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)

    try:
        return npm is not None and atomically(path, pack).exists()
    except (subprocess.SubprocessError, OSError):
        return False
