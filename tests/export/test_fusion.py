"""A fused model is the same function, made of nothing of this package."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from rczoo import Rep, assert_equivariant, build, conjoin, ensemble
from rczoo.export import fuse
from rczoo.family.architectures import rebuild
from rczoo.nn import RCActivation, RCAvgPool1d, RCBatchNorm1d, RCConv1d, RCDropout, RCMaxPool1d, RCSequential
from rczoo.testing import LENGTHS, inputs_of, networks, randomise

seeds = st.integers(0, 10**6)


def inputs(network, seed, batch=3, length=None):
    generator = torch.Generator().manual_seed(seed)
    length = length or network.config.length
    X = torch.randn(batch, 4, length, dtype=torch.float64, generator=generator)
    if not network.control.channels:
        return (X,)
    shape = (batch, network.control.channels, network.output_length(length))
    return X, torch.randn(*shape, dtype=torch.float64, generator=generator)


def aligned(network):
    """The same parameters at the next shorter length whose windows fall alike on both strands."""
    config = network.config
    if not config.pool:
        return network
    rest = (config.length - network.trunk.shrinkage - config.pool[0]) % config.pool[1]
    shorter = rebuild(network, length=config.length - rest).double().eval()
    shorter.load_state_dict(network.state_dict())
    return shorter


def close(got, want):
    got, want = ((y,) if isinstance(y, torch.Tensor) else tuple(y) for y in (got, want))
    for u, v in zip(got, want, strict=True):
        torch.testing.assert_close(u, v, rtol=1e-9, atol=1e-11)


def assert_plain(fused):
    """Every layer is of torch.nn, and the generated code calls nothing of this package."""
    for layer in list(fused.modules())[1:]:
        assert type(layer).__module__.startswith("torch.nn"), layer
        assert not isinstance(layer, nn.BatchNorm1d)
    assert "rczoo" not in fused.code
    assert not any(p.requires_grad for p in fused.parameters())


@pytest.mark.parametrize(
    ("architecture", "options"),
    [
        ("motif-cnn", {"length": 100, "filters": 3}),
        ("bpnet", {"length": 371, "filters": 2, "control": "1r"}),
        ("bpnet", {"length": 371, "filters": 2, "count_head": False}),
    ],
)
def test_an_ensemble_fused_is_the_same_function(architecture, options):
    names = ("conjoined-max", "standard", "rcps")
    model = ensemble(
        randomise(build(architecture, strategy=name, **options), seed).double()
        for seed, name in enumerate(names)
    )
    fused, X = fuse(model), inputs_of(model, 3, seed=1)
    assert_plain(fused)
    close(fused(*X), model(*X))
    assert [config["merge"] for config in fused.meta["rczoo"]["config"]["ensemble"]] == ["max", "none", "sum"]


@settings(deadline=None, max_examples=40)
@given(networks().map(aligned), seeds)
def test_any_member_fused_is_the_same_function(network, seed):
    fused, given_ = fuse(network), inputs(network, seed)
    assert_plain(fused)
    for execution in ("frames", "tied"):
        network.execution = execution
        close(fused(*given_), network(*given_))
    assert_equivariant(fused, *given_, inputs=network.rep_in, outputs=network.rep_out, tolerance=1e-9)


@settings(deadline=None, max_examples=10)
@given(
    networks(merge=st.sampled_from(["sum", "mean", "max"]), architectures=("bpnet",), position=None), seeds
)
def test_profiles_of_any_length(network, seed):
    given_ = inputs(network, seed, length=LENGTHS["bpnet"] + seed % 5)
    close(fuse(network)(*given_), network(*given_))


@settings(deadline=None, max_examples=10)
@given(st.sampled_from(["motif-cnn", "tf-cnn", "bpnet"]), seeds)
def test_one_strand_networks_too(architecture, seed):
    network = randomise(build(architecture, strategy="standard", gain=2.0).double().eval(), seed)
    close(fuse(network)(*inputs(network, seed, 1)), network(*inputs(network, seed, 1)))


def test_several_factors_and_gain():
    network = randomise(build("bpnet", mixing=0.5, filters=3, outputs=3, gain=2.0).double().eval(), 5)
    close(fuse(network)(*inputs(network, 1)), network(*inputs(network, 1)))


def test_half_of_the_work_at_mixing_zero():
    convolutions = [m for m in fuse(build("tf-cnn", mixing=[0, 1])).modules() if isinstance(m, nn.Conv1d)]
    assert [layer.groups for layer in convolutions] == [1, 2, 1]
    assert [tuple(layer.weight.shape) for layer in convolutions] == [(32, 4, 15), (32, 16, 14), (32, 32, 14)]


def test_one_strand_needs_no_alignment():
    network = build("tf-cnn", strategy="standard", length=1001).double().eval()
    close(fuse(network)(*inputs(network, 0)), network(*inputs(network, 0)))


def test_what_the_fused_model_says_of_itself():
    network = build("bpnet", strategy="rcps", control="2t", filters=2)
    assert fuse(network).meta["rczoo"] == {
        "config": network.config.keywords(),
        "rep_in": ["2r:flip", "2t"],
        "rep_out": ["1r", "1r"],
    }


def test_the_original_stays_as_it_was():
    network = build("motif-cnn", mixing="rcps")
    torch.manual_seed(3)
    before = torch.get_rng_state()
    fused = fuse(network)
    assert torch.equal(before, torch.get_rng_state())
    assert all(p.requires_grad for p in network.parameters())
    assert network.training
    fused.dense.weight.zero_()
    assert network.head.dense.weight.any()


def test_a_pool_that_leaves_a_remainder_is_refused():
    with pytest.raises(
        ValueError, match=r"^fuse: the trunk leaves 961 positions, of which the pool \(width 40, "
    ) as e:
        fuse(build("tf-cnn", strategy="rcps", length=1001))
    assert "leaves 1 over" in str(e.value)
    assert "build for length 1000" in str(e.value)


def test_other_models_are_refused():
    with pytest.raises(
        ValueError, match=r"^fuse: Linear is not of this package: give a network made by build"
    ):
        fuse(nn.Linear(2, 2))
    with pytest.raises(ValueError, match=r"^fuse: Conjoined is not of this package"):
        fuse(conjoin(nn.Flatten(), outputs="1t"))


def stack(*more, norm=True):
    hidden = Rep("3r+1t")
    return RCSequential(
        RCConv1d("2r:flip", hidden, 5, padding=1),
        *([RCBatchNorm1d(hidden)] if norm else []),
        RCActivation(hidden),
        RCDropout(hidden, 0.5),
        RCMaxPool1d(hidden, 3, 2),
        RCBatchNorm1d(hidden),
        RCSequential(RCConv1d(hidden, "2s+1r", 3, dilation=2, bias=False), RCBatchNorm1d("2s+1r")),
        RCActivation("2s+1r", torch.tanh),
        RCAvgPool1d("2s+1r", 3, 2),
        *more,
    )


@settings(deadline=None, max_examples=10)
@given(seeds, st.booleans())
def test_tied_layers_in_a_row(seed, norm):
    model = randomise(stack(norm=norm).double().eval(), seed)
    fused = fuse(model, length=29)
    assert_plain(fused)
    x = torch.randn(2, 4, 29, dtype=torch.float64)
    close(fused(x), model(x))


def test_tied_layers_with_strides_need_a_length_that_fits():
    with pytest.raises(
        ValueError, match=r"^fuse: RCMaxPool1d has stride 2, so only some lengths .*give length="
    ):
        fuse(stack())
    with pytest.raises(ValueError, match=r"^fuse: RCMaxPool1d: \(length 28 .* leaves 1 over stride 2"):
        fuse(stack(), length=30)


def test_activations_without_a_layer_are_refused():
    odd = RCActivation("2s+1r", torch.sin)
    with pytest.raises(
        ValueError, match=r"^fuse: sin is no layer of torch.nn: use ELU, GELU, ReLU, .* or a module"
    ):
        fuse(RCSequential(odd))
    module = nn.Hardtanh()
    assert fuse(RCSequential(RCActivation("1r", module)))(torch.full((1, 2, 1), 3.0)).max() == 1
    x = torch.randn(1, 2, 5)
    for function in (F.relu, torch.sigmoid, F.gelu, F.silu, F.elu, F.softplus):
        torch.testing.assert_close(fuse(RCSequential(RCActivation("1r", function)))(x), function(x))


def test_a_module_in_an_activation_stays_as_it_was():
    module = nn.PReLU()
    row = RCSequential(RCActivation("1r", module)).train()
    fused = fuse(row)
    assert module.training
    assert module.weight.requires_grad
    next(fused.parameters()).zero_()
    assert module.weight.all()


def test_layers_that_are_not_tied_are_refused():
    row = RCSequential(RCActivation("1r"))
    row.add_module("1", nn.ReLU())
    with pytest.raises(ValueError, match=r"^fuse: there is no plain layer for ReLU"):
        fuse(row)
