"""One fit, as Lightning runs it: this and ``module.py`` are all that needs Lightning."""

from __future__ import annotations

import logging
import shutil
import signal
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback, EarlyStopping
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger

from .._memory import memory_kept
from ..data.task import Task
from ..family.interpolated import AnyNetwork
from ..hardware import full_precision
from .module import TrainingModule
from .resume import ResumableState, Snapshot
from .schedule import RESOLUTION, better, learning_rate

if TYPE_CHECKING:
    from rich.progress import Progress

LOGGERS: dict[str, type[CSVLogger] | type[TensorBoardLogger]] = {
    "csv": CSVLogger,
    "tensorboard": TensorBoardLogger,
}


ALONE = {"devices": 1}
"""What Lightning is told of a training by one process."""


def fit(
    network: AnyNetwork,
    task: Task,
    augment: str,
    state: ResumableState,
    accelerator: str,
    logger: str | None = None,
    progress: Progress | None = None,
    together: Mapping[str, Any] = ALONE,
) -> None:
    """Train the network from the state's epoch on; its best weights are then in the state.

    ``logger``: ``"csv"`` or ``"tensorboard"`` has Lightning log every epoch in ``logs`` beside the state.
    ``together``: Lightning's words for the processes of which this is one.
    """
    seed, agreement = int(state.about["seed"]), float(state.about.get("agreement", 0))
    module = TrainingModule(network, task, augment, seed, state.first_epoch, agreement)
    network.execution = network.executions[-1]  # tied kernels, where it has them, are the faster ones
    with _lightning_silenced(), memory_kept(), full_precision(search=True):
        trainer = Trainer(
            **together,
            accelerator=accelerator,
            max_epochs=state.about["epochs"] - state.first_epoch,
            callbacks=_callbacks(module, state, progress),
            reload_dataloaders_every_n_epochs=1,
            num_sanity_val_steps=0,
            logger=_logger(logger, state) if logger else False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        interrupt = signal.getsignal(signal.SIGINT)
        try:
            trainer.fit(module)
        except SystemExit:  # what Lightning makes of Ctrl-C, ignoring it from then on
            signal.signal(signal.SIGINT, interrupt)
            raise KeyboardInterrupt from None
    network.to("cpu")


def _callbacks(module: TrainingModule, state: ResumableState, progress: Progress | None) -> list[Callback]:
    """Early stopping, the state, which saves what early stopping has counted, and the bar, which shows it."""
    callbacks: list[Callback] = []
    if patience := module.task.training.patience:
        criterion = module.task.training.criterion
        callbacks.append(
            EarlyStopping(
                "criterion",
                min_delta=RESOLUTION[criterion],
                patience=patience,
                mode=better(criterion),
                check_finite=False,  # an epoch without a score is one that is not better
                check_on_train_epoch_end=False,
            )
        )
    callbacks.append(KeepState(module, state))
    if progress:
        callbacks.append(Bar(progress, state))
    return callbacks


class KeepState(Callback):
    """Drives a :class:`ResumableState`: puts a resumed training back, and records every whole epoch.

    Before an epoch it sets the learning rate, which follows from the epochs recorded.
    """

    def __init__(self, module: TrainingModule, state: ResumableState) -> None:
        super().__init__()
        self.module, self.state = module, state

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put everything back, after Lightning has moved the model to its device and made the optimiser."""
        for entry in self.state.history:
            _log(trainer, entry)
        if (resumed := self.state.resumed) is None:
            return
        self.module.network.load_state_dict(resumed.weights)
        torch.set_rng_state(resumed.random)
        groups = trainer.optimizers[0].state_dict()["param_groups"]
        trainer.optimizers[0].load_state_dict({"state": resumed.optimiser, "param_groups": groups})
        if stopper := _stopper(trainer):
            best = resumed.stopper["best_score"]  # None where none was finite, as JSON has no infinity
            score = stopper.best_score if best is None else torch.tensor(best)
            stopper.load_state_dict({**resumed.stopper, "best_score": score})

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Set the learning rate."""
        if trainer.world_size > 1:  # each process draws its own dropout masks, the same after an interruption
            mixed = np.random.SeedSequence([self.module.seed, self.module.epoch, trainer.global_rank])
            torch.manual_seed(int(mixed.generate_state(1)[0]))
        training, epochs = self.module.task.training, self.state.about["epochs"]
        self.rate = learning_rate(training, epochs, self.state.scores)
        for group in trainer.optimizers[0].param_groups:
            group["lr"] = self.rate

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record the epoch."""
        stopper = _stopper(trainer)
        waited = stopper.state_dict() if stopper else {}
        now = Snapshot(
            self.module.network.state_dict(),
            trainer.optimizers[0].state_dict()["state"],
            torch.get_rng_state(),
            {k: v.item() if isinstance(v, torch.Tensor) else v for k, v in waited.items()},
        )
        entry = {**self.module.entry, "learning_rate": self.rate}
        self.state.record(entry, now, stopped=trainer.should_stop, write=trainer.is_global_zero)
        _log(trainer, entry)


def _logger(name: str, state: ResumableState) -> Logger:
    """Lightning's logger of this name, whose files begin anew: a resumed training logs its history again."""
    folder = state.path.parent
    shutil.rmtree(folder / "logs" / name, ignore_errors=True)
    return LOGGERS[name](folder, name="logs", version=name)


def _log(trainer: Trainer, entry: dict[str, Any]) -> None:
    """Show an epoch of the history to the logger, if there is one."""
    for logger in trainer.loggers:
        logger.log_metrics({k: v for k, v in entry.items() if k != "epoch"}, step=entry["epoch"])
        logger.save()


def _stopper(trainer: Trainer) -> EarlyStopping | None:
    """The early stopping, where the task has a patience."""
    return next((c for c in trainer.callbacks if isinstance(c, EarlyStopping)), None)  # type: ignore[attr-defined]


class Bar(Callback):
    """A rich progress bar of the steps of all epochs, with the latest validation scores."""

    def __init__(self, progress: Progress, state: ResumableState) -> None:
        super().__init__()
        self.progress, self.state = progress, state

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the bar, the epochs before an interruption already done."""
        steps = int(trainer.num_training_batches)
        self.progress.start()
        self.bar = self.progress.add_task(
            self._text(), total=self.state.about["epochs"] * steps, completed=self.state.first_epoch * steps
        )

    def on_train_batch_end(self, *_: Any) -> None:
        """One step."""
        self.progress.advance(self.bar)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the epoch's validation, which the state has recorded."""
        self.progress.update(self.bar, description=self._text())

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Early stopping ends the bar, too."""
        done = self.progress.tasks[self.bar].completed
        self.progress.update(self.bar, total=done, completed=done)

    def _text(self) -> str:
        about, history = self.state.about, self.state.history
        if not history:
            return f"epoch 1, {about['strategy']}"
        shown = " ".join(f"{k} {history[-1][k]:.3f}" for k in ("loss", "auroc") if k in history[-1])
        return (
            f"epoch {len(history)}: {shown}, {about['strategy']}"  # what changes stands where it is not cut
        )


@contextmanager
def _lightning_silenced() -> Iterator[None]:
    """Keep Lightning's notices, meant for its own users, off the screen."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"lightning\..*")
        try:
            for logger in loggers:
                logger.setLevel(logging.ERROR)
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
