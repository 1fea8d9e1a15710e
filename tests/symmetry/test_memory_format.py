"""Features with channels innermost are the same features, with the same gradients."""

import contextlib
import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.func import functional_call, grad, vmap
from torch.nn import functional as F

from rczoo import build
from rczoo.symmetry import _memory_format as layouts
from rczoo.symmetry.frames import exchange, exchange_stacked, from_halves, to_halves

seeds = st.integers(0, 10**6)
layout = st.booleans()


def features(seed, *shape, innermost=False):
    x = torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return x.mT.contiguous().mT if innermost else x


@given(
    seeds,
    layout,
    st.sampled_from([2, 2 * layouts.AT_ONCE + 1]),
    st.integers(1, 12),
    st.integers(1, 12),
    st.integers(1, 5),
    st.integers(1, 3),
)
def test_every_form_of_convolution_is_the_convolution(
    seed, innermost, batch, channels, filters, taps, dilation
):
    x = features(seed, batch, channels, 16, innermost=innermost).requires_grad_()
    W, bias = features(seed + 1, filters, channels, taps).requires_grad_(), features(seed + 2, filters)
    ours, plain = layouts.conv1d(x, W, bias, dilation), F.conv1d(x, W, bias, dilation=dilation)
    torch.testing.assert_close(ours, plain)
    slope = features(seed + 3, *plain.shape)
    got = torch.autograd.grad(ours, (x, W), slope)
    torch.testing.assert_close(got, torch.autograd.grad(plain, (x, W), slope))


def test_convolution_too_short_says_so():
    with pytest.raises(RuntimeError, match="Kernel size"):
        layouts.conv1d(torch.zeros(1, 2, 3), torch.zeros(1, 2, 5), None)


def test_features_are_kept_with_channels_innermost():
    y = layouts.conv1d(torch.zeros(2, 4, 20), torch.zeros(16, 4, 3), None)
    assert layouts.channels_innermost(y)
    assert not layouts.channels_innermost(y.contiguous())


@given(seeds, layout, st.integers(0, 3), st.integers(0, 4))
def test_parts_follow_the_layout_they_are_given(seed, innermost, margin, k):
    x = features(seed, 4, 6, 9, innermost=innermost)
    parts = {
        "crop": (layouts.crop(x, margin), x[..., margin : 9 - margin]),
        "first": (layouts.first_channels(x, k), x[:, :k]),
        "channels": (layouts.join_channels(x, 2 * x), torch.cat([x, 2 * x], 1)),
        "batches": (layouts.join_batches(x, 2 * x), torch.cat([x, 2 * x])),
    }
    for axis in (0, 1):
        for n in (0, 1):
            parts[f"split {axis} {n}"] = layouts.split(x, axis)[n], x.chunk(2, axis)[n]
    for name, (got, want) in parts.items():
        assert torch.equal(got, want), name
        if innermost and got.shape[1] > 1:
            assert layouts.channels_innermost(got), name


@given(seeds, layout)
def test_norm_pools_the_groups(seed, innermost):
    x, norm = features(seed, 3, 8, 7, innermost=innermost), torch.nn.BatchNorm1d(4).double()
    plain = copy.deepcopy(norm)
    want = plain(torch.cat(x.chunk(2, 1))).chunk(2)
    torch.testing.assert_close(layouts.normalise(norm, x, 4), torch.cat(want, 1))
    torch.testing.assert_close(norm.running_var, plain.running_var)
    assert layouts.normalise(torch.nn.Identity(), x, 4) is x


@given(seeds, layout, st.integers(0, 5))
def test_stacked_frames_exchange_as_two_do(seed, innermost, k):
    z = features(seed, 6, 5, 8, innermost=innermost)
    assert torch.equal(exchange_stacked(z, k), torch.cat(exchange(z.chunk(2), k)))
    assert all(map(torch.equal, from_halves(to_halves(z.chunk(2))), z.chunk(2)))


@pytest.mark.parametrize("mixing", [0, 0.5, 1, "alternating"])
def test_gradients_are_the_same_in_both_executions(mixing):
    mixing = [0.5, 1, 0, 0, 1, 0.2] if mixing == "alternating" else mixing
    network = build("bpnet", mixing=mixing, filters=10, length=400).double()
    X = F.one_hot(torch.randint(4, (2, 400)), 4).mT.double()
    gradients = {}
    for execution in ("frames", "tied"):
        network.execution = execution
        profile, counts = network(X)
        loss = profile.square().sum() + counts.square().sum()
        gradients[execution] = torch.autograd.grad(loss, list(network.parameters()))
    torch.testing.assert_close(gradients["tied"], gradients["frames"])


@pytest.mark.parametrize(("execution", "mixing"), [("frames", 0.5), ("tied", 0.5), ("tied", 0)])
def test_per_example_gradients_by_vmap(execution, mixing):
    """A batch of both frames, one dense kernel, and a batch of frames in the tied execution."""
    network = build("tf-cnn", mixing=mixing, filters=10, length=120, pool=(8, 4)).double().eval()
    network.execution = execution
    X, parameters = features(0, 3, 4, 120), dict(network.named_parameters())

    def answer(parameters, x):
        return functional_call(network, parameters, (x[None],)).sum()

    found = vmap(grad(answer), (None, 0))(parameters, X)
    for n, x in enumerate(X):
        one_by_one = torch.autograd.grad(answer(parameters, x), list(parameters.values()))
        torch.testing.assert_close([found[name][n] for name in parameters], list(one_by_one))


class Anybodys(torch.nn.Module):
    """Convolutions of every kind, a norm, a crop and ``view``, as other people write them."""

    def __init__(self):
        super().__init__()
        conv = torch.nn.Conv1d
        convs = [conv(4, 9, 3, padding=1), conv(9, 9, 3, dilation=2, padding="same")]
        convs += [conv(9, 9, 4, padding="same"), conv(9, 9, 3, groups=3)]
        self.convs, self.norm = torch.nn.ModuleList(convs), torch.nn.BatchNorm1d(9)
        self.wide = conv(9, 12, 4, stride=2, padding=(1,))

    def forward(self, x):
        self.kept = []
        for conv in self.convs:
            x = self.norm(conv(x)).relu()
            self.kept.append(layouts.channels_innermost(x))
        x = self.wide(x[..., 1:-1])
        self.kept.append(layouts.channels_innermost(x))
        assert x.detach().view(torch.int64).dtype == torch.int64
        return x.view(x.size(0), -1)


@pytest.mark.parametrize("first", ["view", "base"])
def test_what_is_written_into_a_view_is_written_into_what_it_views(first):
    conv, x = torch.nn.Conv1d(4, 9, 3).double(), features(0, 2, 4, 12).requires_grad_()

    def model(x):
        h = conv(x)
        rows = h.view(len(h), 3, -1)
        if first == "view":
            rows[:, 1].mul_(-2)
            return h.relu()
        h[:, 4:] = 0
        return rows.sum(1)

    found = []
    for mode in (contextlib.nullcontext(), layouts.ChannelsInnermost()):
        with mode:
            y = model(x)
        found.append([y, *torch.autograd.grad(y.square().sum(), [x, conv.weight])])
    torch.testing.assert_close(*found)


def test_the_last_that_is_written_into_a_view_counts():
    conv, x = torch.nn.Conv1d(4, 9, 3).double(), features(0, 2, 4, 12)
    with layouts.ChannelsInnermost():
        h = conv(x)
        h.view(len(h), -1).zero_()
    assert not h.any()


@pytest.mark.filterwarnings("ignore:Using padding=.same. with even kernel")
@pytest.mark.parametrize("innermost", [False, True])
def test_a_mode_keeps_the_layout_in_anybodys_model(innermost):
    net, x = Anybodys().double(), features(0, 3, 4, 15, innermost=innermost).requires_grad_()
    found = []
    for mode in (contextlib.nullcontext(), layouts.ChannelsInnermost()):
        net.norm.reset_running_stats()
        with mode:
            y = net(x)
        found.append(
            [y, net.norm.running_var.clone(), *torch.autograd.grad(y[:, ::2].sum(), [x, net.wide.weight])]
        )
    torch.testing.assert_close(*found)
    # a kernel that pads one end more than the other, and groups, are left to PyTorch
    assert net.kept == [True, True, False, False, True]
