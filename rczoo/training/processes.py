"""One training on several devices: a process for each, with its part of every batch, by Lightning's DDP."""

from __future__ import annotations

import os
import socket
from copy import deepcopy
from typing import Any

import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch.strategies import DDPStrategy
from torch.multiprocessing.spawn import spawn

from .._progress import bars
from ..nn.processes import BatchNormOverProcesses
from .fitting import fit


def fit_together(devices: int, threads: int, shown: bool, *training: Any) -> None:
    """:func:`rczoo.training.fitting.fit` of ``training`` in so many processes; the state is then in its file.

    Every process has as many examples of a batch as the others, gradients are averaged and batch norms take
    the statistics of all, so a step is that of one process with the whole batch.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = (devices, threads, port, shown, training)
    spawn(_one, arguments, nprocs=devices)  # type: ignore[no-untyped-call]


def _one(rank: int, devices: int, threads: int, port: int, shown: bool, training: tuple[Any, ...]) -> None:
    """The process of this rank; the first shows the bar."""
    os.environ |= {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "LOCAL_RANK": str(rank),
        "NODE_RANK": "0",
        "WORLD_SIZE": str(devices),
    }
    torch.set_num_threads(threads)
    together = {
        "devices": devices,
        "strategy": DDPStrategy(broadcast_buffers=False),  # they are alike, as batch statistics are
        "plugins": [LightningEnvironment()],
    }
    network, task, augment, state, accelerator, logger = training
    network, state = deepcopy((network, state))  # whose tensors come in memory that the processes share
    with bars(hidden=rank > 0 or not shown) as progress, BatchNormOverProcesses():
        fit(network, task, augment, state, accelerator, logger, progress, together)
