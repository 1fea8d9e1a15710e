"""Pools to a given size: loops, the law at every length, and sign channels."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rczoo.nn import RCAdaptiveAvgPool1d, RCAdaptiveMaxPool1d, RCGlobalAvgPool1d, RCGlobalMaxPool1d
from rczoo.testing import integer_tensor, normal_tensor, reps, seeds
from tests.support.layer_laws import law_error, same
from tests.support.layer_loops import pool_to


@given(reps(), st.integers(1, 9), st.integers(1, 9), seeds())
def test_means_at_every_length_and_size(rep, length, size, seed):
    x, layer = normal_tensor(seed, 2, rep.channels, length), RCAdaptiveAvgPool1d(rep, size)
    same(layer(x), pool_to(x.numpy(), size, np.mean))
    assert law_error(layer, x) < 1e-14
    pool = RCGlobalAvgPool1d(rep)
    same(pool(x), x.numpy().mean(2))
    assert law_error(pool, x) < 1e-14


@given(reps(kinds="rt"), st.integers(1, 9), st.integers(1, 9), seeds())
def test_maxima_at_every_length_and_size(rep, length, size, seed):
    x, layer = integer_tensor(seed, 2, rep.channels, length), RCAdaptiveMaxPool1d(rep, size)
    assert torch.equal(layer(x), torch.from_numpy(pool_to(x.numpy(), size, np.max)))
    assert law_error(layer, x) == law_error(RCGlobalMaxPool1d(rep), x) == 0
    assert torch.equal(RCGlobalMaxPool1d(rep)(x), x.max(2).values)


@pytest.mark.parametrize(
    "make", [lambda: RCAdaptiveMaxPool1d("1r+2s", 3), lambda: RCGlobalMaxPool1d("1r+2s")]
)
def test_maxima_refuse_sign_channels(make):
    with pytest.raises(ValueError, match=r"has 2 sign channels, on which a maximum .* use RC\w+AvgPool1d$"):
        make()


def test_size_is_a_whole_number():
    with pytest.raises(
        ValueError, match="RCAdaptiveAvgPool1d: output_size is 0, expected a whole number >= 1"
    ):
        RCAdaptiveAvgPool1d("1r", 0)
    assert repr(RCAdaptiveAvgPool1d("2r", 3)) == "RCAdaptiveAvgPool1d(2r, output_size=3)"
