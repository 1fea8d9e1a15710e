"""Groups: the grouped tied convolution against loops, the number of its parameters, and what is torn."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rczoo import Rep
from rczoo.nn import RCConv1d
from rczoo.testing import integer_tensor, reference, reps, seeds
from tests.support.layer_laws import turned
from tests.support.layer_loops import groups_apart
from tests.support.strategies import fill_with_integers


@given(reps(max_orbits=2), reps(max_orbits=2), st.integers(1, 3), st.integers(1, 4), st.booleans(), seeds())
def test_copies_of_a_convolution_are_its_groups(rep_in, rep_out, copies, width, swapped, seed):
    """Every group within itself, or two groups that reverse complement exchanges: the loops, exactly."""
    if swapped:
        copies, rep_in, rep_out = 2, *(Rep(f"{rep.channels}r:halves") for rep in (rep_in, rep_out))
        many_in, many_out = rep_in, rep_out
    else:
        many_in, many_out = copies * rep_in, copies * rep_out
    layer = fill_with_integers(RCConv1d(many_in, many_out, width, groups=copies).double(), seed)
    dense = groups_apart(layer.kernel().detach().numpy(), many_in.channels, copies)
    assert reference.obeys_kernel_law(dense, many_in, many_out)
    x = integer_tensor(seed, 2, many_in.channels, width + 3)
    expected = reference.convolve(x.numpy(), dense, layer.dense_bias().detach().numpy())
    assert torch.equal(layer(x), torch.from_numpy(expected))
    assert torch.equal(layer(turned(many_in, x)), turned(many_out, layer(x)))
    if not swapped:  # as many free numbers as the copies have together
        assert layer.weight.numel() == copies * RCConv1d(rep_in, rep_out, width).weight.numel()


@given(reps(max_orbits=4), st.integers(1, 4), seeds())
def test_depthwise_on_any_rep(rep, width, seed):
    layer = fill_with_integers(RCConv1d(rep, rep, width, groups=rep.channels).double(), seed)
    x = integer_tensor(seed, 1, rep.channels, width + 2)
    assert torch.equal(layer(turned(rep, x)), turned(rep, layer(x)))
    # a kernel for each pair, half of one for a channel that is its own partner
    assert layer.weight.numel() == rep.regular * width + (rep.trivial + rep.sign) * ((width + 1) // 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("3r", "3r", 4), r"RCConv1d: groups is 4, which does not divide the 6 channels of Rep 3r: choose a"),
        (
            ("2r:flip", "1r+2t", 2),
            r"takes group 0 of 2 to group 1 in Rep 2r:flip, but to group 0 in Rep 1r\+2t",
        ),
        (
            ("[1,0,2,3]", "[1,0,3,2]", 4),
            r"takes group 2 of 4 to group 2 in Rep 1r\+2t, but to group 3 in Rep",
        ),
        (("1r+2t", "[0,2,1,3]", 2), r"the partners of group 0 of 2 of Rep .* lie in groups 0, 1: order the"),
        (("1r", "1r", 0), r"RCConv1d: groups is 0, expected a whole number >= 1"),
    ],
)
def test_refused(arguments, message):
    rep_in, rep_out, groups = arguments
    with pytest.raises(ValueError, match=message) as caught:
        RCConv1d(rep_in, rep_out, 3, groups=groups)
    assert "\n" not in str(caught.value)
