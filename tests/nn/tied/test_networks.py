"""Networks of tied layers: the conformance suite passes them, and one fault in any layer breaks the law."""

import pytest
import torch
from torch.nn import functional as F

import rczoo
from rczoo.nn import (
    RCActivation,
    RCAttention,
    RCAvgPool1d,
    RCBranches,
    RCChannelDropout,
    RCConv1d,
    RCConvTranspose1d,
    RCGate,
    RCGlobalAvgPool1d,
    RCGroupNorm,
    RCIdentity,
    RCLayerNorm,
    RCLinear,
    RCMerge,
    RCResidual,
    RCSequential,
    RCUpsample,
)
from rczoo.nn.tied import attention, kernel, normalisation
from rczoo.testing import normal_tensor, randomise
from tests.support.layer_laws import law_error

REP = "2r+2s"
"""Two pairs and two sign channels."""


def network(position="rotary"):
    """A U-Net with attention, gates, norms and dropout."""
    inner = RCSequential(RCAvgPool1d(REP, 2), RCConv1d(REP, REP, 3, padding="same"), RCUpsample(REP, 2))
    gate = RCGate(REP)
    return RCSequential(
        RCConv1d("2r:flip", REP, 5, padding="same"),
        RCBranches(RCIdentity(REP), inner),
        RCLinear(2 * rczoo.Rep(REP), gate.rep_in),
        gate,
        RCResidual(RCLayerNorm(REP), RCAttention(REP, "1r", 4, position, reach=5, dropout=0.1)),
        RCResidual(RCConv1d(REP, REP, 3), RCGroupNorm(3, REP)),
        RCChannelDropout(REP, 0.1),
        RCConvTranspose1d(REP, "2r", 3),
        RCActivation("2r"),
        RCMerge("2r"),
        RCGlobalAvgPool1d("2t"),
        RCLinear("2t", "1t"),
    )


@pytest.mark.slow
@pytest.mark.parametrize("position", ["bias", "rotary"])
def test_the_suite_passes_it(position):
    report = rczoo.check(network(position), outputs="1t", lengths=(16, 20), quick=True)
    assert report.passed, str(report)


def cropped_on_one_side(self, x):
    y = self.body(x)
    return x[..., : y.shape[-1]] + y


def padded_on_one_side(self, x):
    return F.conv_transpose1d(x, self.kernel(), self.dense_bias(), self.stride, self.padding)[..., 1:]


def turned_alike(self, heads, width):
    torch.nn.Module.__init__(self)
    self.register_buffer("direction", torch.ones(heads.channels))


def means_of_sign_channels(x, axes, centred, eps):
    return (x - x.mean(axes, keepdim=True)) / x.std(axes, keepdim=True)


def shifted_by_one(self, x):
    return x.repeat_interleave(self.scale_factor, 2).roll(1, 2)


def of_every_entry_its_own(self):
    return torch.ones(self.rep_out.channels, self.rep_in.channels, 1).cumsum(0).cumsum(1).double()


FAULTS = {
    "a kernel that is not tied": (RCLinear, "kernel", of_every_entry_its_own),
    "a bias of each channel": (
        kernel.TiedKernel,
        "dense_bias",
        lambda self: torch.arange(1.0, self.rep_out.channels + 1).double(),
    ),
    "a residual cropped on one side": (RCResidual, "forward", cropped_on_one_side),
    "a longer end": (RCConvTranspose1d, "forward", padded_on_one_side),
    "partners that turn alike": (attention.Rotary, "__init__", turned_alike),
    "means of sign channels": (normalisation, "_standardised", means_of_sign_channels),
    "repeats that are shifted": (RCUpsample, "forward", shifted_by_one),
    "gates that change their sign": (RCGate, "forward", lambda self, x: x[:, :6] * x[:, :6].sigmoid()),
    "strands merged unevenly": (RCMerge, "forward", lambda self, x: x[:, self.first] + 2 * x[:, self.second]),
    "a pool of the first positions": (RCGlobalAvgPool1d, "forward", lambda self, x: x[..., :5].mean(2)),
}


def test_it_obeys_the_law_before():
    assert law_error(randomise(network().double().eval(), 0), normal_tensor(0, 2, 4, 16)) < 1e-11


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_breaks_the_law(fault, monkeypatch):
    monkeypatch.setattr(*FAULTS[fault])
    model = randomise(network().double().eval(), 0)
    assert law_error(model, normal_tensor(0, 2, 4, 16)) > 1e-6
