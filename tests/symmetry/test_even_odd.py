"""The tied convolution by even and odd parts is the dense one, with its gradients, in pieces of any size."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import forward_ad
from torch.nn import functional as F

from rczoo.family import trunk as trunk_module
from rczoo.family.trunk import BlockShape, Trunk
from rczoo.nn import RCConv1d, RCLinear
from rczoo.nn.tied import kernel
from rczoo.symmetry import _even_odd as even_odd
from rczoo.symmetry._even_odd import even_and_odd, pays, tied_conv1d
from rczoo.testing import normal_tensor, seeds


@pytest.fixture
def small(monkeypatch):
    """Layers of any size run by parts, some of their outputs at once."""
    monkeypatch.setattr(even_odd, "FEWEST", 0)
    monkeypatch.setattr(kernel, "FEWEST", 0)
    monkeypatch.setattr(even_odd, "LEAST", 1)
    monkeypatch.setattr(even_odd, "SPENT", 0)
    monkeypatch.setattr(even_odd, "AT_ONCE", 16)
    monkeypatch.setattr(RCConv1d, "looked_up", 0)
    monkeypatch.setattr(RCLinear, "looked_up", 0)


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def dense(x, rows, bias, *geometry):
    """By the kernel [A B; B A], the second rows reversed."""
    A, B = rows.chunk(2, 1)
    kernel = torch.cat([rows, torch.cat([B, A], 1).flip(2)])
    dilation, stride, padding = geometry
    return F.conv1d(x, kernel, torch.cat([bias, bias]), stride, padding, dilation)


@given(
    st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 5)),  # channels, filters, taps
    st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(0, 2)),  # dilation, stride, padding
    st.integers(1, 4),
    st.integers(0, 9),
    st.sampled_from([1, 8, 40, 2**16]),
    st.booleans(),
    seeds(),
)
def test_it_is_the_dense_convolution(sizes, geometry, batch, more, at_once, innermost, seed):
    (channels, filters, taps), dilation = sizes, geometry[0]
    length = dilation * (taps - 1) + 1 + more
    x = normal_tensor(seed, batch, 2 * channels, length)
    x = x.mT.contiguous().mT if innermost else x
    rows, bias = normal_tensor(seed + 1, filters, 2 * channels, taps), normal_tensor(seed + 2, filters)
    for v in (x, rows, bias):
        v.requires_grad_()
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(even_odd, "AT_ONCE", at_once)
        for y in (tied_conv1d(x, even_and_odd(rows), bias, *geometry), dense(x, rows, bias, *geometry)):
            slope = normal_tensor(seed + 3, *y.shape)
            once = torch.autograd.grad(y, (x, rows, bias), slope, retain_graph=True)
            kept = torch.autograd.grad(y, (x, rows, bias), slope, create_graph=True)
            twice = torch.autograd.grad(sum(g.square().sum() for g in kept), (x, rows))
            found.append([y, *once, *kept, *twice])
    torch.testing.assert_close(*found, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("wanted", [("x",), ("rows",), ("bias",), ("x", "bias")])
def test_what_wants_no_gradient_gets_none(wanted):
    values = {"x": normal_tensor(0, 2, 4, 9), "rows": normal_tensor(1, 3, 4, 3), "bias": normal_tensor(2, 3)}
    asked = [values[name].requires_grad_() for name in wanted]
    x, rows, bias = values.values()
    ours, other = (
        tied_conv1d(x, even_and_odd(rows), bias).square().sum(),
        dense(x, rows, bias, 1, 1, 0).square().sum(),
    )
    for graph in (False, True):
        got = torch.autograd.grad(ours, asked, retain_graph=True, create_graph=graph)
        torch.testing.assert_close(got, torch.autograd.grad(other, asked, retain_graph=True))


def test_no_more_is_kept_for_the_gradient_than_the_input_and_the_kernel():
    kept = []
    x, weights = (
        normal_tensor(0, 2, 40, 8).mT.requires_grad_(),
        even_and_odd(normal_tensor(1, 4, 8, 5)).requires_grad_(),
    )
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.numel()), lambda _: None):
        tied_conv1d(x, weights, None)
    assert sorted(kept) == sorted([x.numel(), weights.numel()])


ORDERS = ["", ":halves", ":flip"]


def conv(into, out, bias):
    return RCConv1d(f"3r{into}", f"2r{out}", 3, bias=bias, stride=2, padding=1, padding_mode="circular")


def linear(into, out, bias):
    return RCLinear(f"3r{into}", f"2r{out}", bias=bias)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("into", ORDERS)
@pytest.mark.parametrize("out", ORDERS)
@pytest.mark.parametrize(("layer", "shape"), [(conv, (2, 6, 9)), (linear, (2, 6, 9)), (linear, (5, 6))])
def test_layers_between_pairs(layer, shape, into, out, bias, small, monkeypatch):
    """By parts what the dense kernel gives, in either mode, after the weights have changed too; the law."""
    layer, x = layer(into, out, bias).double(), normal_tensor(0, *shape).requires_grad_()
    assert layer._by_parts(x)
    for training in (True, False):
        layer.train(training)
        for _ in range(2):
            with torch.no_grad():
                layer.weight.mul_(2)
                torch.testing.assert_close(layer(layer.rep_in.act(x)), layer.rep_out.act(layer(x)))
            found = []
            for least in (1, 2**60):
                monkeypatch.setattr(even_odd, "LEAST", least)
                y = layer(x)
                first = torch.autograd.grad(y.square().sum(), (x, layer.weight), create_graph=True)
                found.append([y, *first, *torch.autograd.grad(first[0].square().sum(), (x, layer.weight))])
            torch.testing.assert_close(*found)
            monkeypatch.setattr(even_odd, "LEAST", 1)


@pytest.mark.parametrize(
    ("reps", "settings"),
    [
        (("2r:halves", "1r+2t"), {}),
        (("1r+2s", "2r:halves"), {}),
        (("2r:halves+1r", "2r:halves"), {}),
        (("2r:halves", "2r:halves"), {"groups": 2}),
    ],
)
def test_other_layers_are_dense(reps, settings, small):
    layer = RCConv1d(*reps, 3, **settings)
    assert not layer._by_parts(normal_tensor(0, 1, layer.rep_in.channels, 9))


@pytest.mark.usefixtures("one_thread")
def test_few_pairs_are_dense(monkeypatch):
    for limit, value in (("LEAST", 1), ("SPENT", 0)):
        monkeypatch.setattr(even_odd, limit, value)
    assert RCConv1d("64r", "64r", 3)._by_parts(torch.zeros(1, 128, 9))
    assert not RCConv1d("63r", "64r", 3)._by_parts(torch.zeros(1, 126, 9))


@pytest.mark.usefixtures("one_thread")
def test_where_it_pays():
    x = torch.zeros(2, 128, 1088)
    assert pays(x, 64, 64, 1)
    assert pays(x.double(), 64, 64, 1)
    assert not pays(x[..., :-1], 64, 64, 1)
    assert not pays(x, 63, 64, 3)
    assert not pays(x, 64, 63, 3)
    assert not pays(x.bfloat16(), 64, 64, 3)
    assert not pays(x.to("meta"), 64, 64, 3)
    torch.set_num_threads(2)
    assert pays(x, 128, 128, 3)
    assert not pays(x, 127, 128, 3)


def test_where_every_operation_is_watched_it_is_not_used(small):
    x, seen = torch.zeros(3, 2, 4), []

    def look(x):
        seen.append(pays(x, 1, 1, 1))
        return x.sum()

    look(x)
    assert seen.pop()
    with torch.autocast("cpu"):
        look(x)
    torch.func.grad(look)(x)
    torch.func.vmap(look)(x)
    with forward_ad.dual_level():
        look(x)
    assert len(seen) == 4
    assert not any(seen)


@pytest.mark.parametrize(
    ("taps", "share", "halved"),
    [
        (14, 0, 0),
        (14, 0.25, 0),
        (14, 0.5, 2),
        (14, 0.75, 2),
        (14, 1, 2),
        (7, 0, 0),
        (7, 0.25, 2),
        (7, 0.1, 0),
    ],
)
def test_blocks_that_exchange_much(taps, share, halved, small, monkeypatch):
    """They run by parts, and are the frames; gradients, too."""
    trunk = Trunk([BlockShape(5), BlockShape(taps, norm=True), BlockShape(taps)], 24, [share, share]).double()
    x, found, calls = normal_tensor(0, 2, 4, 40).requires_grad_(), [], []
    run = trunk_module.tied_conv1d
    monkeypatch.setattr(trunk_module, "tied_conv1d", lambda *args: calls.append(args) or run(*args))
    for execution in ("frames", "tied"):
        frames = trunk(x, 2, True, execution)
        loss = frames[0].square().sum() + 2 * frames[1].sum()
        found.append([*frames, *torch.autograd.grad(loss, [x, *trunk.parameters()])])
    torch.testing.assert_close(*found)
    assert len(calls) == halved
