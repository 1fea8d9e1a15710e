"""Merged pairs: the reference's merge of each, the law, unknown merges."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rczoo.nn import RCMerge
from rczoo.symmetry import MERGES
from rczoo.testing import normal_tensor, reference, reps, seeds
from tests.support.layer_laws import law_error, same


@given(reps(), st.sampled_from(MERGES), seeds())
def test_each_pair_becomes_one_channel(rep, how, seed):
    layer, x = RCMerge(rep, how), normal_tensor(seed, 2, rep.channels, 5)
    y = layer(x)
    for n, orbit in enumerate(rep.orbits):
        u = x[:, orbit[0]]
        merged = u if len(orbit) == 1 else reference.merge(u.numpy(), x[:, orbit[1]].numpy(), how)
        same(y[:, n], merged)
    assert (layer.rep_out.regular, layer.rep_out.sign) == (0, rep.sign)
    assert max(law_error(layer, x), law_error(layer, x[..., 0])) < 1e-14


def test_unknown():
    with pytest.raises(
        ValueError, match=r"unknown merge 'geometric': choose one of sum, mean, max, probability"
    ):
        RCMerge("1r", "geometric")
    with pytest.raises(
        ValueError, match=r"RCMerge: expected \(batch, 2\) or \(batch, 2, length\) for Rep 1r"
    ):
        RCMerge("1r")(torch.zeros(1, 3))
