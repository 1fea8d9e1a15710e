"""Train a member of the family on a task: early stopping, best weights, resumed after a kill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import torch

from .._arguments import check_choice, check_whole
from ..data.output_names import control_widths, output_names
from ..data.preparation import identities
from ..data.recipe import SEEDS as SEEDS
from ..data.task import Task, load_task
from ..evaluation.scoring import evaluate as evaluate
from ..evaluation.scoring import require_metrics
from ..family.architectures import build
from ..family.checkpoint import save_checkpoint
from ..family.heads import check_linear
from ..family.interpolated import AnyNetwork
from ..files.locks import alone
from ..hardware import choose_device, hardware, threads_of_cpu
from .resume import ResumableState, to_plain
from .strategies import Strategy, network_of, resolve_strategy

if TYPE_CHECKING:
    from rich.progress import Progress

LOCK = ".training.lock"
"""The file in the checkpoint's folder that a running training holds."""


def train(
    task: Task | str,
    *,
    strategy: str | None = None,
    mixing: float | str | Sequence[float] | None = None,
    wrap: Sequence[int] | None = None,
    irreps: float | None = None,
    merge: str | None = None,
    agreement: float | None = None,
    out: str | Path,
    seed: int = SEEDS[0],
    epochs: int | None = None,
    device: str = "cpu",
    devices: int = 1,
    threads: int = 1,
    force: bool = False,
    progress: Progress | None = None,
    logger: str | None = None,
    **options: Any,
) -> AnyNetwork:
    """Train on a task; save the best weights, by the task's own criterion, as a checkpoint.

    The task's criterion on the validation split decides when the rate falls, when training stops, and which
    epoch is best. Give one of ``strategy``, ``mixing``, ``wrap`` and ``irreps``. One training per core, each
    with one thread, is the fast way to several seeds.

    Args:
        task: a task, its name, or the path of its file.
        strategy: a name in ``strategies.py``.
        mixing: as for :func:`rczoo.build`.
        wrap: likewise.
        irreps: likewise.
        merge: likewise, but ``mean`` where ``agreement`` is given.
        agreement: trains both strands as :func:`rczoo.agreement_loss` does, every sequence once in a batch: 0
            is conjoining while training, 1 is augmentation with both strands in the batch, more asks them to
            be consistent. Validation is of the merged answer.
        out: the folder of the checkpoint, and of ``history.csv``, which has a line an epoch.
        seed: of initialisation and order.
        epochs: at most; by default as the task says.
        device: ``"cpu"``, ``"cuda"`` or ``"auto"``.
        devices: processes that train one model, on a GPU each or on the processor, and share every batch: a
            step is that of one process with the whole batch, but for dropout's masks and for missing
            measurements, which count by process.
        threads: of each process, while it trains.
        force: takes the place of another training in ``out``, or of a finished one.
        progress: a bar of ``rich``, in which the epochs are shown.
        logger: ``"csv"`` or ``"tensorboard"``: Lightning writes ``logs`` in ``out``, too.
        **options: of :func:`rczoo.build` (``filters``, ``gain``, ...), in place of the task's.

    The same call again after a kill goes on from the last whole epoch, and ends in the same weights (on a CPU
    bit for bit) as a training that was not killed. Returns the model, in eval mode.
    Raises ValueError when ``out`` holds another training or a finished one, BlockingIOError while another
    process trains there, and OSError, before the work, where nothing can be written.
    """
    given = strategy, mixing, wrap, merge, agreement, irreps
    check_whole("train", threads=(threads, 1))
    check_logger(logger)
    accelerator = choose_device(device).type
    with threads_of_cpu(threads):
        training = planned(task, given, seed, epochs, accelerator, devices, options)
        with training.alone_in(out):
            state = training.state(out, force)
            if not state.finished:
                fitted = training.network, training.task, training.augment, state, accelerator, logger
                if devices > 1:
                    from .processes import fit_together

                    fit_together(devices, threads, progress is not None and not progress.disable, *fitted)
                    state = training.state(out)
                else:
                    from .fitting import fit  # brings Lightning, which the package does without until here

                    fit(*fitted, progress)
            return training.saved(
                state, (f"{devices} times " if devices > 1 else "") + hardware(accelerator, threads)
            )


@dataclass(frozen=True)
class Planned:
    """A training before its first step: the network as its seed begins it, and what the checkpoint says."""

    task: Task
    strategy: Strategy
    network: AnyNetwork
    about: dict[str, Any]

    @property
    def augment(self) -> str:
        """How :class:`rczoo.data.batches.Epoch` is to augment."""
        return self.task.training.augment if self.strategy.augment else ""

    def alone_in(self, out: str | Path) -> AbstractContextManager[None]:
        """Hold the folder; BlockingIOError while another training does."""
        busy = f"{out} is being written by another training: wait for it, or choose another --out"
        return alone(Path(out) / LOCK, busy)

    def state(self, out: str | Path, force: bool = False) -> ResumableState:
        """Where the training stands in the folder."""
        return ResumableState(Path(out), self.about, self.task.training.criterion, force)

    def saved(self, state: ResumableState, machine: str) -> AnyNetwork:
        """The network at its best epoch, in eval mode, saved as the checkpoint."""
        model = _best(self.network, state, self.strategy)
        known = {
            "best_epoch": state.best_epoch,
            "seconds": round(state.elapsed(), 3),
            "history": state.history,
            "hardware": machine,
        }
        save_checkpoint(model, state.path.parent, **self.about, **known)
        state.forget()
        return model


def planned(
    task: Task | str,
    given: Sequence[Any],
    seed: int,
    epochs: int | None,
    accelerator: str,
    devices: int = 1,
    options: Mapping[str, Any] = MappingProxyType({}),
) -> Planned:
    """What :func:`train` is about to do, refused where it cannot be done.

    ``given``: the arguments of :func:`rczoo.training.strategies.resolve_strategy` in their order.
    """
    task = load_task(task) if isinstance(task, str) else task
    epochs = task.training.epochs if epochs is None else epochs
    if epochs is None:
        raise ValueError(f"task {task.name} does not say for how many epochs to train: give epochs")
    check_whole("train", epochs=(epochs, 1), seed=(seed, 0), devices=(devices, 1))
    plan = resolve_strategy(*given)
    require_metrics(task)
    check_devices(accelerator, devices, task.training.batch_size)
    torch.manual_seed(seed)
    network = build(**{**plan.usual, **network_of(task), **plan.options, **options})
    if plan.agreement is not None:
        check_linear(network.config.merge)
    about = to_plain(
        {
            "task": task.name,
            "strategy": plan.name,
            **({} if plan.agreement is None else {"agreement": plan.agreement}),
            "seed": seed,
            **({} if devices == 1 else {"devices": devices}),
            "epochs": int(epochs),
            "trained_as": network.config.keywords(),
            "training": task.training.plain(),
            "data": task.data.plain(),
            "outputs": output_names(task),
            "control_widths": control_widths(task),
            "files": identities(task),
        }
    )
    return Planned(task, plan, network, about)


def _best(network: AnyNetwork, state: ResumableState, plan: Strategy) -> AnyNetwork:
    """The network at its best epoch, merged as the strategy has it, in eval mode."""
    if not state.best_weights:
        raise ValueError(
            f"training {plan.name} on {state.about['task']} never had a finite validation {state.criterion}: "
            "lower the learning rate, or check the data"
        )
    network.load_state_dict(state.best_weights)
    network.execution = "frames"
    best = network.remerge(plan.remerge) if plan.remerge else network
    return best.eval()


def check_devices(accelerator: str, devices: int, batch_size: int) -> None:
    """Refuse more devices than there are, or than divide a batch."""
    if accelerator == "cuda" and devices > torch.cuda.device_count():
        raise ValueError(f"{devices} devices, but here are {torch.cuda.device_count()} GPUs")
    if batch_size % devices:
        raise ValueError(
            f"a batch of {batch_size} examples does not divide among {devices} devices: choose another "
            "number, or another batch_size in [training]"
        )


def check_logger(logger: str | None) -> None:
    """Refuse a logger that there is not, or whose package is not installed."""
    if logger is None:
        return
    check_choice("logger", logger, ["csv", "tensorboard"])
    if logger == "tensorboard" and not any(map(find_spec, ("tensorboard", "tensorboardX"))):
        raise ValueError("logger 'tensorboard' needs a package of that name: pip install tensorboard")
