"""What the names of strategies mean."""

import pytest

from rczoo.family.architectures import build
from rczoo.training.strategies import STRATEGIES, Strategy, resolve_strategy


@pytest.mark.parametrize(
    ("name", "merge_trained", "augment", "remerge"),
    [
        ("standard", "none", False, None),
        ("standard+aug", "none", True, None),
        ("posthoc", "none", True, "mean"),
        ("posthoc-noaug", "none", False, "mean"),
        ("posthoc-max", "none", True, "max"),
        ("posthoc-probability", "none", True, "probability"),
        ("conjoined", "mean", False, None),
        ("conjoined-max", "max", False, None),
        ("rcps", "sum", False, None),
        ("rcps-mean", "mean", False, None),
        ("rcps-half", "sum", False, None),
    ],
)
def test_the_names_of_the_paper(name, merge_trained, augment, remerge):
    plan = resolve_strategy(name)
    assert build("tf-cnn", **plan.options).config.merge == merge_trained
    assert (plan.augment, plan.remerge) == (augment, remerge)
    assert name in STRATEGIES


def test_points_of_the_family_have_names_fit_for_paths():
    assert resolve_strategy(mixing=0.5) == Strategy("mixing-0.5", {"mixing": 0.5})
    assert resolve_strategy(mixing=[0, 1], merge="sum").name == "mixing-0-1-sum"
    assert resolve_strategy(wrap=[2, 1]) == Strategy("wrap-2-1", {"wrap": [2, 1]})
    assert resolve_strategy(mixing="rcps").name == "mixing-rcps"
    assert resolve_strategy(irreps=0.75) == Strategy("irreps-0.75", {"irreps": 0.75})


def test_a_merge_is_passed_on():
    assert resolve_strategy("conjoined", merge="sum").options == {"strategy": "conjoined", "merge": "sum"}
    assert resolve_strategy("posthoc", merge="max").remerge == "max"


@pytest.mark.parametrize(
    ("point", "name", "merge"),
    [
        ({"mixing": 1}, "mixing-1", "mean"),
        ({"mixing": [0, 0.5]}, "mixing-0-0.5", "mean"),
        ({"mixing": 1, "merge": "sum"}, "mixing-1-sum", "sum"),
        ({"wrap": [2, 1]}, "wrap-2-1", "mean"),
        ({"irreps": 0}, "irreps-0", "mean"),
        ({"strategy": "rcps"}, "rcps", "sum"),
        ({"strategy": "rcps-mean"}, "rcps-mean", "mean"),
        ({"strategy": "conjoined", "merge": "sum"}, "conjoined", "sum"),
    ],
)
def test_agreement_is_part_of_the_name_and_the_merge_is_usually_the_mean(point, name, merge):
    plan = resolve_strategy(**point, agreement=2)
    assert (plan.name, plan.agreement) == (f"{name}-agreement-2", 2.0)
    assert build("tf-cnn", **{**plan.usual, **plan.options}).config.merge == merge
    assert (plan.augment, plan.remerge) == (False, None)
    assert resolve_strategy(**point).agreement is None


def test_messages():
    with pytest.raises(ValueError, match=r"unknown strategy 'conjoind' \(did you mean 'conjoined'\?\)"):
        resolve_strategy("conjoind")
    for name in ("standard", "standard+aug", "posthoc", "posthoc-noaug", "posthoc-max"):
        with pytest.raises(
            ValueError, match=r"no agreement: post-hoc is mixing 0, agreement 1, so give these"
        ):
            resolve_strategy(name, agreement=1)
    with pytest.raises(ValueError, match="agreement is -1, expected a finite number >= 0"):
        resolve_strategy(mixing=1, agreement=-1)
    with pytest.raises(ValueError, match="give one of strategy, mixing, wrap and irreps, got none"):
        resolve_strategy()
    with pytest.raises(ValueError, match="got strategy and mixing"):
        resolve_strategy("rcps", mixing=1)
    with pytest.raises(
        ValueError, match=r"standard reads one strand, so there is nothing to merge by 'mean'"
    ):
        resolve_strategy("standard", merge="mean")
