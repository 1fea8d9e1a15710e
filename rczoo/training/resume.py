"""Going on after a kill: one file beside the checkpoint, rewritten after every epoch, removed at the end.

It holds weights, best weights, optimiser, random state, early stopping and history as safetensors, the values
among them as JSON inside it, so that it is replaced in one step and never unpickled.
"""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from ..files.atomic import remove_leftovers, write_bytes
from ..files.storage import CONFIG, HISTORY, WEIGHTS, pack_tensors, read_bytes, to_json, unpack_tensors
from .schedule import improves

STATE = "resume.safetensors"
FILES = (STATE, HISTORY, WEIGHTS, CONFIG)
"""All that a training writes in its folder."""
NOW, BEST = "now.network.", "best.network."
"""How the names of the network's tensors begin in the file: of the last whole epoch, and of the best."""
Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Snapshot:
    """Where a training stands between two epochs, and from where the next one goes on.

    ``optimiser`` holds the moments of each parameter by its index, ``stopper`` the plain values of early
    stopping, in which JSON turns an infinity into None.
    """

    weights: Tensors
    optimiser: dict[int, Tensors]
    random: torch.Tensor
    stopper: dict[str, Any]


class ResumableState:
    """The state of a training as of its last whole epoch, and the best weights so far.

    ``about`` identifies the training: a state of another one is refused. ``criterion`` is what makes weights
    best: ``"auroc"`` (highest) or ``"loss"`` (lowest) on the validation split. ``resumed`` is where an
    interrupted training stood, None for a new one; ``first_epoch`` counts the whole epochs before it.
    ``force`` takes the place of another training, or of a finished one; just this one goes on, so that the
    same forced call after a kill does not begin again. For whoever is alone with the folder.
    """

    def __init__(self, folder: Path, about: dict[str, Any], criterion: str, force: bool = False) -> None:
        self.path, self.about, self.criterion = folder / STATE, about, criterion
        self.history: list[dict[str, Any]] = []
        self.best_epoch: int | None = None
        self.best_weights: Tensors = {}
        self.resumed: Snapshot | None = None
        self.seconds = 0.0
        self.finished = False
        try:
            self._resume_or_refuse(folder)
        except ValueError:
            if not force:
                raise
            self.forget()
        self.first_epoch = len(self.history)
        self._started = perf_counter()

    def record(self, entry: dict[str, Any], now: Snapshot, stopped: bool, write: bool = True) -> None:
        """Add a whole epoch: its ``entry`` of the history, its weights if they are best, and the file.

        Of processes that train together one is to ``write`` it.
        """
        self.history.append(entry)
        if self._is_best():
            self.best_epoch = len(self.history)
            self.best_weights = {k: v.detach().cpu().clone() for k, v in now.weights.items()}
        self.finished = stopped or len(self.history) >= self.about["epochs"]
        if write:
            self._save(now)
            self.write_history()

    def write_history(self) -> None:
        """Write the history as a table."""
        write_bytes(self.path.with_name(HISTORY), _table(self.history))

    def forget(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)

    @property
    def scores(self) -> list[float]:
        """The criterion on the validation split, by epoch."""
        return [entry[self.criterion] for entry in self.history]

    def elapsed(self) -> float:
        """Seconds of training, those before an interruption included."""
        return self.seconds + perf_counter() - self._started

    def _resume_or_refuse(self, folder: Path) -> None:
        for name in FILES:
            remove_leftovers(folder / name)
        if self.path.exists():
            self._load()
        elif (folder / CONFIG).exists():
            raise ValueError(f"{folder} already holds a finished training: choose another --out, or --force")

    def _is_best(self) -> bool:
        """Whether the last epoch is better than the best before it; one without a score (NaN) never is."""
        last = self.scores[-1]
        if self.best_epoch is None:
            return not math.isnan(last)
        return improves(self.criterion, last, self.scores[self.best_epoch - 1])

    def _save(self, now: Snapshot) -> None:
        values = {
            "about": self.about,
            "history": self.history,
            "best_epoch": self.best_epoch,
            "finished": self.finished,
            "seconds": self.elapsed(),
            "stopper": now.stopper,
        }
        tensors = {
            "values": torch.frombuffer(bytearray(to_json(values)), dtype=torch.uint8),
            "random": now.random,
            **{f"{NOW}{k}": v for k, v in now.weights.items()},
            **{f"{BEST}{k}": v for k, v in self.best_weights.items()},
            **{f"optimiser.{i}.{k}": v for i, state in now.optimiser.items() for k, v in state.items()},
        }
        write_bytes(self.path, pack_tensors(tensors))

    def _load(self) -> None:
        try:
            tensors = unpack_tensors(self.path, read_bytes(self.path))
            values = json.loads(tensors["values"].numpy().tobytes())
        except (ValueError, KeyError) as error:
            raise ValueError(f"{error}; --force starts this training over") from error
        if different := _difference(values["about"], to_plain(self.about)):
            raise ValueError(
                f"{self.path.parent} holds an unfinished training with {different}: choose another --out, "
                "or --force to start over"
            )
        self.history = [
            {k: math.nan if v is None else v for k, v in entry.items()}  # JSON has no NaN
            for entry in values["history"]
        ]
        self.best_epoch, self.finished = values["best_epoch"], values["finished"]
        self.seconds, self.best_weights = values["seconds"], _part(tensors, BEST)
        self.resumed = Snapshot(_part(tensors, NOW), _by_index(tensors), tensors["random"], values["stopper"])


def _table(history: list[dict[str, Any]]) -> bytes:
    """The history as CSV."""
    text = io.StringIO()
    table = csv.DictWriter(text, list(history[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(history)
    return text.getvalue().encode()


def _part(tensors: Tensors, prefix: str) -> Tensors:
    """The tensors whose names begin so, without the beginning."""
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _by_index(tensors: Tensors) -> dict[int, Tensors]:
    """The optimiser's tensors, ``optimiser.INDEX.NAME`` in the file, by parameter."""
    moments: dict[int, Tensors] = {}
    for name, value in _part(tensors, "optimiser.").items():
        index, _, key = name.partition(".")
        moments.setdefault(int(index), {})[key] = value
    return moments


def _difference(known: dict[str, Any], wanted: dict[str, Any]) -> str:
    """The first entry, however deep, in which two descriptions differ, in words; empty if there is none."""
    for key in dict.fromkeys((*wanted, *known)):
        old, new = known.get(key), wanted.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            if inner := _difference(old, new):
                return f"{key} {inner}"
        elif old != new:
            return f"{key} {old!r}, not {new!r}"
    return ""


def to_plain(value: Any) -> Any:
    """A value as JSON gives it back."""
    return json.loads(to_json(value))
