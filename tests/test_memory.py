"""Memory is kept within a training, and given back after it."""

import os
import resource
import sys

import pytest
import torch

from rczoo.memory import memory_kept

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or "CS_GNU_LIBC_VERSION" not in os.confstr_names, reason="needs glibc"
)


def pages_for_64_megabytes():
    """The fewest of ten tries: small objects may take a piece of the freed block first."""
    pages = []
    for _ in range(10):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        torch.ones(2**24)
        pages.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    return min(pages)


def test_a_freed_tensor_is_used_again_within_and_given_back_after():
    with memory_kept():
        assert pages_for_64_megabytes() < 100
    assert pages_for_64_megabytes() > 1000


def test_it_ends_with_an_error_too():
    with pytest.raises(RuntimeError, match="in a step"), memory_kept():
        raise RuntimeError("in a step")
    assert pages_for_64_megabytes() > 1000


def test_other_systems_are_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with memory_kept():
        assert pages_for_64_megabytes() > 1000
