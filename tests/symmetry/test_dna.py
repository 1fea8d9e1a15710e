"""DNA: base order, N, and the same reverse complement for strings, codes and one-hot."""

import numpy as np
import pytest
import torch
from hypothesis import given

from rczoo import Rep, one_hot, reverse_complement
from rczoo.symmetry.dna import complement_codes, decode, encode
from rczoo.testing import palindromes, reference, sequences
from tests.support import family_loops

PAIR = {"A": "T", "C": "G", "G": "C", "T": "A", "N": "N"}


def test_base_order():
    assert encode("ACGTNacgtn").tolist() == [0, 1, 2, 3, 4] * 2
    assert encode("A").dtype == np.uint8
    assert one_hot("ACGTN")[0].tolist() == [
        [1, 0, 0, 0, 0],
        [0, 1, 0, 0, 0],
        [0, 0, 1, 0, 0],
        [0, 0, 0, 1, 0],
    ]


@given(sequences())
def test_strings_codes_and_one_hot_agree(s):
    turned = "".join(PAIR[base] for base in reversed(s.upper()))
    assert reverse_complement(s) == turned
    assert reverse_complement(turned) == s.upper() == decode(encode(s))
    assert decode(complement_codes(encode(s))) == turned
    x = one_hot(s, torch.float64)
    assert torch.equal(
        one_hot(turned, torch.float64), torch.from_numpy(reference.act(family_loops.DNA, x.numpy()))
    )
    assert torch.equal(one_hot(turned), Rep.dna().act(one_hot(s)))


@given(palindromes())
def test_palindromes_are_their_own_reverse_complement(s):
    assert reverse_complement(s) == s
    assert torch.equal(Rep.dna().act(one_hot(s)), one_hot(s))


def test_batches():
    batch = one_hot(["AC", "GN"], torch.float64)
    assert batch.shape == (2, 4, 2)
    assert batch.dtype == torch.float64
    assert one_hot("AC").dtype == torch.float32
    assert torch.equal(batch, one_hot(np.array([[0, 1], [2, 4]], dtype=np.uint8), torch.float64))
    assert one_hot([]).shape == (0, 4, 0)
    codes = np.array([[[0, 4], [1, 2]]], dtype=np.uint8)
    assert complement_codes(codes).tolist() == [[[4, 3], [1, 2]]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: encode("ACXGT"), r"sequence has 'X' at position 2 \(0-based\): only A, C, G, T and N"),
        (lambda: one_hot(["AC", "A-"]), r"sequence has '-' at position 1"),
        (lambda: encode("AC€G€"), r"sequence has '€' at position 2"),
        (lambda: reverse_complement("U"), r"sequence has 'U' at position 0"),
        (lambda: one_hot(["ACG", "A", "AC"]), r"sequences have lengths 1 to 3: pad or crop them to one"),
        (
            lambda: one_hot(np.zeros(3, dtype=np.uint8)),
            r"codes have shape \(3,\), expected \(batch, length\): add",
        ),
        (
            lambda: one_hot(np.full((1, 2), 7, dtype=np.uint8)),
            r"code 7 is no base: codes run from 0 \(A\) to 4 \(N\)",
        ),
    ],
)
def test_refused(make, message):
    with pytest.raises(ValueError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
