"""Transposed convolution and upsampling against loops, and the law at every length."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rczoo.nn import RCConv1d, RCConvTranspose1d, RCUpsample
from rczoo.testing import integer_tensor, normal_tensor, reps, seeds
from tests.support.layer_laws import law_error, same, turned
from tests.support.layer_loops import convolve_transposed, interpolate
from tests.support.strategies import fill_with_integers


@given(
    reps(max_orbits=2),
    reps(max_orbits=2),
    st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 2), st.integers(0, 1)),
    st.integers(1, 4),
    st.integers(1, 2),
    seeds(),
)
def test_exactly_the_loops_and_exactly_equivariant(rep_in, rep_out, geometry, length, groups, seed):
    width, stride, dilation, padding = geometry
    rep_in, rep_out = groups * rep_in, groups * rep_out
    layer = RCConvTranspose1d(rep_in, rep_out, width, True, stride, dilation, padding, groups).double()
    fill_with_integers(layer, seed)
    x = integer_tensor(seed, 2, rep_in.channels, length)
    if (length - 1) * stride + dilation * (width - 1) + 1 <= 2 * padding:
        with pytest.raises(ValueError, match=r"of which padding 1 at either end leaves none: pad at most 0"):
            layer(x)
        return
    kernel, bias = layer.kernel().detach().numpy(), layer.dense_bias().detach().numpy()
    expected = convolve_transposed(x.numpy(), kernel, bias, stride, dilation, padding, groups)
    assert torch.equal(layer(x), torch.from_numpy(expected))
    assert torch.equal(layer(turned(rep_in, x)), turned(rep_out, layer(x)))
    assert layer.weight.numel() == RCConv1d(rep_in, rep_out, width, groups=groups).weight.numel()


@given(reps(), st.integers(1, 5), st.integers(1, 4), seeds())
def test_upsampling(rep, length, factor, seed):
    x = normal_tensor(seed, 2, rep.channels, length)
    nearest, linear = RCUpsample(rep, factor), RCUpsample(rep, factor, "linear")
    assert torch.equal(nearest(x), x[..., [t // factor for t in range(length * factor)]])
    same(linear(x), interpolate(x.numpy(), factor))
    assert law_error(nearest, x) == 0
    assert law_error(linear, x) < 1e-14


def test_shown_as_typed():
    up = RCConvTranspose1d("4r", "2r", 4, False, stride=2, padding=1)
    assert repr(up) == "RCConvTranspose1d(4r -> 2r, kernel=4, stride=2, padding=1, bias=False)"
    assert repr(RCUpsample("2r", 2)) == "RCUpsample(2r, scale_factor=2, mode=nearest)"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RCUpsample("1r", 1.5), r"RCUpsample: scale_factor is 1.5, expected a whole number >= 1"),
        (lambda: RCUpsample("1r", 2, "cubic"), r"unknown mode 'cubic': choose one of nearest, linear"),
        (lambda: RCConvTranspose1d("1r", "1r", 3, stride=0), r"RCConvTranspose1d: stride is 0, expected"),
        (
            lambda: RCConvTranspose1d("2r", "2r", 3, groups=3),
            r"RCConvTranspose1d: groups is 3, which does not",
        ),
    ],
)
def test_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
