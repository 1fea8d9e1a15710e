"""Many jobs at once on this machine, by processes that stay: starting one takes longer than some trainings.

The sweep trains and scores so on the processor; on a GPU jobs are only trained, and the sweep scores them.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from inspect import signature
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from time import perf_counter
from typing import Any

import torch

from rczoo.data.task import load_task
from rczoo.family.checkpoint import read_config
from rczoo.hardware import choose_device
from rczoo.training.strategies import resolve_strategy
from rczoo.training.trainer import Planned, planned

from ..fingerprints import record
from ..locks import alone
from ..packs import is_done, left
from ..plan import Job
from ..trained import trainings
from .job import asked, finished, run, trained

AT_ONCE = 32
"""Trainings of a stack at most: the memory that it takes grows with them."""


def do_many(jobs: Iterable[Job], runs: Path, workers: int = 2, nice: int = 0) -> Iterator[str]:
    """Train and score what is not done yet, as :func:`zoo.sweep.job.run` does; see :func:`at_once`."""
    return at_once(partial(do_one, runs=runs), left(jobs, runs), workers, nice)


def train_many(jobs: Iterable[Job], runs: Path, device: str = "cpu", workers: int = 2) -> Iterator[str]:
    """Only train what is not trained yet, all on one ``device``; see :func:`at_once`.

    Of an ensemble its members are trained. On a GPU they are stacked, and a killed stack begins again.
    """
    where = choose_device(device)
    wanted = dict.fromkeys(training for job in left(jobs, runs) for training in trainings(job))
    waiting = [job for job in left(wanted, runs) if not finished(job.folder(runs))]
    for task in dict.fromkeys(job.task for job in waiting):
        known = load_task(task)
        record(known, runs / known.name)
    if where.type == "cpu":
        yield from at_once(partial(train_one, runs=runs, device=device), waiting, workers)
    else:
        yield from at_once(partial(train_stack, runs=runs, device=device), stacks(waiting), workers)


@dataclass(frozen=True)
class Stack:
    """Jobs whose trainings are alike but for their weights, and are done as one."""

    jobs: tuple[Job, ...]

    def __str__(self) -> str:
        by_strategy = {job.strategy: job.task_name for job in self.jobs}
        return f"{len(self.jobs)} of {next(iter(by_strategy.values()))}: {', '.join(by_strategy)}"


def stacks(jobs: Iterable[Job]) -> list[Stack]:
    """Jobs in stacks, in the order of their first."""
    from rczoo.training.stacked import kind_of  # brings Lightning, which otherwise workers alone import

    kinds: dict[Any, list[Job]] = {}
    for job in jobs:
        kinds.setdefault(kind_of(begun(job)), []).append(job)
    parts = ((kind, start) for kind in kinds.values() for start in range(0, len(kind), AT_ONCE))
    return [Stack(tuple(kind[start : start + AT_ONCE])) for kind, start in parts]


def begun(job: Job, accelerator: str = "cpu") -> Planned:
    """The training that a job asks for."""
    task, keywords = asked(job, load_task(job.task))
    given = (keywords.pop(name, None) for name in signature(resolve_strategy).parameters)
    return planned(task, tuple(given), job.seed, keywords.pop("epochs", None), accelerator, options=keywords)


def train_stack(stack: Stack, runs: Path, device: str) -> str:
    """Train the models of a stack, but for those that are done; says how long it took."""
    from rczoo.training.stacked import train_stacked  # as above

    with ExitStack() as held:
        for job in sorted(stack.jobs, key=str):
            held.enter_context(alone(job.folder(runs)))
        waiting = [job for job in left(stack.jobs, runs) if not finished(job.folder(runs))]
        began = perf_counter()
        ended = train_stacked({job.folder(runs): begun(job) for job in waiting}, device) if waiting else ()
        number = sum(1 for _ in ended)
    return f"{number} trainings, {perf_counter() - began:.0f} s"


def at_once(work: Callable[[Any], str], jobs: Iterable[Any], workers: int, nice: int = 0) -> Iterator[str]:
    """Work on jobs in their order, each worker on one after the other; gives a line for each as it ends.

    Each worker is a process with one thread on the processor. The line of a job that failed says why, and
    when all have ended ValueError names those. Killed and called again, jobs go on where they stopped.
    """
    failed = []
    with ProcessPoolExecutor(workers, get_context("spawn"), _start, (nice,)) as pool:
        named = {pool.submit(work, job): str(job) for job in jobs}
        try:
            for future in as_completed(named):
                name, error = named[future], future.exception()
                if error:
                    failed.append(name)
                why = " ".join(str(error).split()) or type(error).__name__
                yield f"{name}: {f'failed: {why}' if error else future.result()}"
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # after an interruption no other job begins
    if failed:
        raise ValueError(f"not done: {'; '.join(failed)}: why is said above, then run the same again")


def do_one(job: Job, runs: Path) -> str:
    """Train and score one model, unless that is done."""
    run(job, runs)
    return "done"


def train_one(job: Job, runs: Path, device: str) -> str:
    """Train one model, unless that is done; says how long it took."""
    folder = job.folder(runs)
    with alone(folder):
        if is_done(job, runs):
            return "done"
        trained(job, load_task(job.task), folder, device)
        config = read_config(folder)
    return f"{len(config['history'])} epochs, {config['seconds']:.0f} s on {config['hardware']}"


def _start(nice: int) -> None:
    """Let a worker take one thread, give way, and end with the process that started it, or by Ctrl-C."""
    torch.set_num_threads(1)
    os.nice(nice)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parent = parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()
