"""Tasks together: against hand arithmetic, published numbers, enumeration and simulation."""

from itertools import product
from math import nan, sqrt

import numpy as np
import pytest

from zoo.results.meta import holm, paule_mandel, random_effects, sign_test

TRIALS = """
-0.8893 0.3256  -1.5854 0.1946  -1.3481 0.4154  -1.4416 0.0200  -0.2175 0.0512  -0.7861 0.0069  -1.6209 0.2230
 0.0120 0.0040  -0.4694 0.0564  -1.3713 0.0730  -0.3394 0.0124   0.4459 0.5325  -0.0173 0.0714
"""
BCG, BCG_VARIANCES = np.array(TRIALS.split(), float).reshape(-1, 2).T
"""Log risk ratios, and their variances, of 13 trials of the BCG vaccine (Colditz et al. 1994)."""


def test_between_two_tasks_by_hand():
    """Differences 0 and 2, errors 1: squares of 2 / (1 + v) are 1 at v = 1; t with one degree of freedom."""
    assert paule_mandel(np.array([0.0, 2.0]), np.ones(2)) == pytest.approx(1)
    pooled = random_effects([0, 2], [1, 1])
    assert (pooled.mean, pooled.low, pooled.high) == pytest.approx((1, 1 - 12.7062, 1 + 12.7062), abs=1e-4)


def test_of_three_tasks_by_hand():
    """0, 3, 6 with errors 1: variance between is 9 - 1, each weight 1/9, error sqrt(3), t(2) = 4.3027."""
    pooled = random_effects([0, 3, 6], [1, 1, 1])
    assert paule_mandel(np.array([0.0, 3, 6]), np.ones(3)) == pytest.approx(8)
    assert pooled.high - 3 == pytest.approx(4.302653 * sqrt(3), abs=1e-5)


def test_tasks_that_agree_are_not_surer_than_chance():
    """No variance between tasks, where Hartung and Knapp's factor alone would give an interval of width 0."""
    assert paule_mandel(np.array([1.0, 1, 1]), np.ones(3)) == 0
    assert random_effects([1, 1, 1], [1, 1, 1]).high - 1 == pytest.approx(4.302653 / sqrt(3), abs=1e-5)


def test_on_a_textbook_example():
    between = paule_mandel(BCG, BCG_VARIANCES)
    assert between == pytest.approx(0.3180, abs=2e-4)
    weights = 1 / (BCG_VARIANCES + between)
    mean = (weights * BCG).sum() / weights.sum()
    error = sqrt((weights * (BCG - mean) ** 2).sum() / 12 / weights.sum())
    pooled = random_effects(BCG, np.sqrt(BCG_VARIANCES))
    assert (pooled.low, pooled.high) == pytest.approx((mean - 2.178813 * error, mean + 2.178813 * error))
    assert pooled.mean == pytest.approx(-0.7150, abs=1e-4)


def test_a_task_without_an_error_does_not_decide_alone():
    pooled = random_effects([0.5, 0.1, 0.2], [0.0, 0.01, 0.01])
    assert 0.1 < pooled.mean < 0.4
    assert random_effects([0.1, 0.1], [0.0, 0.0]).mean == pytest.approx(0.1)


def test_the_sign_test_by_enumeration():
    for up in range(8):
        as_far = [s for s in product((0, 1), repeat=7) if abs(sum(s) - 3.5) >= abs(up - 3.5)]
        assert sign_test([1.0] * up + [-1.0] * (7 - up)) == pytest.approx(len(as_far) / 2**7)
    assert sign_test([1.0, 1.0, 0.0, 0.0]) == 0.5, "what does not differ has no sign"
    assert sign_test([0.0]) == 1


def test_holm_on_a_small_example():
    found = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005, "one seed": nan})
    assert found == pytest.approx({"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06})
    assert holm({"a": 0.9, "b": 0.8}) == {"b": 1.0, "a": 1.0}
    assert holm({"a": nan}) == {}


@pytest.mark.parametrize(("between", "most"), [(0.0, 1.0), (1.0, 0.985), (3.0, 0.97)])
def test_intervals_hold_the_truth_as_often_as_they_say(between, most):
    """Ten tasks without a mean difference, of unlike errors; the more they differ, the closer to 95 %."""
    rng = np.random.default_rng(0)
    errors = np.linspace(0.3, 2, 10)
    drawn = rng.standard_normal((600, 10)) * np.sqrt(between**2 + errors**2)
    pooled = [random_effects(means, errors) for means in drawn]
    assert 0.925 < np.mean([p.low < 0 < p.high for p in pooled]) < most
