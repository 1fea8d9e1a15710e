import gzip
from collections import Counter

import numpy as np
import pytest

from rczoo.data.preparation import load_examples, notes
from rczoo.data.sources.peaks import read_events, read_peaks
from rczoo.data.task import load_task
from rczoo.symmetry import dna

PEAKS = """
kind = "labels"
model = { architecture = "motif-cnn", length = 30 }
training = { batch_size = 4, epochs = 1 }
[data]
source = "peaks"
positives = "own.fa.gz"
negatives = "other.fa"
distance = 500
seed = 1
splits = { validation = ["chr1"], test = ["chr2"] }
names = ["CTCF"]
"""
DEEPBIND = """
kind = "labels"
model = { architecture = "motif-cnn", length = 30 }
training = { batch_size = 4, epochs = 1 }
data = { source = "deepbind-encode", peaks = "a.seq", test = "b.seq", validation = 0.2, seed = 1 }
"""
HEADER = "FoldID\tEventID\tseq\tBound\n"


def sequence(number, share=0.5):
    bases = np.random.default_rng(number).choice(list("ACGT"), 30, p=[(1 - share) / 2, share / 2] * 2)
    return "".join(bases)


def fasta(places, first=0):
    return "".join(f">{c}:{at}-{at + 30}\n{sequence(first + n)}\n" for n, (c, at) in enumerate(places))


@pytest.fixture
def peaks(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    own = [(chrom, at) for chrom in ("chr1", "chr2", "chr3") for at in range(1000, 21_000, 1000)]
    near = [(chrom, at + 500) for chrom, at in own[::4]]
    far = [(chrom, at + 501) for chrom, at in own if at == 20_000] + [("chr9", 5)]
    (tmp_path / "own.fa.gz").write_bytes(gzip.compress(fasta(own).encode()))
    (tmp_path / "other.fa").write_text(fasta([*near, *far], 1000).lower())
    (tmp_path / "task.toml").write_text(PEAKS)
    return load_task(tmp_path / "task.toml")


def texts(examples):
    return [dna.decode(codes) for codes in np.asarray(examples.codes)]


def pairs(text):
    return Counter(text[i : i + 2] for i in range(len(text) - 1))


def test_other_peaks_far_enough_and_a_shuffle_of_each_are_the_negatives(peaks):
    found = {split: load_examples(peaks, split) for split in peaks.splits}
    assert {split: len(examples) for split, examples in found.items()} == {
        "train": 20 + 20 + 2, "validation": 41, "test": 41, "test-peaks": 20 + 1, "test-shuffles": 40,
    }  # fmt: skip
    assert notes(peaks) == ["15 of 19 other peaks within 500 bases: left out"]
    assert set(found["validation"].chrom) == {"chr1"}
    assert set(found["train"].chrom) == {"chr3", "chr9"}
    test = found["test-shuffles"]
    drawn = texts(test)
    for bound, shuffle in zip(drawn[:20], drawn[20:], strict=True):
        assert pairs(bound) == pairs(shuffle)
    assert np.asarray(test.target)[:, 0].tolist() == [1] * 20 + [0] * 20
    assert np.asarray(test.start).tolist() == [*range(1000, 21_000, 1000)] * 2, (
        "a shuffle is where its peak is"
    )
    assert texts(found["test-peaks"])[:20] == drawn[:20]


def test_the_chromosomes_of_a_split_have_peaks(peaks):
    (peaks.folder / "task.toml").write_text(PEAKS.replace('["chr2"]', '["chr5"]'))
    with pytest.raises(ValueError, match=r"own\.fa\.gz has no peak on chr5: name others in"):
        load_examples(load_task(peaks.folder / "task.toml"), "test")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (">peak1\n" + "A" * 30, "p.fa line 1: name 'peak1': write the place of 30 bases, as chr1:100-200"),
        (">chr1:5-36\n" + "A" * 30, "p.fa line 1: name 'chr1:5-36': write the place of 30 bases"),
        (">chr1:5-35\n" + "A" * 29, "p.fa line 1: sequence 'chr1:5-35' has 29 bases, the model reads 30"),
        ("", "p.fa has no sequences"),
    ],
)
def test_what_are_no_peaks(tmp_path, text, message):
    (tmp_path / "p.fa").write_text(text)
    with pytest.raises(ValueError, match=f"^{message}"):
        read_peaks(tmp_path / "p.fa", 30)


def events(bound):
    return HEADER + "".join(f"A\tseq_{n}\t{sequence(n)}\t{label}\n" for n, label in enumerate(bound))


@pytest.fixture
def deepbind(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "a.seq").write_text(events([1] * 40))
    (tmp_path / "b.seq").write_text(events([1, 0, 1]))
    (tmp_path / "task.toml").write_text(DEEPBIND)
    return load_task(tmp_path / "task.toml")


def test_a_share_of_the_peaks_validates_and_the_authors_test_is_as_given(deepbind):
    train, validation, test = (load_examples(deepbind, s) for s in ("train", "validation", "test"))
    assert (len(train), len(validation)) == (64, 16)
    assert sorted(texts(train)[:32] + texts(validation)[:8]) == sorted(sequence(n) for n in range(40))
    for examples in (train, validation):
        drawn, half = texts(examples), len(examples) // 2
        assert [pairs(text) for text in drawn[:half]] == [pairs(text) for text in drawn[half:]]
        assert np.asarray(examples.target)[:, 0].tolist() == [1] * half + [0] * half
    assert texts(test) == [sequence(n) for n in range(3)]
    assert np.asarray(test.target)[:, 0].tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seq\tBound\n", "b.seq begins .*'seq', 'Bound'.* expected the columns FoldID, EventID, seq, Bound"),
        (HEADER + "A\tx\tACGT\t2\n", "b.seq line 2: 'A x ACGT 2': expected FoldID, .*, bound 0 or 1"),
        (HEADER + "A\tx\tACGT\t1\n", "b.seq line 2: sequence 'x' has 4 bases, the model reads 30"),
    ],
)
def test_what_are_no_events(tmp_path, text, message):
    (tmp_path / "b.seq").write_text(text)
    with pytest.raises(ValueError, match=f"^{message}"):
        read_events(tmp_path / "b.seq", 30)


def test_peaks_to_train_on_are_all_bound(deepbind):
    (deepbind.folder / "a.seq").write_text(events([1, 1, 0]))
    with pytest.raises(ValueError, match=r"a\.seq has 1 unbound sequences: give peaks alone"):
        load_examples(deepbind, "train")
