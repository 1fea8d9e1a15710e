"""Influences of test examples: of all pairs, as DeLong has them, with the spread of a bootstrap."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from zoo.results.influence import auroc_influence, influence, mean_influence, standard_error


def labelled(size=60, labels=1, seed=0):
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 2, (size, labels)).astype(np.int8)
    return target, (target + 2 * rng.standard_normal((size, labels))).astype(np.float16)


def macro(target, score, drawn):
    pairs = zip(target[drawn].T, score[drawn].T, strict=True)
    return np.mean([roc_auc_score(t, s) for t, s in pairs if 0 < t.sum() < len(t)])


def test_it_is_de_long_s_by_all_pairs():
    target, score = labelled()
    score = np.round(score)  # with ties
    up, down = score[target > 0], score[target == 0]
    pairs = (up[:, None] > down).astype(float) + (up[:, None] == down) / 2
    assert pairs.mean() == pytest.approx(roc_auc_score(target[:, 0], score[:, 0]))
    found = auroc_influence(target, score)
    assert found[target[:, 0] > 0] == pytest.approx((pairs.mean(axis=1) - pairs.mean()) / len(up))
    assert found[target[:, 0] == 0] == pytest.approx((pairs.mean(axis=0) - pairs.mean()) / len(down))
    assert found.sum() == pytest.approx(0)


def test_the_spread_of_a_difference_is_the_bootstrap_s():
    target, score = labelled(300, 2)
    other = (score + np.random.default_rng(1).standard_normal(score.shape)).astype(np.float16)
    rng = np.random.default_rng(2)
    draws = [rng.integers(0, 300, 300) for _ in range(200)]
    spread = np.std([macro(target, score, d) - macro(target, other, d) for d in draws])
    found = standard_error(auroc_influence(target, score) - auroc_influence(target, other))
    assert found == pytest.approx(spread, rel=0.15)
    alone = standard_error(auroc_influence(target, score))
    assert found < alone, "paired: both models see the same examples"


def test_a_label_of_one_class_is_left_out():
    target, score = labelled(labels=2)
    one = np.concatenate([target[:, :1], np.ones_like(target[:, :1])], axis=1)
    assert auroc_influence(one, score) == pytest.approx(auroc_influence(target[:, :1], score[:, :1]))


def test_a_label_that_was_not_measured_moves_nothing():
    target, score = labelled()
    known = target.astype(np.float16)
    known[:20] = np.nan
    found = auroc_influence(known, score)
    assert (found[:20] == 0).all()
    assert found[20:] == pytest.approx(auroc_influence(target[20:], score[20:]))


def test_of_a_mean_it_is_the_standard_error():
    values = np.random.default_rng(0).uniform(0, 1, (50, 1)).astype(np.float32)
    assert standard_error(mean_influence(values)) == pytest.approx(np.std(values, ddof=1) / np.sqrt(50), 1e-4)


def test_what_is_undefined_moves_nothing():
    values = np.array([[0.1, np.nan], [0.2, 0.3], [np.nan, np.nan]])
    assert mean_influence(values) == pytest.approx([-0.1 / 3, 0.1 / 3, 0])


def test_blocks_are_drawn_whole():
    """Twins in a block say nothing new: the error is that of one of each."""
    one = np.random.default_rng(0).standard_normal(30)
    one -= one.mean()
    twins = np.repeat(one, 2) / 2
    assert standard_error(twins, np.repeat(np.arange(30), 2)) == pytest.approx(standard_error(one))
    assert standard_error(twins) < 0.75 * standard_error(one)
    assert standard_error(twins, 7 * np.arange(60)) == pytest.approx(standard_error(twins)), "any numbers"


def test_profiles_are_judged_by_jsd():
    table = np.random.default_rng(0).uniform(0, 1, (3, 20, 2))
    assert influence("profile", table, {}) == pytest.approx(mean_influence(table[0]))
    target, score = labelled()
    assert influence("labels", score, {"target": target}) == pytest.approx(auroc_influence(target, score))
