"""Going on after a kill: one file beside the checkpoint, rewritten after every epoch, removed at the end.

It holds weights, best weights, optimiser, random state, early stopping and history as safetensors, the values
among them as JSON inside it, so that it is replaced in one step and never unpickled.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback, EarlyStopping

from ..family.checkpoint import CONFIG
from ..files.atomic import write_bytes
from ..files.storage import pack_tensors, read_bytes, to_json, unpack_tensors

STATE = "resume.safetensors"
Tensors = dict[str, torch.Tensor]


class ResumableState(Callback):
    """The state of a training as of its last whole epoch, and the best weights so far.

    ``about`` identifies the training: a state of another one is refused. ``best`` is what makes weights best:
    ``"auroc"`` (highest) or ``"loss"`` (lowest) on the validation split.
    """

    def __init__(self, folder: Path, about: dict[str, Any], best: str, force: bool = False) -> None:
        super().__init__()
        self.path, self.about, self.best = folder / STATE, about, best
        self.history: list[dict[str, Any]] = []
        self.best_epoch: int | None = None
        self.best_weights: Tensors = {}
        self.tensors: Tensors = {}
        self.stopper: dict[str, Any] = {}
        self.seconds = 0.0
        self.finished = False
        if force:
            self.forget()
        elif self.path.exists():
            self._load()
        elif (folder / CONFIG).exists():
            raise ValueError(f"{folder} already holds a finished training: choose another --out, or --force")
        self.first_epoch = len(self.history)
        self._started = perf_counter()

    def part(self, prefix: str) -> Tensors:
        """The resumed tensors whose names begin so, without the beginning; empty at a new start."""
        return {k.removeprefix(prefix): v for k, v in self.tensors.items() if k.startswith(prefix)}

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put everything back, after Lightning has moved the model to its device."""
        if not self.tensors:
            return
        pl_module.load_state_dict(self.part("now."))
        torch.set_rng_state(self.tensors["random"])
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, EarlyStopping):
                known = self.stopper["best_score"]  # JSON has no infinity
                best = torch.tensor(math.inf if known is None else known)
                callback.load_state_dict({**self.stopper, "best_score": best})

    def restore(self, optimiser: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """The same optimiser with its resumed moments, if there are any."""
        state: dict[int, Tensors] = {}
        for name, value in self.part("optimiser.").items():
            index, _, key = name.partition(".")
            state.setdefault(int(index), {})[key] = value
        if state:
            optimiser.load_state_dict(
                {"state": state, "param_groups": optimiser.state_dict()["param_groups"]}
            )
        return optimiser

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remember the best weights, and write the state."""
        scores = [entry[self.best] for entry in self.history if entry[self.best] == entry[self.best]]
        wanted = max if self.best == "auroc" else min
        if scores and scores[-1] == wanted(scores) and scores.count(scores[-1]) == 1:
            self.best_epoch = len(self.history)
            self.best_weights = {k: v.detach().cpu().clone() for k, v in pl_module.state_dict().items()}
        self.finished = trainer.should_stop or len(self.history) >= self.about["epochs"]
        self._save(trainer, pl_module)

    def forget(self) -> None:
        """Remove the state."""
        self.path.unlink(missing_ok=True)

    def elapsed(self) -> float:
        """Seconds of training, those before an interruption included."""
        return self.seconds + perf_counter() - self._started

    def _save(self, trainer: Trainer, module: LightningModule) -> None:
        stopper = next((c.state_dict() for c in trainer.callbacks if isinstance(c, EarlyStopping)), {})  # type: ignore[attr-defined]
        values = {
            "about": self.about,
            "history": self.history,
            "best_epoch": self.best_epoch,
            "finished": self.finished,
            "seconds": self.elapsed(),
            "stopper": {k: v.item() if isinstance(v, torch.Tensor) else v for k, v in stopper.items()},
        }
        optimiser = trainer.optimizers[0].state_dict()["state"]
        tensors = {
            "values": torch.frombuffer(bytearray(to_json(values)), dtype=torch.uint8),
            "random": torch.get_rng_state(),
            **{f"now.{k}": v for k, v in module.state_dict().items()},
            **{f"best.{k}": v for k, v in self.best_weights.items()},
            **{f"optimiser.{i}.{k}": v for i, state in optimiser.items() for k, v in state.items()},
        }
        write_bytes(self.path, pack_tensors(tensors))

    def _load(self) -> None:
        try:
            self.tensors = unpack_tensors(self.path, read_bytes(self.path))
            values = json.loads(self.tensors["values"].numpy().tobytes())
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
        self.stopper = values["stopper"]
        self.best_epoch, self.finished = values["best_epoch"], values["finished"]
        self.seconds, self.best_weights = values["seconds"], self.part("best.")


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
