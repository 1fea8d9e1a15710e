"""The learning rate: a function of the scores so far."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rczoo.data.recipe import Training
from rczoo.training.schedule import DECAY, learning_rate


def rates(schedule, scores, criterion="loss", patience=6, epochs=10):
    training = Training(batch_size=1, patience=patience, schedule=schedule, criterion=criterion)
    return [
        learning_rate(training, epochs, scores[:n]) / training.learning_rate for n in range(len(scores) + 1)
    ]


def plain_plateau(scores, criterion, wait):
    """The same by counting."""
    rate, best, waited, found = 1.0, None, 0, [1.0]
    for score in scores:
        if best is None or (score > best + 0.002 if criterion == "auroc" else score < best):
            best, waited = score, 0
        else:
            waited += 1
        if waited == wait:
            rate, waited = rate * DECAY, 0
        found.append(rate)
    return found


def test_constant():
    assert set(rates("constant", [3.0, 2.0, 5.0])) == {1.0}


def test_cosine_ends_at_nothing():
    found = rates("cosine", [1.0] * 10)
    assert found == pytest.approx([(1 + math.cos(math.pi * n / 10)) / 2 for n in range(11)], abs=1e-9)


def test_plateau_counts_a_score_that_is_none():
    assert rates("plateau", [math.nan, math.nan, 1.0, 0.5]) == pytest.approx([1, 1, 0.2, 0.2, 0.2])


@given(
    st.lists(st.sampled_from([0.25, 0.5, 0.501, 0.503, 1.0]), max_size=12),
    st.sampled_from(["loss", "auroc"]),
    st.integers(1, 10),
)
def test_plateau_waits_for_a_third_of_the_patience(scores, criterion, patience):
    wanted = plain_plateau(scores, criterion, max(1, patience // 3))
    assert rates("plateau", scores, criterion, patience) == pytest.approx(wanted)
