import re

import numpy as np
import pyBigWig
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rczoo.io.bigwig import Track, smooth, smoothed_windows, sum_windows
from rczoo.io.bigwig import write_bigwig as write
from tests.support.miniature import write_bigwig

LENGTHS = {"chrI": 200, "chrII": 90}
VALUES = {name: np.random.default_rng(len(name)).poisson(0.5, n).astype(float) for name, n in LENGTHS.items()}


@pytest.fixture(scope="module")
def track(tmp_path_factory):
    return Track(write_bigwig(tmp_path_factory.mktemp("bw") / "a.bw", VALUES), LENGTHS)


@given(chrom=st.sampled_from(list(LENGTHS)), start=st.integers(-50, 220), length=st.integers(1, 40))
def test_windows_are_slices_with_zeros_beyond_the_ends(track, chrom, start, length):
    padded = np.pad(VALUES[chrom], 300)
    found = track.windows(np.array([chrom]), np.array([start]), length)
    assert np.array_equal(found[0], padded[300 + start : 300 + start + length])
    twice = sum_windows([track, track], np.array([chrom]), np.array([start]), length)
    assert np.array_equal(twice, 2 * found)


def test_other_names_and_missing_chromosomes_are_noted(tmp_path):
    path = write_bigwig(tmp_path / "a.bw", {"1": VALUES["chrI"]})
    track = Track(path, LENGTHS)
    assert np.array_equal(track.windows(np.array(["chrI"]), np.array([0]), 200)[0], VALUES["chrI"])
    assert track.windows(np.array(["chrII"]), np.array([0]), 20).sum() == 0
    assert track.notes == ["a.bw: chrI is 1", "a.bw leaves out chrII: taken as no signal"]


def test_a_file_without_the_sex_chromosome_has_no_signal_there(tmp_path):
    path = write_bigwig(tmp_path / "a.bw", {"chr1": np.ones(200), "chr10": np.ones(90)})
    track = Track(path, {"chr1": 200, "chr10": 90, "chrX": 150})
    assert track.notes == ["a.bw leaves out chrX: taken as no signal"]


def test_nan_is_no_signal(tmp_path):
    path = tmp_path / "a.bw"
    out = pyBigWig.open(str(path), "w")
    out.addHeader([("chrI", 200)])
    out.addEntries("chrI", [3, 5], values=[2.0, float("nan")], span=1)
    out.close()
    found = Track(path, {"chrI": 200}).windows(np.array(["chrI"]), np.array([0]), 10)
    assert found[0].tolist() == [0, 0, 0, 2, 0, 0, 0, 0, 0, 0]


def test_messages(tmp_path):
    path = write_bigwig(tmp_path / "a.bw", {"chr7": VALUES["chrI"]})
    with pytest.raises(
        ValueError, match=r"a.bw has none of the genome's chromosomes \(it has chr7; the genome chrI"
    ):
        Track(path, LENGTHS)
    other = write_bigwig(tmp_path / "b.bw", {"chrI": VALUES["chrI"][:150]})
    message = r"b.bw: chrI has 150 bases, the genome's chrI 200: use files of one genome"
    with pytest.raises(ValueError, match=message):
        Track(other, LENGTHS).windows(np.array(["chrI"]), np.array([0]), 9)
    text = tmp_path / "c.bw"
    text.write_text("no bigWig")
    with pytest.raises(ValueError, match=r"c.bw is not a bigWig file"):
        Track(text, LENGTHS)
    with pytest.raises(ValueError, match="smooth: width 4 is even"):
        smooth(np.zeros(9), 4)


@given(st.lists(st.integers(0, 9), min_size=9, max_size=30), st.sampled_from([1, 3, 5, 9]))
def test_smoothing_is_a_moving_mean_and_commutes_with_reversal(values, width):
    x = np.array(values, dtype=float)
    slow = [x[i : i + width].mean() for i in range(len(x) - width + 1)]
    assert np.allclose(smooth(x, width), slow)
    assert np.array_equal(smooth(x[::-1], width), smooth(x, width)[::-1])


def test_windows_are_smoothed_with_what_lies_beyond_them(track):
    found = smoothed_windows([track], [1, 5], np.array(["chrI"]), np.array([20]), 9)
    around = VALUES["chrI"][18:31]
    assert np.allclose(found[0], [around[2:-2], [around[n : n + 5].mean() for n in range(9)]])


def test_written_and_read_back_in_any_order(tmp_path):
    rng = np.random.default_rng(0)
    chrom = np.array(["chrII", "chrI", "chrI"])
    position, value = np.array([7, 150, 3]), rng.integers(1, 9, 3).astype(float)
    write(tmp_path / "a.bw", LENGTHS, chrom, position, value)
    track = Track(tmp_path / "a.bw", LENGTHS)
    for c, p, v in zip(chrom, position, value, strict=True):
        assert track.windows(np.array([c]), np.array([p]), 1).item() == v
    assert track.mean() == pytest.approx(value.sum() / 290)


def written(path, entries, lengths=LENGTHS):
    """A bigWig of single bases as the library writes it, whatever the values are."""
    out = pyBigWig.open(str(path), "w")
    out.addHeader(list(lengths.items()))
    for chrom, position, value in entries:
        out.addEntries(chrom, [position], values=[value], span=1)
    out.close()
    return path


@pytest.mark.parametrize("value", [np.inf, -np.inf, 3.4e38])
def test_infinite_signal_is_refused_with_its_place(tmp_path, value):
    track = Track(written(tmp_path / "a.bw", [("chrI", 3, 2.0), ("chrI", 5, value)]), LENGTHS)
    assert track.windows(np.array(["chrI"]), np.array([0]), 5).sum() == 2
    for read in (lambda: track.windows(np.array(["chrI"]), np.array([0]), 9), track.mean):
        with pytest.raises(
            ValueError, match=rf"a.bw: chrI:6 is {re.escape(f'{value:g}')}, which is no signal"
        ):
            read()


def test_a_nan_ends_no_process(tmp_path):
    """pyBigWig's header() would: its summary of such a file holds NaN."""
    track = Track(written(tmp_path / "a.bw", [("chrI", 3, np.nan), ("chrI", 5, 29.0)]), LENGTHS)
    assert track.mean() == pytest.approx(29 / 290)


def test_a_file_without_data_has_no_signal(tmp_path):
    track = Track(written(tmp_path / "a.bw", []), LENGTHS)
    assert not track.windows(np.array(["chrI"]), np.array([0]), 9).any()
    assert track.mean() == 0


def test_a_chromosome_that_nobody_uses_may_have_another_length(tmp_path):
    path = written(tmp_path / "a.bw", [("chrII", 5, 1.0)], {"chrI": 3, "chrII": 90})
    assert Track(path, LENGTHS).windows(np.array(["chrII"]), np.array([0]), 9).sum() == 1


def test_the_sign_of_a_negative_strand(tmp_path):
    path = written(tmp_path / "a.bw", [("chrI", 5, -2.0)])
    track = Track(path, LENGTHS, sign=-1)
    assert track.windows(np.array(["chrI"]), np.array([5]), 1).item() == 2
    assert track.mean() == pytest.approx(2 / 290)


def test_windows_come_in_the_order_asked_for(track):
    rng = np.random.default_rng(0)
    chrom, start = rng.choice(list(LENGTHS), 40), rng.integers(0, 60, 40)
    found = track.windows(chrom, start, 7)
    for row, name, first in zip(found, chrom, start, strict=True):
        assert np.array_equal(row, VALUES[name][first : first + 7])


def test_the_mean_of_a_large_file_is_that_of_places_spread_over_it(tmp_path, monkeypatch):
    monkeypatch.setattr("rczoo.io.bigwig.STRETCH", 10)
    monkeypatch.setattr("rczoo.io.bigwig.MOST_READ", 150)
    entries = [("chrI", p, float(v)) for p, v in enumerate(VALUES["chrI"]) if v]
    entries += [("chrII", p, float(v)) for p, v in enumerate(VALUES["chrII"]) if v]
    bigger = {"chrI": 200, "chrII": 100}
    every = np.concatenate([VALUES["chrI"], np.pad(VALUES["chrII"], (0, 10))]).reshape(-1, 20)[:, :10]
    track = Track(written(tmp_path / "a.bw", entries, bigger), bigger)
    assert track.mean() == pytest.approx(every.mean())
