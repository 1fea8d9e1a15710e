"""Residual and branched layers: sums and joins, crops alike at both ends, and what does not fit."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from rczoo import Rep
from rczoo.nn import (
    RCActivation,
    RCAdaptiveAvgPool1d,
    RCBranches,
    RCConv1d,
    RCGlobalAvgPool1d,
    RCIdentity,
    RCLinear,
    RCResidual,
    RCSequential,
    RCUpsample,
)
from rczoo.testing import integer_tensor, reps, seeds
from tests.support.layer_laws import law_error
from tests.support.strategies import fill_with_integers


@given(reps(max_orbits=2), st.sampled_from([1, 3, 5]), st.booleans(), seeds())
def test_a_residual_adds_what_is_cropped_alike(rep, width, same, seed):
    inner = RCConv1d(rep, rep, width, padding="same" if same else 0)
    block = fill_with_integers(RCResidual(inner, RCConv1d(rep, rep, 1)).double(), seed)
    x = integer_tensor(seed, 2, rep.channels, 7)
    margin = 0 if same else width // 2
    assert torch.equal(block(x), block.body(x) + x[..., margin : 7 - margin])
    assert law_error(block, x) == 0
    flat = fill_with_integers(RCResidual(RCLinear(rep, rep)).double(), seed)
    assert torch.equal(flat(x[..., 0]), flat.body(x[..., 0]) + x[..., 0])


@given(reps(max_orbits=2), reps(max_orbits=2), reps(max_orbits=2), seeds())
def test_branches_follow_each_other(rep, one, other, seed):
    layer = RCBranches(
        RCConv1d(rep, one, 3, padding="same"), RCSequential(RCConv1d(rep, other, 1)), RCIdentity(rep)
    )
    fill_with_integers(layer.double(), seed)
    x = integer_tensor(seed, 2, rep.channels, 6)
    parts = [part(x) for part in layer.children()]
    assert torch.equal(layer(x), torch.cat(parts, 1))
    assert layer.rep_out == one + other + rep
    assert law_error(layer, x) == 0


def test_they_stand_in_rows():
    u_net = RCSequential(
        RCConv1d("2r:flip", "2r", 3, padding="same"),
        RCBranches(RCIdentity("2r"), RCSequential(RCAdaptiveAvgPool1d("2r", 4), RCUpsample("2r", 2))),
        RCResidual(RCConv1d("4r", "4r", 3), RCActivation("4r")),
        RCGlobalAvgPool1d("4r"),
        RCLinear("4r", "1t"),
    )
    fill_with_integers(u_net.double(), 1)
    assert law_error(u_net, integer_tensor(0, 2, 4, 8)) < 1e-14
    assert u_net.rep_out == Rep("1t")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: RCResidual(RCConv1d("2r", "2r:halves", 3)),
            r"RCResidual: the layers take 2r but give 2r:halves, .*RCLinear\('2r:halves', '2r'\)",
        ),
        (
            lambda: RCResidual(RCConv1d("1r", "1r", 2))(torch.zeros(1, 2, 7)),
            r"RCResidual: the layers make \(1, 2, 6\) of \(1, 2, 7\), which no crop alike at both ends fits",
        ),
        (lambda: RCResidual(RCUpsample("1r", 2))(torch.zeros(1, 2, 7)), r"make \(1, 2, 14\) of \(1, 2, 7\)"),
        (lambda: RCBranches(), r"RCBranches: no branches given"),
        (lambda: RCBranches(nn.ReLU()), r"RCBranches: layer 0 is a ReLU, which declares no Reps"),
        (
            lambda: RCBranches(RCIdentity("2r"), RCIdentity("2r:flip")),
            r"RCBranches: layer 0 takes 2r but layer 1 takes 2r:flip; build layer 1 with rep_in='2r'",
        ),
        (
            lambda: RCBranches(RCIdentity("1r"), RCConv1d("1r", "1r", 3))(torch.zeros(1, 2, 7)),
            r"RCBranches: the branches give 7, 5 positions of 7: use padding='same' in those that give fewer",
        ),
    ],
)
def test_refused(make, message):
    with pytest.raises(ValueError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
