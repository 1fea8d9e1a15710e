"""Files that are read without ever running what is in them.

JSON for values, safetensors for tensors. A pickle is refused by its first bytes.
"""

from __future__ import annotations

import json
import math
import re
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    import torch

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
"""The two files of a checkpoint."""
HISTORY = "history.csv"
"""How its training went, as a table beside it: a line an epoch."""
SHARED = "weights"
"""The folder of weights that published models share, named by their sha256."""
REMEDY = "copy or train it again"


def stays_below(path: object) -> TypeGuard[str]:
    r"""Whether a path that comes from elsewhere names something below the folder that it is joined to.

    An empty path does not, nor an absolute one, nor one with ``..``, ``\`` or ``:``, on any system.
    """
    if not isinstance(path, str) or any(character in path for character in "\\:\0"):
        return False
    pure = PurePosixPath(path)
    return bool(pure.parts) and not pure.is_absolute() and ".." not in pure.parts


def to_json(value: Any) -> bytes:
    """Indented JSON text; NaN, which JSON lacks, becomes null. ValueError for what JSON cannot hold.

    >>> to_json({"auroc": float("nan")})
    b'{\\n  "auroc": null\\n}\\n'
    """
    try:
        return (json.dumps(_finite(value), indent=2, allow_nan=False) + "\n").encode()
    except TypeError as error:
        raise ValueError(f"{error}: give numbers, strings, lists and dicts") from error


def shared_weights(models: Path, digest: str) -> Path:
    """Where the folder ``models`` keeps the weights with this sha256, for all models that have them."""
    return models / SHARED / f"{digest[:16]}.safetensors"


def weights_path(folder: Path, digest: str) -> Path:
    """The weights of the checkpoint ``folder`` whose config asks for the sha256 ``digest``.

    They lie beside the config or, if published, where models of one training share them: two folders up.
    """
    beside = folder / WEIGHTS
    if beside.exists() or not re.fullmatch(r"[0-9a-f]{64}", digest):
        return beside
    shared = shared_weights(folder.absolute().parent.parent, digest)
    return shared if shared.exists() else beside


def read_bytes(path: Path) -> bytes:
    """The bytes of a plain file, no more than it has; FileNotFoundError with the remedy when it is missing.

    A pipe, a device or a folder is refused: it might never end.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing: {REMEDY}") from None
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{path} is no plain file, but a folder, pipe or device: {REMEDY}")
    with path.open("rb") as file:
        return file.read(status.st_size)


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file; ValueError, in one line, when it is not one."""
    content = read_bytes(path)
    refuse_pickle(path, content)
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON ({error}): it is truncated or changed; {REMEDY}") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path} holds a JSON {type(value).__name__}, not an object: {REMEDY}")
    return value


def pack_tensors(tensors: Mapping[str, torch.Tensor]) -> bytes:
    """The bytes of a safetensors file. Tensors that share memory are stored under each of their names."""
    from safetensors.torch import save

    return save({name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()})


def unpack_tensors(path: Path, content: bytes) -> dict[str, torch.Tensor]:
    """The named tensors in the bytes of the file ``path``; ValueError, in one line, unless intact."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    refuse_pickle(path, content)
    try:
        return load(content)
    except SafetensorError as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"{path} ({len(content)} bytes) is not an intact safetensors file ({reason}): {REMEDY}"
        ) from error


def refuse_pickle(path: Path, content: bytes) -> None:
    """Raise ValueError if the bytes are a pickle (or a zip of one, as torch writes)."""
    if content[4:9] == b"\0\0\0\0{":  # safetensors: a length, which may look like a pickle, comes first
        return
    if content[:4] == b"PK\x03\x04" or (content[:1] == b"\x80" and content[1:2] in b"\x02\x03\x04\x05"):
        raise ValueError(
            f"{path} is a pickle, which could run any code and is never loaded: "
            "load it where you trust it and save its model with save_checkpoint"
        )


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
