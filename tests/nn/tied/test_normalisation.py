"""Norms within an example: loops, torch's own where there is one, the law, and groups that would be torn."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from rczoo import Rep
from rczoo.nn import RCGroupNorm, RCInstanceNorm1d, RCLayerNorm, RCRMSNorm
from rczoo.testing import normal_tensor, randomise, reps, seeds
from tests.support.layer_laws import law_error, same
from tests.support.layer_loops import normalise

NORMS = {
    RCLayerNorm: lambda x, signs: normalise(x, 1, True, signs, 0.1),
    RCRMSNorm: lambda x, signs: normalise(x, 1, True, signs, 0.1, centre=False),
    RCInstanceNorm1d: lambda x, signs: normalise(x, x.shape[1], False, signs, 0.1, centre_signs=True),
}


def affine(layer, y):
    """Scale and shift of every channel by its pair, as loops."""
    y = torch.from_numpy(y)
    for n, orbit in enumerate(layer.rep_in.orbits):
        for c in orbit:
            shift = layer.bias[n] if layer.bias is not None and layer.rep_in.signs[c] == 1 else 0
            y[:, c] = y[:, c] * layer.weight[n].detach() + shift
    return y.detach()


@pytest.mark.parametrize("kind", NORMS)
@given(reps(), st.integers(1, 5), seeds())
def test_norms_are_the_loops(kind, rep, length, seed):
    layer = randomise(kind(rep, eps=0.1).double(), seed)
    x = 3 * normal_tensor(seed, 2, rep.channels, length) + 1
    same(layer(x), affine(layer, NORMS[kind](x.numpy(), rep.signs)))
    assert law_error(layer, x) < 1e-12
    if 2 in layer.ranks:
        same(layer(x[..., 0]), layer(x[..., :1])[..., 0])


@given(reps(max_orbits=2), st.integers(1, 3), st.integers(1, 4), seeds())
def test_group_norm_is_the_loops(rep, groups, length, seed):
    for whole in (groups * rep, Rep(f"{rep.channels}r:halves")):
        number = groups if whole == groups * rep else 2  # each in itself, or two that are exchanged
        layer = randomise(RCGroupNorm(number, whole, eps=0.1).double(), seed)
        x = 3 * normal_tensor(seed, 2, whole.channels, length) + 1
        same(layer(x), affine(layer, normalise(x.numpy(), number, False, whole.signs, 0.1)))
        assert law_error(layer, x) < 1e-12


def test_without_sign_channels_they_are_torch_s():
    x = normal_tensor(0, 2, 6, 5)
    with torch.no_grad():
        same(RCLayerNorm("3r").double()(x), nn.LayerNorm(6, dtype=x.dtype)(x.mT).mT)
        same(RCGroupNorm(3, "3r").double()(x), nn.GroupNorm(3, 6, dtype=x.dtype)(x))
        same(RCInstanceNorm1d("2r+2t").double()(x), nn.InstanceNorm1d(6)(x))
        assert RCLayerNorm("3r").half()(300 * x.half()).isfinite().all()


def test_each_pair_has_one_scale_and_shift():
    assert {name: len(value) for name, value in RCLayerNorm("3r+1t+1s").named_parameters()} == {
        "weight": 5,
        "bias": 5,
    }
    assert [name for name, _ in RCRMSNorm("3r").named_parameters()] == ["weight"]
    assert repr(RCGroupNorm(2, "2r")) == "RCGroupNorm(2, 2r)"


@pytest.mark.parametrize(
    ("groups", "rep", "message"),
    [
        (3, "4r:halves", r"RCGroupNorm: groups is 3, which does not divide the 8 channels of Rep 4r:halves"),
        (0, "4r:halves", r"RCGroupNorm: groups is 0, expected a whole number >= 1"),
        ("0t", 1, r"RCGroupNorm: groups is '0t', expected a whole number >= 1"),
        (1, 1, r"Rep: got 1, expected a notation such as '2r:flip', or a Rep"),
        (
            2,
            "[0,3,2,1]",
            r"RCGroupNorm: the partners of group 0 of 2 of Rep .* lie in groups 0, 1: order the",
        ),
    ],
)
def test_refused(groups, rep, message):
    with pytest.raises(ValueError, match=message):
        RCGroupNorm(groups, rep)
