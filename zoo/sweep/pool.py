"""Many trainings at once, by processes that stay: on a GPU a process takes longer to start than some train.

Each is the training that the sweep would do, in the same folder; the sweep then finds it and only scores it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread

from rczoo.data.task import load_task
from rczoo.family.checkpoint import read_config
from rczoo.hardware import choose_device

from ..fingerprints import record
from ..plan import DONE, Job
from .job import alone, finished, trained


def train_many(jobs: Iterable[Job], runs: Path, device: str = "cpu", workers: int = 2) -> Iterator[str]:
    """Train what is not trained yet; gives a line for each training as it ends.

    Each worker is a process with one thread on the processor, all of them on one ``device``. When all have
    ended ValueError says which failed, and why. Killed and called again, trainings go on as a sweep's do.
    """
    choose_device(device)
    waiting = [job for job in jobs if not (finished(folder := job.folder(runs)) or (folder / DONE).exists())]
    for task in dict.fromkeys(job.task for job in waiting):
        known = load_task(task)
        record(known, runs / known.name)
    failed = []
    with ProcessPoolExecutor(workers, get_context("spawn"), _end_together) as pool:
        named = {pool.submit(train_one, job, runs, device): _name(job) for job in waiting}
        for future in as_completed(named):
            name, error = named[future], future.exception()
            if error:
                failed.append(f"{name}: {error or type(error).__name__}")
            yield f"{name}: {'failed' if error else future.result()}"
    if failed:
        raise ValueError("\n".join(["not trained:", *failed]))


def train_one(job: Job, runs: Path, device: str) -> str:
    """Train one model, unless that is done; says how long it took."""
    folder = job.folder(runs)
    with alone(folder):
        trained(job, load_task(job.task), folder, device)
    config = read_config(folder)
    return f"{len(config['history'])} epochs, {config['seconds']:.0f} s on {config['hardware']}"


def _end_together() -> None:
    """Let a worker end with the process that started it, even if that is killed."""
    parent = parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()


def _name(job: Job) -> str:
    return f"{job.task_name} {job.strategy} {job.seed}"
