"""The linear map and flattened features: dense matrices, dimensions, the law."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rczoo import Rep
from rczoo.nn import RCConv1d, RCFlatten, RCLinear, RCSequential
from rczoo.testing import integer_tensor, reference, reps, seeds
from tests.support.layer_laws import turned
from tests.support.layer_loops import dimension
from tests.support.strategies import fill_with_integers


@given(reps(max_orbits=3), reps(max_orbits=3), seeds())
def test_exactly_the_tied_matrix_and_exactly_equivariant(rep_in, rep_out, seed):
    layer = fill_with_integers(RCLinear(rep_in, rep_out).double(), seed)
    matrix = layer.kernel().detach().numpy()
    assert reference.obeys_kernel_law(matrix, rep_in, rep_out)
    x = integer_tensor(seed, 2, rep_in.channels, 4)
    expected = torch.from_numpy(reference.convolve(x.numpy(), matrix, layer.dense_bias().detach().numpy()))
    assert torch.equal(layer(x), expected)
    assert torch.equal(layer(x[..., 1]), expected[..., 1])
    for features in (x, x[..., 0]):
        assert torch.equal(layer(turned(rep_in, features)), turned(rep_out, layer(features)))
    assert layer.weight.numel() == dimension(rep_in, rep_out, 1)


@given(reps(max_orbits=3), st.integers(1, 5), seeds())
def test_flattened_features_have_a_rep(rep, length, seed):
    layer, x = RCFlatten(rep, length), integer_tensor(seed, 2, rep.channels, length)
    assert torch.equal(layer(x).abs(), x.flatten(1).abs())
    if not rep.sign:
        assert torch.equal(layer(x), x.flatten(1))
    assert torch.equal(layer(turned(rep, x)), turned(layer.rep_out, layer(x)))


def test_a_dense_head_on_features_obeys_the_law():
    trunk = RCSequential(RCConv1d("2r:flip", "3r+1s", 3), RCFlatten("3r+1s", 5))
    head = RCSequential(*trunk, RCLinear(trunk.rep_out, "2t+1s"))
    fill_with_integers(head.double(), 0)
    x = integer_tensor(3, 2, 4, 7)
    assert torch.equal(head(turned(Rep.dna(), x)), turned(Rep("2t+1s"), head(x)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: RCLinear("2r", "1t")(torch.zeros(4)),
            r"RCLinear: expected \(batch, 4\) or \(batch, 4, length\) for Rep 2r, got \(4,\)$",
        ),
        (lambda: RCLinear("2r", "1t")(torch.zeros(4, 9)), r"got \(4, 9\): add a batch axis"),
        (
            lambda: RCFlatten("1r", 5)(torch.zeros(1, 2, 6)),
            r"RCFlatten: built for 5 positions, got 6: build it with length=6",
        ),
        (lambda: RCFlatten("1r", 0), r"RCFlatten: length is 0, expected a whole number >= 1"),
    ],
)
def test_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
