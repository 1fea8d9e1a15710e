"""The three networks of the paper: shapes, names, exactness at every batch size, and refusals."""

import json

import numpy as np
import pytest
import torch

import rczoo
from rczoo import Rep, build
from rczoo.family import load_checkpoint, save_checkpoint
from rczoo.family.architectures import NAMED_POINTS, rebuild
from rczoo.testing import LENGTHS, inputs_of, randomise
from tests.proofs.test_laws import network_error
from tests.support.strategies import outputs_of

SMALL = {
    "motif-cnn": {"mixing": "rcps"},
    "tf-cnn": {"mixing": (0.5, 1), "pool": (8, 3)},
    "bpnet": {"mixing": 0.5, "control": "1r+1t"},
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", range(1, 10))
@pytest.mark.parametrize("architecture", list(SMALL))
def test_frames_are_exact_at_every_batch_size(architecture, batch, dtype):
    network = build(architecture, length=LENGTHS[architecture], filters=8, **SMALL[architecture])
    randomise(network.to(dtype).eval(), batch)
    inputs = inputs_of(network, batch, batch, dtype)
    assert network_error(network, inputs) == 0
    assert all(y.shape[0] == batch and y.isfinite().all() for y in outputs_of(network(*inputs)))
    assert outputs_of(network(*inputs))[0].unique().numel() > 1 or batch == 1
    network.execution = "tied"
    assert network_error(network, inputs) < (1e-5 if dtype == torch.float32 else 1e-12)


@pytest.mark.parametrize(
    ("architecture", "strategy", "parameters"),
    [
        # conv 20 x 4 x 21 + 20, norm 40, nine windows of 20 filters to 3 labels
        ("motif-cnn", "standard", 20 * 4 * 21 + 20 + 40 + 9 * 20 * 3 + 3),
        ("motif-cnn", "rcps", 20 * 4 * 21 + 20 + 40 + 9 * 20 * 3 + 3),
        # 960 positions after the convolutions, 47 windows of 40 at stride 20
        ("tf-cnn", "conjoined", 16 * (4 * 15 + 16 * 14 * 2) + 3 * 48 + 47 * 16 + 1),
        ("tf-cnn", "rcps", 16 * (4 * 15 + 32 * 14 * 2) + 3 * 48 + 47 * 16 + 1),
        ("tf-cnn", "rcps-half", 8 * (4 * 15 + 16 * 14 * 2) + 3 * 24 + 47 * 8 + 1),
        ("bpnet", "conjoined", 64 * (4 * 21 + 6 * 64 * 3) + 7 * 64 + 2 * 64 * 75 + 2 + 4 + 2 + 130),
        ("bpnet", "rcps", 64 * (4 * 21 + 6 * 128 * 3) + 7 * 64 + 2 * 64 * 75 + 2 + 4 + 2 + 130),
    ],
)
def test_sizes_are_the_papers(architecture, strategy, parameters):
    network = build(architecture, strategy=strategy)
    assert sum(p.numel() for p in network.parameters()) == parameters


@pytest.mark.parametrize(("strategy", "fans"), [("conjoined", (64, 2)), ("rcps", (128, 1))])
def test_profile_heads_start_with_the_fans_of_the_papers_networks(strategy, fans):
    torch.manual_seed(0)
    conv = build("bpnet", strategy=strategy).head.conv
    bound = (6 / (75 * sum(fans))) ** 0.5
    assert 0.99 * bound < conv.weight.abs().max() <= bound


def test_output_shapes():
    x = torch.zeros(2, 4, 1346)
    profile, counts = build("bpnet", strategy="conjoined", filters=2)(x)
    assert profile.shape == (2, 2, 1000)
    assert counts.shape == (2, 2)
    bare = build("bpnet", mixing=0, filters=2, outputs=3, count_head=False, length=400)
    assert bare(x).shape == (2, 6, 1000)
    assert bare.rep_out == (Rep("3r"),)
    assert bare.rep_in == (Rep.dna(),)
    controlled = build("bpnet", mixing=0, filters=2, control="2t")
    assert controlled.rep_in == (Rep.dna(), Rep("2t"))
    assert controlled.rep_out == (Rep("1r"), Rep("1r"))
    assert build("motif-cnn", mixing="rcps")(x[..., :200]).shape == (2, 3)
    label = build("tf-cnn", mixing=1, outputs=4)
    assert label(x[..., :1000]).shape == (2, 4)
    assert label.rep_out == (Rep("4t"),)


@pytest.mark.parametrize("architecture", list(SMALL))
def test_config_rebuilds_the_network(architecture):
    network = build(architecture, length=LENGTHS[architecture], filters=3, gain=2, **SMALL[architecture])
    config = json.loads(json.dumps(network.config.keywords()))
    again = build(**config)
    assert again.config == network.config
    again.load_state_dict(network.state_dict())
    inputs = inputs_of(network, 2, 0, torch.float32)
    for u, v in zip(outputs_of(network.eval()(*inputs)), outputs_of(again.eval()(*inputs)), strict=True):
        assert torch.equal(u, v)


@pytest.mark.parametrize(
    ("options", "mixing", "merge"),
    [
        ({"mixing": 0}, (0.0, 0.0), "mean"),
        ({"mixing": 0.5}, (0.5, 0.5), "sum"),
        ({"mixing": "rcps"}, (1.0, 1.0), "sum"),
        ({"wrap": (3,)}, (0.0, 0.0), "mean"),
        ({"wrap": (2, 1)}, (0.0, 1.0), "sum"),
        ({"wrap": (2, 1), "merge": "mean"}, (0.0, 1.0), "mean"),
        ({"strategy": "standard"}, (0.0, 0.0), "none"),
        ({"strategy": "conjoined"}, (0.0, 0.0), "mean"),
        ({"strategy": "conjoined-max"}, (0.0, 0.0), "max"),
        ({"strategy": "conjoined-sum"}, (0.0, 0.0), "sum"),
        ({"strategy": "conjoined-probability"}, (0.0, 0.0), "probability"),
        ({"strategy": "rcps"}, (1.0, 1.0), "sum"),
        ({"strategy": "rcps-mean"}, (1.0, 1.0), "mean"),
        ({"strategy": "rcps-half"}, (1.0, 1.0), "sum"),
        ({"strategy": "rcps", "merge": "max"}, (1.0, 1.0), "max"),
    ],
)
def test_names_and_numbers_say_where_in_the_family(options, mixing, merge):
    config = build("tf-cnn", **options).config
    assert (config.mixing, config.merge) == (mixing, merge)
    assert config.filters == (8 if options.get("strategy") == "rcps-half" else 16)


@pytest.mark.parametrize(
    ("mixing", "merge"), [("rcps", "sum"), (1, "sum"), ("conjoined", "mean"), (0, "mean")]
)
def test_at_depth_one_only_the_merge_differs(mixing, merge):
    config = build("motif-cnn", mixing=mixing).config
    assert (config.mixing, config.merge) == ((), merge)


def test_separate_statistics_are_the_papers_conjoined():
    """Each strand's batch normalised by itself, so the strands' running statistics need not pool."""
    x = torch.zeros(4, 4, 61)
    x[:, 0] = torch.rand(4, 61, generator=torch.Generator().manual_seed(0))
    states = []
    for statistics in ("pooled", "separate"):
        torch.manual_seed(0)
        network = build("motif-cnn", mixing="conjoined", length=61, filters=3, batch_statistics=statistics)
        network.train()(x)
        states.append(network.trunk.blocks[0].norm.num_batches_tracked.item())
    assert states == [1, 2]


@pytest.mark.parametrize("execution", ["frames", "tied"])
def test_frozen_statistics_leave_training_as_evaluation(execution):
    """A normalising network answers otherwise in training; a frozen one does not, and counts nothing."""
    x, answers = torch.rand(4, 4, 61, generator=torch.Generator().manual_seed(0)), {}
    for statistics in ("pooled", "frozen"):
        arguments = {"length": 61, "filters": 3, "batch_statistics": statistics, "execution": execution}
        network = build("motif-cnn", strategy="rcps", **arguments).train()
        answers[statistics] = network(x), network.eval()(x)
    torch.testing.assert_close(*answers["frozen"])
    assert not torch.allclose(*answers["pooled"])
    norm = network.trunk.blocks[0].norm
    torch.testing.assert_close(norm.running_mean, torch.zeros(3))
    torch.testing.assert_close(norm.running_var, torch.ones(3))
    network(x).sum().backward()
    assert all(x.grad.abs().sum() > 0 for x in norm.parameters())
    assert type(rebuild(network).trunk.blocks[0].norm) is type(norm)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"architecture": "tf-cn"},
            r"unknown architecture 'tf-cn' \(did you mean 'tf-cnn'\?\): choose one of motif",
        ),
        ({"architecture": "zzz"}, r"unknown architecture 'zzz': choose one of motif-cnn, tf-cnn, bpnet"),
        ({"strategy": "rcsp"}, r"unknown strategy 'rcsp' \(did you mean 'rcps'\?\): choose one of standard"),
        (
            {"strategy": "posthoc"},
            r"strategy 'posthoc' is a way of training, .* train 'standard', then remerge",
        ),
        ({"strategy": "standard+aug"}, r"'standard\+aug' is a way of training, not an architecture"),
        (
            {"strategy": "rcps", "mixing": 1},
            r"strategy 'rcps' already fixes the mixing: give one of strategy, mix",
        ),
        ({"strategy": "rcps", "wrap": (1, 1, 1)}, r"strategy 'rcps' already fixes the mixing"),
        ({"strategy": "rcps-half", "filters": 5}, r"rcps-half halves the filters, but 5 is odd"),
        ({}, r"give mixing \(for example 0.5\), wrap .* or strategy"),
        ({"mixing": 2}, r"mixing 2.0 lies outside \[0, 1\]"),
        ({"wrap": (2, 2)}, r"wrap \(2, 2\) sums to 4, but the trunk has 3 blocks"),
        ({"architecture": "motif-cnn", "mixing": 0.5}, r"mixing 0.5 at depth 1: there is no second block"),
        (
            {"mixing": 0, "merge": "average"},
            r"unknown merge 'average'.*: choose one of none, sum, mean, max, proba",
        ),
        (
            {"mixing": 0.5, "merge": "none"},
            r"merge 'none' reads one strand, so there is nothing to exchange at",
        ),
        (
            {"architecture": "bpnet", "mixing": 0, "merge": "probability"},
            r"merge 'probability' averages the sigmoids of labels, but bpnet predicts profiles: use 'mean'",
        ),
        ({"mixing": 0, "batch_statistics": "both"}, r"unknown batch_statistics 'both'.*pooled, separate"),
        ({"mixing": 0, "control": "2t"}, r"tf-cnn takes no control tracks: only bpnet does"),
        ({"mixing": 0, "gain": "2"}, r"gain is '2', expected a positive number"),
        ({"mixing": 0, "pool": 40}, r"pool is 40, expected \(width, stride\), whole numbers >= 1"),
        ({"strategy": "rcps-half", "filters": "a"}, r"build: filters is 'a', expected a whole number >= 1"),
        ({"mixing": 0, "gain": 0}, r"gain is 0, expected a positive number"),
        ({"mixing": 0, "gain": float("inf")}, r"gain is inf, expected a positive number"),
        ({"mixing": 0, "filters": 0}, r"filters is 0, expected a whole number >= 1"),
        ({"mixing": 0, "outputs": 1.5}, r"outputs is 1.5, expected a whole number >= 1"),
        ({"mixing": 0, "length": -1}, r"length is -1, expected a whole number >= 1"),
        (
            {"mixing": 0, "length": 79},
            r"tf-cnn: length 79 is shorter than the receptive field 80 with a pool of width 40: give",
        ),
        ({"architecture": "bpnet", "mixing": 0, "length": 346}, r"bpnet: length 346 .* receptive field 347"),
        (
            {"mixing": 0, "execution": "fast"},
            r"execution 'fast': choose 'frames' \(exact\) or 'tied' \(fast\)",
        ),
        (
            {"mixing": 0, "execution": "tied", "batch_statistics": "separate"},
            r"execution 'tied' pools batch statistics over strands: use 'frames' with 'separate'",
        ),
        ({"mixing": 0, "pool": (0, 1)}, r"pool is \(0, 1\), expected \(width, stride\), whole numbers >= 1"),
        ({"mixing": 0, "pool": (40,)}, r"pool is \(40,\), expected \(width, stride\)"),
        ({"mixing": 0, "pool": "all"}, r"pool is 'all', expected \(width, stride\), .*, or 'global'"),
        ({"mixing": 0, "position": "tied"}, r"tf-cnn has no positions to learn: only bpnet does"),
        (
            {"architecture": "bpnet", "mixing": 0, "position": "free"},
            r"unknown position 'free'.*: choose one of tied",
        ),
        ({"irreps": 1.5}, r"irreps is 1.5, expected a number in \[0, 1\], the share of trivial channels"),
        (
            {"irreps": 0.5, "mixing": (1, 0.5)},
            r"irreps 0.5 holds both strands, as mixing 1 does, but mixing is \[1.0, 0.5\]: give one of them",
        ),
        ({"architecture": "motif-cnn", "irreps": 1, "strategy": "conjoined"}, r"but mixing is \[0.0\]"),
        ({"architecture": "motif-cnn", "irreps": 1, "merge": "none"}, r"but irreps 1.0 are of both: use 'm"),
        ({"irreps": 0.5, "gain": 2}, r"irreps 0.5 takes no gain 2, which blocks of pairs have"),
        ({"irreps": 0.5, "batch_statistics": "frozen"}, r"irreps 0.5 takes no batch_statistics 'frozen'"),
        (
            {"architecture": "bpnet", "mixing": 0, "pool": (4, 2)},
            r"bpnet has no pool to shape: only the label networks do",
        ),
    ],
)
def test_refused(arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        build(**({"architecture": "tf-cnn"} | arguments))
    assert "\n" not in str(caught.value)


def test_numbers_of_numpy_are_numbers():
    sizes = {"filters": np.int64(4), "length": np.int32(200), "pool": (np.int64(8), np.int64(4))}
    config = build("tf-cnn", mixing=np.float32(0.5), gain=np.float64(2), outputs=np.int64(2), **sizes).config
    plain = build("tf-cnn", mixing=0.5, gain=2, outputs=2, filters=4, length=200, pool=(8, 4)).config
    assert json.dumps(config.keywords()) == json.dumps(plain.keywords())
    assert build("tf-cnn", wrap=np.array([2, 1])).config.mixing == (0, 1)


def test_a_global_pool_takes_all_positions():
    network = build("motif-cnn", mixing="rcps", length=101, pool="global", outputs=1, filters=5)
    assert network.config.pool == (81, 81)
    assert network.head.dense.weight.shape == (1, 5)
    assert rebuild(network).config == network.config


IRREPS = {
    "motif-cnn": {"length": 61},
    "tf-cnn": {"length": 101, "pool": (8, 3), "outputs": 2},
    "bpnet": {"length": 361, "control": "1r+1t"},
}
"""Short inputs, whose pools leave remainders."""


@pytest.mark.parametrize("irreps", [0, 0.25, 0.75, 1])
@pytest.mark.parametrize("architecture", list(IRREPS))
def test_irreps_obey_the_law_in_both_modes_and_executions(architecture, irreps):
    network = build(architecture, irreps=irreps, filters=4, **IRREPS[architecture]).double().eval()
    randomise(network, 1)
    inputs = inputs_of(network, 3, 2)
    assert network_error(network, inputs) == 0
    frames = outputs_of(network(*inputs))
    network.execution = "tied"
    assert network_error(network, inputs) < 1e-13
    for u, v in zip(outputs_of(network(*inputs)), frames, strict=True):
        torch.testing.assert_close(u, v, rtol=1e-12, atol=1e-13)
        assert u.std() > 1e-6
    assert network_error(network.train(), inputs) < 1e-12


def test_irreps_of_a_palindrome_are_symmetric_and_antisymmetric():
    """Trivial channels after ReLU, sign channels after tanh; and neither kind is idle."""
    network = build("tf-cnn", irreps=0.75, filters=4, length=80, pool=(8, 4)).double().eval()
    randomise(network, 1)
    x = inputs_of(network, 1, 0)[0]
    trivial, sign = network.trunk((x + Rep.dna().act(x)) / 2, 2, False, "tied")[0].split([6, 2], 1)
    torch.testing.assert_close(trivial, trivial.flip(2))
    torch.testing.assert_close(sign, -sign.flip(2))
    assert trivial.min() == 0 < trivial.max()
    assert sign.min() < -1e-3 < 1e-3 < sign.max() <= 1


def test_irreps_have_the_parameters_that_the_law_leaves_free():
    """(Co Ci K + (t_o - s_o) (t_i - s_i) (K mod 2)) / 2 in a kernel, a bias of each trivial channel."""
    a, b, norms = 24, 8, 2 * 32
    rows = rczoo.summary(build("tf-cnn", irreps=a / (a + b))).rows
    inner = 32 * 32 * 14 // 2 + a + norms
    assert [row.parameters for row in rows] == [32 * 4 * 15 // 2 + a + norms, inner, inner, 47 * 32 + 1]
    odd = build("bpnet", irreps=0.75, filters=16).trunk.blocks[1].conv
    assert odd.weight.numel() == (32 * 32 * 3 + (a - b) ** 2) // 2
    rcps = rczoo.summary(build("tf-cnn", mixing=1)).rows
    assert [row.multiply_adds for row in rows[:3]] == [row.multiply_adds for row in rcps[:3]]
    assert str(rczoo.summary(build("tf-cnn", irreps=0.75))).startswith("tf-cnn, 24t+8s in a block, merge sum")


def test_irreps_are_saved_and_take_what_members_take(tmp_path):
    network = build("tf-cnn", irreps=0.75, filters=4, length=101, pool=(8, 4)).eval()
    randomise(network, 1)
    x = inputs_of(network, 2, 0, torch.float32)[0]
    again = load_checkpoint(save_checkpoint(network, tmp_path))
    assert again.config == network.config
    for other in (again, rczoo.embed(network), rczoo.change_merge(network, "mean"), rczoo.fold_gain(network)):
        assert torch.equal(other(x), network(x))
    assert rczoo.same_function_class(network, rebuild(network, merge="mean")).theorems == ("T11",)
    assert rczoo.same_function_class(network, rebuild(network, irreps=0.5)).verdict == "unknown"
    torch.testing.assert_close(rczoo.fuse(network)(x), network(x))
    assert "irreps" not in build("tf-cnn", mixing=1).config.keywords(), (
        "as configs were before there were any"
    )


def test_the_shortest_inputs_are_taken():
    assert build("tf-cnn", mixing=0, length=80)(torch.zeros(1, 4, 80)).shape == (1, 1)
    assert build("bpnet", mixing=0, length=347, filters=1)(torch.zeros(1, 4, 347))[0].shape == (1, 2, 1)
    assert set(NAMED_POINTS) >= {"standard", "conjoined", "conjoined-max", "rcps", "rcps-mean", "rcps-half"}
