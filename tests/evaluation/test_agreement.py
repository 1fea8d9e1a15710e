"""The agreement identity: between conjoining and augmentation, exactly, for every loss and architecture."""

import math
from collections import namedtuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from rczoo import Rep, agreement_loss, build
from rczoo.evaluation.losses import binary_cross_entropy, log_count_error, loss_of, multinomial_nll
from rczoo.symmetry.actions import act
from rczoo.testing import inputs_of, normal_tensor, randomise, seeds

AGREEMENTS = st.sampled_from([0, 0.5, 1, 2, 8.0])
SHAPES = {
    "motif-cnn": {"length": 60, "outputs": 3, "pool": (9, 4)},
    "tf-cnn": {"length": 60, "outputs": 2, "pool": (8, 3)},
    "bpnet": {"length": 353, "control": "1r+1t", "position": "tied"},
}


def counts(seed, *shape):
    return torch.poisson(torch.full(shape, 3.0), generator=torch.Generator().manual_seed(seed)).double()


def case(name, seed):
    """A conjoined network in train mode, inputs, a target with missing measurements, and the task's loss."""
    network = randomise(build(name, mixing=0, filters=3, **SHAPES[name]).double().train(), seed)
    inputs = inputs_of(network, 3, seed)
    if name == "bpnet":
        target, loss = counts(seed, 3, 2, network.positions), loss_of("profile", 0.5)
    else:
        target, loss = (counts(seed, 3, network.config.outputs) > 2).double(), loss_of("labels")
    target[0, 1] = math.nan
    return network, inputs, target, loss


def gradients(network, loss):
    return dict(
        zip(dict(network.named_parameters()), torch.autograd.grad(loss, network.parameters()), strict=True)
    )


def assert_same(one, other):
    (network, loss), (other_network, other_loss) = one, other
    torch.testing.assert_close(loss, other_loss, rtol=1e-12, atol=0)
    found, wanted = gradients(network, loss), gradients(other_network, other_loss)
    scale = max(g.abs().max().item() for g in wanted.values())
    assert scale > 1e-3
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-12, atol=1e-12 * scale)
    buffers = zip(network.buffers(), other_network.buffers(), strict=True)
    assert all(torch.allclose(u.double(), v.double(), rtol=1e-12, atol=1e-12) for u, v in buffers)


@pytest.mark.parametrize("execution", ["frames", "tied"])
@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=3)
@given(seed=seeds())
def test_agreement_1_is_augmentation_with_both_strands_in_the_batch(name, execution, seed):
    network, inputs, target, loss = case(name, seed)
    standard = network.remerge("none")
    network.execution = execution
    both = [torch.cat([x, turned]) for x, turned in zip(inputs, act(network.rep_in, inputs), strict=True)]
    augmented = loss(standard(*both), torch.cat([target, act(network.rep_out[0], target)]))
    agreed = agreement_loss(loss, *network.strands(*inputs), target, agreement=1)
    assert_same((network, agreed), (standard, augmented))


@pytest.mark.parametrize("execution", ["frames", "tied"])
@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=3)
@given(seed=seeds())
def test_agreement_0_is_conjoining_while_training(name, execution, seed):
    network, inputs, target, loss = case(name, seed)
    conjoined = network.remerge("mean")
    conjoined.execution = network.execution = execution
    agreed = agreement_loss(loss, *network.strands(*inputs), target, agreement=0)
    assert_same((network, agreed), (conjoined, loss(conjoined(*inputs), target)))


def poisson(u, y):
    return F.poisson_nll_loss(u, y, log_input=True, reduction="sum")


def squared(u, y):
    return (u - y).square().sum()


LOSSES = [
    (
        binary_cross_entropy,
        lambda u, v: (
            -torch.log((u.sigmoid() * v.sigmoid()).sqrt() + ((-u).sigmoid() * (-v).sigmoid()).sqrt()).mean()
        ),
    ),
    (
        multinomial_nll,
        lambda u, v: -(20 * torch.log((u.softmax(-1) * v.softmax(-1)).sqrt().sum(-1))).sum() / len(u),
    ),
    (poisson, lambda u, v: ((u / 2).exp() - (v / 2).exp()).square().sum() / 2),
    (squared, lambda u, v: (u - v).square().sum() / 4),
]


def drawn(loss, seed, scale):
    """Two strands' answers and two targets: labels for cross-entropy, else counts, 20 in each channel."""
    u, v = scale * normal_tensor(seed, 2, 4, 2, 6)
    rows = torch.multinomial(torch.ones(16, 6), 20, True, generator=torch.Generator().manual_seed(seed))
    targets = F.one_hot(rows, 6).sum(1).double().view(2, 4, 2, 6)
    if loss is binary_cross_entropy:
        u, v, targets = u.flatten(1), v.flatten(1), (targets > 3).double().flatten(2)
    return u, v, targets


@pytest.mark.parametrize(("loss", "distance"), LOSSES)
@given(seed=seeds(), agreement=AGREEMENTS, scale=st.sampled_from([0.1, 1.0, 3.0]))
def test_the_closed_forms(loss, distance, seed, agreement, scale):
    """The penalty is the agreement times a distance without labels, which is 0 where the strands agree."""
    u, v, targets = drawn(loss, seed, scale)
    J = distance(u, v)
    assert J > 0
    for y in targets:
        penalty = agreement_loss(loss, u, v, y, agreement) - loss((u + v) / 2, y)
        torch.testing.assert_close(penalty, agreement * J, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(
            agreement_loss(loss, u, u, y, agreement), loss(u, y), rtol=1e-12, atol=1e-12
        )


@given(seeds(), AGREEMENTS)
def test_invariant_under_reverse_complement(seed, agreement):
    """RC of the inputs swaps the strands and turns both, as ``strands`` says; nothing then differs."""
    rep, loss = Rep("1r"), loss_of("profile", 1.0)
    u, v = ((normal_tensor(seed + n, 3, 2, 5), normal_tensor(seed + n + 9, 3, 2)) for n in (0, 1))
    y = counts(seed, 3, 2, 5)
    turned = [act((rep, rep), answer) for answer in (v, u)]
    straight, swapped = (
        agreement_loss(loss, u, v, y, agreement),
        agreement_loss(loss, *turned, rep.act(y), agreement),
    )
    torch.testing.assert_close(swapped, straight, rtol=1e-12, atol=1e-12)


def test_several_outputs_are_averaged_member_by_member_in_their_own_type():
    Outputs = namedtuple("Outputs", "profile counts")
    u, v = (Outputs(normal_tensor(n, 3, 2, 5), normal_tensor(n + 9, 3, 2)) for n in (0, 1))
    y, seen = counts(0, 3, 2, 5), []

    def loss(output, target):
        seen.append(type(output))
        return multinomial_nll(output.profile, target) + log_count_error(output.counts, target)

    found = agreement_loss(loss, u, v, y, 2)
    parts = [
        agreement_loss(multinomial_nll, u[0], v[0], y, 2),
        agreement_loss(log_count_error, u[1], v[1], y, 2),
    ]
    torch.testing.assert_close(found, sum(parts))
    assert set(seen) == {Outputs}
    lists = agreement_loss(lambda output, target: loss(Outputs(*output), target), [*u], [*v], y, 2)
    torch.testing.assert_close(lists, found)


@pytest.mark.parametrize(("agreement", "calls"), [(0, 1), (1, 2), (2, 3)])
def test_no_loss_is_computed_that_does_not_count(agreement, calls):
    seen = []

    def loss(output, target):
        seen.append(output)
        return squared(output, target)

    agreement_loss(loss, torch.ones(2), torch.zeros(2), torch.zeros(2), agreement)
    assert len(seen) == calls


@pytest.mark.parametrize(
    ("u0", "u1", "agreement", "message"),
    [
        (
            torch.ones(2, 3),
            torch.ones(2, 1),
            1,
            r"agreement_loss: u0 is \(2, 3\) and u1 is \(2, 1\): give both",
        ),
        (torch.ones(2), (torch.ones(2),), 1, r"u0 is \(2,\) and u1 is \[\(2,\)\]"),
        (
            (torch.ones(2),),
            (torch.ones(2), torch.ones(1)),
            1,
            r"u0 is \[\(2,\)\] and u1 is \[\(2,\), \(1,\)\]",
        ),
        (
            {"u": 1},
            {"u": 1},
            1,
            r"expected a tensor or a tuple of tensors, got dict: give what the loss takes",
        ),
        (torch.ones(2), torch.ones(2), -1, r"agreement is -1, expected a finite number >= 0"),
        (torch.ones(2), torch.ones(2), math.inf, r"agreement is inf, expected a finite number >= 0"),
        (torch.ones(2), torch.ones(2), math.nan, r"agreement is nan, expected a finite number >= 0"),
        (torch.ones(2), torch.ones(2), "2", r"agreement is '2', expected a finite number >= 0"),
    ],
)
def test_refused(u0, u1, agreement, message):
    with pytest.raises(ValueError, match=message) as caught:
        agreement_loss(squared, u0, u1, torch.ones(2), agreement)
    assert "\n" not in str(caught.value)


def test_training_lowers_the_distance():
    """More agreement, and the strands of what is learnt are nearer to each other."""
    found = []
    for agreement in (0, 8):
        network, inputs, target, loss = case("motif-cnn", 1)
        optimiser = torch.optim.Adam(network.parameters(), lr=0.02)
        for _ in range(30):
            optimiser.zero_grad()
            agreement_loss(loss, *network.strands(*inputs), target, agreement).backward()
            optimiser.step()
        u, v = network.strands(*inputs)
        found.append((u - v).abs().mean().item())
    assert found[1] < found[0] / 2
