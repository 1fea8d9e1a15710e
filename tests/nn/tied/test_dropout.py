"""Dropout of whole channels: one coin for an example's pair. That of positions is in ``tests/nn``."""

import pytest
import torch
from hypothesis import given

from rczoo.nn import RCChannelDropout
from rczoo.testing import normal_tensor, reps, seeds
from tests.support.layer_laws import law_error


@given(reps(), seeds())
def test_channels_of_a_pair_are_dropped_together(rep, seed):
    layer = RCChannelDropout(rep, 0.5)
    torch.manual_seed(seed)
    y = layer(torch.ones(5, rep.channels, 3))
    assert set(y.flatten().tolist()) <= {0.0, 2.0}
    assert torch.equal(y, y[..., :1].expand_as(y))
    assert torch.equal(y, y[:, list(rep.partners)])

    class Seeded(RCChannelDropout):
        def forward(self, x):
            torch.manual_seed(seed)
            return super().forward(x)

    x = normal_tensor(seed, 5, rep.channels, 3)
    assert law_error(Seeded(rep, 0.5), x) == 0
    assert layer.eval()(x) is x


def test_rate_and_independence():
    torch.manual_seed(0)
    kept = RCChannelDropout("30r", 0.25)(torch.ones(100, 60, 2))[..., 0] != 0
    assert kept.float().mean() == pytest.approx(0.75, abs=0.02)
    assert (kept[0] != kept[1]).any()
    assert (kept[:, 0] != kept[:, 2]).any()
    with pytest.raises(ValueError, match=r"RCChannelDropout: p is 1, expected 0 <= p < 1"):
        RCChannelDropout("1r", 1)
