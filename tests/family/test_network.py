"""What a network takes and refuses, its two executions, and another merge for the same parameters."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rczoo import Rep, build, one_hot
from rczoo.family.trunk import Trunk
from rczoo.symmetry.actions import act
from rczoo.symmetry.equivariance import relative_error
from rczoo.testing import inputs_of, integer_tensor, merges, networks, randomise, reference, seeds
from tests.family.test_trunk import as_loops
from tests.proofs.test_laws import network_error
from tests.support import family_loops
from tests.support.strategies import fill_with_integers, outputs_of


def small(**options):
    options = {"mixing": 0.5, "filters": 3, "length": 353} | options
    return randomise(build("bpnet", **options).double().eval(), 1)


@given(networks(architectures=("motif-cnn", "tf-cnn")), seeds())
def test_labels_against_loops(network, seed):
    (x,) = inputs_of(network, 2, seed)
    width, stride = network.config.pool
    frames = family_loops.trunk(x.numpy(), as_loops(network.trunk))
    pooled = [reference.max_pool(z, width, stride).reshape(2, -1) for z in frames]
    weight, bias = (p.detach().numpy() for p in network.head.parameters())
    how = network.config.merge
    if how in ("sum", "mean"):  # merged before the dense layer, whose bias then counts once
        expected = reference.merge(*pooled, how) @ weight.T + bias
    else:
        expected = reference.merge(*(p @ weight.T + bias for p in pooled), how)
    assert relative_error(network(x), torch.from_numpy(expected)) < 1e-11


@settings(max_examples=8)
@given(
    st.sampled_from([None, "2t", "1r+1t+1s"]), st.sampled_from(["sum", "mean", "max"]), st.booleans(), seeds()
)
def test_profiles_against_loops(control, how, count_head, seed):
    options = {"control": control, "merge": how, "count_head": count_head, "gain": 2.0}
    network = small(length=349, filters=2, mixing=[0, 0.5, 1, 1, 1, 1], **options)
    fill_with_integers(network, seed)
    inputs, head, rep = inputs_of(network, 2, seed), network.head, network.control
    frames = family_loops.trunk(inputs[0].numpy(), as_loops(network.trunk))
    controls = [np.zeros((2, 0, 3))] * 2
    if control:
        inputs = inputs[0], inputs[1] - 2  # counts may also be below zero, as differences of tracks are
        c = inputs[1].numpy()
        controls = [c, reference.act(rep, c)]
    layers = [[p.detach().numpy() for p in layer.parameters()] for layer in (head.conv, head.join)]
    counts = None if head.counts is None else [p.detach().numpy() for p in head.counts.parameters()]
    strands = [
        family_loops.profile_head(z, c, *([2 * kernel, bias] for kernel, bias in layers), counts)
        for z, c in zip(frames, controls, strict=True)
    ]
    for got, first, second in zip(outputs_of(network(*inputs)), *strands, strict=True):
        expected = reference.merge(first, reference.act(family_loops.SWAP, second), how)
        assert relative_error(got, torch.from_numpy(expected)) < 1e-12


@given(networks(), seeds())
def test_remerge_keeps_parameters_and_leaves_the_original(network, seed):
    inputs, old = inputs_of(network, 2, seed), network.config.merge
    before = network(*inputs)
    other = network.remerge("mean")
    assert (network.config.merge, other.config.merge) == (old, "mean")
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    again = network(*inputs)
    pairs = zip(before, again, strict=True) if isinstance(before, tuple) else [(before, again)]
    assert all(torch.equal(u, v) for u, v in pairs)


def test_posthoc_is_the_mean_of_the_standard_network_on_both_strands():
    standard = small(mixing=None, strategy="standard", count_head=False)
    x = inputs_of(standard, 2, 0)[0]
    turned = torch.from_numpy(reference.act(family_loops.DNA, x.numpy()))
    swapped = torch.from_numpy(reference.act(family_loops.SWAP, standard(turned).detach().numpy()))
    assert torch.equal(standard.remerge("mean")(x), (standard(x) + swapped) / 2)
    assert not torch.equal(standard(x), swapped)


def test_the_length_of_the_profile():
    network = small()
    assert network.output_length(1346) == 1000
    assert network(integer_tensor(0, 1, 4, 360))[0].shape[2] == network.output_length(360) == 14


@pytest.mark.parametrize("count_head", [False, True])
@pytest.mark.parametrize("merge", ["sum", "mean", "max"])
@pytest.mark.parametrize("control", ["1t", "2t", "1r", "2r:halves", "1r+1t+1s"])
def test_controls_turn_by_their_own_rep(control, merge, count_head):
    network = small(control=control, merge=merge, count_head=count_head)
    assert network_error(network, inputs_of(network, 2, 0)) == 0


def test_the_largest_of_both_strands_is_of_their_answers_and_not_of_their_features():
    torch.manual_seed(0)
    network = build("motif-cnn", strategy="conjoined-max", filters=4, length=100).double().eval()
    x, one = one_hot(["ACGTTGCATC" * 10, "CCATG" * 20]).double(), network.remerge("none")
    assert torch.allclose(network(x), torch.maximum(one(x), one(Rep.dna().act(x))))


def test_controls_reach_the_answer():
    network = small(control="1r")
    x, control = inputs_of(network, 2, 0)
    profile, counts = network(x, control)
    changed_profile, changed_counts = network(x, control + 1)
    assert not torch.equal(profile, changed_profile)
    assert not torch.equal(counts, changed_counts)


X, CONTROL = torch.zeros(2, 4, 353), torch.zeros(2, 2, 7)


@pytest.mark.parametrize(
    ("options", "inputs", "message"),
    [
        ({}, (X[0],), r"bpnet: expected \(batch, 4, length\), got \(4, 353\): add a batch axis"),
        ({}, (X.transpose(1, 2),), r"got \(2, 353, 4\): transpose \(batch, length, 4\)"),
        ({}, (X[:, :3],), r"bpnet: expected \(batch, 4, length\), got \(2, 3, 353\)$"),
        ({}, (X[..., :346],), r"bpnet: length 346 is shorter than the receptive field 347"),
        ({}, (X, CONTROL), r"bpnet: built with control 0t, but X_ctl is given: build with control="),
        ({"control": "2t"}, (X,), r"bpnet: built with control 2t, but X_ctl is missing: give the tracks"),
        (
            {"control": "2t"},
            (X, CONTROL[:, :1]),
            r"expected control tracks \(2, 2, 7\) \(batch, channels of 2t, output length\), got \(2, 1, 7\)",
        ),
        ({"control": "2t"}, (X, torch.zeros(2, 2, 353)), r"control tracks \(2, 2, 7\) .* got \(2, 2, 353\)"),
        ({"control": "2t"}, (X, CONTROL[:1]), r"control tracks \(2, 2, 7\) .* got \(1, 2, 7\)"),
    ],
)
def test_refused_inputs(options, inputs, message):
    with pytest.raises(ValueError, match=message) as caught:
        small(**options).float()(*inputs)
    assert "\n" not in str(caught.value)


def test_refused_lengths_of_labels():
    network = build("motif-cnn", mixing="rcps", filters=1)
    message = r"motif-cnn: built for length 200, got 201: crop or pad the sequences, or build with length=201"
    with pytest.raises(ValueError, match=message):
        network(torch.zeros(1, 4, 201))


@pytest.mark.parametrize("merge", ["none", "sum", "mean", "max"])
def test_a_profile_of_positions_is_added_once_whatever_the_merge(merge):
    network = small(length=351, mixing=0, merge=merge, outputs=2, position="tied").double()
    randomise(network, 3)
    (x,) = inputs_of(network, 2, 4)
    added = network.head.log_profile()
    assert added.shape == (4, 5)
    assert torch.equal(network.rep_out[0].act(added[None])[0], added), "it is its own reverse complement"
    assert added[0].unique().numel() == 5, "and any profile of one strand"
    plain = small(length=351, mixing=0, merge=merge, outputs=2).double().eval()
    plain.load_state_dict({k: v for k, v in network.state_dict().items() if k != "head.plus"})
    for got, without, more in zip(network(x), plain(x), (added, 0), strict=True):
        torch.testing.assert_close(got, without + more)


def test_a_profile_of_positions_begins_at_the_logarithm_of_a_mean():
    network = small(length=351, mixing=0, position="tied")
    mean = torch.tensor([[4.0, 0, 0, 1, 2], [3, 1, 0, 0, 5]]).double()
    network.head.start_at(mean)
    both = [[9.2, 0.2, 0.2, 2.2, 5.2], [5.2, 2.2, 0.2, 0.2, 9.2]]
    torch.testing.assert_close(network.head.log_profile().exp(), torch.tensor(both).double())


def test_a_profile_of_positions_has_one_length():
    with pytest.raises(ValueError, match=r"bpnet: built for length 351, got 352: crop or pad the sequences"):
        small(length=351, position="tied").float()(torch.zeros(1, 4, 352))


def test_refused_changes():
    network = small()
    with pytest.raises(ValueError, match=r"execution 'fused': choose 'frames' \(exact\) or 'tied' \(fast\)"):
        network.execution = "fused"
    with pytest.raises(ValueError, match=r"merge 'none' reads one strand, so there is nothing to exchange"):
        network.remerge("none")
    with pytest.raises(ValueError, match=r"merge 'probability' averages the sigmoids of labels, but bpnet"):
        network.remerge("probability")
    with pytest.raises(ValueError, match=r"unknown merge 'maximum' \(did you mean 'max'\?\)"):
        network.remerge("maximum")
    separate = build("motif-cnn", mixing="conjoined", filters=1, batch_statistics="separate")
    with pytest.raises(ValueError, match=r"'tied' pools batch statistics over strands: use 'frames'"):
        separate.execution = "tied"


@settings(max_examples=25)
@given(networks(merge=merges(linear=True)), st.booleans(), seeds())
def test_the_mean_of_the_strands_is_the_answer_and_rc_swaps_them(network, training, seed):
    inputs = inputs_of(network, 2, seed)
    network.train(training)
    given, other = (outputs_of(answer) for answer in network.strands(*inputs))
    for u, v, merged in zip(given, other, outputs_of(network(*inputs)), strict=True):
        assert relative_error((u + v) / 2, merged) < 1e-12
    swapped = network.strands(*act(network.rep_in, inputs))
    for answer, turned in zip((other, given), swapped, strict=True):
        for rep, u, v in zip(network.rep_out, answer, outputs_of(turned), strict=True):
            assert relative_error(v, rep.act(u)) < 1e-12
    network.execution = "tied"
    for answer, fast in zip((given, other), network.strands(*inputs), strict=True):
        for u, v in zip(answer, outputs_of(fast), strict=True):
            assert relative_error(v, u) < 1e-12


def test_the_strands_of_a_conjoined_network_are_what_one_strand_answers():
    network = small(mixing=0, control="1r", position="tied")
    inputs, standard = inputs_of(network, 2, 0), network.remerge("none")
    other = act(network.rep_out, standard(*act(network.rep_in, inputs)))
    for found, wanted in zip(network.strands(*inputs), (standard(*inputs), other), strict=True):
        assert all(map(torch.equal, found, wanted))
    (u, _), (v, _) = network.strands(*inputs)
    assert not torch.allclose(u, v)


def test_the_strands_take_one_pass_of_the_trunk(monkeypatch):
    network, passes = small(), []
    read = Trunk.forward
    monkeypatch.setattr(Trunk, "forward", lambda self, *given: passes.append(1) or read(self, *given))
    network.strands(*inputs_of(network, 2, 0))
    assert passes == [1]


@pytest.mark.parametrize(
    ("merge", "message"),
    [
        ("max", r"merge 'max' is no mean of the two strands' answers, .*: use 'mean' or 'sum'"),
        ("probability", r"merge 'probability' is no mean of the two strands' answers"),
        ("none", r"merge 'none' reads one strand, so there is no other to agree with: use 'mean'"),
    ],
)
def test_merges_that_have_no_strands(merge, message):
    with pytest.raises(ValueError, match=message):
        build("motif-cnn", mixing=0, merge=merge, length=60).strands(torch.zeros(1, 4, 60))
