"""Memory is kept within a training, and given back after it."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or "CS_GNU_LIBC_VERSION" not in os.confstr_names, reason="needs glibc"
)

MEASURES = """
import resource, sys
from pathlib import Path
import torch
from rczoo._memory import memory_kept

MB = 2**20

def new_pages(megabytes):
    "The pages that the system hands out for a tensor: the fewest of ten tries."
    pages = []
    for _ in range(10):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        torch.ones(megabytes * MB // 4)
        pages.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    return min(pages)

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / MB

"""


def in_a_new_process(body):
    """Run it where no other test has left a hole of free memory that the next tensor would take."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURES + body], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_freed_memory_is_used_again_within_and_given_back_after():
    in_a_new_process("""
before = resident()
with memory_kept():
    assert new_pages(64) < 100
    blocks = [torch.ones(64 * MB // 4) for _ in range(8)]
    del blocks
    assert resident() - before > 400, resident() - before
assert resident() - before < 100, resident() - before
assert new_pages(1024) > 1000  # more than any hole between what is still in use
""")


def test_tensors_of_a_later_computation_use_each_others_memory():
    """At the settings with which glibc starts, every block over 128 KiB would come from the system."""
    in_a_new_process("""
with memory_kept():
    pass
assert new_pages(1) < 100
assert new_pages(16) < 100
""")


def test_it_ends_with_an_error_too():
    in_a_new_process("""
before = resident()
try:
    with memory_kept():
        blocks = [torch.ones(64 * MB // 4) for _ in range(8)]
        del blocks
        raise RuntimeError("in a step")
except RuntimeError as error:
    assert str(error) == "in a step"
assert resident() - before < 100, resident() - before
""")


def test_other_systems_are_left_alone():
    in_a_new_process("""
sys.platform = "darwin"
with memory_kept():
    assert new_pages(64) > 1000
""")
