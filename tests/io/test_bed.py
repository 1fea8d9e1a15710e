import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rczoo.io.bad_lines import BadLines
from rczoo.io.bed import Intervals, distance_to, merge, read_bed, read_located, room, window_start, within
from rczoo.io.genome import Genome
from tests.support.miniature import write_bed, write_fasta


def make(places, chrom="a"):
    places = np.array(places, dtype=np.int64)
    chroms = np.array([chrom] * len(places), dtype=str)
    return Intervals(chroms, places, places + 1, places, np.zeros(len(places), bool))


@pytest.mark.parametrize("name", ["a.bed", "a.bed.gz"])
def test_bed_plain_and_gzipped_with_strand_and_headers(tmp_path, name):
    rows = [
        ("track name=x",),
        ("chr1", 10, 20, "a", 0, "+"),
        ("#c",),
        ("browser position chr1",),
        ("chr2", 5, 8, "b", 0, "-"),
        ("track2", 7, 8),
    ]
    found = read_bed(write_bed(tmp_path / name, rows))
    assert found.chrom.tolist() == ["chr1", "chr2", "track2"]
    assert found.start.tolist() == [10, 5, 7]
    assert found.summit.tolist() == [15, 6, 7]
    assert found.reverse.tolist() == [False, True, False]


def test_narrowpeak_has_its_own_summit(tmp_path):
    rows = [("chr1", 100, 200, "a", 0, ".", 1, 1, 1, summit) for summit in (30, -1, 0)]
    assert read_bed(write_bed(tmp_path / "a.narrowPeak", rows)).summit.tolist() == [130, 150, 100]


def test_an_empty_file_has_no_intervals(tmp_path):
    assert len(read_bed(write_bed(tmp_path / "a.bed", []))) == 0


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("chr1", 10), "a.bed line 2: 'chr1 10' is not BED: expected chromosome, start and end"),
        (("chr1", "x", 20), "is not BED"),
        (("c" * 256, 10, 20), "'c{60}' is not BED"),
        (("chr1", 20, 20), "line 2: start 20 and end 20: BED needs 0 <= start < end"),
        (("chr1", -1, 20), "start -1"),
    ],
)
def test_bad_lines_are_named(tmp_path, row, words):
    with pytest.raises(ValueError, match=words):
        read_bed(write_bed(tmp_path / "a.bed", [("chr1", 1, 2), row]))


@given(st.lists(st.integers(0, 300), max_size=30), st.integers(1, 60))
def test_merge_against_a_slow_reference(places, distance):
    chains = []
    for place in sorted(places):
        if chains and place - chains[-1][-1] < distance:
            chains[-1].append(place)
        else:
            chains.append([place])
    found = merge(make(places), distance)
    assert found.summit.tolist() == [(c[0] + c[-1]) // 2 for c in chains]


@given(st.lists(st.integers(0, 99), max_size=20), st.lists(st.integers(0, 99), max_size=20))
def test_distance_against_a_slow_reference(places, others):
    expected = [min((abs(p - o) for o in others), default=np.inf) for p in places]
    assert distance_to(make(places), make(others)).tolist() == expected


def test_chromosomes_are_apart():
    assert distance_to(make([5], "a"), make([5], "b")).tolist() == [np.inf]
    assert merge(replace(make([5, 6]), chrom=np.array(["a", "b"])), 9).chrom.tolist() == ["a", "b"]


@given(st.integers(0, 60), st.integers(1, 40), st.integers(0, 20))
def test_room_keeps_every_shift_inside(summit, length, jitter):
    sites = make([summit])
    start = window_start(sites, length)
    if within(sites, length, {"a": 60})[0]:
        down, up = room(start, length, np.array([60]), jitter)[0]
        assert start - down >= 0
        assert start + length + up <= 60
        assert max(down, up) <= jitter
        assert down == jitter or start - down == 0
    else:
        assert start < 0 or start + length > 60


@pytest.mark.parametrize("strand", ["-1", "1", "minus", "- ", "*", ""])
def test_only_three_letters_are_strands(tmp_path, strand):
    path = write_bed(tmp_path / "a.bed", [("chr1", 1, 9, "x", 0, "+"), ("chr1", 1, 9, "x", 0, strand)])
    with pytest.raises(ValueError, match=rf"a.bed line 2: strand \(column 6\) is '{re.escape(strand)}': wri"):
        read_bed(path)


def test_a_summit_stays_one_beside_more_columns_and_blocks_are_none(tmp_path):
    peak = ("chr1", 100, 200, "a", 0, ".", 1.5, 2, 3, 30)
    blocks = ("chr1", 100, 200, "a", 0, "+", 100, 200, "0", 2, "10,20,", "0,80,")
    one = ("chr1", 100, 200, "a", 0, "+", 100, 200, "0", 1, "100", "0")
    rows = [peak, (*peak, "more"), (*peak, "more", "5"), (*peak, "7", "5"), blocks, one]
    found = read_bed(write_bed(tmp_path / "a.narrowPeak", rows)).summit.tolist()
    assert found == [130, 130, 130, 130, 150, 150]


@pytest.mark.parametrize("summit", ["x", "1.5", "100", "-2", ""])
def test_a_summit_that_is_none_is_named(tmp_path, summit):
    path = write_bed(tmp_path / "a.bed", [("chr1", 100, 200, "a", 0, ".", 1, 1, 1, summit)])
    with pytest.raises(ValueError, match=f"line 1: column 10 is '{summit}', narrowPeak's summit: write a w"):
        read_bed(path)


def test_coordinates_beyond_64_bits_are_no_coordinates(tmp_path):
    path = write_bed(
        tmp_path / "a.bed", [("chr1", 1, 2**63), ("chr1", 2**70, 2**71), ("chr1", "9" * 5000, 2)]
    )
    with pytest.raises(ValueError, match=r"a.bed has 3 bad lines: line 1: .* is not BED"):
        read_bed(path)


def test_bad_lines_of_both_kinds_are_listed_together_or_left_out(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    genome = Genome(write_fasta(tmp_path / "g.fa", {"chr1": "ACGT" * 9, "none": ""}))
    rows = [("1", 30, 37), ("chr1", 5, 5), ("chrZ", 1, 2), ("1", 2, 4), ("chr1", 30, 36), ("none", 0, 1)]
    path = write_bed(tmp_path / "a.bed", rows)
    with pytest.raises(ValueError, match=r"^a.bed has 4 bad lines: line 1: region 1:30-37 runs off .*36 bas"):
        read_located(path, genome)
    bad = BadLines("a.bed", skip=True)
    found = read_located(path, genome, bad)
    assert found.chrom.tolist() == ["chr1", "chr1"]
    assert found.start.tolist() == [2, 30]
    assert bad.reasons == {"past the end": 2, "empty interval": 1, "unknown chromosome": 1}
    path = write_bed(tmp_path / "b.bed", rows[:3])
    with pytest.raises(ValueError, match=r"there are no regions to read \(.*1 past the end.* left out\)"):
        read_located(path, genome, BadLines("b.bed", skip=True))


def test_within_reaches_to_both_ends_and_no_further():
    sites = make([5, 4, 54, 55])  # windows of 10 begin 5 bases before
    assert within(sites, 10, {"a": 59}).tolist() == [True, False, True, False]


def test_a_lone_site_keeps_its_strand_and_joined_ones_have_none():
    places = np.array([10, 30, 35, 90])
    sites = Intervals(np.array(["a"] * 4), places, places + 1, places, np.array([True, True, True, False]))
    assert merge(sites, 10).reverse.tolist() == [True, False, False]


def test_merged_sites_span_their_members():
    chrom, start, end = np.array(["a"] * 2), np.array([10, 14]), np.array([40, 20])
    found = merge(Intervals(chrom, start, end, np.array([15, 17]), np.zeros(2, bool)), 5)
    assert (found.start.tolist(), found.end.tolist(), found.summit.tolist()) == ([10], [40], [16])


def test_distances_across_many_chromosomes():
    rng = np.random.default_rng(0)

    def draw(n):
        places = rng.integers(0, 99, n)
        chrom = rng.choice(list("abcd"), n)
        return Intervals(chrom, places, places + 1, places, np.zeros(n, bool))

    sites, others = draw(40), draw(9)
    expected = [
        min((abs(p - o) for d, o in zip(others.chrom, others.summit, strict=True) if c == d), default=np.inf)
        for c, p in zip(sites.chrom, sites.summit, strict=True)
    ]
    assert distance_to(sites, others).tolist() == expected
