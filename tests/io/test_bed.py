import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rczoo.io.bed import Intervals, distance_to, merge, read_bed, room, window_start, within
from tests.support.miniature import write_bed


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
        ("chr2", 5, 8, "b", 0, "-"),
        ("chr2", 7, 8),
    ]
    found = read_bed(write_bed(tmp_path / name, rows))
    assert found.chrom.tolist() == ["chr1", "chr2", "chr2"]
    assert found.start.tolist() == [10, 5, 7]
    assert found.summit.tolist() == [15, 6, 7]
    assert found.reverse.tolist() == [False, True, False]


def test_narrowpeak_has_its_own_summit(tmp_path):
    rows = [("chr1", 100, 200, "a", 0, ".", 1, 1, 1, summit) for summit in (30, -1)]
    assert read_bed(write_bed(tmp_path / "a.narrowPeak", rows)).summit.tolist() == [130, 150]


def test_an_empty_file_has_no_intervals(tmp_path):
    assert len(read_bed(write_bed(tmp_path / "a.bed", []))) == 0


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("chr1", 10), "a.bed line 2: 'chr1 10' is not BED: expected chromosome, start and end"),
        (("chr1", "x", 20), "is not BED"),
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
