import errno

import numpy as np
import pyBigWig
import pytest

from rczoo.inference import bigwig_output
from rczoo.inference.bigwig_output import _verify, write_bigwigs

RUNS = [("a", 3, np.array([[1.0, 2.0], [5.0, 6.0]], np.float32)), ("b", 0, np.ones((2, 4), np.float32))]
LENGTHS = {"a": 9, "b": 4}


def test_each_channel_has_its_file(tmp_path):
    write_bigwigs([None, tmp_path / "x.bw"], LENGTHS, RUNS, 6)
    file = pyBigWig.open(str(tmp_path / "x.bw"))
    assert file.chroms() == LENGTHS
    assert file.intervals("a") == ((3, 4, 5.0), (4, 5, 6.0))
    assert file.values("b", 0, 4) == [1, 1, 1, 1]
    file.close()


def test_a_file_cut_short_is_refused(tmp_path):
    path = tmp_path / "x.bw"
    write_bigwigs([path, None], LENGTHS, RUNS, 6)
    _verify(path, 6)
    with pytest.raises(OSError, match=r"6 of 7 bases of x.bw were written: the disk may be full"):
        _verify(path, 7)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(OSError, match="the disk may be full"):
        _verify(path, 6)


def test_room_is_made_sure_of_before_the_library_writes(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(bigwig_output.os, "posix_fallocate", full)
    monkeypatch.setattr(bigwig_output.pyBigWig, "open", None)
    with pytest.raises(OSError, match="No space left on device"):
        write_bigwigs([tmp_path / "x.bw", None], LENGTHS, RUNS, 6)


def test_room_is_more_than_a_file_of_noise_needs(tmp_path):
    values = np.random.default_rng(0).random((1, 60_000), dtype=np.float32)
    write_bigwigs([tmp_path / "x.bw"], {"a": 60_000}, [("a", 0, values)], 60_000)
    size = (tmp_path / "x.bw").stat().st_size
    assert size < bigwig_output.BYTES_PER_BASE * 60_000 + bigwig_output.OVERHEAD


def test_values_that_are_none_end_no_process(tmp_path):
    """The library's header() would, where the summary holds NaN."""
    values = np.array([[np.nan, 1.0, np.inf]], np.float32)
    write_bigwigs([tmp_path / "x.bw"], LENGTHS, [("a", 3, values)], 3)
    _verify(tmp_path / "x.bw", 3)
