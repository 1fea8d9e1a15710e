"""The tied convolution against loops, without tolerance, and what it refuses."""

import copy
import itertools
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.func import functional_call, grad, vmap

from rczoo import Rep
from rczoo.export import fuse
from rczoo.nn import RCBatchNorm1d, RCConv1d, RCLinear, RCSequential
from rczoo.nn.convolution import PADDING_MODES
from rczoo.nn.tied.kernel import TiedKernel
from rczoo.testing import geometries, integer_tensor, normal_tensor, reference, reps, seeds
from tests.support.layer_loops import pad
from tests.support.strategies import fill_with_integers


class Large(RCConv1d):
    """Builds its kernel as those of more numbers do."""

    looked_up = 0


class OfStrands(Large):
    """Reads either strand by half of its kernel, as those of more numbers do to few positions."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._turned = 2**40 if self.index is None and self._orders[1] != "none" else 0


@given(reps(max_orbits=3), reps(max_orbits=3), geometries(), st.booleans(), seeds())
def test_exactly_the_loops_and_exactly_equivariant(rep_in, rep_out, geometry, bias, seed):
    is_the_loops(RCConv1d, rep_in, rep_out, geometry, bias, seed)


@given(reps(max_orbits=3), reps(max_orbits=3), geometries(), st.booleans(), seeds())
def test_exactly_so_where_either_strand_is_read(rep_in, rep_out, geometry, bias, seed):
    is_the_loops(OfStrands, rep_in, rep_out, geometry, bias, seed)


def is_the_loops(kind, rep_in, rep_out, geometry, bias, seed):
    """And equivariant, both without tolerance."""
    length, width, stride, dilation, padding = geometry
    layer = kind(rep_in, rep_out, width, bias, stride, dilation, padding).double()
    fill_with_integers(layer, seed)
    x = integer_tensor(seed + 9, 2, rep_in.channels, length)
    kernel = layer.kernel().detach().numpy()
    assert reference.obeys_kernel_law(kernel, rep_in, rep_out)
    dense = None if not bias else layer.dense_bias().detach().numpy()
    expected = torch.from_numpy(reference.convolve(x.numpy(), kernel, dense, stride, dilation, padding))
    y = layer(x)
    assert torch.equal(y, expected)
    turned = torch.from_numpy(reference.act(rep_in, x.numpy()))
    swapped = reference.act(rep_out, y.detach().numpy())
    assert torch.equal(layer(turned), torch.from_numpy(swapped))


@given(reps(max_orbits=3), reps(max_orbits=3), st.integers(1, 5), seeds())
def test_a_kernel_and_its_gradient_are_the_same_in_both_forms(rep_in, rep_out, width, seed):
    layer, large = (fill_with_integers(kind(rep_in, rep_out, width), seed) for kind in (RCConv1d, Large))
    weights = integer_tensor(seed, *layer.kernel().shape).float()
    found = [
        (each.kernel(), *torch.autograd.grad((each.kernel() * weights).sum(), each.weight))
        for each in (layer, large)
    ]
    assert all(torch.equal(u, v) for u, v in zip(*found, strict=True))
    assert large.index is None or 2 * rep_out.regular < rep_out.channels


@pytest.mark.parametrize(
    ("taps", "ends"), [(3, (6,)), (0, (6,)), (0, ())], ids=["convolution", "linear", "linear, no positions"]
)
@pytest.mark.parametrize("orders", list(itertools.product(["", ":halves", ":flip"], repeat=2)), ids=str)
def test_kernels_larger_than_the_features_read_either_strand_in_training(orders, ends, taps, monkeypatch):
    """What the dense kernel gives, its gradients and theirs; without gradients the kernel is kept."""
    reps = f"32r{orders[0]}+2t" if orders == (":halves", "") else f"32r{orders[0]}", f"48r{orders[1]}"
    monkeypatch.setattr(TiedKernel, "looked_up", 0)
    monkeypatch.setattr(TiedKernel, "built", (0, 0))
    layer = (RCConv1d(*reps, taps) if taps else RCLinear(*reps)).double()
    x = normal_tensor(0, 2, layer.rep_in.channels, *ends).requires_grad_()
    assert layer._by_strands(x)
    assert not layer._by_strands(torch.cat([x] * 30))
    found = []
    for least in (layer._turned, 0):
        layer._turned = least
        y = layer(x)
        first = torch.autograd.grad(y.square().sum(), (x, *layer.parameters()), create_graph=True)
        found.append([y, *first, *torch.autograd.grad(first[0].square().sum(), (x, layer.weight))])
    torch.testing.assert_close(*found)
    layer._turned = 2**40
    torch.testing.assert_close(layer(layer.rep_in.act(x)), layer.rep_out.act(layer(x)))
    with torch.no_grad():
        assert not layer._by_strands(x)
    watched = []
    torch.func.vmap(lambda x: watched.append(layer._by_strands(x)) or x)(x[None])
    assert watched == [False]


def test_large_kernels_alone_read_either_strand():
    few = torch.zeros(1, 512, 9)
    assert RCConv1d("256r", "256r", 3)._by_strands(few)
    assert RCConv1d("256r", "256r", 1)._by_strands(few)
    for other in (
        RCConv1d("64r", "64r", 3),
        RCConv1d("256r", "255r+2t", 3),
        RCConv1d("256r", "256r", 3, groups=2),
        RCConv1d("512t", "100r+4r:flip", 9),
    ):
        assert not other._by_strands(few[:, : other.rep_in.channels]), other


@pytest.mark.parametrize(
    "layer", [RCConv1d("2r", "1r+1t", 3), RCConv1d("256r", "256r", 3), RCLinear("2r", "3t")]
)
def test_an_empty_batch_has_an_empty_answer_and_no_gradient(layer):
    y = layer(torch.zeros(0, layer.rep_in.channels, 9))
    assert (y.shape[0], y.shape[1]) == (0, layer.rep_out.channels)
    y.sum().backward()
    assert not layer.weight.grad.any()


@given(reps(max_orbits=2), reps(max_orbits=2), geometries(), st.sampled_from(PADDING_MODES), seeds())
def test_every_padding_mode_is_the_loop_s_and_obeys_the_law(rep_in, rep_out, geometry, mode, seed):
    length, width, stride, dilation, padding = geometry
    length += 3 * stride  # no shorter than the padding
    layer = RCConv1d(rep_in, rep_out, width, True, stride, dilation, padding, padding_mode=mode).double()
    fill_with_integers(layer, seed)
    x = integer_tensor(seed + 9, 2, rep_in.channels, length)
    kernel, bias = layer.kernel().detach().numpy(), layer.dense_bias().detach().numpy()
    expected = reference.convolve(pad(x.numpy(), padding, mode), kernel, bias, stride, dilation)
    y = layer(x)
    assert torch.equal(y, torch.from_numpy(expected))
    turned = torch.from_numpy(reference.act(rep_in, x.numpy()))
    assert torch.equal(layer(turned), torch.from_numpy(reference.act(rep_out, y.detach().numpy())))


def test_same_keeps_the_length_and_valid_pads_nothing():
    x = torch.zeros(1, 4, 9)
    for width, dilation in [(1, 1), (5, 1), (3, 2), (4, 2)]:  # an even kernel has an even reach if dilated
        assert RCConv1d("2r:flip", "1r", width, dilation=dilation, padding="same")(x).shape == (1, 2, 9)
    assert RCConv1d("2r:flip", "1r", 3, padding="valid").padding == 0


def test_groups_and_padding_modes_are_fused():
    row = RCSequential(
        RCConv1d("2r", "2r", 3, padding=2, groups=2, padding_mode="reflect"), RCBatchNorm1d("2r")
    )
    fill_with_integers(row.double().eval(), 2)
    x = integer_tensor(0, 2, 4, 9)
    torch.testing.assert_close(fuse(row)(x), row(x), rtol=1e-12, atol=1e-12)


def test_a_free_parameter_is_the_first_entry_it_ties():
    """Saved weights keep their meaning: which of two tied entries carries the sign is settled."""
    layers = [RCConv1d("1t", "1s", 2), RCConv1d("1s", "1r", 2), RCConv1d("1r", "1t+1s", 1)]
    for layer, first in zip(layers, ([0], [0, 1], [0, 2]), strict=True):
        with torch.no_grad():
            layer.weight.copy_(torch.arange(1.0, len(layer.weight) + 1))
        kernel = layer.kernel().flatten().tolist()
        assert [kernel[n] for n in first] == layer.weight.tolist()


@given(reps(), reps())
def test_bias_is_tied(rep_in, rep_out):
    layer = RCConv1d(rep_in, rep_out, 2)
    torch.nn.init.uniform_(layer.bias, 1, 2)
    assert len(layer.bias) == rep_out.regular + rep_out.trivial
    dense = layer.dense_bias()
    for c, (j, s) in enumerate(zip(rep_out.partners, rep_out.signs, strict=True)):
        assert dense[c] == dense[j]
        assert (dense[c] == 0) == (s == -1)
    assert RCConv1d(rep_in, rep_out, 2, bias=False).dense_bias() is None


def test_initialised_with_the_fans_of_the_free_kernel():
    torch.manual_seed(0)
    layer = RCConv1d("2r:flip", "500r", 15)
    bound = (6 / (15 * (4 + 500))) ** 0.5
    assert 0.99 * bound < layer.weight.abs().max() <= bound
    assert abs(layer.weight.mean()) < 0.01 * bound * 2
    assert not layer.bias.any()
    assert layer.weight.numel() == 500 * 4 * 15


def test_gradients_reach_every_free_parameter():
    layer = RCConv1d("2r:flip+1s", "2r+1t+1s", 3)
    layer(torch.randn(2, 5, 9, generator=torch.Generator().manual_seed(0))).square().sum().backward()
    assert (layer.weight.grad != 0).all()
    assert (layer.bias.grad != 0).all()


def test_weights_made_in_inference_mode_serve():
    with torch.inference_mode():
        layer, x = RCConv1d("2r:flip", "2r", 3).eval(), torch.ones(1, 4, 9)
        y = layer(x)
        layer.weight.mul_(2)
        torch.testing.assert_close(layer(x), 2 * y)


def fused_step(weight):
    weight.grad = torch.ones_like(weight)
    torch.optim.SGD([weight], lr=1.0, fused=True).step()


CHANGES = {
    "in place": lambda weight: weight.sub_(1),
    "an optimizer that is fused": fused_step,
    "copied behind autograd": lambda weight: weight.data.copy_(weight.data - 1),
    "other data": lambda weight: setattr(weight, "data", weight.data - 1),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
@pytest.mark.parametrize("rep_out", ["3r", "2r+1t"])
def test_a_changed_weight_is_seen_at_once_in_eval_mode(rep_out, change):
    """Fused optimizers and ``.data`` change a tensor without raising its version."""
    layer, x = RCConv1d("2r:flip", rep_out, 3).eval(), torch.rand(1, 4, 9)
    with torch.no_grad():
        before = layer(x)
        change(layer.weight)
        fresh = RCConv1d("2r:flip", rep_out, 3)
        fresh.load_state_dict(layer.state_dict())
        assert torch.equal(layer(x), fresh(x))
        assert not torch.equal(layer(x), before)


def test_state_holds_free_parameters_only():
    layer = RCConv1d("2r:flip", "3r", 5)
    assert set(layer.state_dict()) == {"weight", "bias"}
    assert set(RCConv1d("1t+1s", "1r+1s", 5).state_dict()) == {"weight", "bias"}
    assert layer.rep_in == Rep.dna()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("2r:flip", "3r", 5), "RCConv1d(2r:flip -> 3r, kernel=5)"),
        (("2t", "2t", 1), "RCConv1d(2t -> 2t, kernel=1)"),
        (
            ("1r", "1t", 3, False, 2, 4, 1),
            "RCConv1d(1r -> 1t, kernel=3, stride=2, dilation=4, padding=1, bias=False)",
        ),
        (
            ("2r", "2r", 3, True, 1, 1, "same", 2, "circular"),
            "RCConv1d(2r -> 2r, kernel=3, padding=1, groups=2, padding_mode=circular)",
        ),
    ],
)
def test_shown_as_typed(arguments, text):
    assert repr(RCConv1d(*arguments)) == text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernel_size": 0}, r"RCConv1d: kernel_size is 0, expected a whole number >= 1"),
        ({"kernel_size": 2.0}, r"RCConv1d: kernel_size is 2.0, expected"),
        ({"stride": 0}, r"RCConv1d: stride is 0, expected a whole number >= 1"),
        ({"dilation": 0}, r"RCConv1d: dilation is 0, expected a whole number >= 1"),
        ({"padding": -1}, r"RCConv1d: padding is -1, expected a whole number >= 0"),
        (
            {"padding": "same", "kernel_size": 4},
            r"padding 'same' of 3 positions, dilation 1 \* \(kernel_size 4 - 1\), pads one end more",
        ),
        ({"padding": "same", "stride": 2}, r"RCConv1d: padding 'same' keeps the length, but stride is 2"),
        ({"padding_mode": "mirror"}, r"unknown padding_mode 'mirror'.*: choose one of zeros, reflect, "),
        ({"padding": "some"}, r"RCConv1d: padding is 'some', expected a whole number >= 0"),
    ],
)
def test_refused_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        RCConv1d(**{"rep_in": "1r", "rep_out": "1r", "kernel_size": 3} | options)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (
            (4, 20),
            r"RCConv1d: expected \(batch, 4, length\) for Rep 2r:flip, got \(4, 20\): add a batch axis",
        ),
        ((1, 3, 20), r"expected \(batch, 4, length\) for Rep 2r:flip, got \(1, 3, 20\)$"),
        ((1, 20, 4), r"got \(1, 20, 4\): transpose \(batch, length, channels\)"),
        (
            (1, 4, 4),
            r"RCConv1d: length 4 with padding 0 is shorter than the receptive field 5: "
            r"give at least 5 positions",
        ),
        (
            (1, 4, 20),
            r"\(length 20 .* kernel 5 - 1\) - 1\) leaves 1 over stride 2, so .* use length 19 or 21",
        ),
    ],
)
def test_refused_inputs(shape, message):
    with pytest.raises(ValueError, match=message.replace("kernel 5", r"\(kernel 5")) as caught:
        RCConv1d("2r:flip", "1r", 5, stride=2)(torch.zeros(shape))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("mode", "least"), [("reflect", 3), ("circular", 2)])
def test_padding_that_is_longer_than_the_sequence(mode, least):
    layer = RCConv1d("1r", "1r", 1, padding=2, padding_mode=mode)
    message = (
        rf"length {least - 1} is too short for {mode} padding of 2 positions: give at least {least}, or pad"
    )
    with pytest.raises(ValueError, match=message):
        layer(torch.zeros(1, 2, least - 1))
    assert layer(torch.zeros(1, 2, least)).shape == (1, 2, least + 4)


def _loaded(layer):
    layer.load_state_dict({name: value + 1 for name, value in layer.state_dict().items()})


def _stepped(layer):
    optimiser = torch.optim.SGD(layer.parameters(), lr=1.0)
    with torch.enable_grad():
        layer(torch.ones(1, 4, 5)).sum().backward()
    optimiser.step()


def _swapped(layer):
    layer.weight = torch.nn.Parameter(layer.weight + 2)


EDITS = {
    "in place": lambda layer: layer.weight.mul_(2),
    "through .data": lambda layer: layer.weight.data.mul_(2),
    "other .data": lambda layer: setattr(layer.weight, "data", layer.weight.data + 1),
    "a bias through .data": lambda layer: layer.bias.data.add_(1),
    "loaded": _loaded,
    "an optimiser's step": _stepped,
    "another parameter": _swapped,
    "what was given out": lambda layer: layer.kernel().mul_(2),
    "another precision and back": lambda layer: layer.double().weight.add_(1) is layer.float(),
    "drawn anew": lambda layer: layer.reset_parameters(),
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("rep", ["2r", "1r+1t+1s"])
def test_a_kept_kernel_is_never_stale(edit, rep):
    """Whatever is done to a layer, it answers as one that has kept nothing."""
    layer, x = RCConv1d("2r:flip", rep, 3).eval(), integer_tensor(0, 2, 4, 7).float()
    with torch.inference_mode():
        layer(x)
    with torch.no_grad():
        assert layer.kernel() is layer.kernel(), "it is kept"
        EDITS[edit](layer)
        fresh = RCConv1d("2r:flip", rep, 3).eval()
        fresh.load_state_dict(layer.state_dict())
        for _ in range(2):
            assert torch.equal(layer(x), fresh(x))


def test_kept_kernels_are_no_part_of_state_copies_gradients_or_transforms():
    layer, x = RCConv1d("2r:flip", "2r", 3).eval(), integer_tensor(0, 2, 4, 7).float()
    state, size = list(layer.state_dict()), len(pickle.dumps(layer))
    with torch.no_grad():
        kept = layer(x)
        doubled = {name: 2 * p for name, p in layer.named_parameters()}
        assert torch.equal(functional_call(layer, doubled, (x,)), 2 * kept)
        batched = {name: torch.stack([p, 2 * p]) for name, p in layer.named_parameters()}
        both = vmap(lambda p: functional_call(layer, p, (x,)))(batched)
        assert torch.equal(both, torch.stack([kept, 2 * kept]))
    assert (list(layer.state_dict()), len(pickle.dumps(layer))) == (state, size)
    twin = copy.deepcopy(layer)
    with torch.no_grad():
        twin.weight.add_(1)
        assert not torch.equal(twin(x), kept)
        assert torch.equal(layer(x), kept)
    assert layer(x).requires_grad, "with gradients it is built anew"
    frozen = layer.requires_grad_(False)
    with torch.inference_mode():
        frozen.double().float()(x)
    slope = grad(lambda x: frozen(x).square().sum())(x)
    assert torch.equal(torch.autograd.grad(frozen(x.requires_grad_()).square().sum(), x)[0], slope)
    compiled = torch.compile(frozen, backend="eager", fullgraph=True)
    frozen.weight.data.mul_(2)
    assert torch.equal(compiled(x), frozen(x))
    frozen.weight.data.mul_(2)
    assert torch.equal(compiled(x), frozen(x))
    assert torch.equal(torch.export.export(frozen, (x,)).module()(x), frozen(x))
