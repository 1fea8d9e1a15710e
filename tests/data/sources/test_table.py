import gzip
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rczoo.data.preparation import load_examples
from rczoo.data.sources.table import first_occurrences, read_table, shares, words
from rczoo.data.task import load_task
from rczoo.io.bad_lines import BadLines
from rczoo.symmetry import dna

dna_text = st.text("ACGT", min_size=12, max_size=12)


def codes(texts):
    return np.stack([dna.encode(t) for t in texts])


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "sequence,a,b\nACGT,1,0\nTTTT,0,1\n",
        "b,sequence,a\n0,ACGT,1\n1,TTTT,0\n",
        ">x 1 0\nAC\nGT\n>y 0 1\nTTTT\n",
    ],
)
def test_csv_and_fasta(tmp_path, monkeypatch, text, packed):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "t"
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    found, labels = read_table(path, 4)
    assert [dna.decode(c) for c in found] == ["ACGT", "TTTT"]
    assert sorted(labels.T.tolist()) == [[0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sequence,a\nACG,1\n", "t.csv line 2: sequence has 3 bases, the task's length is 4"),
        ("sequence,a\nACGT,1\nACXT,0\n", "t.csv line 3: sequence has 'X' at position 2"),
        ("sequence,a\nACGT,yes\n", "t.csv line 2: label 'yes': write 0 or 1"),
        ("seq,a\nACGT,1\n", "has columns seq, a: it needs one called sequence"),
        (">x 1\nACGT\n>y\nACGT\n", "t.csv line 3: 0 labels, 1 expected"),
        ("sequence,a\n", "has no sequences"),
    ],
)
def test_messages(tmp_path, text, words):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=words):
        read_table(path, 4)


@given(
    st.lists(dna_text, min_size=1, max_size=6), st.lists(dna_text, min_size=1, max_size=6), st.integers(3, 12)
)
def test_shared_words_against_sets_of_strings(texts, others, length):
    known = set()
    for other in others:
        for s in (other, dna.reverse_complement(other)):
            known |= {s[i : i + length] for i in range(len(s) - length + 1)}
    slow = [any(t[i : i + length] in known for i in range(len(t) - length + 1)) for t in texts]
    assert shares(codes(texts), codes(others), length).tolist() == slow


@given(st.lists(st.sampled_from(["AACG", "CGTT", "ACGT", "GGGG", "CCCC", "AACC"]), min_size=1, max_size=9))
def test_repeats_count_either_strand(texts):
    seen, slow = set(), []
    for t in texts:
        key = min(t, dna.reverse_complement(t))
        slow.append(key not in seen)
        seen.add(key)
    assert first_occurrences(codes(texts)).tolist() == slow


def test_cleaning_takes_from_training_and_leaves_validation_and_test_whole(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    random = np.random.default_rng(3)
    train, dev, test = (["".join(random.choice(list("ACGT"), 60)) for _ in range(6)] for _ in range(3))
    train[1] = dna.reverse_complement(train[0])  # repeats it
    dev[2] = train[3][5:] + "ACGTA"  # shares 55 bases
    test[4] = train[5]
    for name, sequences in (("train", train), ("dev", dev), ("test", test)):
        lines = [f"{s},{n % 2}" for n, s in enumerate(sequences)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["sequence,label", *lines]) + "\n")
    (tmp_path / "task.toml").write_text(CLEAN)
    task = load_task(tmp_path / "task.toml")
    found = {split: load_examples(task, split) for split in task.splits}
    kept = [dna.decode(row) for row in np.asarray(found["train"].codes)]
    assert kept == [train[n] for n in (0, 2, 4, 5)]
    assert np.asarray(found["train"].target)[:, 0].tolist() == [0, 0, 0, 1]
    assert [dna.decode(row) for row in np.asarray(found["validation"].codes)] == dev
    assert [dna.decode(row) for row in np.asarray(found["test"].codes)] == test
    assert [dna.decode(row) for row in np.asarray(found["test-unshared"].codes)] == test[:4] + test[5:]
    (tmp_path / "task.toml").write_text(CLEAN.replace("length = 60", "length = 60\noutputs = 2"))
    with pytest.raises(ValueError, match=r"train.csv has 1 labels, \[model\] outputs is 2: make them equal"):
        load_examples(load_task(tmp_path / "task.toml"), "train")


CLEAN = """
kind = "labels"
[model]
architecture = "motif-cnn"
length = 60
[training]
batch_size = 2
[data]
source = "table"
train = "train.csv"
validation = "dev.csv"
test = "test.csv"
clean = true
"""


@pytest.mark.parametrize("label", ["-1", "2", "5", "0.5", "nan", "inf", "", "yes"])
def test_labels_are_0_and_1(tmp_path, label):
    path = tmp_path / "t.csv"
    path.write_text(f"sequence,a\nACGT,1\nACGT,{label}\nACGA,0\n")
    with pytest.raises(ValueError, match=rf"t.csv line 3: label '{re.escape(label)}': write 0 or 1"):
        read_table(path, 4)


def test_one_of_several_labels_may_be_unmeasured(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("sequence,a,b\nACGT,1,nan\nACGT,NaN,0\n")
    assert np.array_equal(read_table(path, 4)[1], [[1, np.nan], [np.nan, 0]], equal_nan=True)
    path.write_text("sequence,a,b\nACGT,1,nan\nACGT,nan,nan\n")
    with pytest.raises(ValueError, match=r"t.csv line 3: no label was measured"):
        read_table(path, 4)


def test_bad_lines_are_all_listed_or_left_out(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('sequence,a\nACGT,1\nACG,1\n\nACXT,0\nACRT,7\n"AC-T",0\n')
    with pytest.raises(
        ValueError, match=r"has 3 bad lines: line 3: .*; line 5: .*; line 6: .*; skip_bad leaves"
    ):
        read_table(path, 4, BadLines("t.csv", option="skip_bad"))
    bad = BadLines("t.csv", skip=True)
    codes, labels = read_table(path, 4, bad)
    assert codes.tolist() == [[0, 1, 2, 3], [0, 1, 4, 3]]
    assert labels.tolist() == [[1], [0]]
    assert bad.reasons == {"another length": 1, "other letters": 1, "unknown label": 1}


def test_a_sequence_may_be_longer_than_what_csv_allows_by_itself(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(f"sequence,a\n{'ACGT' * 40_000},1\n")
    assert read_table(path, 160_000)[0].shape == (1, 160_000)


@pytest.mark.parametrize("length", [1, 5, 12])
def test_words_are_equal_where_letters_are_on_either_strand(length):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2, (30, 12), dtype=np.uint8)  # of A and C alone, so that words recur
    found = words(codes, length)
    letters = [[dna.decode(row[at : at + length]) for at in range(12 - length + 1)] for row in codes]
    kind = [[min(text, dna.reverse_complement(text)) for text in row] for row in letters]
    for a, x in zip(np.ravel(found), np.ravel(kind), strict=True):
        assert (np.ravel(found) == a).tolist() == (np.ravel(kind) == x).tolist()


def test_shared_words_against_a_slow_reference():
    rng = np.random.default_rng(1)
    ours, theirs = (rng.integers(0, 4, (n, 14), dtype=np.uint8) for n in (60, 40))
    theirs[3, 2:9], theirs[5, 4:11] = ours[7, :7], dna.complement_codes(ours[9, 7:])
    known = {dna.decode(row[a : a + 7]) for row in theirs for a in range(8)}
    known |= set(map(dna.reverse_complement, known))
    expected = [any(dna.decode(row[a : a + 7]) in known for a in range(8)) for row in ours]
    assert shares(ours, theirs, 7).tolist() == expected
    assert expected[7]
    assert expected[9]
    assert not shares(ours, theirs[:0], 7).any()
