"""What the names of strategies mean."""

import pytest

from rczoo.architectures import build
from rczoo.recipes import NAMES, Recipe, recipe


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
    plan = recipe(name)
    assert build("tf-cnn", **plan.options).config["merge"] == merge_trained
    assert (plan.augment, plan.remerge) == (augment, remerge)
    assert name in NAMES


def test_points_of_the_family_have_names_fit_for_paths():
    assert recipe(mixing=0.5) == Recipe("mixing-0.5", {"mixing": 0.5})
    assert recipe(mixing=[0, 1], merge="sum").name == "mixing-0-1-sum"
    assert recipe(wrap=[2, 1]) == Recipe("wrap-2-1", {"wrap": [2, 1]})
    assert recipe(mixing="rcps").name == "mixing-rcps"


def test_a_merge_is_passed_on():
    assert recipe("conjoined", merge="sum").options == {"strategy": "conjoined", "merge": "sum"}
    assert recipe("posthoc", merge="max").remerge == "max"


def test_messages():
    with pytest.raises(ValueError, match=r"unknown strategy 'conjoind' \(did you mean 'conjoined'\?\)"):
        recipe("conjoind")
    with pytest.raises(ValueError, match="give one of strategy, mixing and wrap, got none"):
        recipe()
    with pytest.raises(ValueError, match="got strategy and mixing"):
        recipe("rcps", mixing=1)
    with pytest.raises(
        ValueError, match=r"standard reads one strand, so there is nothing to merge by 'mean'"
    ):
        recipe("standard", merge="mean")
