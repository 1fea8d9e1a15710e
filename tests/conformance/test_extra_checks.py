"""A user's own check beside the suite's: reported like them, and never taken for a law."""

import json

import pytest
import torch
from torch import nn

import rczoo
from rczoo.conformance import CHECKS, LAWS, Result, Violation, check, failed, noted, passed, skipped
from rczoo.conformance.cases import Case
from tests.support.faulty_models import strands_not_swapped, tied

BASIC = {"outputs": "1r", "lengths": 60, "quick": True}


def positive(run):
    """Every output is above zero.

    As rates are.
    """
    x, _ = run.tested.pair(run.codes())
    lowest = min(y.min().item() for y in run.tested(x).values())
    return passed(f"{lowest:.2g} or more") if lowest > 0 else failed(f"as low as {lowest:.2g}", -lowest)


def small(run):
    """Every output is below 1e-6."""
    return failed("it is not")


def with_checks(model=tied, **options):
    torch.manual_seed(0)
    return check(model(), **{**BASIC, **options})


def test_an_extra_check_is_reported_like_the_suite_s():
    report = with_checks(extra_checks={"positive": positive})
    assert [r.name for r in report.results] == [*CHECKS, "positive"]
    assert report.passed
    assert report["positive"].sentence == "Every output is above zero."
    assert report["positive"].seconds > 0
    assert "pass  positive" in str(report)
    assert json.loads(report.to_json())["checks"][-1]["sentence"] == "Every output is above zero."
    assert "<td>positive<small>Every output is above zero.</small></td>" in report.to_html()


def test_a_failure_of_an_extra_check_fails_the_report_unless_expected():
    assert not with_checks(extra_checks={"small": small}).passed
    expected = with_checks(extra_checks={"small": small}, expect_fail={"small": "no scale is fixed"})
    assert expected.passed
    assert expected.status(expected["small"]) == "expected"
    strict = with_checks(extra_checks={"positive": positive}, expect_fail={"positive": "untrained"})
    assert not strict.passed
    assert "drop the expectation" in strict.detail(strict["positive"])


def test_an_extra_check_alone_is_no_pass():
    report = with_checks(extra_checks={"positive": positive}, only=["runs", "positive"])
    assert [r.status for r in report.results] == ["passed", "passed"]
    assert not report.passed
    assert "NO LAW WAS TRIED" in report.verdict
    assert "positive" not in LAWS


def test_only_chooses_among_all_checks():
    report = with_checks(
        extra_checks={"positive": positive, "small": small}, only=["float64-law", "positive"]
    )
    assert [r.name for r in report.results] == ["float64-law", "positive"]
    assert report.passed


def test_every_kind_of_result_is_shown():
    def skips(run):
        """It is not tried."""
        return skipped("no reason")

    def notes(run):
        """It is as it is."""
        return noted("so it is", 0.5)

    report = with_checks(extra_checks={"skips": skips, "notes": notes})
    assert report.passed
    assert [(r.status, r.detail) for r in report.results[-2:]] == [
        ("skipped", "no reason"),
        ("noted", "so it is"),
    ]


def test_a_violation_is_given_its_counterexample_and_cause():
    def law_again(run) -> Result:
        """The law, again."""
        violation = Violation(run.high, [run.codes(batch_size=1)], 1e-10)
        return passed() if violation.holds() else failed("broken", violation.error(), violation=violation)

    report = with_checks(strands_not_swapped, extra_checks={"law-again": law_again}, only=["law-again"])
    assert report["law-again"].counterexample is not None
    assert report.diagnoses[0].cause == "strands not swapped"
    assert report.repair.startswith('declare outputs="2t"')


def test_what_an_extra_check_gets_wrong_is_said_of_the_check():
    def forgets(run):
        """It returns nothing."""

    def breaks(run):
        """It raises."""
        raise KeyError("a")

    report = with_checks(extra_checks={"forgets": forgets, "breaks": breaks}, only=["forgets", "breaks"])
    assert (
        "could not be run: TypeError: the check gives a NoneType: give passed()" in report["forgets"].detail
    )
    assert report["breaks"].detail == "could not be run: KeyError: 'a'"


def test_a_model_that_does_not_run_skips_them():
    report = check(nn.Conv1d(3, 2, 1), outputs="1r", lengths=60, extra_checks={"positive": positive})
    assert report["positive"].detail == "the model does not run"


def undocumented(run):
    return passed()


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"runs": positive}, "extra check 'runs': the suite has a check of this name: choose another"),
        ({"My check": positive}, "extra check 'My check': a name is lower-case words joined by hyphens"),
        ({"": positive}, "extra check '': a name is"),
        ({"positive-": positive}, "extra check 'positive-': a name is"),
        ({1: positive}, "extra check 1: a name is"),
        ({"plain": undocumented}, "extra check 'plain' has no docstring: its first line is what the report"),
        ({"number": 3}, "extra check 'number' is a int: give a function of a Run"),
    ],
)
def test_a_check_that_no_report_could_show_is_refused(extra, message):
    with pytest.raises(ValueError, match=message) as refused:
        rczoo.check(tied(), **BASIC, extra_checks=extra)
    assert "\n" not in str(refused.value)
    with pytest.raises(ValueError, match=message):
        Case(tied, {**BASIC, "extra_checks": extra}).checks()


def test_names_of_extra_checks_are_known_where_they_are_given_and_nowhere_else():
    with pytest.raises(ValueError, match=r"no check named .positiv.: the checks are runs, .*, positive$"):
        with_checks(extra_checks={"positive": positive}, only=["positiv"])
    with_checks(extra_checks={"positive": positive}, only=["positive"])
    assert "positive" not in CHECKS
    with pytest.raises(ValueError, match="no check named 'positive'"):
        with_checks(expect_fail={"positive": "gone"})
