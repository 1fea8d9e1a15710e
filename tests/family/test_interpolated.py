"""The field's architectures as members of their families: the law, the opening, files, and refusals."""

import inspect
import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

import rczoo
from rczoo import build, conjoin, embed
from rczoo.cli.options import Architecture
from rczoo.evaluation.losses import in_bins
from rczoo.family import ARCHITECTURES, DESIGNS, load_checkpoint, rebuild, save_checkpoint
from rczoo.family.architectures.blocks import Attention, scan
from rczoo.inference.outputs import name_outputs
from rczoo.testing import inputs_of, randomise
from tests.support import tiny_tasks
from tests.support.compiled import answers_compiled
from tests.support.random_networks import Positions

SMALL = {
    "deepsea": {"length": 175, "filters": 2},
    "basset": {"length": 190},
    "danq": {"length": 77},
    "deepstarr": {"length": 41},
    "legnet": {"length": 23},
    "basenji": {"length": 160, "out_length": 96, "outputs": "1r+1t"},
    "enformer": {"length": 160, "out_length": 96, "outputs": "1r+1t"},
    "chrombpnet": {"length": 361, "out_length": 11, "control": "1r+1t"},
    "unet": {"length": 139, "out_length": 41, "control": "1r+1t"},
    "caduceus": {"length": 23, "out_length": 15},
}
"""Short inputs, most of which leave remainders in strides and pools."""

ALL = list(DESIGNS)


def small(name, seed=0, filters=4, **options):
    """A network away from its initial values, in float64 and eval mode."""
    torch.manual_seed(seed)
    place = {} if "strategy" in options else {"mixing": 0.5}
    network = build(name, **{"filters": filters, **SMALL[name], **place, **options})
    return randomise(network.double().eval(), seed)


def listed(answer):
    return answer if isinstance(answer, tuple | list) else [answer]


def distance(one, other):
    pairs = zip(listed(one), listed(other), strict=True)
    return max((u - v).abs().max().item() / u.abs().max().item() for u, v in pairs)


def strands_differ(network, inputs):
    """How far apart the two strands' answers are, before the merge."""
    return distance(*network.strands(*inputs))


def test_every_architecture_is_tested():
    assert list(SMALL) == ALL


def test_attention_by_distance_trains_in_one_graph():
    network = conjoin(Positions(Attention(4, 2)), outputs="4t").train()
    x = torch.randn(2, 4, 9, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(*answers_compiled(network, x, fullgraph=True))


def test_an_architecture_is_one_short_file():
    files = {Path(inspect.getfile(design.network)) for design in DESIGNS.values()}
    assert {f.name for f in files if len(f.read_text("utf-8").splitlines()) > 60} == set()


def test_the_command_line_knows_every_architecture():
    """Its words stand in the command line itself, which starts without torch."""
    assert get_args(get_args(Architecture)[0]) == tuple(ARCHITECTURES)


@pytest.mark.parametrize("mixing", [0, 0.5, 1])
@pytest.mark.parametrize("name", ALL)
def test_the_law_holds_in_both_modes(name, mixing):
    network = small(name, mixing=mixing)
    inputs = inputs_of(network, 3, 1)
    turned = tuple(rep.act(x) for rep, x in zip(network.rep_in, inputs, strict=True))
    for mode in (False, True):
        network.train(mode)
        torch.manual_seed(2)
        given = listed(network(*inputs))
        torch.manual_seed(2)
        other = listed(network(*turned))
        back = [rep.act(y) for rep, y in zip(network.rep_out, other, strict=True)]
        assert distance(given, back) < 1e-13  # one random mask for a pair of strands; 5e-15 is the most here
        assert all(y.isfinite().all() and y.std() > 1e-6 for y in given)


@pytest.mark.parametrize("name", ALL)
def test_at_the_opening_it_is_the_conjoined_model(name):
    standard = small(name, strategy="standard")
    inputs = inputs_of(standard, 2, 3)
    conjoined = conjoin(standard.model, inputs=standard.rep_in, outputs=standard.rep_out).eval()(*inputs)
    closed = standard.remerge("mean")
    assert distance(closed(*inputs), conjoined) == 0
    opened = embed(closed, "rcps")
    assert set(opened.config.mixing) == {1.0}
    assert distance(opened(*inputs), conjoined) < 1e-12
    with torch.no_grad():
        for key, value in opened.named_parameters():
            if "received" in key:
                value.add_(0.1)
    assert distance(opened(*inputs), conjoined) > 1e-4  # the exchange is not idle
    with pytest.raises(ValueError, match=r"embed: .* receives .* but mixing 0 leaves 0"):
        embed(opened, 0)


@pytest.mark.parametrize("name", ALL)
def test_the_answer_is_linear_in_the_heads_alone(name):
    network = small(name, merge="sum")
    inputs = inputs_of(network, 2, 4)
    assert distance(rczoo.change_merge(network, "mean")(*inputs), network(*inputs)) < 1e-12
    one, other = network.strands(*inputs)
    mean = [(u + v) / 2 for u, v in zip(listed(one), listed(other), strict=True)]
    assert distance(network(*inputs), mean) < 1e-12
    assert strands_differ(network, inputs) > 1e-3


@pytest.mark.parametrize("name", ALL)
def test_a_checkpoint_rebuilds_it(name, tmp_path):
    network = small(name, mixing=0.4)
    again = load_checkpoint(save_checkpoint(network, tmp_path))
    inputs = inputs_of(network, 2, 5)
    assert distance(again(*inputs), network(*inputs)) == 0
    assert again.config == network.config
    assert json.loads((tmp_path / "config.json").read_text())["rep_out"] == [str(r) for r in network.rep_out]
    wider = rebuild(network, filters=8)
    assert wider.config == replace(network.config, filters=8)


@pytest.mark.parametrize("name", ALL)
def test_a_summary_counts_all_parameters(name):
    network = build(name, mixing=0.5, **SMALL[name])
    found = rczoo.summary(network)
    assert found.parameters == sum(p.numel() for p in network.parameters())
    assert [row.received for row in found.rows[:-1]] == [s.received for s in network.sites().rows]
    assert all(row.multiply_adds > 0 for row in found.rows)
    assert str(found).splitlines()[0].startswith(f"{name}, ")
    plain = rczoo.summary(build(name, strategy="standard", **SMALL[name]))
    assert plain.names == ("standard",)
    assert plain.multiply_adds < found.multiply_adds / 2
    assert plain.parameters < found.parameters


def test_multiply_adds_of_a_unet():
    """Rows of both strands: a convolution of width 9 of 16 + 8 channels to 16, at half of 512 positions."""
    rows = {row.block: row for row in rczoo.summary(build("unet", mixing=0.5)).rows}
    assert rows["down.1.0"].multiply_adds == 2 * 24 * 16 * 9 * 256


def test_function_classes():
    a = build("danq", mixing=0.5, **SMALL["danq"])
    assert rczoo.same_function_class(a, rebuild(a, merge="sum")).theorems == ("T11",)
    assert rczoo.same_function_class(a, rebuild(a, mixing=1)).verdict == "unknown"
    tf = build("tf-cnn", mixing=0.5)
    assert rczoo.same_function_class(a, tf).verdict == "unknown"


def test_an_ensemble_of_them_answers_with_the_mean():
    members = [small("danq", seed) for seed in (0, 1)]
    both = rczoo.ensemble(members)
    x = inputs_of(both, 2, 0)[0]
    torch.testing.assert_close(both(x), (members[0](x) + members[1](x)) / 2)
    assert both.executions == ("frames",)


@pytest.mark.parametrize(
    ("name", "task", "how"),
    [
        ("danq", tiny_tasks.labels, {"mixing": 0.5, "agreement": 1}),
        ("danq", tiny_tasks.labels, {"strategy": "posthoc"}),
        ("unet", tiny_tasks.profiles, {"mixing": {"up.*": 1.0}}),
        ("basenji", tiny_tasks.binned_profiles, {"strategy": "rcps-mean"}),
    ],
)
def test_it_is_trained_predicts_and_is_explained(name, task, how, tmp_path):
    task = task(n=8)
    task = replace(
        task,
        model=type(task.model)(architecture=name, filters=2, length=task.length, outputs=task.model.outputs),
    )
    rczoo.train(task, **how, out=tmp_path, epochs=1)
    network = load_checkpoint(tmp_path)
    assert rczoo.evaluate(network, task)["equivariance_error"] < 1e-5
    x = inputs_of(network, 2, 0, torch.float32)[0]
    given, other = rczoo.predict(network, x, strand="both")
    assert distance(given, other) < 1e-5
    scores = rczoo.attribute(network, x, method="saliency", target=0 if network.positions == 0 else "profile")
    assert scores.shape == x.shape
    assert scores.abs().max() > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, r"give mixing \(for example 0.5\) or strategy"),
        ({"mixing": 2}, r"mixing 2 of lstm lies outside \[0, 1\]"),
        ({"mixing": "rcsp"}, r"unknown mixing 'rcsp'.*: choose one of rcps, conjoined"),
        ({"mixing": (1,)}, r"mixing has 1 shares for 2 sites \(lstm, dense\)"),
        ({"mixing": {"lsmt": 1}}, r"'lsmt': there are lstm"),
        ({"mixing": 0.5, "merge": "none"}, r"merge 'none' reads one strand, so there is nothing to exchange"),
        ({"mixing": 0, "wrap": (2, 1)}, r"danq takes no wrap: only motif-cnn, tf-cnn, bpnet do"),
        ({"mixing": 0, "gain": 2}, r"danq takes no gain"),
        ({"mixing": 0, "execution": "tied"}, r"danq takes no execution"),
        ({"mixing": 0, "control": "1r"}, r"danq takes no control tracks: only bpnet, .*unet"),
        ({"mixing": 0, "outputs": "1r"}, r"danq has labels, so outputs is '1r': give their number"),
        ({"mixing": 0, "out_length": 5}, r"danq has labels, so it takes no out_length"),
        ({"mixing": 0, "length": 37}, r"danq: length is 37, expected at least 38"),
        ({"mixing": 0, "filters": 0}, r"filters is 0, expected a whole number >= 1"),
        ({"architecture": "unet", "mixing": 0, "merge": "probability"}, r"but unet predicts profiles"),
        (
            {"architecture": "unet", "mixing": 0, "out_length": 511},
            r"unet: out_length is 511, expected 512 less a multiple of 2, at most 448",
        ),
        ({"architecture": "tf-cnn", "mixing": 0, "out_length": 5}, r"tf-cnn takes no out_length"),
        ({"strategy": "posthoc"}, r"'posthoc' is a way of training"),
    ],
)
def test_refused(arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        build(**({"architecture": "danq"} | arguments))
    assert "\n" not in str(caught.value)


def test_what_needs_tied_layers_says_so():
    network = small("danq")
    x = inputs_of(network, 1, 0)[0]
    for call, message in [
        (lambda: rczoo.fold_gain(network), "fold_gain: InterpolatedNetwork has no gain"),
        (lambda: setattr(network, "execution", "tied"), "execution 'tied': danq has no tied kernels"),
        (lambda: rczoo.attribute(network, x, target=0), "deeplift: an interpolated model runs both strands"),
        (lambda: network.remerge("none"), "merge 'none' reads one strand"),
        (lambda: network(x[..., 1:]), "danq: built for length 77, got 76"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize("name", ["danq", "unet"])
def test_fused_it_is_the_same_function_at_any_batch(name):
    network = small(name)
    fused, inputs = rczoo.fuse(network), inputs_of(network, 3, 0)
    assert distance(fused(*inputs), network(*inputs)) < 1e-12
    assert not {*fused.parameters()} & {*network.parameters()}, "parameters of its own"
    assert fused.meta["rczoo"]["config"]["architecture"] == name


def test_models_of_ones_own_are_answered_for_or_refused():
    net = torch.nn.Sequential(torch.nn.Conv1d(4, 8, 5), torch.nn.ReLU(), torch.nn.Conv1d(8, 2, 3))
    member = rczoo.interpolate(net, outputs="1r", mixing=0.25).eval()
    x = rczoo.one_hot("ACGTTAGACCAGT")
    larger = embed(member, "rcps")
    assert [site.received for site in larger.sites().rows] == [8]
    torch.testing.assert_close(larger(x), member(x))
    for call, message in [
        (lambda: rczoo.summary(member), r"an interpolated model's table is sites\(\)"),
        (lambda: rczoo.change_merge(member, "sum"), "change_merge: Interpolated was not made by rczoo.build"),
        (lambda: rczoo.same_function_class(member, member), "same_function_class: Interpolated was not made"),
        (lambda: rczoo.fold_gain(member), "fold_gain: Interpolated has no gain"),
        (lambda: embed(net), r"embed: Sequential is no member of a family: rczoo.interpolate\(model\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


def test_tracks_in_bins_are_written_by_base():
    network = build("basenji", mixing=0, **SMALL["basenji"]).eval()
    outputs = name_outputs(network, {})
    assert outputs.channels == ("profile1_plus", "profile1_minus", "profile2_both")
    assert (outputs.positions, outputs.margin, network.positions) == (96, 32, 3)
    x = inputs_of(network, 2, 0, torch.float32)[0]
    logits = network(x).detach()
    values = outputs.values((logits,))
    np.testing.assert_allclose(values.sum(-1), 1, rtol=1e-5)
    np.testing.assert_allclose(values[..., ::32], logits.softmax(-1) / 32, rtol=1e-5)


def test_counts_of_bins():
    counts = torch.arange(8.0).view(1, 1, 8)
    assert in_bins(counts, 4).tolist() == [[[6, 22]]]
    assert in_bins(counts, 1) is counts


def test_the_scan_of_a_state_space_is_its_recurrence():
    torch.manual_seed(0)
    log_decay, update = -torch.rand(2, 11, 3, 2).double(), torch.randn(2, 11, 3, 2).double()
    state, states = torch.zeros(2, 3, 2).double(), []
    for t in range(11):
        state = log_decay[:, t].exp() * state + update[:, t]
        states.append(state)
    torch.testing.assert_close(scan(log_decay, update), torch.stack(states, 1))


def test_caduceus_ps_is_mixing_0():
    """One state-space model on both halves, the second reversed and complemented, and a head of both."""
    network = small("caduceus", mixing=0)
    x = inputs_of(network, 2, 0)[0]
    halves = [network.model(x), network.model(rczoo.Rep.dna().act(x))]
    expected = (halves[0] + network.rep_out[0].act(halves[1])) / 2
    torch.testing.assert_close(network(x), expected)
    assert {site.kind for site in network.sites().rows} == {"Linear", "Conv1d"}
