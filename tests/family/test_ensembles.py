"""Ensembles: the mean of their members and nothing else, with their laws, and refused where they disagree."""

import numpy as np
import pytest
import torch

import rczoo
from rczoo import build, ensemble, one_hot
from rczoo.symmetry.equivariance import equivariance_error
from rczoo.testing import inputs_of, randomise
from tests.support.strategies import outputs_of

KINDS = {
    "labels": ("motif-cnn", {"filters": 3, "length": 60}),
    "several blocks": ("tf-cnn", {"filters": 3, "length": 101, "pool": (41, 20)}),
    "profile": ("bpnet", {"filters": 2, "length": 371, "count_head": False}),
    "counts and control": ("bpnet", {"filters": 2, "length": 371, "control": "1r"}),
}


def members(kind, *strategies):
    architecture, options = KINDS[kind]
    return [
        randomise(build(architecture, strategy=strategy, **options), seed).eval()
        for seed, strategy in enumerate(strategies)
    ]


def probabilities(logits):
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


@pytest.mark.parametrize("kind", KINDS)
def test_the_answer_is_the_mean_of_the_members_answers(kind):
    models = [model.double() for model in members(kind, "standard", "rcps", "conjoined-max")]
    X = inputs_of(models[0], 3, seed=5)
    each = [[y.detach().numpy() for y in outputs_of(model(*X))] for model in models]
    found = [y.detach().numpy() for y in outputs_of(ensemble(models)(*X))]
    assert len(found) == len(models[0].rep_out)
    if models[0].positions:
        logs = np.mean([np.log(probabilities(answer[0])) for answer in each], axis=0)
        assert np.abs(probabilities(found[0]) - probabilities(logs)).max() < 1e-12
        found, each = found[1:], [answer[1:] for answer in each]
    for place, y in enumerate(found):
        assert np.abs(y - sum(answer[place] for answer in each) / 3).max() < 1e-12


@pytest.mark.parametrize("kind", KINDS)
def test_one_member_answers_as_itself(kind):
    [model] = members(kind, "rcps")
    X = inputs_of(model, 2, seed=1, dtype=torch.float32)
    for found, expected in zip(outputs_of(ensemble([model])(*X)), outputs_of(model(*X)), strict=True):
        assert torch.equal(found, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_the_law_is_exact_where_it_is_exact_for_the_members(kind):
    model = ensemble(members(kind, "conjoined", "rcps", "conjoined-max"))
    X = inputs_of(model, 2, seed=2, dtype=torch.float32)
    assert model.equivariant
    assert equivariance_error(model, *X) == 0
    model.execution = "tied"
    assert [member.execution for member in model.members] == ["tied"] * 3
    assert 0 <= equivariance_error(model, *X) < 1e-4


@pytest.mark.parametrize("kind", ["labels", "counts and control"])
def test_the_suite_passes_ensembles_of_equivariant_members_alone(kind):
    assert rczoo.check(ensemble(members(kind, "conjoined", "rcps")), quick=True).passed
    mixed = ensemble(members(kind, "conjoined", "standard"))
    assert not mixed.equivariant
    assert not rczoo.check(mixed, quick=True).passed


def test_ensembles_of_ensembles_are_flat_copies_in_eval_mode():
    one, two, three = (model.train() for model in members("labels", "rcps", "conjoined", "standard"))
    model = ensemble([ensemble([one, two]), three])
    assert model.config.members == (one.config, two.config, three.config)
    assert (model.config.merge, ensemble([one, one]).config.merge) == ("mixed", "sum")
    assert (model.training, one.training) == (False, True)
    X = inputs_of(model, 2, seed=3, dtype=torch.float32)
    before = model(*X)
    with torch.no_grad():
        one.head.dense.weight.zero_()
    assert torch.equal(model(*X), before)
    assert {name.split(".")[1] for name in model.state_dict()} == {"0", "1", "2"}


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ([], "no models given: give at least one"),
        (
            "sim-200/rcps",
            r"str is no model of the family: give a list of models that build made or rczoo\.lo",
        ),
        ([torch.nn.Linear(2, 2)], "Linear is no model of the family"),
        ({"length": 80}, "input length of model 1 is 60, of model 2 80: give models that agree"),
        ({"outputs": 2}, "rep_out of model 1 is 3t, of model 2 2t: give models that agree"),
        (
            ["counts and control"],
            "rep_in of model 1 is 2r:flip, of model 2 2r:flip, 1r: give models that agree",
        ),
    ],
)
def test_models_that_do_not_agree_are_refused_in_one_line(others, message):
    [first] = members("labels", "rcps")
    if isinstance(others, dict):
        others = [first, rczoo.family.rebuild(first, **others)]
    elif others == ["counts and control"]:
        others = [first, *members(*others, "rcps")]
    with pytest.raises(ValueError, match=f"^ensemble: {message}") as caught:
        ensemble(others)
    assert "\n" not in str(caught.value)


def test_number_types_that_differ_are_refused():
    one, two = members("labels", "rcps", "rcps")
    with pytest.raises(ValueError, match="number type of model 1 is float32, of model 2 float64"):
        ensemble([one, two.double()])


def test_a_summary_adds_up_what_the_members_cost():
    models = members("several blocks", "rcps", "standard")
    found, each = rczoo.summary(ensemble(models)), [rczoo.summary(model) for model in models]
    assert found.multiply_adds == sum(one.multiply_adds for one in each)
    lines = str(found).splitlines()
    assert lines[0].startswith("mean of 2")
    assert [line.split(",")[0] for line in lines[1:3]] == ["tf-cnn", "tf-cnn"]
    assert lines[3].split()[1] == f"{sum(one.parameters for one in each):,}"


def test_the_strands_of_an_ensemble_are_the_means_of_its_members():
    members = [
        randomise(build("motif-cnn", strategy=name, length=60), n)
        for n, name in enumerate(("rcps", "conjoined"))
    ]
    both, X = ensemble(members), one_hot(["ACGTTGCAAT" * 6])
    strands = both.strands(X)
    assert torch.allclose((strands[0] + strands[1]) / 2, both(X))
    for n, answer in enumerate(strands):
        assert torch.allclose(answer, sum(member.eval().strands(X)[n] for member in members) / 2)
    with pytest.raises(ValueError, match="merge 'max' is no mean"):
        ensemble([*members, build("motif-cnn", strategy="conjoined-max", length=60)]).strands(X)
