"""Train a member of the family on a task: early stopping, best weights, resumed after a kill."""

from __future__ import annotations

import logging
import signal
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback, EarlyStopping

from .._arguments import check_whole
from ..data.output_names import control_widths, output_names
from ..data.preparation import identities
from ..data.task import Task, load_task
from ..evaluation.scoring import evaluate as evaluate
from ..family.architectures import build
from ..family.checkpoint import save_checkpoint
from ..family.network import Network
from ..hardware import choose_device, full_precision, hardware, memory_kept
from .module import TrainingModule
from .resume import ResumableState, to_plain
from .strategies import resolve_strategy

if TYPE_CHECKING:
    from rich.progress import Progress

SEEDS = (1535, 1780, 2143, 3578, 4652, 6117, 6806, 7626, 9295, 9999)
"""The ten seeds of Zhou et al. 2022: they vary initialisation and order, never the data."""


def train(
    task: Task | str,
    *,
    strategy: str | None = None,
    mixing: float | str | Sequence[float] | None = None,
    wrap: Sequence[int] | None = None,
    merge: str | None = None,
    out: str | Path,
    seed: int = SEEDS[0],
    epochs: int | None = None,
    device: str = "cpu",
    threads: int = 1,
    force: bool = False,
    progress: Progress | None = None,
    **options: Any,
) -> Network:
    """Train on a task; save the best weights, by the task's own criterion, as a checkpoint in ``out``.

    Give one of ``strategy`` (a name in ``strategies.py``), ``mixing`` and ``wrap``. ``options`` (filters,
    gain, batch_statistics, ...) override the task's arguments of ``build``. ``seed`` sets initialisation and
    order. One training per core, each with one thread, is the fast way to several seeds.

    The same call again after a kill goes on from the last whole epoch, and ends in the same weights (on a CPU
    bit for bit) as a training that was not killed. ``force`` starts over. Returns the model, in eval mode.
    Raises ValueError when ``out`` holds another training or a finished one.
    """
    task = load_task(task) if isinstance(task, str) else task
    epochs = task.training.epochs if epochs is None else epochs
    if epochs is None:
        raise ValueError(f"task {task.name} does not say for how many epochs to train: give epochs")
    check_whole("train", epochs=(epochs, 1), threads=(threads, 1), seed=(seed, 0))
    plan = resolve_strategy(strategy, mixing, wrap, merge)
    accelerator = choose_device(device).type
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    network = build(**{**task.model.keywords(), **plan.options, **options})
    about = to_plain(
        {
            "task": task.name,
            "strategy": plan.name,
            "seed": seed,
            "epochs": int(epochs),
            "trained_as": network.config.keywords(),
            "training": task.training.plain(),
            "data": task.data.plain(),
            "outputs": output_names(task),
            "control_widths": control_widths(task),
            "files": identities(task),
        }
    )
    state = ResumableState(Path(out), about, task.training.best, force)
    if not state.finished:
        augment = task.training.augment if plan.augment else ""
        _fit(TrainingModule(network, task, augment, state), state, accelerator, progress)
    if not state.best_weights:
        raise ValueError(
            f"training {plan.name} on {task.name} never had a finite validation {state.best}: "
            "lower the learning rate, or check the data"
        )
    network.load_state_dict({k.removeprefix("network."): v for k, v in state.best_weights.items()})
    network.execution = "frames"
    best = network.remerge(plan.remerge) if plan.remerge else network
    known = {
        "best_epoch": state.best_epoch,
        "seconds": round(state.elapsed(), 3),
        "history": state.history,
        "hardware": hardware(accelerator, threads),
    }
    save_checkpoint(best, out, **about, **known)
    state.forget()
    return best.eval()


def _fit(module: TrainingModule, state: ResumableState, accelerator: str, progress: Progress | None) -> None:
    """Run Lightning from the keeper's epoch on."""
    network, training = module.network, module.task.training
    if network.config.batch_statistics != "separate":
        network.execution = "tied"
    callbacks: list[Callback] = []
    if patience := training.patience:
        callbacks.append(EarlyStopping("loss", patience=patience, check_on_train_epoch_end=False))
    callbacks.append(state)
    if progress:
        callbacks.append(Bar(progress, state))
    with _lightning_silenced(), memory_kept(), full_precision(search=True):
        trainer = Trainer(
            accelerator=accelerator,
            devices=1,
            max_epochs=state.about["epochs"] - state.first_epoch,
            callbacks=callbacks,
            reload_dataloaders_every_n_epochs=1,
            num_sanity_val_steps=0,
            logger=False,
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


class Bar(Callback):
    """A rich progress bar of the steps of all epochs, with the latest validation loss."""

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

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the epoch's validation."""
        self.progress.update(self.bar, description=self._text())

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Early stopping ends the bar, too."""
        done = self.progress.tasks[self.bar].completed
        self.progress.update(self.bar, total=done, completed=done)

    def _text(self) -> str:
        about, history = self.state.about, self.state.history
        if not history:
            return f"{about['strategy']}, epoch 1"
        shown = " ".join(f"{k} {history[-1][k]:.3f}" for k in ("loss", "auroc") if k in history[-1])
        return f"{about['strategy']}, epoch {len(history)}: validation {shown}"


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
