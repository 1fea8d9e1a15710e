from collections import Counter
from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rczoo.data.sources.shuffles import dinucleotide_shuffles
from rczoo.symmetry import dna


def pairs(text):
    return Counter(text[i : i + 2] for i in range(len(text) - 1))


def shuffles(texts, seed=0):
    drawn = dinucleotide_shuffles(np.stack([dna.encode(text) for text in texts]), np.random.default_rng(seed))
    return [dna.decode(codes) for codes in drawn]


@given(st.integers(1, 30).flatmap(lambda n: st.lists(st.text("ACGTN", min_size=n, max_size=n), min_size=1)))
def test_pairs_of_bases_are_kept_exactly(texts):
    for text, drawn in zip(texts, shuffles(texts), strict=True):
        assert pairs(drawn) == pairs(text)
        assert (drawn[:1], drawn[-1:]) == (text[:1], text[-1:])


def test_every_sequence_with_these_pairs_is_drawn_equally_often():
    text, draws = "ACAGCAATC", 6000
    possible = {"".join(p) for p in permutations(text) if pairs("".join(p)) == pairs(text)}
    drawn = Counter(shuffles([text] * draws))
    assert set(drawn) == possible
    assert len(possible) > 5
    expected = draws / len(possible)
    deviation = sum((count - expected) ** 2 / expected for count in drawn.values())
    assert deviation < len(possible) + 4 * np.sqrt(2 * len(possible)), "chi-square, four deviations off"


def test_the_seed_fixes_them():
    texts = ["ACGTTGCAAGCTTAGC" * 4] * 3
    assert shuffles(texts, 1) == shuffles(texts, 1) != shuffles(texts, 2)
    assert len(set(shuffles(texts, 1))) == 3
