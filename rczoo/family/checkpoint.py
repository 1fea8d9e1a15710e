"""Models on disk: a folder with ``model.safetensors`` and ``config.json``, from which the model is rebuilt.

An ensemble's ``model`` lists the arguments of its members. Published models of one training share a file of
weights (:func:`rczoo.files.storage.weights_path`). Nothing is ever unpickled. The config is written last and
holds the sha256 of the weights, so a kill leaves the old checkpoint, or one that says it is incomplete.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import nn

from .._arguments import is_whole
from .._version import __version__
from ..files.atomic import write_bytes
from ..files.storage import (
    CONFIG,
    WEIGHTS,
    pack_tensors,
    read_bytes,
    read_json,
    refuse_pickle,
    to_json,
    unpack_tensors,
    weights_path,
)
from .architectures import build
from .ensembles import Ensemble, Model
from .interpolated import AnyNetwork
from .old_outputs import with_outputs

FORMAT = "rczoo checkpoint 1"
CHECKED: dict[str, Callable[[Any], bool]] = {
    "outputs": lambda name: isinstance(name, str),
    "control_widths": is_whole,
}
"""What every item of these lists in a config must be, wherever the config comes from."""
KINDS: dict[str, tuple[type, ...]] = {
    "model": (dict,),
    "sha256": (str,),
    "task": (str, type(None)),
    "strategy": (str,),
    "data": (dict,),
    "metrics": (dict,),
    "history": (list,),
    "provenance": (dict,),
}
"""What these entries of a config must be, where they are there."""
LARGEST_GAIN = 1e6
"""A gain a thousand times any that was ever used; some layers of a larger one overflow float32."""
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
"""The types in which a network answers; PyTorch stores others in which it cannot compute."""


def save_checkpoint(model: nn.Module, folder: str | Path, **about: Any) -> Path:
    """Write a built model and what is known ``about`` it (task, strategy, metrics, ...) to a folder.

    Returns the folder. Raises ValueError for a model that neither ``build`` nor ``ensemble`` made, or values
    JSON cannot hold.
    """
    weights, config = contents(model, about)
    write_bytes(Path(folder) / WEIGHTS, weights)
    write_bytes(Path(folder) / CONFIG, config)
    return Path(folder)


def contents(model: nn.Module, about: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """The bytes of a checkpoint's weights and of its config, which :func:`save_checkpoint` writes."""
    if not isinstance(model, Model):
        raise ValueError(
            f"{type(model).__name__} has no config to rebuild it from: save models made by build"
        )
    weights = pack_tensors(model.state_dict())
    config = to_json(
        {
            "format": FORMAT,
            "model": model.config.keywords(),
            "rep_in": [str(rep) for rep in model.rep_in],
            "rep_out": [str(rep) for rep in model.rep_out],
            **about,
            "provenance": {**provenance(), **about.get("provenance", {})},
            "sha256": hashlib.sha256(weights).hexdigest(),
        }
    )
    return weights, config


def load_checkpoint(folder: str | Path) -> Model:
    """Rebuild the model of a checkpoint folder, in eval mode, on the CPU, in the type it was saved in.

    Raises FileNotFoundError or ValueError, in one line, for anything but an intact checkpoint.
    """
    config, folder = read_config(folder), Path(folder)
    return rebuild(config, weights_path(folder, str(config["sha256"])), folder / CONFIG)


def rebuild(config: dict[str, Any], path: Path, source: Path) -> Model:
    """The model of a config, with the weights in the file ``path``; ``source``: where the config was read."""
    content = read_bytes(path)
    refuse_pickle(path, content)
    found, expected = hashlib.sha256(content).hexdigest(), str(config["sha256"])
    if found != expected:
        raise ValueError(
            f"{path}: {len(content)} bytes with sha256 {found[:12]}..., but {CONFIG} expects {expected[:12]}"
            "...: the file is truncated or changed; copy or train it again"
        )
    tensors = unpack_tensors(path, content)
    check_values(tensors, path)
    try:
        with torch.device("meta"):  # which has shapes and takes no memory, whatever the config asks for
            shapes = _untrained(config["model"], tensors)
    except Exception as error:  # the arguments may be of any type and size
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"{source}: {reason}: it was changed, or is of another version of rczoo") from error
    check_shapes(shapes, tensors, path)
    model = _untrained(config["model"], tensors)
    fill(model, tensors, path)
    return model.eval()


def _untrained(arguments: dict[str, Any], tensors: Mapping[str, torch.Tensor]) -> Model:
    """The model, untrained; refused before it takes memory if it has more members than its weights."""
    if set(arguments) != {"ensemble"}:
        return _network(arguments, tensors)
    members = arguments["ensemble"]
    given = {name.split(".")[1] for name in tensors if name.startswith("members.")}
    if len(members) != len(given):
        raise ValueError(f"the ensemble has {len(members)} members, but the weights are of {len(given)}")
    return Ensemble([_network(member, tensors) for member in members])


def _network(arguments: dict[str, Any], tensors: Mapping[str, torch.Tensor]) -> AnyNetwork:
    """A network, untrained; refused before it takes memory if it is too wide for its weights."""
    widest = max((size for value in tensors.values() for size in value.shape), default=0)
    for name in ("filters", "outputs"):
        size = arguments.get(name) or 0
        if isinstance(size, int) and size > widest:
            raise ValueError(f"{name} is {size}, but the weights are at most {widest} wide")
    if isinstance(gain := arguments.get("gain"), float) and gain > LARGEST_GAIN:
        raise ValueError(f"gain is {gain:g}, and at most {LARGEST_GAIN:g} is of use")
    return build(**arguments)


def read_config(folder: str | Path) -> dict[str, Any]:
    """The config of a checkpoint folder: the model's arguments and what was saved about it.

    ``outputs`` (names of labels or factors) and ``control_widths`` (of smoothing) are always among it, as
    lists, which are empty where nothing is known.
    """
    folder = Path(folder)
    if folder.is_file():
        refuse_pickle(folder, read_bytes(folder))
        raise ValueError(f"{folder} is a file: a checkpoint is a folder with {WEIGHTS} and {CONFIG}")
    path = folder / CONFIG
    if not path.exists():
        raise FileNotFoundError(
            f"{folder} has no {CONFIG}: a checkpoint is a folder with {WEIGHTS} and {CONFIG}, as rczoo train "
            "writes it"
        )
    config = read_json(path)
    if config.get("format") != FORMAT or not {"model", "sha256"} <= set(config):
        raise ValueError(
            f"{path} has format {config.get('format')!r}, expected {FORMAT!r}: "
            "it was not written by this version of rczoo"
        )
    for name, kinds in KINDS.items():
        if name in config and not isinstance(config[name], kinds):
            raise _changed(path, name, config[name])
    config = with_outputs(config)
    for name, right in CHECKED.items():
        if not isinstance(config[name], list) or not all(map(right, config[name])):
            raise _changed(path, name, config[name])
    return config


def _changed(path: Path, name: str, value: Any) -> ValueError:
    return ValueError(f"{path}: {name} is {value!r}: it was changed, or is of another version of rczoo")


def fill(model: nn.Module, tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    """Put the tensors of the file ``path`` into a model; names and shapes must be the model's."""
    check_shapes(model, tensors, path)
    if kinds := [value.dtype for value in tensors.values() if value.is_floating_point()]:
        model.to(kinds[0])
    model.load_state_dict(dict(tensors))


def check_shapes(model: nn.Module, tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    """Refuse tensors of the file ``path`` whose names or shapes are not the model's."""
    expected = model.state_dict()
    if wrong := sorted(set(expected) ^ set(tensors)):
        problem = "lacks the tensor" if wrong[0] in expected else "has an unknown tensor"
        raise ValueError(f"{path} {problem} {wrong[0]!r}: it belongs to another model; train it again")
    for name, value in sorted(tensors.items()):
        if value.shape != expected[name].shape:
            raise ValueError(
                f"{path}: {name!r} has shape {tuple(value.shape)}, the model {tuple(expected[name].shape)}: "
                "it belongs to another model; train it again"
            )
        if value.is_floating_point() != expected[name].is_floating_point():
            raise ValueError(
                f"{path}: {name!r} is {value.dtype}, the model's {expected[name].dtype}: it was changed"
            )


def check_values(tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    """Refuse tensors of the file ``path`` from which no answer comes: what no training leaves behind."""
    for name, value in sorted(tensors.items()):
        problem = ""
        if value.is_floating_point() and value.dtype not in FLOATS:
            problem = f"is {value.dtype}, in which no model computes"
        elif not value.isfinite().all():
            problem = "has a value that is not finite"
        elif name.endswith("running_var") and (value < 0).any():
            problem = "has a negative variance"
        if problem:
            raise ValueError(f"{path}: {name!r} {problem}: it was changed, or its training failed")


def provenance() -> dict[str, str]:
    """When and with what a file was made."""
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "rczoo": __version__,
        "torch": str(torch.__version__),
        "python": platform.python_version(),
    }
