import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rczoo.data.preparation import load_examples
from rczoo.data.sources.table import first_occurrences, read_table, shares
from rczoo.data.task import load_task
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
