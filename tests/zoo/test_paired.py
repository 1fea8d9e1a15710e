"""Paired differences: against quadrature, Student's t and the normal, and as often right as they say."""

from math import isnan, sqrt

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm, t, ttest_1samp

from zoo.results.paired import Difference, difference


def beyond(reach, seeds, examples, count):
    """The chance that both sources together move a mean so far, by adaptive quadrature."""
    corner = min(9.0, reach / examples)
    ends = {"points": [corner], "limit": 400}
    return quad(lambda z: norm.pdf(z) * 2 * t.sf((reach - examples * z) / seeds, count - 1), -9, 9, **ends)[0]


@pytest.mark.parametrize(("seeds", "examples", "count"), [(1, 1, 2), (0.1, 1, 3), (3, 1, 10), (0.003, 1, 3)])
def test_both_sources_are_added_as_quadrature_adds_them(seeds, examples, count):
    found = Difference(2 * examples + seeds, seeds, examples, count)
    low, high = found.interval
    assert (low + high) / 2 == pytest.approx(found.mean)
    assert beyond((high - low) / 2, seeds, examples, count) == pytest.approx(0.05, rel=1e-3)
    assert found.p == pytest.approx(beyond(found.mean, seeds, examples, count), rel=3e-3)


def test_of_seeds_alone_it_is_the_paired_t_test():
    values = [0.02, 0.05, 0.01, 0.04]
    found = difference(values)
    expected = ttest_1samp(values, 0)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.interval == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert found.error == pytest.approx(np.std(values, ddof=1) / 2)


def test_one_seed_is_of_the_examples_alone_and_has_no_p_value():
    found = difference([0.1], 0.02)
    assert found.interval == pytest.approx((0.1 - 1.959964 * 0.02, 0.1 + 1.959964 * 0.02))
    assert isnan(found.over_seeds)
    assert isnan(found.p)
    assert found.error == 0.02


def test_what_never_differs_has_no_spread():
    same = difference([0.0, 0.0])
    assert (same.interval, same.p, same.error) == ((0, 0), 1, 0)
    shifted = difference([0.5, 0.5])
    assert (shifted.interval, shifted.p) == ((0.5, 0.5), 0)
    assert difference([0.5, 0.5], 0.1).p == pytest.approx(2 * norm.sf(5))


@pytest.mark.parametrize("seeds", [2, 3, 10])
@pytest.mark.parametrize("examples", [0.0, 0.5, 2.0])
def test_intervals_hold_the_truth_as_often_as_they_say(seeds, examples):
    """Under no difference: models spread by 1 over seeds, the test set moves them all alike."""
    rng = np.random.default_rng(seeds)
    moved = examples / sqrt(seeds) * rng.standard_normal(400)
    found = [difference(list(m + rng.standard_normal(seeds)), examples / sqrt(seeds)) for m in moved]
    held = np.mean([d.p > 0.05 for d in found])
    assert held > 0.92
    if not examples:
        assert held < 0.98, "no wider than needed"
    for d in found[:20]:
        low, high = d.interval
        assert (low < 0 < high) == (d.p > 0.05), "interval and p-value agree"
