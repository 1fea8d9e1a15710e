"""Embedded tokens and k-mers: tables and words, the law under the action of tokens."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rczoo import Rep, equivariance_error, one_hot, reverse_complement
from rczoo.nn import RCConv1d, RCEmbedding, RCKmers, RCSequential
from rczoo.testing import reps, seeds, sequences
from tests.support.layer_laws import turned
from tests.support.layer_loops import dimension, kmers
from tests.support.strategies import fill_with_integers

VOCABULARY = [0, 4, 3, 2, 1, 5]  # a mask, A, C, G, T, N


@given(reps(), st.integers(1, 7), seeds())
def test_the_complement_s_vector_has_its_channels_exchanged(rep, length, seed):
    layer = fill_with_integers(RCEmbedding(VOCABULARY, rep), seed)
    table = layer(torch.arange(6)[:, None])[..., 0].detach()
    for token, complement in enumerate(VOCABULARY):
        assert torch.equal(table[complement, None], turned(rep, table[token, None]))
    ids = torch.randint(0, 6, (2, length), generator=torch.Generator().manual_seed(seed))
    assert torch.equal(layer(ids), torch.stack([table[row].T for row in ids]))
    assert equivariance_error(layer, ids) == 0
    assert layer.weight.numel() == dimension(layer.vocabulary, rep, 1)


def test_it_begins_a_row_and_begins_standard_normal():
    torch.manual_seed(0)
    row = RCSequential(RCEmbedding(VOCABULARY, "200r"), RCConv1d("200r", "1t", 1))
    assert row[0].weight.std().item() == pytest.approx(1, abs=0.05)
    assert equivariance_error(row.double(), torch.tensor([[1, 2, 0, 3]]), outputs="1t") < 1e-12
    assert repr(row[0]) == "RCEmbedding(1t+2r:flip+1t -> 200r)"


@given(sequences(min_size=3), st.integers(1, 3))
def test_kmers_are_counted_words(sequence, k):
    layer, sequence = RCKmers(k), sequence.upper()
    assert np.array_equal(layer(one_hot([sequence]))[0].numpy(), kmers(sequence, k))
    turned_words = layer(one_hot([reverse_complement(sequence)]))
    assert torch.equal(turned_words, layer.rep_out.act(layer(one_hot([sequence]))))


def test_palindromes_are_trivial():
    assert [RCKmers(k).rep_out.trivial for k in (1, 2, 3, 4)] == [0, 4, 0, 16]
    assert RCKmers(1).rep_out == Rep.dna()
    assert repr(RCKmers(2)) == "RCKmers(k=2)"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RCEmbedding([1, 2, 0], "1r"), r"channel 0 has partner 1, whose partner is 2, not 0"),
        (
            lambda: RCEmbedding([1, 0], "1r")(torch.zeros(1, 5)),
            r"RCEmbedding: expected whole-number ids \(batch, length\), got torch.float32 \(1, 5\)",
        ),
        (lambda: RCEmbedding([1, 0], "1r")(torch.zeros(5).long()), r"got torch.int64 \(5,\)"),
        (lambda: RCKmers(0), r"RCKmers: k is 0, expected a whole number >= 1"),
        (
            lambda: RCKmers(3)(torch.zeros(1, 4, 2)),
            r"length 2 is shorter than k 3: give at least 3 positions",
        ),
    ],
)
def test_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
