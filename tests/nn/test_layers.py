"""Norm, activation, dropout, pools and sequences between Reps: references, and what they refuse."""

import inspect

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.autograd import forward_ad
from torch.nn import functional as F

from rczoo import Rep
from rczoo import nn as layers
from rczoo.nn import (
    RCActivation,
    RCAvgPool1d,
    RCBatchNorm1d,
    RCConv1d,
    RCDropout,
    RCMaxPool1d,
    RCSequential,
    batch_norm,
)
from rczoo.nn.batch_norm import _PairedNorm
from rczoo.nn.layers import RCLayer
from rczoo.testing import geometries, integer_tensor, normal_tensor, randomise, reps, seeds
from tests.proofs.test_laws import obeys, rc


@given(st.integers(1, 4), st.integers(1, 3), st.integers(2, 5), seeds())
def test_norm_on_halves_is_batchnorm_of_stacked_frames(filters, batch, length, seed):
    """In train mode, its running statistics included, and in eval mode."""
    tied = randomise(RCBatchNorm1d(f"{filters}r:halves", eps=1e-2, momentum=0.3).double(), seed)
    plain = nn.BatchNorm1d(filters, eps=1e-2, momentum=0.3).double()
    plain.load_state_dict(tied.state_dict(), strict=False)
    x = normal_tensor(seed, batch, 2 * filters, length) * 3 + 1
    stacked = torch.cat([x[:, :filters], x[:, filters:]])
    for training in (True, False, True):
        y = plain.train(training)(stacked)
        torch.testing.assert_close(tied.train(training)(x), torch.cat(y.chunk(2), 1), rtol=1e-12, atol=1e-12)
        for name in ("running_mean", "running_var"):
            torch.testing.assert_close(getattr(tied, name), getattr(plain, name), rtol=1e-12, atol=1e-12)


@given(st.integers(1, 3), st.integers(2, 5), seeds())
def test_norm_on_trivial_channels_is_batchnorm_and_sign_channels_have_no_mean(batch, length, seed):
    tied = randomise(RCBatchNorm1d("2t+1s", eps=0.1, momentum=0.25).double(), seed)
    plain = nn.BatchNorm1d(2, eps=0.1, momentum=0.25).double()
    with torch.no_grad():
        for name, value in plain.state_dict().items():
            value.copy_(tied.state_dict().get(name, value).flatten()[:2] if value.ndim else value)
    old, x = tied.running_var[2].item(), normal_tensor(seed, batch, 3, length) + 1
    power = x[:, 2].square().mean().item()
    y = tied(x)
    torch.testing.assert_close(y[:, :2], plain(x[:, :2]), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(tied.running_var[:2], plain.running_var, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(y[:, 2], x[:, 2] * tied.weight[2] / (power + 0.1) ** 0.5, rtol=1e-12, atol=0)
    assert tied.running_var[2].item() == pytest.approx(0.75 * old + 0.25 * power, rel=1e-12)
    expected = x[:, 2] * tied.weight[2] / (tied.running_var[2] + 0.1) ** 0.5
    torch.testing.assert_close(tied.eval()(x)[:, 2], expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("rep", ["3r", "3r:halves", "3r:flip", "3t", "2r+1t", "2r+1s"])
@pytest.mark.parametrize("innermost", [False, True])
def test_norm_is_one_function_in_every_form_and_layout(rep, innermost, monkeypatch):
    """What PyTorch computes of a view, in few passes, and as the formula says, of all orders of channels."""
    found = {}
    for form, many in [("a view", 10**9), ("few passes", 0), ("the formula", 0)]:
        monkeypatch.setattr(batch_norm, "MANY", many)
        norm = randomise(RCBatchNorm1d(rep, momentum=None).double(), 0)
        if form == "the formula":
            norm._is_folded = norm._is_plain = lambda x: False
        x = normal_tensor(1, 3, norm.rep_in.channels, 5)
        x = (x.mT.contiguous().mT if innermost else x).requires_grad_()
        y = norm(x), norm(x + 1), norm.eval()(x)
        slopes = torch.autograd.grad(y[0].square()[:, :, 1:].sum(), [x, norm.weight, norm.bias])
        kept = norm.eval_affine()
        settled = x * kept[0][:, None] + kept[1][:, None]
        found[form] = *y, settled, *slopes, *norm.buffers()
        torch.testing.assert_close(y[2], settled)
    torch.testing.assert_close(found["a view"], found["the formula"])
    torch.testing.assert_close(found["few passes"], found["the formula"])


def test_norm_takes_the_fastest_form(monkeypatch):
    """Few numbers, and halves with channels innermost, as a view; the others in few passes."""
    taken, right = [], _PairedNorm.apply
    monkeypatch.setattr(_PairedNorm, "apply", lambda *inputs: taken.append(True) or right(*inputs))
    for rep, length, innermost, few_passes in [
        ("64r", 500, False, False),
        ("64r", 2000, False, True),
        ("64r:flip", 5, False, True),
        ("64r", 5, True, True),
        ("64r:halves", 2000, True, False),
    ]:
        x = torch.zeros(2, length, 128).mT if innermost else torch.zeros(2, 128, length)
        RCBatchNorm1d(rep)(x)
        assert bool(taken) == few_passes, (rep, length, innermost)
        taken.clear()


@pytest.mark.filterwarnings("ignore:.torch.jit")  # PyTorch's own, for tangents
@pytest.mark.parametrize("rep", ["3r:flip", "2r+1t"])
def test_norm_in_few_passes_is_the_formula_and_has_its_derivatives(rep):
    norm = randomise(RCBatchNorm1d(rep).double().train(), 0)
    x, slope = (normal_tensor(seed, 3, norm.rep_in.channels, 5) for seed in (1, 2))
    scales = [t.detach().requires_grad_() for t in (norm.weight[norm.orbit], norm.bias[norm.orbit])]
    paired = lambda *inputs: _PairedNorm.apply(*inputs, norm)  # noqa: E731

    def in_rows(x, *scales):
        y, *statistics = paired(x.mT.flatten(0, 1), *scales)
        return y.view(x.mT.shape).mT, *statistics

    found = []
    for form in (paired, in_rows, norm._by_formula):
        inputs = [x.clone().requires_grad_(), *scales]
        y, *statistics = form(*inputs)
        once = torch.autograd.grad((y * slope).sum(), inputs, create_graph=True)
        found.append([y, *statistics, *once, *torch.autograd.grad(once[0].square().sum(), inputs[:2])])
    torch.testing.assert_close(found[0], found[2])
    torch.testing.assert_close(found[1], found[2])
    (by_scale,) = torch.autograd.grad(norm(x).square().sum(), norm.weight, create_graph=True)  # x has none
    assert torch.autograd.grad(by_scale.sum(), norm.weight)[0].isfinite().all()
    with forward_ad.dual_level():
        y = forward_ad.unpack_dual(norm(forward_ad.make_dual(x, slope)))
    torch.testing.assert_close(
        y.tangent, torch.func.jvp(lambda x: norm._by_formula(x, *scales)[0], (x,), (slope,))[1]
    )
    assert torch.autograd.gradcheck(lambda *inputs: paired(*inputs)[0], inputs)


def test_norm_of_no_momentum_averages_all_batches():
    norm, plain = RCBatchNorm1d("2r:halves", momentum=None), nn.BatchNorm1d(2, momentum=None)
    for seed in range(3):
        x = normal_tensor(seed, 3, 4, 5).float()
        norm(x), plain(torch.cat(x.chunk(2, 1)))
    torch.testing.assert_close(dict(norm.state_dict()), dict(plain.state_dict()))


def test_norm_begins_as_batchnorm_does():
    norm, plain = RCBatchNorm1d("2r"), nn.BatchNorm1d(2)
    assert (norm.eps, norm.momentum) == (plain.eps, plain.momentum)
    for name, value in norm.state_dict().items():
        assert torch.equal(value, plain.state_dict()[name]), name
    single = RCBatchNorm1d("1t").train()
    single(torch.ones(1, 1, 1))
    assert torch.isfinite(single.running_var).all()
    before = {name: value.clone() for name, value in norm.state_dict().items()}
    assert norm.train()(torch.zeros(0, 4, 5)).shape == (0, 4, 5)  # an empty batch
    assert all(torch.equal(value, before[name]) for name, value in norm.state_dict().items())


@given(reps(), st.integers(1, 6), seeds())
def test_dropout_masks_are_symmetric_and_scaled(rep, length, seed):
    layer, x = RCDropout(rep, 0.5), torch.ones(4, rep.channels, length, dtype=torch.float64)

    def drop(x):
        torch.manual_seed(seed)
        return layer(x)

    assert obeys(drop, normal_tensor(seed, 4, rep.channels, length), rep, rep)
    y = drop(x)
    assert set(y.flatten().tolist()) <= {0.0, 2.0}
    assert y.shape == x.shape
    assert layer.eval()(x) is x


def test_dropout_rate_and_independence():
    torch.manual_seed(0)
    y = RCDropout("8r+2t", 0.25)(torch.ones(50, 18, 101))
    kept = y != 0
    assert y.max() == pytest.approx(1 / 0.75)
    assert kept.float().mean() == pytest.approx(0.75, abs=0.01)
    assert (kept[0] != kept[1]).any()
    assert (kept[:, 0] != kept[:, 2]).any()
    assert (kept[:, 0] != kept[:, 1]).any()
    assert RCDropout("1t", 0)(y[:, :1]) is not None
    assert RCDropout("1r")(torch.ones(0, 2, 5)).shape == (0, 2, 5)  # an empty batch
    assert RCDropout("1r").p == 0.5


@given(reps(kinds="rt"), geometries(paddings=(0, 1)), seeds())
def test_pools_are_plain_pools(rep, geometry, seed):
    length, width, stride, _, _ = geometry
    padding = min(geometry.padding, width // 2)
    length = width + stride * 3 - 2 * padding
    x = integer_tensor(seed, 2, rep.channels, length)
    windows = [x.new_zeros(2, rep.channels, padding), x, x.new_zeros(2, rep.channels, padding)]
    padded = torch.cat(windows, 2).unfold(2, width, stride)
    average = RCAvgPool1d(rep, width, stride, padding)
    torch.testing.assert_close(average(x), padded.mean(3), rtol=1e-14, atol=1e-14)
    low = padded.clone()
    if padding:
        low = F.pad(x, (padding, padding), value=-99.0).unfold(2, width, stride)
    maximum = RCMaxPool1d(rep, width, stride, padding)
    assert torch.equal(maximum(x), low.max(3).values)
    assert obeys(maximum, x, rep, rep)
    assert RCMaxPool1d(rep, width).stride == width


@pytest.mark.parametrize(
    ("function", "odd"),
    [
        (lambda x: x.clamp(-8, 7), False),
        (lambda x: torch.tanh(x) + 1e-3 * (x > 1e5), False),
        (lambda x: torch.where(x.abs() < 1e-3, x.abs(), x), False),
        (lambda x: x + 0.5 * (x == 0), False),
        (nn.PReLU(), False),
        (nn.PReLU(init=1.0), False),
        (lambda x: F.prelu(x, torch.tensor([0.5])), False),
        (nn.Hardtanh(), True),
        (lambda x: 2 * torch.sigmoid(x) - 1, True),
        (lambda x: torch.exp(x) - torch.exp(-x), True),
        (lambda x: F.prelu(x, torch.tensor([1.0])), True),
    ],
)
def test_a_function_of_sign_channels_is_odd_at_every_size(function, odd):
    if odd:
        RCActivation("1s", function)
    else:
        with pytest.raises(ValueError, match="is not odd"):
            RCActivation("1s", function)


@given(reps(), seeds())
def test_another_function_for_sign_channels(rep, seed):
    if not rep.sign:
        with pytest.raises(
            ValueError, match=r"has no sign channels, on which tanh would act: leave out sign"
        ):
            RCActivation(rep, torch.relu, sign=torch.tanh)
        return
    layer, x = RCActivation(rep, torch.relu, sign=torch.tanh), integer_tensor(seed, 2, rep.channels, 5)
    y = layer(x)
    for c, s in enumerate(rep.signs):
        torch.testing.assert_close(y[:, c], torch.tanh(x[:, c]) if s == -1 else x[:, c].clamp(min=0))
    torch.testing.assert_close(layer(rc(rep, x)), rc(rep, y), rtol=1e-14, atol=0)
    torch.testing.assert_close(layer(x[..., 0]), y[..., 0])


@pytest.mark.parametrize("make", [RCBatchNorm1d, RCActivation, RCDropout], ids=lambda make: make.__name__)
def test_features_without_positions(make):
    """As those of one position, in train mode too."""
    layer, x = make("2r+1t"), torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    y = layer(x)
    torch.manual_seed(0)
    torch.testing.assert_close(y, layer(x[..., None])[..., 0])


def test_layers_show_their_types():
    assert repr(RCActivation("2r+1s", sign=torch.tanh)) == "RCActivation(2r+1s, sign=tanh)"
    assert repr(RCBatchNorm1d("2r+1s")) == "RCBatchNorm1d(2r+1s)"
    assert repr(RCMaxPool1d("2r", 40, 20)) == "RCMaxPool1d(2r, kernel=40, stride=20)"
    assert repr(RCActivation("2r")) == "RCActivation(2r)"
    assert repr(RCDropout("1t")) == "RCDropout(1t)"
    assert repr(RCLayer("1r", "1t")) == "RCLayer(1r -> 1t)"
    row = RCSequential(RCConv1d("1r", "2r", 1), RCConv1d("2r", "1t", 1))
    assert repr(row).splitlines()[1] == "  (0): RCConv1d(1r -> 2r, kernel=1)"


def test_parts_of_a_sequence():
    relu = RCActivation("2r")
    row = RCSequential(RCConv1d("2r:flip", "2r", 3), relu, RCConv1d("2r", "1t", 3), RCActivation("1t"))
    assert (row.rep_in, row.rep_out, len(row)) == (Rep.dna(), Rep("1t"), 4)
    assert row[1] is relu
    assert isinstance(row[:2], RCSequential)
    assert [*row[:2]] == [row[0], relu]
    assert (row[1:3].rep_in, row[1:3].rep_out) == (Rep("2r"), Rep("1t"))
    assert list(row.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert len(RCSequential(*row[:2], relu)) == 3, "a layer may come twice"
    for change in (lambda: row.append(relu), lambda: row.__setitem__(2, relu), lambda: row.__delitem__(0)):
        with pytest.raises(AttributeError):
            change()
    with pytest.raises(ValueError, match="no layers given"):
        row[4:]


@given(seeds())
def test_a_sequence_obeys_the_law(seed):
    layers = RCSequential(
        RCConv1d("2r:flip", "3r:halves+1t", 5, stride=2),
        RCBatchNorm1d("3r:halves+1t"),
        RCActivation("3r:halves+1t"),
        RCMaxPool1d("3r:halves+1t", 3, 2),
        RCConv1d("3r:halves+1t", "1s+2r:flip", 2),
        RCActivation("1s+2r:flip", torch.tanh),
        RCAvgPool1d("1s+2r:flip", 2),
    )
    randomise(layers.double().eval(), seed)
    assert (layers.rep_in, layers.rep_out) == (Rep.dna(), Rep("1s+2r:flip"))
    x = normal_tensor(seed, 2, 4, 25)
    y = layers(x)
    torch.testing.assert_close(layers(rc(Rep.dna(), x)), rc(layers.rep_out, y), rtol=1e-12, atol=1e-13)
    assert y.std() > 0


class OnlyTakes(nn.Module):
    rep_in = Rep("1t")


def join(*reps):
    return lambda: RCSequential(*(RCConv1d(a, b, 1) for a, b in reps))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            join(("2r:flip", "2r"), ("2r", "2r"), ("2r:halves", "1t")),
            r"layer 1 gives 2r but layer 2 takes 2r:halves: as many channels in another order; build layer 2 "
            r"with rep_in='2r'",
        ),
        (join(("2r:flip", "2r"), ("3r", "1t")), r"layer 0 gives 2r but layer 1 takes 3r; build layer 1 with"),
        (lambda: RCSequential(), r"RCSequential: no layers given, so there is no Rep: give at least one"),
        (
            lambda: RCSequential(RCConv1d("1t", "1t", 1), nn.ReLU()),
            r"layer 1 is a ReLU, which declares no Reps: use the layers of rczoo, such as RCActivation",
        ),
        (lambda: RCSequential(OnlyTakes()), r"layer 0 is a OnlyTakes, which declares no Reps"),
        (
            lambda: RCActivation("1s", lambda x: torch.where(x.abs() < 1, x.abs(), x)),
            r"<lambda> is not odd, but Rep 1s has 1 sign",
        ),
        (
            lambda: RCActivation("2r", nn.PReLU(4)),
            r"RCActivation: PReLU has 4 numbers in its weight, which may come to differ between the channels",
        ),
        (lambda: RCDropout("1r", 1.0), r"RCDropout: p is 1.0, expected 0 <= p < 1"),
        (lambda: RCDropout("1r", -0.1), r"RCDropout: p is -0.1, expected 0 <= p < 1"),
        (
            lambda: RCMaxPool1d("1r+3s", 2),
            r"RCMaxPool1d: Rep 1r\+3s has 3 sign channels, on which a maximum is never equivariant: use RC",
        ),
        (
            lambda: RCActivation("2s"),
            r"RCActivation: relu is not odd, but Rep 2s has 2 sign channels: use an odd",
        ),
        (lambda: RCActivation("1s", torch.cos), r"RCActivation: cos is not odd"),
        (lambda: RCActivation("1s", sign=torch.relu), r"RCActivation: relu is not odd.* by sign=torch.tanh$"),
        (
            lambda: RCBatchNorm1d("2r")(torch.zeros(1, 3, 9)),
            r"RCBatchNorm1d: expected \(batch, 4\) or \(batch, 4, length\) for Rep 2r, got \(1, 3, 9\)$",
        ),
        (lambda: RCActivation("2r")(torch.zeros(4, 9)), r"RCActivation: .* got \(4, 9\): add a batch axis"),
        (
            lambda: RCDropout("2r")(torch.zeros(1, 9, 4)),
            r"RCDropout: .*\(1, 9, 4\): transpose \(batch, length,",
        ),
        (lambda: RCMaxPool1d("2r", 2)(torch.zeros(1, 5, 4)), r"RCMaxPool1d: expected \(batch, 4, length\)"),
        (
            lambda: RCMaxPool1d("1t", 40, 20)(torch.zeros(1, 1, 1001)),
            r"RCMaxPool1d: \(length 1001 .* leaves 1 over stride 20, .* use length 1000 or 1020",
        ),
        (lambda: RCAvgPool1d("1t", 4)(torch.zeros(1, 1, 3)), r"RCAvgPool1d: length 3 .* receptive field 4"),
        (lambda: RCAvgPool1d("1t", 0), r"RCAvgPool1d: kernel_size is 0, expected a whole number >= 1"),
        (lambda: RCMaxPool1d("1t", 2, 0), r"RCMaxPool1d: stride is 0, expected a whole number >= 1"),
        (
            lambda: RCMaxPool1d("1t", 2, 1, 2),
            r"RCMaxPool1d: padding is 2, more than half of kernel_size 2: a window would hold nothing but",
        ),
        (lambda: RCAvgPool1d("1t", 2, 1, -1), r"RCAvgPool1d: padding is -1, expected a whole number >= 0"),
    ],
)
def test_refused(make, message):
    with pytest.raises(ValueError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


OTHERS = {
    "kernel_size": 1,
    "length": 4,
    "scale_factor": 2,
    "output_size": 2,
    "num_groups": 1,
    "complement": [1, 0],
}
"""What layers ask for beside Reps."""


def test_no_layer_takes_a_rep_without_channels():
    """One rule for all: PyTorch computes some of them, and refuses others in its own words."""
    tried = []
    for name in layers.__all__:
        asked = inspect.signature(getattr(layers, name)).parameters
        for argument in {"rep", "rep_in", "rep_out"} & set(asked):
            given = {name: value for name, value in OTHERS.items() if name in asked}
            given |= {name: "2r" for name in asked if name.startswith("rep")} | {argument: "0t"}
            with pytest.raises(
                ValueError, match=rf"^{name}: rep\w*.channels is 0, expected a whole number >= 1"
            ):
                getattr(layers, name)(**given)
            tried.append(name)
    assert len(set(tried)) == 28
    with pytest.raises(ValueError, match=r"^RCEmbedding: complement.channels is 0"):
        layers.RCEmbedding([], "2r")
