"""Losses: against slow transcriptions, under reverse complement, and with unmeasured factors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rczoo.evaluation import losses
from rczoo.symmetry.rep import Rep


def draw(seed, *shape):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(*shape, generator=generator, dtype=torch.float64)
    return logits, torch.poisson(torch.full(shape, 1.5, dtype=torch.float64), generator=generator)


def test_binary_cross_entropy_is_the_definition():
    logits, target = draw(0, 5, 3)
    target = (target > 1).double()
    total = 0.0
    for u, y in zip(logits.flatten().tolist(), target.flatten().tolist(), strict=True):
        p = 1 / (1 + math.exp(-u))
        total -= y * math.log(p) + (1 - y) * math.log(1 - p)
    assert losses.binary_cross_entropy(logits, target).item() == pytest.approx(total / 15)


def test_multinomial_nll_is_the_definition():
    logits, counts = draw(1, 4, 2, 9)
    total = 0.0
    for example in range(4):
        for strand in range(2):
            row = logits[example, strand].tolist()
            norm = sum(math.exp(v) for v in row)
            for t, v in enumerate(row):
                total -= counts[example, strand, t].item() * math.log(math.exp(v) / norm)
    assert losses.multinomial_nll(logits, counts).item() == pytest.approx(total / 4)


def test_multinomial_nll_differs_from_torch_by_the_coefficient_only():
    logits, counts = draw(2, 1, 1, 12)
    n = int(counts.sum())
    full = -torch.distributions.Multinomial(n, logits=logits[0, 0]).log_prob(counts[0, 0])
    coefficient = math.lgamma(n + 1) - torch.lgamma(counts + 1).sum()
    assert losses.multinomial_nll(logits, counts) == pytest.approx((full + coefficient).item())


def test_log_count_error_is_the_definition():
    _, counts = draw(3, 4, 2, 9)
    predicted, _ = draw(4, 4, 2)
    total = sum(
        (predicted[b, c].item() - math.log(1 + sum(counts[b, c].tolist()))) ** 2
        for b in range(4)
        for c in range(2)
    )
    assert losses.log_count_error(predicted, counts).item() == pytest.approx(total / 8)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**31), length=st.integers(1, 20), rep=st.sampled_from(["1r", "2r:halves", "1r+1t"])
)
def test_losses_are_invariant(seed, length, rep):
    """l(R u, R y) = l(u, y): the hypothesis of T5."""
    rep = Rep(rep)
    logits, counts = draw(seed, 3, rep.channels, length)
    totals, _ = draw(seed + 1, 3, rep.channels)
    profile = losses.loss_of("profile", counts_weight=0.5)
    straight = profile((logits, totals), counts)
    turned = profile((rep.act(logits), rep.act(totals)), rep.act(counts))
    assert straight.item() == pytest.approx(turned.item(), rel=1e-12)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_merging_by_mean_never_raises_the_loss(seed):
    """Convexity, the other hypothesis of T5: l((u + v) / 2, y) <= (l(u, y) + l(v, y)) / 2."""
    u, counts = draw(seed, 2, 2, 7)
    v, _ = draw(seed + 1, 2, 2, 7)
    for loss, target in (
        (losses.multinomial_nll, counts),
        (losses.binary_cross_entropy, (counts > 1).double()),
    ):
        u_, v_, y = (
            (t.flatten(1) for t in (u, v, target)) if loss is losses.binary_cross_entropy else (u, v, target)
        )
        assert loss((u_ + v_) / 2, y) <= (loss(u_, y) + loss(v_, y)) / 2 + 1e-12


def test_what_was_not_measured_contributes_nothing():
    logits, counts = draw(5, 4, 4, 9)
    totals, _ = draw(6, 4, 4)
    masked = counts.clone()
    masked[:, 2:] = float("nan")
    both = losses.loss_of("profile", 1.0)
    assert both((logits, totals), masked) == pytest.approx(
        both((logits[:, :2], totals[:, :2]), counts[:, :2]).item()
    )
    labels = torch.tensor([[1.0, float("nan")], [0.0, float("nan")]])
    u = torch.randn(2, 2)
    assert losses.binary_cross_entropy(u, labels) == losses.binary_cross_entropy(u[:, :1], labels[:, :1])


def test_gradients_stay_finite_where_nothing_was_measured():
    logits = torch.zeros(2, 2, 5, requires_grad=True)
    losses.multinomial_nll(logits, torch.full((2, 2, 5), float("nan"))).backward()
    assert torch.equal(logits.grad, torch.zeros(2, 2, 5))


def test_without_weight_the_count_head_is_not_trained():
    logits, counts = draw(7, 2, 2, 5)
    totals = torch.zeros(2, 2, dtype=torch.float64)
    assert losses.loss_of("profile")((logits, totals), counts) == losses.multinomial_nll(logits, counts)


def test_the_count_head_has_its_weight_and_bins_are_sums():
    target, counts = torch.tensor([[[1.0, 2, 3, 4]]]), torch.tensor([[1.0]])
    output = (torch.zeros(1, 1, 4), counts)
    plain, weighted = (losses.loss_of("profile", counts_weight=w)(output, target) for w in (0.0, 0.25))
    assert torch.isclose(weighted - plain, 0.25 * losses.log_count_error(counts, target))
    assert losses.in_bins(target, 2).tolist() == [[[3, 7]]]


def test_messages():
    with pytest.raises(ValueError, match=r"gives \(2, 2, 5\) and the target is \(2, 2, 6\)"):
        losses.multinomial_nll(torch.zeros(2, 2, 5), torch.zeros(2, 2, 6))
    with pytest.raises(ValueError, match="kind 'ranks': write kind = 'labels' or 'profile'"):
        losses.loss_of("ranks")
    with pytest.raises(ValueError, match=r"counts_weight is 1.0 but the model has no count head"):
        losses.loss_of("profile", 1.0)(torch.zeros(1, 2, 5), torch.zeros(1, 2, 5))


def test_a_channel_that_is_partly_missing_is_not_measured():
    logits, counts = torch.arange(20.0).view(2, 2, 5), torch.ones(2, 2, 5)
    counts[0, 1, 3] = float("nan")
    none = counts.clone()
    none[0, 1] = float("nan")
    assert losses.multinomial_nll(logits, counts) == losses.multinomial_nll(logits, none)
    assert losses.log_count_error(logits[..., 0], counts) == losses.log_count_error(logits[..., 0], none)
