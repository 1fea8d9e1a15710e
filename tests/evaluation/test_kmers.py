"""Counts of words against strings; the choice of their length and of C, which no test example can sway."""

import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from rczoo.data.examples import Examples
from rczoo.evaluation import kmers, metrics
from rczoo.evaluation.baselines import kmer_regression
from rczoo.evaluation.kmers import LENGTHS, choose, kmer_counts, three_mers
from rczoo.symmetry import dna
from rczoo.symmetry.rep import Rep
from tests.support import tiny_tasks


def draw(seed, n=60, length=40, bases=4):
    return np.random.default_rng(seed).integers(0, bases, (n, length), dtype=np.uint8)


def examples(codes, labels):
    target = np.asarray(labels, np.float32).reshape(len(codes), -1)
    return Examples(codes, target, Rep(f"{target.shape[1]}t"))


def with_word(seed, word, n=60):
    """Random sequences, of which the first half holds a word on either strand."""
    codes, random = draw(seed, n), np.random.default_rng(seed)
    for row in codes[: n // 2]:
        place = random.integers(0, len(row) - len(word) + 1)
        planted = dna.encode(word)
        row[place : place + len(word)] = planted if random.random() < 0.5 else dna.complement_codes(planted)
    return examples(codes, np.arange(n) < n // 2)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_counts_against_strings(k, monkeypatch):
    monkeypatch.setattr(kmers, "ROWS", 4)  # several blocks, the last one smaller
    codes = np.concatenate([draw(k, 7, 30, bases=5), np.full((1, 30), 4, np.uint8), draw(k, 2, 30)])
    words = ["".join(letters) for letters in product("ACGT", repeat=k)]
    canonical = [word for word in words if word <= dna.reverse_complement(word)]
    expected = np.zeros((len(codes), len(canonical)))
    for row, text in zip(expected, map(dna.decode, codes), strict=True):
        for first in range(len(text) - k + 1):
            word = text[first : first + k]
            if "N" not in word:
                row[canonical.index(min(word, dna.reverse_complement(word)))] += 1
    found = kmer_counts(codes, k)
    assert found.shape == expected.shape
    assert np.array_equal(found.toarray(), expected)
    assert found.nnz == np.count_nonzero(expected), "sparse"


@pytest.mark.parametrize("k", LENGTHS)
def test_counts_are_invariant(k):
    codes = draw(0, 7, 30, bases=5)
    turned = kmer_counts(dna.complement_codes(codes), k)
    assert np.array_equal(kmer_counts(codes, k).toarray(), turned.toarray())


def test_a_sequence_shorter_than_the_words_has_none():
    assert kmer_counts(draw(0, 3, 4), 7).shape == (3, 8192)
    assert kmer_counts(draw(0, 3, 4), 7).nnz == 0
    assert kmer_counts(draw(0, 0, 4), 3).shape == (0, 32)
    short = examples(draw(1, 40, 4), np.arange(40) % 2)
    assert choose(short, short).k <= 4, "longer ones tell nothing"


def test_a_planted_word_is_found_and_the_scores_are_invariant():
    chosen = choose(with_word(1, "ACGTTGC", 200), with_word(2, "ACGTTGC"))
    held_out = with_word(3, "ACGTTGC", 200)
    scores = chosen.score(held_out.codes)
    assert metrics.auroc(held_out.target, scores)[0] > 0.9
    np.testing.assert_allclose(chosen.score(dna.complement_codes(held_out.codes)), scores, atol=1e-12)
    assert chosen.k > 4
    assert chosen.C in kmers.STRENGTHS


def words_or_bases():
    """A training split that tells words and bases alike, and two others that tell only the one."""
    train = with_word(1, "ACGTTGC", 400)
    train.codes[:200, :12] = np.where(train.codes[:200, :12] == 0, 1, train.codes[:200, :12])
    words, bases = with_word(2, "ACGTTGC", 200), examples(draw(4, 200), np.arange(200) < 100)
    bases.codes[:100] = np.where(np.random.default_rng(0).random((100, 40)) < 0.4, 1, bases.codes[:100])
    return train, words, bases


def test_the_validation_split_chooses_among_all():
    train, words, bases = words_or_bases()
    assert choose(train, words).k > 4
    assert choose(train, bases).k == 3
    every = [(c.validation, -c.k, -c.C) for c in kmers._candidates(train, words)]
    best = choose(train, words)
    assert (best.validation, -best.k, -best.C) == max(every)
    assert len(every) == len(LENGTHS) * len(kmers.STRENGTHS)


def test_the_test_split_does_not_choose():
    train, words, bases = words_or_bases()
    task = replace(tiny_tasks.labels(), in_memory={"train": train, "validation": words, "test": bases})
    row, other = kmer_regression(task, "test"), choose(train, bases)
    assert (row["k"], row["C"]) == (choose(train, words).k, choose(train, words).C)
    assert row["k"] > 4 > other.k
    assert row["auroc"] < other.validation - 0.02


def test_labels_share_the_choice_and_what_was_not_measured_is_left_out():
    one, other = with_word(1, "ACGTTGC", 200), examples(draw(5, 200), np.arange(200) % 2)
    both = examples(one.codes, np.concatenate([one.target, other.target], axis=1))
    chosen = choose(both, both)
    assert chosen.score(both.codes).shape == (200, 2)
    unknown = both.target.copy()
    unknown[::5] = np.nan
    measured = examples(both.codes, unknown)
    for found in (choose(measured, measured).score(both.codes), three_mers(measured, both.codes)):
        assert np.isfinite(found).all()
    kept = np.flatnonzero(~np.isnan(unknown[:, 0]))
    np.testing.assert_allclose(
        three_mers(measured, both.codes), three_mers(both.take(kept), both.codes), atol=1e-9
    )


def test_labels_of_one_class_are_refused():
    good, bad = with_word(1, "ACGTTGC"), examples(draw(2), np.ones(60))
    message = "k-mer logistic regression: each label of the 60 validation examples has one class, so nothing"
    with pytest.raises(ValueError, match="^" + re.escape(message)) as caught:
        choose(good, bad)
    assert "\n" not in str(caught.value)
    message = "logistic regression: label 0 of the 60 training examples has one class, and it needs two: give"
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        choose(bad, good)
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        three_mers(bad, good.codes)
    rare = examples(good.codes, np.concatenate([good.target, np.ones((60, 1))], axis=1))
    two = examples(good.codes, np.concatenate([good.target, good.target], axis=1))
    assert choose(two, rare).validation > 0.5, "the labels that have both classes choose"
