"""Many jobs at once on this machine, by processes that stay: starting one takes longer than some trainings.

The sweep trains and scores so on the processor; on a GPU jobs are only trained, and the sweep scores them.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread

import torch

from rczoo.data.task import load_task
from rczoo.family.checkpoint import read_config
from rczoo.hardware import choose_device

from ..fingerprints import record
from ..locks import alone
from ..packs import is_done, left
from ..plan import Job
from ..trained import trainings
from .job import finished, run, trained


def do_many(jobs: Iterable[Job], runs: Path, workers: int = 2, nice: int = 0) -> Iterator[str]:
    """Train and score what is not done yet, as :func:`zoo.sweep.job.run` does; see :func:`at_once`."""
    return at_once(partial(do_one, runs=runs), left(jobs, runs), workers, nice)


def train_many(jobs: Iterable[Job], runs: Path, device: str = "cpu", workers: int = 2) -> Iterator[str]:
    """Only train what is not trained yet, all on one ``device``; see :func:`at_once`.

    Of an ensemble its members are trained.
    """
    choose_device(device)
    wanted = dict.fromkeys(training for job in left(jobs, runs) for training in trainings(job))
    waiting = [job for job in left(wanted, runs) if not finished(job.folder(runs))]
    for task in dict.fromkeys(job.task for job in waiting):
        known = load_task(task)
        record(known, runs / known.name)
    yield from at_once(partial(train_one, runs=runs, device=device), waiting, workers)


def at_once(work: Callable[[Job], str], jobs: Iterable[Job], workers: int, nice: int = 0) -> Iterator[str]:
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
