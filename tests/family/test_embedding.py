"""The same function elsewhere in the family: inclusions, their strictness, and what cannot be kept."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rczoo import build, embed
from rczoo.family import change_merge, fold_gain, same_function_class
from rczoo.family.architectures import rebuild
from rczoo.family.network import Network
from rczoo.family.trunk import BlockShape, Trunk
from rczoo.symmetry.equivariance import relative_error
from rczoo.symmetry.frames import merge
from rczoo.testing import inputs_of, integer_tensor, networks, normal_tensor, randomise, seeds
from tests.proofs.test_laws import DNA, rc
from tests.support.strategies import fill_with_integers, outputs_of


def small(architecture="tf-cnn", **options):
    length = {"motif-cnn": 61, "tf-cnn": 71, "bpnet": 353}[architecture]
    options = (
        {"filters": 3, "length": length} | ({"pool": (8, 3)} if architecture == "tf-cnn" else {}) | options
    )
    return randomise(build(architecture, **options).double().eval(), 5)


def test_a_stricter_member_is_strictly_larger():
    """With one filter and two blocks RCPS computes |x_A - x_T|; no conjoined model of one filter can."""
    trunk = Trunk([BlockShape(1), BlockShape(1)], 1, [1.0]).double()
    with torch.no_grad():
        trunk.blocks[0].conv.weight.copy_(torch.tensor([1.0, 0, 0, 0]).view(1, 4, 1))
        trunk.blocks[1].conv.weight.copy_(torch.tensor([1.0, -1]).view(1, 2, 1))
    x = integer_tensor(0, 3, 4, 9, low=0)
    merged = merge(trunk(x, 2, False, "frames"), DNA.__class__("1t"), "sum")
    assert torch.equal(merged[:, 0], (x[:, 0] - x[:, 3]).abs())


@given(st.integers(1, 3), st.booleans(), seeds())
def test_rcps_is_a_conjoined_model_of_twice_the_filters(filters, residual, seed):
    shapes = [BlockShape(2), BlockShape(3, 2), BlockShape(3, 1, residual=residual)]
    rcps = fill_with_integers(Trunk(shapes, filters, [1, 1]).double(), seed)
    wide = Trunk(shapes, 2 * filters, [0, 0]).double()
    with torch.no_grad():
        for n, (old, new) in enumerate(zip(rcps.blocks, wide.blocks, strict=True)):
            a, b = old.conv.weight[:, :filters], old.conv.weight[:, filters:]
            other = (old.conv.weight[:, [3, 2, 1, 0]] if n == 0 else torch.cat([b, a], 1)).flip(2)
            new.conv.weight.copy_(torch.cat([old.conv.weight, other]))
            new.conv.bias.copy_(old.conv.bias.repeat(2))
    x = integer_tensor(seed, 2, 4, rcps.shrinkage + 4)
    frames = zip(rcps(x, 2, False, "frames"), wide(x, 2, False, "frames"), strict=True)
    assert all(torch.equal(narrow, broad[:, :filters]) for narrow, broad in frames)


@given(networks(), st.booleans())
def test_embedding_copies_everything_else(network, training):
    network.train(training)
    embedded = embed(network, network.config.mixing or "rcps")
    assert embedded.config == network.config
    assert embedded.training == training
    assert embedded.execution == network.execution
    state = embedded.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())
    assert all(value.data_ptr() != state[name].data_ptr() for name, value in network.state_dict().items())


def test_an_embedded_network_can_be_trained_on():
    embedded = embed(small(mixing=0), "rcps").train()
    embedded.execution = "tied"
    x = inputs_of(embedded, 3, 0)[0]
    embedded(x).square().sum().backward()
    new = [block.conv.weight.grad[:, 3:] for block in embedded.trunk.blocks[1:]]
    assert all(gradient.abs().max() > 0 for gradient in new)
    assert embed(embedded, "rcps").execution == "tied"
    assert embed(small(mixing=0).float(), 0.5)(x.float()).dtype == torch.float32


def test_posthoc_opens_as_rcps():
    posthoc = small("bpnet", strategy="standard", control="2t").remerge("mean")
    opened = embed(posthoc, "rcps", merge="sum")
    assert (opened.config.mixing, opened.config.merge) == ((1.0,) * 6, "sum")
    inputs = inputs_of(posthoc, 2, 3)
    for u, v in zip(posthoc(*inputs), opened(*inputs), strict=True):
        assert relative_error(v, u) < 1e-12


@pytest.mark.parametrize("count_head", [False, True])
@pytest.mark.parametrize("architecture", ["motif-cnn", "tf-cnn", "bpnet"])
def test_mean_and_sum_trade_exactly(architecture, count_head):
    mean = small(architecture, mixing="rcps", merge="mean", count_head=count_head, gain=2)
    inputs = inputs_of(mean, 2, 0)
    other = change_merge(mean, "sum")
    back = change_merge(other, "mean")
    for a, b, c in zip(*(outputs_of(m(*inputs)) for m in (mean, other, back)), strict=True):
        assert relative_error(b, a) < 1e-14
        assert torch.equal(c, a)
    same = change_merge(mean, "mean")
    assert all(torch.equal(u, v) for u, v in zip(same.parameters(), mean.parameters(), strict=True))


def test_function_classes():
    pairs = [
        (small(mixing=0.5), small(mixing=0.6), ("equal", ())),  # both round to two of three filters
        (small(mixing=0.5), small(mixing=0.6, merge="mean", gain=2), ("equal", ("T11", "T12"))),
        (small(mixing=0), small(mixing=1), ("unknown", ())),
        (small(mixing=1), small(mixing=1, filters=4), ("unknown", ())),
        (small(mixing=1), small(mixing=1, merge="max"), ("unknown", ())),
        (small(mixing=1), small("bpnet", mixing=1), ("unknown", ())),
        (small(mixing=0), small(strategy="standard"), ("unknown", ())),
        (small(mixing=0), small(mixing=0, batch_statistics="separate"), ("equal", ())),
        (small("motif-cnn", mixing="rcps"), small("motif-cnn", mixing="conjoined"), ("equal", ("T11",))),
        (small("bpnet", mixing=1), small("bpnet", mixing=1, count_head=False), ("unknown", ())),
    ]
    for a, b, verdict in pairs:
        assert same_function_class(a, b) == same_function_class(b, a) == verdict


def spanning(exchanged, taps=2, length=2, residual=False, later=0, **changes):
    """A network of two or three blocks by hand, of two filters."""
    shares = (exchanged / 2, *([later / 2] if later else []))
    config = replace(build("tf-cnn", mixing=0.0).config, length=length, pool=(1, 1), filters=2, mixing=shares)
    shapes = [BlockShape(taps), BlockShape(1, residual=residual), *([BlockShape(1)] if later else [])]
    return Network(shapes, replace(config, **changes))


def test_function_classes_that_differ():
    """T15: where the first kernel spans the input, there are at most 2K filters, and no later exchange."""
    different, unknown = ("different", ("T15",)), ("unknown", ())
    pairs = [
        (spanning(0), spanning(1, merge="sum"), different),
        (spanning(1), spanning(2), different),
        (spanning(1), spanning(1, merge="sum"), ("equal", ("T11",))),
        (spanning(0, length=3), spanning(1, length=3), unknown),  # the kernel is shorter than the input
        (spanning(0, merge="max"), spanning(1, merge="max"), unknown),
        (spanning(0, residual=True), spanning(1, residual=True), unknown),
        (spanning(0, residual=True), spanning(1), unknown),
        (spanning(0, later=1), spanning(1, later=1), unknown),  # the one with fewer exchanges later
        (spanning(0, filters=6), spanning(3, filters=6), unknown),  # 6 > 2 * 2 filters
    ]
    for a, b, verdict in pairs:
        assert same_function_class(a, b) == same_function_class(b, a) == verdict


def test_a_gain_multiplies_steps_though_not_functions():
    """T12: the same function, but the kernel of gain 2 has twice the gradient."""
    plain, x = small("motif-cnn", mixing="rcps"), normal_tensor(0, 2, 4, 61)
    gained = rebuild(plain, gain=2.0).double().eval()
    gained.load_state_dict(plain.state_dict())
    with torch.no_grad():
        gained.trunk.blocks[0].conv.weight.mul_(0.5)
    for network in (plain, gained):
        network(x).sum().backward()
    weights = [network.trunk.blocks[0].conv.weight for network in (plain, gained)]
    torch.testing.assert_close(weights[1].grad, 2 * weights[0].grad, rtol=1e-12, atol=1e-14)
    folded = fold_gain(gained)
    assert torch.equal(folded.trunk.blocks[0].conv.weight, weights[0])
    assert not folded.training
    assert fold_gain(gained.train()).training
    gained.execution = "tied"
    assert fold_gain(gained).execution == "tied"
    assert torch.equal(rc(DNA, rc(DNA, x)), x)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: embed(small(strategy="standard"), "rcps"),
            r"embed: a one-strand network is no member of the family: use remerge\('mean'\) first",
        ),
        (
            lambda: embed(small(mixing=(0, 1)), 0.5),
            r"embed: block 3 receives 3 filters of the other strand, but mixing 0.5 leaves 2: a function",
        ),
        (lambda: embed(small(mixing=0), 1.5), r"mixing 1.5 lies outside \[0, 1\]"),
        (
            lambda: embed(small(mixing=0, merge="max"), "rcps", merge="sum"),
            r"merge 'max' cannot be changed to 'sum' with the same function: only sum and mean can be traded",
        ),
        (
            lambda: embed(small(mixing=0), "rcps", merge="max"),
            r"unknown merge 'max'.*: choose one of sum, mean",
        ),
        (
            lambda: change_merge(small(mixing=0, merge="probability"), "mean"),
            r"merge 'probability' cannot be ch",
        ),
        (
            lambda: change_merge(small(strategy="standard"), "mean"),
            r"merge 'none' cannot be changed to 'mean'",
        ),
        (lambda: change_merge(small(mixing=0), "none"), r"unknown merge 'none'"),
    ],
)
def test_refused(make, message):
    with pytest.raises(ValueError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
