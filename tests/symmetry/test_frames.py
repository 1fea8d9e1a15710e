"""The two frames: the laws of exchange and merge, against loops of our own."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rczoo import Rep
from rczoo.symmetry.frames import (
    alike,
    combine,
    exchange,
    exchange_stacked,
    from_halves,
    merge,
    open_frames,
    to_halves,
)
from rczoo.testing import integer_tensor, merges, normal_tensor, reference, reps, seeds


def rc(rep, x):
    return torch.from_numpy(reference.act(rep, x.numpy()))


def same(frames, others):
    return len(frames) == len(others) and all(torch.equal(u, v) for u, v in zip(frames, others, strict=True))


@given(reps(), st.integers(1, 5), seeds())
def test_reverse_complement_of_the_input_swaps_the_frames(rep, length, seed):
    x = integer_tensor(seed, 2, rep.channels, length)
    frames = open_frames(x, rep)
    assert same(frames, (x, rc(rep, x)))
    assert same(open_frames(rc(rep, x), rep), frames[::-1])
    assert same(open_frames(x, rep, strands=1), (x,))
    assert all(z.is_contiguous() for z in open_frames(x.transpose(0, 1).contiguous().transpose(0, 1), rep))


@given(st.integers(1, 4), st.data(), st.integers(1, 5), seeds())
def test_exchange_brings_the_other_strand_at_the_same_place(filters, data, length, seed):
    k = data.draw(st.integers(0, filters))
    frames = integer_tensor(seed, 2, filters, length), integer_tensor(seed + 1, 2, filters, length)
    exchanged = exchange(frames, k)
    assert same(exchange(frames[::-1], k), exchanged[::-1])
    assert torch.equal(exchange_stacked(torch.cat(frames), k), torch.cat(exchanged))
    for own, other, result in zip(frames, frames[::-1], exchanged, strict=True):
        assert result.shape == (2, filters + k, length)
        assert torch.equal(result[:, :filters], own)
        for c in range(k):
            for t in range(length):
                assert torch.equal(result[:, filters + c, t], other[:, c, length - 1 - t])


def test_one_frame_has_nothing_to_exchange():
    assert exchange((torch.zeros(1, 2, 3),), 0)[0].shape == (1, 2, 3)


@given(st.integers(1, 4), st.integers(1, 5), seeds())
def test_halves_are_pairs(filters, length, seed):
    frames = integer_tensor(seed, 2, filters, length), integer_tensor(seed + 1, 2, filters, length)
    x = to_halves(frames)
    halves = Rep.from_partners([*range(filters, 2 * filters), *range(filters)])
    swapped = torch.from_numpy(reference.act(halves, x.numpy()))
    assert torch.equal(swapped, to_halves(frames[::-1]))
    assert same(from_halves(x), frames)


@given(reps(kinds="rt"), merges(), st.sampled_from([None, 1, 4]), seeds())
def test_merge_against_the_reference(rep, how, length, seed):
    shape = (3, rep.channels) if length is None else (3, rep.channels, length)
    u, v = normal_tensor(seed, *shape), normal_tensor(seed + 1, *shape)
    merged = merge((u, v), rep, how)
    expected = torch.from_numpy(reference.merge(u.numpy(), rc(rep, v).numpy(), how))
    torch.testing.assert_close(merged, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(merge((v, u), rep, how), rc(rep, merged), rtol=1e-12, atol=1e-14)
    assert torch.equal(merge((u,), rep, how), u)


def test_probability_of_extreme_logits_stays_finite():
    u = torch.tensor([800.0, -800.0, 800.0, 0.0])
    assert combine(u, u, "probability").tolist() == u.tolist()
    assert combine(u[:1], u[1:2], "probability").item() == 0


def test_maximum_on_sign_channels():
    u = torch.zeros(1, 3)
    with pytest.raises(
        ValueError, match=r"merge 'max' is not equivariant on the 2 sign channel\(s\) of Rep 1t\+2s"
    ):
        merge((u, u), Rep("1t+2s"), "max")


def test_unknown_merge():
    with pytest.raises(
        ValueError, match=r"unknown merge 'median': choose one of sum, mean, max, probability"
    ):
        combine(torch.zeros(1), torch.zeros(1), "median")


def test_stacked_frames_share_batch_statistics_and_separate_ones_do_not():
    frames = normal_tensor(0, 4, 3, 5), normal_tensor(1, 4, 3, 5) + 1
    pooled = alike(torch.nn.BatchNorm1d(3).double(), frames, stack=True)
    torch.testing.assert_close(torch.cat(pooled).mean((0, 2)), torch.zeros(3).double(), rtol=0, atol=1e-12)
    assert pooled[1].mean() > pooled[0].mean() + 0.5
    for z in alike(torch.nn.BatchNorm1d(3).double(), frames, stack=False):
        torch.testing.assert_close(z.mean((0, 2)), torch.zeros(3).double(), rtol=0, atol=1e-12)
    assert len(alike(torch.nn.BatchNorm1d(3).double(), frames[:1], stack=True)) == 1
