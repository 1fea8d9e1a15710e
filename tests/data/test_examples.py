import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rczoo import Rep
from rczoo.data.examples import Examples
from rczoo.symmetry import dna


def make(seed: int, n: int, length: int, out: int, jitter: int, rep: Rep, control: Rep | None) -> Examples:
    rng = np.random.default_rng(seed)
    return Examples(
        codes=rng.integers(0, 5, (n, length + 2 * jitter), dtype=np.uint8),
        target=rng.random((n, rep.channels, out + 2 * jitter), dtype=np.float32),
        rep_out=rep,
        control=None if control is None else rng.random((n, control.channels, out + 2 * jitter), np.float32),
        rep_control=control,
        reverse=rng.random(n) < 0.5,
        room=rng.integers(0, jitter + 1, (n, 2)),
        jitter=jitter,
    )


@given(
    seed=st.integers(0, 99),
    length=st.integers(3, 12),
    out=st.integers(1, 3),
    jitter=st.integers(0, 5),
    rep=st.sampled_from(["1r", "2t", "2r", "1r+1t", "2r:halves"]),
    control=st.sampled_from([None, "2t", "1r"]),
)
def test_one_coin_turns_every_input_and_output(seed, length, out, jitter, rep, control):
    examples = make(seed, 6, length, out, jitter, Rep(rep), control and Rep(control))
    rng = np.random.default_rng(seed)
    rows, shifts = rng.integers(0, 6, 9), rng.integers(-jitter, jitter + 1, 9)
    coin = rng.random(9) < 0.5
    plain = examples.batch(rows, shifts)
    turned = examples.batch(rows, shifts, coin)
    for rep, before, after in zip(
        (Rep.dna(), examples.rep_control, examples.rep_out), plain, turned, strict=True
    ):
        if before is None:
            assert after is None
            continue
        keep = torch.from_numpy(~coin)
        assert torch.equal(after[keep], before[keep])
        assert torch.equal(after[~keep], rep.act(before)[~keep])


def test_a_shift_moves_along_the_genome_on_either_strand():
    forward = np.array([[0, 1, 2, 3, 0, 1]], dtype=np.uint8)
    both = Examples(
        np.concatenate([forward, dna.complement_codes(forward)]),
        np.zeros((2, 1), np.float32),
        Rep("1t"),
        reverse=np.array([False, True]),
        jitter=1,
    )
    X, _, _ = both.batch([0, 1], [1, 1])
    assert torch.equal(X[0], dna.one_hot(forward[:, 2:])[0])
    assert torch.equal(Rep.dna().act(X[1:])[0], X[0])


def test_a_window_stops_at_the_end_of_its_chromosome():
    codes = np.array([[4, 1, 2, 3, 4]], dtype=np.uint8)  # its ends are beyond those of the chromosome
    examples = Examples(codes, np.zeros((1, 1)), Rep("1t"), room=np.array([[0, 0]]), jitter=1)
    for shift in (-1, 1):
        assert torch.equal(examples.batch([0], [shift])[0], examples.batch([0], [0])[0])


def test_batches_leave_the_stored_arrays_alone():
    examples = make(0, 4, 6, 3, 1, Rep("1r"), Rep("2t"))
    before = examples.codes.copy(), examples.target.copy(), examples.control.copy()
    examples.batch([0, 1, 2], rc=[True] * 3)
    for old, new in zip(before, (examples.codes, examples.target, examples.control), strict=True):
        assert np.array_equal(old, new)


def test_take_keeps_what_belongs_together():
    examples = make(1, 5, 6, 3, 1, Rep("1r"), Rep("2t"))
    for a, b in zip(examples.batch([3, 1]), examples.take([3, 1]).batch([0, 1]), strict=True):
        assert torch.equal(a, b)


def test_a_smaller_part_is_in_a_larger_one_and_every_part_is_the_same_again():
    examples = make(1, 20, 6, 3, 1, Rep("1r"), Rep("2t"))
    small, large = ({bytes(row) for row in examples.part(share).codes} for share in (0.3, 0.7))
    assert (len(examples.part(0.3)), len(examples.part(0.7)), len(examples.part(0.001))) == (6, 14, 1)
    assert small < large
    assert np.array_equal(examples.part(0.3).target, examples.part(0.3).target)
    assert np.array_equal(examples.part(1).codes, examples.codes)


def test_messages():
    examples = make(0, 4, 6, 3, 1, Rep("1r"), None)
    with pytest.raises(ValueError, match="a shift of -2 exceeds the jitter of 1"):
        examples.batch([0, 1], [1, -2])
    with pytest.raises(ValueError, match=r"2 examples but shifts of shape \(3,\)"):
        examples.batch([0, 1], [1, 0, 1])
