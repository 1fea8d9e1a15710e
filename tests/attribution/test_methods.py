"""Attributions: the law of T10 for every method, each against a slow reference, and what they find."""

import copy
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import rczoo
from rczoo import Rep, attribute, build, conjoin, ensemble
from rczoo.attribution.deeplift import LateMerge, draw_references
from rczoo.attribution.methods import METHODS, less_mean
from rczoo.attribution.target import choose_target
from rczoo.data.preparation import load_examples
from rczoo.data.sources import simulation
from rczoo.data.task import load_task
from rczoo.family.architectures.blocks import SqueezeExcitation
from rczoo.symmetry import dna
from rczoo.symmetry.rep import DNA
from rczoo.testing import inputs_of, networks, randomise
from tests.support.enrichment import enrichment
from tests.support.real import real_task
from tests.support.strategies import outputs_of

pytest.importorskip("tangermeme", reason="pip install 'rczoo[explain]'")
R = Rep.dna().act
FAST = tuple(m for m in METHODS if m != "ism")
seeds = st.integers(0, 10**6)


def sequences(length, batch=2, seed=0):
    """One-hot sequences without N."""
    codes = np.random.default_rng(seed).integers(0, 4, (batch, length), dtype=np.uint8)
    return dna.one_hot(codes, torch.float64)


def member(architecture="tf-cnn", seed=0, **options):
    lengths = {"motif-cnn": 61, "tf-cnn": 71, "bpnet": 353}
    if architecture == "tf-cnn":
        options.setdefault("pool", (8, 3))
    network = build(architecture, filters=3, length=lengths[architecture], **options)
    return randomise(network.double().eval(), seed)


def obeys(network, inputs, method, target):
    """Scores of R x are R of those of x, up to rounding of the scores and of the outputs they come from."""
    turned = [rep.act(x) for x, rep in zip(inputs, network.rep_in, strict=True)]
    options = {"method": method, "target": target, "references": 4}
    direct, other = attribute(network, *inputs, **options), attribute(network, *turned, **options)
    output = max(y.abs().max().item() for y in outputs_of(network(*inputs)))
    rounding = 1e-10 * direct.abs().max().item() + 1e-15 * output
    return torch.allclose(R(direct), other, rtol=1e-8, atol=rounding)


@settings(deadline=None, max_examples=12)
@given(networks(), st.sampled_from(FAST), seeds)
def test_scores_of_the_other_strand_are_the_scores_turned(network, method, seed):
    outputs = outputs_of(network(*inputs_of(network, 2, seed)))
    targets = [0] if outputs[0].ndim == 2 else ["profile", "counts"][: len(outputs)]
    for target in targets:
        assert obeys(network, inputs_of(network, 2, seed), method, target)


@settings(deadline=None, max_examples=5)
@given(networks(architectures=("motif-cnn", "tf-cnn")), seeds)
def test_so_are_those_of_mutagenesis(network, seed):
    assert obeys(network, inputs_of(network, 2, seed), "ism", network.config.outputs - 1)


@pytest.mark.parametrize("method", METHODS)
def test_a_network_that_breaks_the_law_is_seen_to(method):
    network = member(strategy="standard")
    assert not obeys(network, (sequences(71),), method, 0)


@pytest.mark.parametrize("merge", ["sum", "max", "probability"])
@pytest.mark.parametrize("method", ["saliency", "input-x-gradient"])
def test_gradients_of_labels_are_equal_bit_for_bit(merge, method):
    network, X = member(mixing=[0.0, 1.0], merge=merge), sequences(71)
    scores = attribute(network, X, method=method)
    assert torch.equal(R(scores), attribute(network, R(X), method=method))


@pytest.mark.parametrize("method", METHODS)
def test_scores_of_labels_by_an_ensemble_are_the_mean_of_its_members_scores(method):
    networks = [
        member(seed=n, mixing=[0.0, 1.0], merge=merge) for n, merge in enumerate(["max", "mean", "sum"])
    ]
    X, options = sequences(71), {"method": method, "references": 4}
    together = ensemble(networks)
    together.execution = "tied"  # in which DeepLIFT would take half a batch for references
    found = attribute(together, X, **options)
    expected = torch.stack([attribute(network, X, **options) for network in networks]).mean(0)
    assert torch.allclose(found, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("target", ["profile", "counts"])
@pytest.mark.parametrize("method", FAST)
def test_scores_of_profiles_by_an_ensemble_obey_the_law(method, target):
    networks = [member("bpnet", n, strategy=name) for n, name in enumerate(["rcps", "conjoined-max"])]
    assert obeys(ensemble(networks), (sequences(353),), method, target)


def slow_value(network, x, target, own):
    """The number explained, from the words that define it."""
    outputs = [y[0] for y in outputs_of(network(x[None]))]
    if target == "counts":
        return outputs[1].sum().item()
    if target != "profile":
        return outputs[0][target].item()
    total = 0.0
    for logits, fixed in zip(outputs[0], own, strict=True):
        shares = [torch.exp(v).item() for v in fixed]
        average = sum(logits).item() / len(logits)
        total += sum(p * (v.item() - average) for p, v in zip(shares, logits, strict=True)) / sum(shares)
    return total


@pytest.mark.parametrize(
    ("architecture", "target"), [("tf-cnn", 1), ("bpnet", "profile"), ("bpnet", "counts")]
)
def test_gradients_and_mutagenesis_against_slow_ones(architecture, target):
    outputs = 2 if architecture == "tf-cnn" else 1
    network = member(architecture, mixing=0.5, outputs=outputs)
    x = sequences(network.config.length, 1)[0]
    with torch.no_grad():
        own = outputs_of(network(x[None]))[0][0]
        own = own if own.ndim == 2 else own[None]
        saliency = attribute(network, x[None], method="saliency", target=target)[0]
        corrected = attribute(network, x[None], method="input-x-gradient", target=target)[0]
        for base, position in [(0, 9), (3, 30), (1, 60)]:
            step = torch.zeros_like(x)
            step[base, position] = 1e-6
            low, high = (slow_value(network, x + s * step, target, own) for s in (-1, 1))
            assert saliency[base, position].item() == pytest.approx((high - low) / 2e-6, rel=1e-4, abs=1e-7)
        assert torch.allclose(corrected, saliency - saliency.mean(0))
        if architecture == "bpnet":
            return
        mutated = attribute(network, x[None], method="ism", target=target, batch_size=7)[0]
        for position in (0, 30, 70):
            values = []
            for base in range(4):
                mutant = x.clone()
                mutant[:, position] = torch.eye(4, dtype=torch.float64)[base]
                values.append(slow_value(network, mutant, target, own))
            assert mutated[:, position].tolist() == pytest.approx(
                np.array(values) - np.mean(values), abs=1e-12
            )


def test_mutagenesis_of_profiles():
    network, X = member("bpnet", strategy="rcps", count_head=False), sequences(353, 1)
    scores, x = attribute(network, X, method="ism", batch_size=200)[0], X[0]
    with torch.no_grad():
        own, values = network(X)[0], []
        for base in range(4):
            mutant = x.clone()
            mutant[:, 170] = torch.eye(4, dtype=torch.float64)[base]
            values.append(slow_value(network, mutant, "profile", own))
    assert scores[:, 170].tolist() == pytest.approx(np.array(values) - np.mean(values), rel=1e-9, abs=1e-12)
    assert scores.sum(0).abs().max() < 1e-12


@settings(deadline=None, max_examples=10)
@given(networks(), seeds)
def test_contributions_sum_to_the_change_of_the_answer(network, seed):
    """The test of correctness of DeepLIFT: every merge, every mixing, controls, own references."""
    X, *controls = inputs_of(network, 2, seed)
    X = sequences(X.shape[2], seed=seed)
    references = torch.stack([sequences(X.shape[2], 3, seed + n + 1) for n in range(2)])
    scores = attribute(
        network, X, *controls, method="deeplift", target=_first_target(network), references=references
    )
    with torch.no_grad():
        y = outputs_of(network(X, *controls))[0]
        weights = torch.zeros_like(y)
        if y.ndim == 3:
            weights = y.softmax(-1) - 1 / y.shape[-1]
        else:
            weights[:, 0] = 1
        for n in range(2):
            given = [c[[n] * 3] for c in controls]
            changes = y[[n]] - outputs_of(network(references[n], *given))[0]
            change = (changes * weights[[n]]).flatten(1).sum(1).mean()
            assert (scores * X)[n].sum().item() == pytest.approx(change.item(), rel=1e-6, abs=1e-9)


def test_gates_have_rules():
    """LegNet's are a product of features, which DeepLIFT would take for linear: every answer sums up."""
    network = randomise(build("legnet", mixing=0, length=40, filters=4).double().eval(), 0)
    X, references = sequences(40, 2), torch.stack([sequences(40, 3, seed) for seed in (3, 4)])
    scores = attribute(network, X, references=references)
    with torch.no_grad():
        changes = network(X)[:, 0] - network(references.flatten(0, 1)).view(2, 3).mean(1)
    torch.testing.assert_close((scores * X).sum((1, 2)), changes, rtol=1e-6, atol=1e-9)
    turned = attribute(network, DNA.act(X), references=DNA.act(references.flatten(0, 1)).view_as(references))
    torch.testing.assert_close(DNA.act(turned), scores)
    assert any(isinstance(module, SqueezeExcitation) for module in network.modules()), "a copy is explained"


@pytest.mark.parametrize(("name", "length"), [("basenji", 384), ("chrombpnet", 361), ("unet", 100)])
def test_every_pool_and_rectifier_of_an_architecture_has_a_rule(name, length):
    network = randomise(build(name, mixing=0, length=length, filters=16).double().eval(), 0)
    X, references = sequences(length, 1), sequences(length, 1, 1)[None]
    controls = [X.new_zeros(1, 2, network.config.out_length or length)] if network.config.control else []
    scores = attribute(network, X, *controls, target="profile", references=references)
    with torch.no_grad():
        profile, other = (outputs_of(network(x, *controls))[0] for x in (X, references[0]))
    change = ((profile.softmax(-1) - 1 / profile.shape[-1]) * (profile - other)).sum()
    torch.testing.assert_close((scores * X).sum(), change, rtol=1e-6, atol=1e-9)


def _first_target(network):
    return "profile" if network.config.architecture == "bpnet" else 0


@settings(deadline=None, max_examples=10)
@given(networks(merge=st.sampled_from(["max", "probability"])), seeds)
def test_a_late_merge_by_modules_is_the_same_function(network, seed):
    inputs = inputs_of(network, 2, seed)
    if network.config.merge == "mean":  # bpnet has no probabilities
        return
    for got, want in zip(LateMerge(network)(*inputs), outputs_of(network(*inputs)), strict=True):
        torch.testing.assert_close(got, want, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("number", [2, 6])
def test_references_are_shuffles_drawn_alike_on_both_strands(number):
    X = dna.one_hot(["ACGTTGCANNGATTACAGGT" * 2, "TTGACCATGCATTNACCGTA" * 2], torch.float64)
    drawn, turned = draw_references(X, number, 3), draw_references(R(X), number, 3)
    assert drawn.shape == (2, number, 4, 40)
    for one, other, x in zip(drawn, turned, X, strict=True):
        assert {dna_of(r) for r in one} == {dna_of(R(r[None])[0]) for r in other}
        assert all(torch.equal(r.sum(1), x.sum(1)) for r in one[: number // 2])
        assert dna_of(one[0]) != dna_of(x)
        pairs = [sorted(s[i : i + 2] for i in range(39)) for s in (dna_of(one[0]), dna_of(x))]
        assert pairs[0] == pairs[1]
    assert torch.equal(draw_references(X[1:], number, 3)[0], drawn[1])  # whatever else is in the batch


def dna_of(x):
    return dna.decode(torch.where(x.sum(0) == 0, 4, x.argmax(0)).numpy().astype(np.uint8))


@pytest.mark.parametrize(("method", "sizes"), [("ism", (50, 61)), *((m, (1, 5)) for m in FAST)])
def test_batches_make_no_difference(method, sizes):
    network, told = member(mixing=0.5), []
    X = inputs_of(network, 3, 0)[0]
    options = {"method": method, "references": 2, "advance": told.append}
    scores = [attribute(network, X, **options, batch_size=size) for size in sizes]
    torch.testing.assert_close(scores[0], scores[1], rtol=1e-9, atol=1e-12)
    assert sum(told) == 6


def test_the_model_stays_as_it_was():
    network = build("motif-cnn", strategy="rcps", length=61)
    network.execution = "tied"
    before = copy.deepcopy(network.state_dict())
    attribute(network, sequences(61), target=0, references=2)
    assert network.training
    assert network.execution == "tied"
    assert all(p.requires_grad and p.grad is None for p in network.parameters())
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert not any(m._forward_hooks or m._backward_hooks for m in network.modules())


def test_scores_have_the_models_type():
    network = build("motif-cnn", strategy="rcps", length=61)
    scores = attribute(network, sequences(61).float(), method="saliency", target=0)
    assert scores.dtype == torch.float32


def test_one_factor_of_several():
    network = member("bpnet", strategy="rcps", outputs=2, count_head=True)
    X = sequences(353)
    for kind in ("profile", "counts"):
        whole, first, second = (
            attribute(network, X, method="saliency", target=f"{kind}{factor}") for factor in ("", ":0", ":1")
        )
        torch.testing.assert_close(first + second, whole)
        assert not torch.allclose(first, second)
        assert obeys(network, (X,), "saliency", f"{kind}:1")
    choice = choose_target(network(X), network.rep_out, "profile:1")
    assert choice.channels == (2, 3)


def test_other_peoples_models():
    base = nn.Sequential(nn.Conv1d(4, 5, 7), nn.ReLU(), nn.MaxPool1d(5), nn.Flatten(), nn.Linear(50, 2))
    model = randomise(conjoin(base, outputs="2t").double().eval(), 4)
    assert obeys_conjoined(model)
    tied = rczoo.nn.RCSequential(
        rczoo.nn.RCConv1d("2r:flip", "3r", 5), rczoo.nn.RCActivation("3r"), rczoo.nn.RCConv1d("3r", "1r", 3)
    )
    tied = randomise(tied.double().eval(), 2)
    X = sequences(30)
    scores, other = attribute(tied, X, references=4), attribute(tied, R(X), references=4)
    torch.testing.assert_close(R(scores), other, rtol=1e-8, atol=1e-10)


def obeys_conjoined(model):
    X = sequences(56)
    scores = [attribute(model, x, target=1, references=4) for x in (X, R(X))]
    return torch.allclose(R(scores[0]), scores[1], rtol=1e-8, atol=1e-11)


class Functional(nn.Module):
    """A nonlinear operation that is no module."""

    def __init__(self):
        super().__init__()
        self.conv, self.dense = nn.Conv1d(4, 5, 7), nn.Linear(5, 1)

    def forward(self, x):
        return self.dense(torch.relu(self.conv(x) - 1).sum(2))


def test_an_operation_without_a_rule_is_refused():
    model = randomise(Functional().double(), 0)
    with pytest.raises(
        ValueError, match=r"^deeplift: contributions miss .* no DeepLIFT rule: .*or the method 'ism'"
    ):
        attribute(model, sequences(40))
    assert attribute(model, sequences(40), method="ism").any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"X": torch.zeros(4, 61)},
            r"^attribute: expected \(batch, 4, length\), got \(4, 61\): add a batch axis$",
        ),
        ({"X": torch.zeros(0, 4, 61)}, "^attribute: no sequences given$"),
        ({"X": torch.zeros(1, 5, 61)}, r"^attribute: expected \(batch, 4, length\), got \(1, 5, 61\)$"),
        ({"X": torch.full((1, 4, 61), 0.25)}, "^attribute: X is not one-hot: each position is one base"),
        ({"X": torch.ones(1, 4, 61)}, "^attribute: X is not one-hot"),
        ({"X_ctl": torch.zeros(3, 1, 1)}, "^attribute: 2 sequences but 3 control tracks: give one each$"),
        ({"batch_size": 0}, "^attribute: batch_size is 0, expected a whole number >= 1$"),
        ({"references": 5}, "^attribute: references is 5: give an even number, as half are drawn on each"),
        ({"references": 0}, "^attribute: references is 0: give an even number"),
        (
            {"references": torch.zeros(2, 3, 4, 60)},
            r"^attribute: references have shape \(2, 3, 4, 60\), expected \(batch, references, 4, length\)",
        ),
        (
            {"method": "deep-lift"},
            r"^unknown method 'deep-lift' \(did you mean 'deeplift'\?\): choose one of",
        ),
        ({"target": 3}, r"^target 3: the model has 3 label\(s\): choose one, 0 to 2$"),
        ({"target": None}, r"^no target given: the model has 3 label"),
        ({"target": "profile"}, r"^target 'profile': the model has 3 label"),
        ({"target": -1}, r"^target -1: the model has 3 label"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    given = {"X": sequences(61).float(), "method": "saliency", "target": 0, **change}
    with pytest.raises(ValueError, match=message):
        attribute(
            build("motif-cnn", strategy="rcps", length=61), given.pop("X"), given.pop("X_ctl", None), **given
        )


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (0, "^target 0: the model predicts profiles: give 'profile' or 'counts', or one factor's, such as"),
        ("counts", "^target 'counts': the model has no count head: give 'profile'$"),
        ("profile:1", "^target 'profile:1': factors are numbered 0 to 0$"),
        ("profile:x", "^target 'profile:x': factors are numbered 0 to 0$"),
    ],
)
def test_targets_of_profiles_that_are_not_there(target, message):
    with pytest.raises(ValueError, match=message):
        choose_target((torch.zeros(1, 2, 9),), ("1r",), target)


def test_outputs_that_are_no_tensors_are_refused():
    with pytest.raises(
        ValueError, match=r"^attribute: the model gives a dict: wrap it so that it gives a tensor"
    ):
        attribute(Gives({}), sequences(9), method="saliency")
    with pytest.raises(
        ValueError, match=r"^attribute: an output of shape \(2,\) is neither labels nor profiles$"
    ):
        attribute(Gives(torch.zeros(2)), sequences(9), method="saliency")


class Gives(nn.Module):
    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, x):
        return self.answer


@given(seeds)
def test_the_mean_over_bases_is_rounded_alike_on_both_strands(seed):
    scores = torch.randn(2, 4, 9, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(R(less_mean(scores)), less_mean(R(scores)))
    torch.testing.assert_close(less_mean(scores), scores - scores.mean(1, keepdim=True))


THRESHOLDS = {"saliency": 0.58, "input-x-gradient": 0.6, "ism": 0.68, "deeplift": 0.71}


@pytest.mark.parametrize("name", ["conjoined", "rcps", "standard+aug"])
def test_planted_motifs_come_out(name):
    task = load_task("sim-200")
    data = task.data
    codes, labels = simulation.simulate(task.length, data.per_motif, data.seed)
    planted = simulation.planted(task.length, data.per_motif, data.seed)
    test = slice(-data.counts.test, None)
    codes, labels, planted = codes[test], labels[test], planted[test]
    model = rczoo.load(f"sim-200/{name}")
    for method in METHODS:
        scores, sites = [], []
        for label in range(3):
            rows = np.flatnonzero(labels[:, label])[: 4 if method == "ism" else 15]
            X = dna.one_hot(codes[rows])
            scores.append((attribute(model, X, method=method, target=label) * X).sum(1).numpy())
            sites.append(planted[rows])
        found = enrichment(np.concatenate(scores), np.concatenate(sites))
        assert found.auroc > THRESHOLDS[method], (method, found)
        assert found.fold > 1.15, (method, found)


@pytest.mark.realdata
def test_the_core_of_gcn4_comes_out():
    examples = load_examples(real_task("gcn4"), "test")
    X = examples.batch(range(len(examples)))[0]
    sites = np.zeros((len(X), X.shape[2]), dtype=bool)
    for row, x in enumerate(X):
        for match in re.finditer("(?=TGA[CG]TCA)", dna_of(x)):
            sites[row, match.start() : match.start() + 7] = True
    rows = np.flatnonzero(sites.any(1))[:8]
    X = X[rows]
    for name in ("mixing-0-agreement-8", "mixing-1-agreement-8"):  # recommended, and the default
        model = rczoo.load(f"gcn4/{name}")
        scores = (attribute(model, X) * X).sum(1).numpy()
        found = enrichment(scores, sites[rows])
        assert found.fold > 5, (name, found)
        assert found.auroc > 0.75, (name, found)
