"""Parts of a run: every record in one of them, whole batches, and what is taken over."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rczoo.files.journal import Journal
from rczoo.files.shards import Shard, Shards, fill

VALUES = np.random.default_rng(0).random((23, 3), dtype=np.float32)


def compute(first, last):
    return (VALUES[n : min(n + 4, last)] for n in range(first, last, 4))


@given(st.integers(0, 200), st.integers(1, 9), st.integers(1, 12))
def test_every_record_is_in_one_part_and_parts_are_whole_batches(number, batch, of):
    parts = [Shard(n, of).records(number, batch) for n in range(1, of + 1)]
    assert [n for part in parts for n in part] == list(range(number))
    assert all(part.start % batch == 0 for part in parts if part)
    sizes = [-(-len(part) // batch) for part in parts]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("torn", [False, True])
def test_whole_parts_are_taken_over_and_the_rest_is_computed(tmp_path, torn):
    target, about = tmp_path / "out.tsv", {"model": "a"}
    for number, of in ((2, 3), (2, 2)):  # which overlap
        shard = Shard(number, of)
        with Journal(shard.target(target), shard.about(about), 3, 4) as journal:
            fill(journal, shard.records(23, 4), compute, lambda _: None)
    if torn:
        file = Journal.beside(Shard(2, 2).target(target))
        file.write_bytes(file.read_bytes()[:-5])
    (tmp_path / ".out.tsv.1-of-2.partial").write_text("of another run")
    asked = []

    def counted(first, last):
        for values in compute(first, last):
            asked.append(len(values))
            yield values

    shards = Shards(target, about, 3)
    with Journal(target, about, 3, 4) as journal:
        shards.join(journal, 23, 4, counted, lambda _: None)
        assert np.array_equal(np.stack(list(journal.read(0, journal.done))), VALUES)
        journal.remove()
    assert asked == ([4, 4, 4, 3] if torn else [4, 4])
    shards.remove()
    assert list(tmp_path.iterdir()) == []
