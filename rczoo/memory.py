"""Freed memory kept for the next step of a training, instead of given back to the system."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

TRIM_THRESHOLD, MMAP_MAX = -1, -4
"""glibc's numbers of the two settings, from its ``malloc.h``."""


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
