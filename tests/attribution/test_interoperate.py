"""tangermeme's functions on networks as they are: nothing wrapped, nothing registered."""

import warnings

import pytest
import torch
from torch import nn

import rczoo
from rczoo import Rep, attribute, build
from rczoo.attribution.deeplift import draw_references
from rczoo.export import fuse
from rczoo.symmetry import dna
from rczoo.testing import randomise

pytest.importorskip("tangermeme", reason="pip install 'rczoo[explain]'")
from tangermeme.deep_lift_shap import deep_lift_shap
from tangermeme.predict import predict
from tangermeme.saturation_mutagenesis import saturation_mutagenesis

R = Rep.dna().act
STRATEGIES = ["standard", "rcps", "conjoined"]
CPU = {"device": "cpu"}


def network(strategy, architecture="tf-cnn", **options):
    lengths = {"motif-cnn": 61, "tf-cnn": 71, "bpnet": 353}
    if architecture == "tf-cnn":
        options = {"pool": (8, 3), **options}
    made = build(architecture, strategy=strategy, filters=4, length=lengths[architecture], **options)
    return randomise(made.double().eval(), 1)


def sequences(length, batch=2):
    codes = torch.randint(0, 4, (batch, length), generator=torch.Generator().manual_seed(7))
    return dna.one_hot(codes.numpy().astype("uint8"), torch.float64)


def close(got, want):
    torch.testing.assert_close(got, want, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_predict(strategy):
    model, X = network(strategy, outputs=2), sequences(71, 5)
    close(predict(model, X, batch_size=2, **CPU), model(X).detach())
    profiles, X = network(strategy, "bpnet", control="1r"), sequences(353, 3)
    controls = torch.rand(3, 2, profiles.output_length(353), dtype=torch.float64)
    for got, want in zip(predict(profiles, X, args=(controls,), **CPU), profiles(X, controls), strict=True):
        close(got, want.detach())


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_saturation_mutagenesis(strategy):
    model, X = network(strategy, outputs=2), sequences(71)
    found = saturation_mutagenesis(model, X, target=1, hypothetical=True, **CPU)
    close(found, attribute(model, X, method="ism", target=1))
    turned = saturation_mutagenesis(model, R(X), target=1, hypothetical=True, **CPU)
    assert torch.allclose(R(found), turned, rtol=1e-8, atol=1e-10) == (strategy != "standard")


@pytest.mark.parametrize("architecture", ["motif-cnn", "tf-cnn"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_deep_lift_shap(strategy, architecture):
    """No warning of convergence (warnings are errors here), the same scores, and the law."""
    model, X = network(strategy, architecture, outputs=2), sequences(71 if architecture == "tf-cnn" else 61)
    references, turned = draw_references(X, 6, 0), draw_references(R(X), 6, 0)
    options = {"target": 1, "hypothetical": True, "warning_threshold": 1e-9, **CPU}
    found = deep_lift_shap(model, X, references=references, **options)
    close(found, attribute(model, X, target=1, references=references))
    other = deep_lift_shap(model, R(X), references=turned, **options)
    assert torch.allclose(R(found), other, rtol=1e-8, atol=1e-10) == (strategy != "standard")
    close(deep_lift_shap(aligned_fuse(model), X, references=references, **options), found)


def aligned_fuse(model):
    """Plain torch.nn layers where windows coincide on both strands, else the model."""
    try:
        return fuse(model)
    except ValueError:
        return model


@pytest.mark.parametrize("architecture", ["motif-cnn", "tf-cnn"])
def test_a_mean_merge_is_its_one_strand_model_on_both_strands(architecture):
    """What one would do by hand, with a model in which no module is called twice."""
    model, X = network("conjoined", architecture), sequences(71 if architecture == "tf-cnn" else 61)
    base, references = model.remerge("none"), draw_references(X, 4, 0)
    turned = R(references.flatten(0, 1)).view_as(references)
    options = {"target": 0, "hypothetical": True, **CPU}
    one = deep_lift_shap(base, X, references=references, **options)
    other = deep_lift_shap(base, R(X), references=turned, **options)
    close(deep_lift_shap(model, X, references=references, **options), (one + R(other)) / 2)


class Count(nn.Module):
    """A network's log-counts, which is what tangermeme asks of a model of profiles: (batch, outputs)."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, X):
        return self.model(X)[1].sum(1, keepdim=True)


@pytest.mark.parametrize("strategy", [*STRATEGIES, "conjoined-sum", "rcps-half"])
def test_deep_lift_shap_of_counts(strategy):
    model, X = network(strategy, "bpnet"), sequences(353)
    references = draw_references(X, 4, 0)
    found = deep_lift_shap(Count(model), X, references=references, hypothetical=True, **CPU)
    close(found, attribute(model, X, target="counts", references=references))


@pytest.mark.parametrize("architecture", ["tf-cnn", "bpnet"])
def test_the_tied_execution_is_for_full_exchanges_only(architecture):
    """It stacks both strands of smaller exchanges as one batch, of which a hook takes half for references."""
    model, X = network("rcps", architecture), sequences(71 if architecture == "tf-cnn" else 353)
    wrapped = model if architecture == "tf-cnn" else Count(model)
    references = draw_references(X, 4, 0)
    found = deep_lift_shap(wrapped, X, references=references, **CPU)
    model.execution = "tied"
    close(deep_lift_shap(wrapped, X, references=references, **CPU), found)
    stacked = network("conjoined", architecture)
    stacked.execution = "tied"
    wrapped = stacked if architecture == "tf-cnn" else Count(stacked)
    with pytest.warns(RuntimeWarning, match="Convergence deltas"):
        deep_lift_shap(wrapped, X, references=references, **CPU)


@pytest.mark.parametrize("strategy", ["conjoined-max", "conjoined-probability"])
def test_merges_without_a_rule_are_told_of_and_attribute_has_one(strategy):
    model, X = network(strategy), sequences(71)
    references = draw_references(X, 4, 0)
    with pytest.warns(RuntimeWarning, match="Convergence deltas"):
        deep_lift_shap(model, X, references=references, warning_threshold=1e-6, **CPU)
    attribute(model, X, references=references)


def test_published_models():
    X = sequences(200, 2).float()
    for name in rczoo.list_models("sim-200/*"):
        model = rczoo.load(name)
        if model.config.merge in ("max", "probability"):
            continue
        close(predict(model, X, **CPU), model(X).detach())
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            scores = deep_lift_shap(model, X, target=2, n_shuffles=4, random_state=0, **CPU)
        assert not seen, (name, seen[0].message)
        assert scores.shape == X.shape
