"""The memory of the process, without importing PyTorch."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

TRIM_THRESHOLD, MMAP_THRESHOLD, MMAP_MAX = -1, -3, -4
"""glibc's numbers of the three settings, from its ``malloc.h``."""
LARGEST = 32 * 2**20
"""The block from which glibc always asks the system for memory of its own."""


@contextmanager
def memory_kept() -> Iterator[None]:
    """Within, what tensors of the CPU free is used again by the next ones; after it, all is given back.

    glibc returns every block over 32 MiB to the system as it is freed, and the system hands out the next one
    page by page, which takes a fifth to a half of a training step on long sequences (``tests/benchmarks``).
    What is computed stays the same, bit for bit. Where the C library is not glibc, nothing is changed.
    Afterwards the settings are those at which glibc arrives by itself where large blocks are freed, whatever
    the environment had said: it adapts none once one has been set, and at its first ones, of 128 KiB, every
    tensor would come page by page.
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
        library.mallopt(MMAP_THRESHOLD, LARGEST)
        library.mallopt(TRIM_THRESHOLD, 2 * LARGEST)
        library.malloc_trim(0)
