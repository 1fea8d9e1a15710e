"""The machine that computes: its name in tables of results, its devices and its arithmetic."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import torch

CPUS = Path("/proc/cpuinfo")


def hardware(device: str = "cpu", threads: int = 1) -> str:
    """The name of the GPU, or the threads and the model of the processor."""
    if device == "cuda":
        return str(torch.cuda.get_device_name())
    lines = CPUS.read_text("utf-8").splitlines() if CPUS.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{threads} thread{'s' * (threads > 1)} of {names[0] if names else platform.machine()}"


def full_precision(search: bool = False) -> AbstractContextManager[None]:
    """Within, a GPU convolves in float32, as a CPU does, and gives the same every time.

    PyTorch's default on a GPU rounds the factors of a convolution to ten bits (TF32), which moves logits by
    about a thousandth and makes tied kernels unequal by as much. ``search`` tries algorithms for every new
    shape and takes the fastest, of which some sum in another order each time: for training, several times
    as fast. On a CPU nothing changes.
    """
    return torch.backends.cudnn.flags(
        enabled=True, benchmark=search, deterministic=not search, allow_tf32=False
    )


@contextmanager
def threads_of_cpu(number: int) -> Iterator[None]:
    """Within, PyTorch computes in so many threads; after it, in as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def choose_device(name: str) -> torch.device:
    """The device of ``"cpu"``, ``"cuda"`` or ``"auto"`` (a GPU where there is one); ValueError if none."""
    if name not in ("cpu", "cuda", "auto"):
        raise ValueError(f"unknown device {name!r}: choose cpu, cuda or auto")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device 'cuda': no CUDA device here: choose cpu or auto")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")
