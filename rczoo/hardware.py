"""The machine that computes: its name in tables of results, its devices, its arithmetic and its memory."""

from __future__ import annotations

import ctypes
import platform
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import torch

CPUS = Path("/proc/cpuinfo")
TRIM_THRESHOLD, MMAP_MAX = -1, -4
"""glibc's numbers of the two settings, from its ``malloc.h``."""


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


def choose_device(name: str) -> torch.device:
    """The device of ``"cpu"``, ``"cuda"`` or ``"auto"`` (a GPU where there is one); ValueError if none."""
    if name not in ("cpu", "cuda", "auto"):
        raise ValueError(f"unknown device {name!r}: choose cpu, cuda or auto")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device 'cuda': no CUDA device here: choose cpu or auto")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


@contextmanager
def memory_kept() -> Iterator[None]:
    """Within, what tensors of the CPU free is used again by the next ones; after it, all is given back.

    glibc returns every block over 32 MiB to the system as it is freed, and the system hands out the next one
    page by page, which takes a fifth to a half of a training step on long sequences (``tests/benchmarks``).
    What is computed stays the same, bit for bit. Where the C library is not glibc, nothing is changed.
    Afterwards both settings are at glibc's defaults, whatever the environment had said.
    """
    library: Any = ctypes.CDLL(None) if sys.platform == "linux" else None
    if not hasattr(library, "mallopt"):
        yield
        return
    library.mallopt(MMAP_MAX, 0)
    library.mallopt(TRIM_THRESHOLD, 2**31 - 1)
    try:
        yield
    finally:
        library.mallopt(MMAP_MAX, 65536)
        library.mallopt(TRIM_THRESHOLD, 128 * 1024)
        library.malloc_trim(0)
