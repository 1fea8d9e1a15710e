import struct

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rczoo.io.genome import Genome
from rczoo.io.twobit import TwoBit, is_2bit
from tests.support.miniature import write_2bit


def read_all(path):
    file = TwoBit(path)
    return [file.letters(name, 0, length) for name, length in file.lengths.items() if length]


LETTERS = st.text("ACGTN", max_size=30)


@example(one="ACNNNNGT", two="", start=4, length=3)  # begins within a run
@given(one=LETTERS, two=LETTERS, start=st.integers(0, 30), length=st.integers(1, 30))
def test_stretches_are_slices(tmp_path_factory, one, two, start, length):
    file = TwoBit(write_2bit(tmp_path_factory.mktemp("2bit") / "a", {"one": one, "two": two}))
    assert file.lengths == {"one": len(one), "two": len(two)}
    for name, letters in (("one", one), ("two", two)):
        if start + length <= len(letters):
            assert file.letters(name, start, start + length).decode() == letters[start : start + length]


def test_it_is_told_by_its_first_bytes_whatever_its_name(tmp_path):
    path = write_2bit(tmp_path / "g.fa", {"a": "ACGT"})
    assert is_2bit(path)
    assert Genome(path).letters("a", 1, 3) == "CG"
    assert not is_2bit(tmp_path)


def test_a_file_cut_anywhere_or_with_sizes_beyond_its_end_is_refused(tmp_path):
    """The library py2bit ended the process."""
    path = write_2bit(tmp_path / "a.2bit", {"a": "ACGTN" * 9, "empty": "", "b": "GATTACA"})
    whole = path.read_bytes()
    for size in range(16, len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"a.2bit is not a whole 2bit file"):
            read_all(path)
    at = whole.index(struct.pack("<II", 45, 9))
    path.write_bytes(whole[:at] + struct.pack("<I", 2**32 - 1) + whole[at + 4 :])
    with pytest.raises(ValueError, match="not a whole 2bit file"):
        TwoBit(path).letters("a", 0, 4)


def test_the_other_byte_order(tmp_path):
    path = tmp_path / "a.2bit"
    record = struct.pack(">IIIIII", 5, 1, 1, 2, 0, 0) + bytes([0b10_00_01_11, 0b10_000000])
    path.write_bytes(struct.pack(">IIII", 0x1A412743, 0, 1, 0) + b"\x01x" + struct.pack(">I", 22) + record)
    assert TwoBit(path).letters("x", 0, 5) == b"ANNGA"
    assert np.array_equal(Genome(path).chromosome("x"), [0, 4, 4, 2, 0])


@pytest.mark.parametrize(("other", "words"), [(b"a", "has 'a' twice"), (b"", "has no name for record 2")])
def test_each_record_has_a_name_of_its_own(tmp_path, other, words):
    path = write_2bit(tmp_path / "a.2bit", {"a": "ACGT"})
    content = path.read_bytes()
    entry = bytes([len(other)]) + other + content[18:22]
    path.write_bytes(content[:8] + struct.pack("<I", 2) + content[12:22] + entry + content[22:])
    with pytest.raises(ValueError, match=rf"a.2bit {words}: give each record a name of its own"):
        TwoBit(path)
