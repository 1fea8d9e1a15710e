"""J in closed form: against the losses of training, its zeros, and of which outputs there is one."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rczoo import Rep
from rczoo.conformance.disagreement import disagreement, label_disagreement, profile_disagreement
from rczoo.evaluation.losses import binary_cross_entropy, multinomial_nll
from rczoo.symmetry.actions import as_action, channels_last
from rczoo.testing import normal_tensor, seeds

SCALES = st.sampled_from([1e-3, 1.0, 20.0])


def saved(loss, u, v, y):
    """By how much the loss of the mean is lower than the mean loss."""
    return (loss(u, y) + loss(v, y)) / 2 - loss((u + v) / 2, y)


@given(seeds(), SCALES)
def test_of_labels_it_is_what_the_mean_saves_and_the_distance_of_the_probabilities(seed, scale):
    u, v = scale * normal_tensor(seed, 2, 5, 3)
    y = (normal_tensor(seed + 1, 5, 3) > 0).double()
    J = label_disagreement(u, v)
    torch.testing.assert_close(saved(binary_cross_entropy, u, v, y), J.mean(), rtol=1e-12, atol=1e-12)
    p, q = u.sigmoid(), v.sigmoid()
    affinity = (p * q).sqrt() + ((-u).sigmoid() * (-v).sigmoid()).sqrt()
    torch.testing.assert_close(-affinity.log(), J, rtol=1e-11, atol=1e-14)


@given(seeds(), SCALES)
def test_of_profiles_it_is_what_the_mean_saves_for_each_count(seed, scale):
    u, v = scale * normal_tensor(seed, 2, 4, 2, 7)
    y = torch.poisson(torch.full((4, 2, 7), 2.0)).double()
    J = profile_disagreement(u, v)
    wanted = (y.sum(-1) * J).sum() / 4
    torch.testing.assert_close(saved(multinomial_nll, u, v, y), wanted, rtol=1e-11, atol=1e-11)
    affinity = (u.softmax(-1) * v.softmax(-1)).sqrt().sum(-1)
    torch.testing.assert_close(-affinity.log(), J, rtol=1e-10, atol=1e-14)


@given(seeds(), st.sampled_from([label_disagreement, profile_disagreement]), SCALES)
def test_it_is_zero_exactly_where_the_strands_agree(seed, J, scale):
    u, v = scale * normal_tensor(seed, 2, 4, 2, 7)
    assert not J(u, u).any()
    assert (J(u, v) > 0).all()
    torch.testing.assert_close(J(u, v), J(v, u), rtol=1e-12, atol=1e-15)


def test_distributions_that_hardly_overlap_are_finitely_far_apart():
    u = torch.tensor([[900.0, 0.0]]).double()
    torch.testing.assert_close(
        profile_disagreement(u, u.flip(-1)), torch.tensor([450.0]).double() - np.log(2)
    )


LOGITS = np.array([[-1.0, 2.0]])


@pytest.mark.parametrize(
    ("values", "action", "profiles", "unit"),
    [
        (LOGITS, "2t", False, "nats per example"),
        (LOGITS[:, 0], "1t", False, "nats per example"),
        (LOGITS[:, :, None], "1r", True, "nats per count"),
        (LOGITS[:, :, None], "2t", True, "nats per count"),
        (LOGITS, "2t", True, "not labels, perhaps counts"),
        (LOGITS, "1r", False, "not labels, perhaps counts"),
        (np.abs(LOGITS) / 2, "2t", False, "nats per example if these are logits"),
        (np.abs(LOGITS[:, :, None]), "1r", True, "nats per count if these are logits"),
        (LOGITS[:, :, None], "2s", True, "neither labels nor a profile with channels first"),
        (
            LOGITS[:, :, None],
            channels_last(Rep("1t")),
            True,
            "neither labels nor a profile with channels first",
        ),
        (LOGITS, "positions", False, "neither labels nor a profile with channels first"),
        (LOGITS, None, False, "neither labels nor a profile with channels first"),
    ],
)
def test_which_outputs_have_one(values, action, profiles, unit):
    found, told = disagreement(values, values + 1, as_action(action), profiles)
    assert told == unit
    assert np.isnan(found) == (not unit.startswith("nats"))
