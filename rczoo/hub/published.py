"""Published models by name: found in an index, verified, kept in the cache, never unpickled.

Models that come with the package are used where they are. Others are read from the hub that ``RCZOO_HUB``
names (see ``remotes.py``). A name is a frozen record: what the package's own index says of it, a hub must
confirm.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from .._package_data import package_data
from ..files.cache import atomically, cache_folder, sha256, write_content
from ..files.storage import CONFIG, WEIGHTS, read_json, refuse_pickle, shared_weights
from .index import CARD, INDEX, Entry, File, parse_index
from .remotes import Folder, Remote, remote

if TYPE_CHECKING:
    from ..family.ensembles import Model

HUB = "RCZOO_HUB"
LARGEST_INDEX = 1 << 24
"""Bytes of an index that is read: eighty times the index of 189 models."""

Advance = Callable[[int], object]
"""Told the number of bytes of each piece that arrives."""


def load(name: str | Path) -> Model:
    """A model, in eval mode on the CPU: a published one, or one of your own from its folder.

    Args:
        name: as :func:`list_models` has it; a task's name alone, ``"gcn4"``, for the model that is
            recommended for it; or the folder of a checkpoint.

    Raises ValueError for an unknown name (with the nearest) and for files that are not what the index says,
    ConnectionError when the hub cannot be read.
    """
    from ..family.checkpoint import load_checkpoint

    return load_checkpoint(checkpoint_folder(name))


def checkpoint_folder(name: str | Path) -> Path:
    """Where the checkpoint of a model lies: ``name`` is its folder, or a published name, which is fetched.

    A checkpoint that is there wins over a published name, a published name over any other file.
    """
    path = Path(name)
    given = isinstance(name, Path) or path.is_absolute() or (path / CONFIG).is_file()
    if given or (path.exists() and not _in_package(str(name))):
        return path
    return fetch(str(name))


def list_models(
    pattern: str = "*",
    *,
    organism: str | None = None,
    kind: str | None = None,
    architecture: str | None = None,
    above_bar: bool | None = None,
) -> list[str]:
    """Names of published models, those that are recommended for their tasks first, each part sorted.

    Those of the package, and those of the hub named by ``RCZOO_HUB``.

    Args:
        pattern: as in a shell: ``gcn4/*``, ``*/rcps``.
        organism: ``"yeast"``, ``"human"``, ``"mouse"`` or ``"simulated"``.
        kind: ``"labels"`` or ``"profile"``.
        architecture: a name in :data:`rczoo.family.ARCHITECTURES`.
        above_bar: True for those better on the test split than what needs no network, False for the others.
    """
    wanted = {"organism": organism, "kind": kind, "architecture": architecture, "above_bar": above_bar}
    asked = {key: value for key, value in wanted.items() if value is not None}
    found = entries(pattern).values()
    fitting = [e for e in found if all(getattr(e, key) == value for key, value in asked.items())]
    return [e.name for e in sorted(fitting, key=lambda e: (not e.recommended, e.name))]


def entries(pattern: str = "*") -> dict[str, Entry]:
    """What the indexes say of published models, by name; ``pattern`` as in a shell."""
    place = hub()
    found = {**(read_index(place) if place else {}), **bundled_index()}
    return {name: found[name] for name in found if fnmatchcase(name, pattern)}


def read_file(found: Entry, place: Remote, name: str) -> bytes:
    """A small file of a model, such as its config, where it is now; ValueError for one that was changed."""
    about = found.files[name]
    content = _read(place, about.path, about.size)
    if hashlib.sha256(content).hexdigest() != about.sha256:
        raise ValueError(f"{about.path} from {place.address} was changed since it was published")
    return content


def entry(name: str) -> tuple[Entry, Remote]:
    """What the index says of a model, and the place that has its files.

    A task's name alone stands for the model that the package, or else the hub, recommends for it.
    """
    shipped, folder, place = bundled_index(), Folder(bundled_folder()), hub()
    name = recommended(shipped).get(name, name)
    known = shipped.get(name)
    if known and all((folder.path / file.path).is_file() for file in known.files.values()):
        return known, folder
    offered = read_index(place) if place else {}
    name = recommended(offered).get(name, name)
    if name in offered and place:
        return offered[name], place
    if known:
        asked = (
            f"{place.address} does not have it: name another hub in {HUB}"
            if place
            else f"set {HUB} to its hub"
        )
        raise ValueError(f"model {name} does not come with the package: {asked}")
    names = sorted({*shipped, *offered, *recommended(shipped), *recommended(offered)})
    near = get_close_matches(name, names, 3, 0.4) or names[:3]
    more = "" if place else f". More models may be on a hub: set {HUB}"
    raise ValueError(f"no model {name!r}; near it: {', '.join(near) or 'none, there are no models'}{more}")


def fetch(name: str, advance: Advance | None = None) -> Path:
    """The checkpoint folder of a model, its files verified; downloaded into the cache if need be.

    A file appears in the cache only when whole and verified, so that a broken download, or two at once, leave
    nothing bad. Files that are there already are verified again, and nothing is written; only the card may
    change under a name, and stays as it came. A model of the package is used where it is. Weights that
    another model has, too, are downloaded once, into a folder that all models of the cache share.
    """
    found, place = entry(name)
    if place.address == str(bundled_folder()):
        return _untouched(found)
    target = cache_folder() / "models" / f"{found.name}-{found.version}"
    for file, about in found.files.items():
        path = _cached(target, file, about)
        if not (path.is_file() and (file == CARD or sha256(path) == about.sha256)):
            _bring(place, about, path, advance)
    return _agreeing(target, found)


def recommended(index: Mapping[str, Entry]) -> dict[str, str]:
    """By task the name of the model that an index recommends for it."""
    return {found.task: name for name, found in index.items() if found.recommended}


def hub() -> Remote | None:
    """The place that ``RCZOO_HUB`` names, if any."""
    address = os.environ.get(HUB, "")
    return remote(address) if address else None


def bundled_folder() -> Path:
    """The models that come with the package: inside it when installed, or in the checkout."""
    return package_data("zoo/models")


def bundled_index() -> dict[str, Entry]:
    """The package's own index; empty where there is none."""
    path = bundled_folder() / INDEX
    return parse_index(path.read_bytes(), "the package") if path.is_file() else {}


def read_index(place: Remote) -> dict[str, Entry]:
    """The index of a hub: fresh, or the last one seen if the hub cannot be reached now.

    ValueError for one that is no index, which is not kept. What it says of a model of the package other than
    the package itself counts for nothing, now and later.
    """
    key = hashlib.sha256(place.address.encode()).hexdigest()[:16]
    kept = cache_folder() / "hubs" / key / INDEX
    try:
        content = _read(place, INDEX, LARGEST_INDEX)
    except ConnectionError:
        if not kept.is_file():
            raise
        return _confirmed(parse_index(kept.read_bytes(), place.address))
    entries = _confirmed(parse_index(content, place.address))
    with suppress(OSError):  # keeping it is for worse days only, and the cache may be read-only
        if not (kept.is_file() and kept.read_bytes() == content):
            atomically(kept, lambda temporary: write_content(temporary, content))
    return entries


def _in_package(name: str) -> bool:
    """Whether the package knows a name: that of a model, or of a task that it recommends one for."""
    index = bundled_index()
    return name in index or name in recommended(index)


def _confirmed(offered: dict[str, Entry]) -> dict[str, Entry]:
    """A hub's entries; where they contradict what the package says of a model, the package's word counts."""
    shipped = bundled_index()
    return {
        name: shipped[name] if name in shipped and shipped[name].frozen != found.frozen else found
        for name, found in offered.items()
    }


def _untouched(found: Entry) -> Path:
    """The folder of a model of the package, if its files are as published."""
    for about in found.files.values():
        path = bundled_folder() / about.path
        if sha256(path) != about.sha256:
            raise ValueError(f"{path} was changed since it was published: install the package again")
    return _agreeing(bundled_folder() / found.name, found)


def _cached(target: Path, file: str, about: File) -> Path:
    """Where the cache keeps a file of the model ``target``; only older caches have weights beside configs."""
    if file != WEIGHTS or (target / file).exists():
        return target / file
    return shared_weights(target.parent.parent, about.sha256)


def _agreeing(folder: Path, found: Entry) -> Path:
    """The folder of a model whose config asks for the weights that the index gives it."""
    asked, given = read_json(folder / CONFIG).get("sha256"), found.files[WEIGHTS].sha256
    if asked != given:
        raise ValueError(
            f"the config of {found.name} asks for weights with sha256 {str(asked)[:12]}..., the index has "
            f"{given[:12]}...: the hub is wrong, so nothing is loaded; tell who keeps it"
        )
    return folder


def _bring(place: Remote, about: File, path: Path, advance: Advance | None) -> None:
    """Copy a file from a hub into the cache, once it is known to be the right one."""
    content = _read(place, about.path, about.size, advance)
    found = hashlib.sha256(content).hexdigest()
    if found != about.sha256:
        raise ValueError(
            f"{about.path} from {place.address}: {len(content)} bytes with sha256 {found[:12]}..., published "
            f"were {about.size} with {about.sha256[:12]}...: it is damaged or changed; nothing was kept, try "
            "again"
        )
    refuse_pickle(path, content)
    atomically(path, lambda temporary: write_content(temporary, content))


def _read(place: Remote, path: str, most: int, advance: Advance | None = None) -> bytes:
    """The bytes of a file of a hub, no more than ``most``."""
    pieces, size = [], 0
    for piece in place.chunks(path):
        size += len(piece)
        if size > most:
            raise ValueError(f"{path} from {place.address} is longer than the {most} bytes it should have")
        pieces.append(piece)
        if advance:
            advance(len(piece))
    return b"".join(pieces)
