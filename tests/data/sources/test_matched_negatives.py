import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rczoo.data.schema import Matched
from rczoo.data.sources.matched_negatives import BIN, gc_content, match, matched
from rczoo.io.bed import Intervals
from rczoo.io.genome import Genome
from tests.support.miniature import random_genome, write_fasta


def make(places):
    places = np.array(places)
    chrom = np.array(["chr1"] * len(places))
    return Intervals(chrom, places, places + 1, places, np.zeros(len(places), bool))


@pytest.fixture
def genome(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    return Genome(write_fasta(tmp_path / "g.fa", random_genome(0, {"chr1": 50_000})))


RULE = Matched(sites="sites.bed", distance=1000, per_positive=4, seed=1)


def test_far_from_every_bound_site_and_fixed_by_the_seed(genome):
    bound = make(range(2000, 48_000, 6000))
    sites = make(range(300, 49_800, 130))
    found = matched(bound, bound, sites, genome, 200, RULE)
    assert np.abs(found.summit[:, None] - bound.summit).min() >= 1000
    assert len(found) <= 4 * len(bound)
    again = matched(bound, bound, sites, genome, 200, RULE)
    other = matched(bound, bound, sites, genome, 200, RULE.model_copy(update={"seed": 2}))
    assert found.summit.tolist() == again.summit.tolist() != other.summit.tolist()
    gc = gc_content(found, genome, 200).mean() - gc_content(bound, genome, 200).mean()
    assert abs(gc) < BIN


def test_a_site_at_just_the_distance_is_far_enough(genome):
    for place in (6000, 4000):  # a site is as rich in G and C as itself
        assert matched(make([place]), make([5000]), make([place]), genome, 200, RULE).summit == [place]
    for place in (5999, 4001):
        with pytest.raises(ValueError, match="none of 1 sites lies 1000 bases from every positive"):
            matched(make([place]), make([5000]), make([place]), genome, 200, RULE)


def test_content_is_of_g_and_c_and_windows_lie_inside(genome):
    window = "".join("ACGT"[code] for code in genome.chromosome("chr1")[900:1100])
    share = (window.count("G") + window.count("C")) / 200
    assert gc_content(make([1000]), genome, 200) == pytest.approx([share])
    with pytest.raises(ValueError, match="none of 2 sites"):
        matched(make([20_000]), make([20_000]), make([99, 49_901]), genome, 200, RULE)


def test_as_many_for_each_positive_as_there_are():
    wanted, offered = np.array([0.3, 0.3]), np.full(20, 0.3)
    assert len(match(wanted, offered, 4, np.random.default_rng(0))) == 8


def test_none_left(genome):
    with pytest.raises(
        ValueError, match="none of 1 sites lies 1000 bases from every positive: lower the distance"
    ):
        matched(make([5000]), make([5000]), make([5500]), genome, 200, RULE)


@given(
    st.lists(st.integers(30, 40), min_size=1, max_size=20),
    st.lists(st.integers(30, 40), min_size=1, max_size=80),
    st.integers(1, 4),
)
def test_bins_are_followed_and_nothing_is_used_twice(wanted, offered, most):
    w, o = np.array(wanted) / 100, np.array(offered) / 100
    chosen = match(w, o, most, np.random.default_rng(0))
    assert len(set(chosen.tolist())) == len(chosen)
    for value in set(offered):
        taken = sum(offered[i] == value for i in chosen)
        assert taken <= most * wanted.count(value)
