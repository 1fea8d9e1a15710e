import gzip
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rczoo.io.fasta import read_sequences
from rczoo.symmetry import dna

NAMES = st.text("abc|.:-_", min_size=1, max_size=5)
RECORDS = st.lists(st.tuples(NAMES, st.text("ACGTNacgtn", min_size=7, max_size=7)), min_size=1, max_size=6)


@given(records=RECORDS, width=st.integers(1, 9), packed=st.booleans(), blank=st.booleans())
def test_every_way_of_writing_reads_the_same(tmp_path_factory, records, width, packed, blank):
    between = "\n\n" if blank else "\n"
    text = between.join(
        f">{name} some words\n" + "\r\n".join(s[i : i + width] for i in range(0, len(s), width))
        for name, s in records
    )
    path = tmp_path_factory.mktemp("fa") / "x.fa"
    content = text.encode()
    halves = gzip.compress(content[:9]) + gzip.compress(content[9:])  # bgzip is gzip in several members
    path.write_bytes(halves if packed else content)
    found = [(name, dna.decode(codes)) for name, codes in read_sequences(path, 7)]
    assert found == [(name, s.upper()) for name, s in records]


@pytest.mark.parametrize(("length", "expected"), [(5, "ACGTN"), (3, "CGT"), (4, "ACGT"), (2, "CG")])
def test_crop_takes_the_centre(tmp_path, length, expected):
    path = tmp_path / "x.fa"
    path.write_text(">a\nACGTR\n")
    [(_, codes)] = read_sequences(path, length, crop=True)
    assert dna.decode(codes) == expected
    assert codes.dtype == np.uint8


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x.fa has no sequences: expected FASTA"),
        ("\n\n", "x.fa has no sequences: expected FASTA"),
        ("ACGT\n", "x.fa line 1: 'ACGT' is not FASTA: a record starts with '>name'"),
        (">a\nACGTA\n>\nACGTA\n", "x.fa line 3: a record without a name: write '>name'"),
        (
            ">a\nACGTA\n>b\nACGT\n",
            "x.fa line 3: sequence 'b' has 4 bases, the model reads 5: give longer sequences",
        ),
        (">a\n", "x.fa line 1: sequence 'a' has 0 bases, the model reads 5"),
        (">a\nACGTAC\n", "x.fa line 1: sequence 'a' has 6 bases, the model reads 5: cut it, or give --crop"),
        (">a\nACG\nTX\n", r"x.fa line 1: sequence 'a': sequence has 'X' at position 4 \(0-based\)"),
        (">a\nACUTA\n", r"has 'U' at position 2 .*; --rna \(rna=True\) reads U as T"),
    ],
)
def test_messages(tmp_path, text, message):
    path = tmp_path / "x.fa"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        list(read_sequences(path, 5))
    assert "\n" not in str(caught.value)


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no FASTA file .*y.fa: check the path"):
        list(read_sequences(tmp_path / "y.fa", 5))
    cut = tmp_path / "cut.fa.gz"
    cut.write_bytes(gzip.compress(b">a\nACGTA\n" * 500)[:-9])
    with pytest.raises(ValueError, match=r"cut.fa.gz is not a whole gzip file"):
        list(read_sequences(cut, 5))
    binary = tmp_path / "b.fa"
    binary.write_bytes(bytes(range(128, 256)))
    with pytest.raises(ValueError, match=r"b.fa line 1: .* is not FASTA"):
        list(read_sequences(binary, 5))


def test_one_record_in_memory_at_a_time(tmp_path):
    path = tmp_path / "x.fa"
    path.write_text("".join(f">s{i}\n{'ACGT' * 250}\n" for i in range(5000)))
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_sequences(path, 1000)) == 5000
        assert tracemalloc.get_traced_memory()[1] < 500_000  # the file has five million
    finally:
        tracemalloc.stop()
