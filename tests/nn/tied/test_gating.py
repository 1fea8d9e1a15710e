"""Gates and absolute values: the loops, the law."""

import torch
from hypothesis import given

from rczoo import Rep
from rczoo.nn import RCAbsolute, RCGate
from rczoo.testing import integer_tensor, normal_tensor, reps, seeds
from tests.support.layer_laws import law_error, same


@given(reps(), seeds())
def test_a_gate_is_glu_and_obeys_the_law(rep, seed):
    layer, x = RCGate(rep), normal_tensor(seed, 2, 2 * rep.channels, 5)
    same(layer(x), torch.nn.functional.glu(x, 1))
    assert max(law_error(layer, x), law_error(layer, x[..., 0])) < 1e-14


@given(reps(), seeds())
def test_absolute_of_sign_channels_only(rep, seed):
    layer, x = RCAbsolute(rep), integer_tensor(seed, 2, rep.channels, 5)
    y = layer(x)
    for c, s in enumerate(rep.signs):
        assert torch.equal(y[:, c], x[:, c].abs() if s == -1 else x[:, c])
    assert layer.rep_out == Rep.from_partners(rep.partners)
    assert max(law_error(layer, x), law_error(layer, x[..., 0])) < 1e-14
