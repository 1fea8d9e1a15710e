import dataclasses
import os

import numpy as np
import pytest

from rczoo.data import preparation
from rczoo.data.preparation import load_examples
from rczoo.data.recipe import Model
from rczoo.data.schema import Counts, IntervalData
from rczoo.data.task import files_in, load_task
from rczoo.files.cache import cache_folder


@pytest.fixture(autouse=True)
def cold(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path))


def small(**changes):
    task = load_task("sim-200")
    usual = {"per_motif": 20, "counts": Counts(train=30, validation=15, test=15)}
    return dataclasses.replace(task, data=task.data.model_copy(update={**usual, **changes}))


def test_prepared_once_and_memory_mapped(monkeypatch):
    task = small()
    first = load_examples(task, "train")
    assert isinstance(first.codes, np.memmap)
    monkeypatch.setitem(preparation.SOURCES, "simulation", lambda task: pytest.fail("prepared twice"))
    assert np.array_equal(load_examples(task, "train").codes, first.codes)


def test_a_cache_purged_in_part_is_prepared_again():
    task = small()
    folder, before = preparation.prepare(task), np.array(load_examples(task, "train").target)
    for name in ("train/target.npy", "summary.json"):
        (folder / name).unlink()
        assert np.array_equal(load_examples(task, "train").target, before)
        assert preparation.notes(task) == []


def test_another_content_is_another_folder():
    assert preparation.prepare(small()) != preparation.prepare(small(seed=2))
    assert preparation.prepare(small()) == preparation.prepare(small())


def test_a_file_of_one_s_own_that_changes_at_one_size_is_another(tmp_path):
    (tmp_path / "a.csv").write_text("sequence,label\nACGT,1\nTTTT,0\n")
    (tmp_path / "t.toml").write_text(
        'kind = "labels"\nmodel = { architecture = "tf-cnn", length = 4 }\ntraining = { batch_size = 2 }\n'
        '[data]\nsource = "table"\ntrain = "a.csv"\nvalidation = "a.csv"\ntest = "a.csv"\n'
    )
    before = preparation.prepare(load_task(tmp_path / "t.toml"))
    (tmp_path / "a.csv").write_text("sequence,label\nACGT,0\nTTTT,1\n")
    os.utime(tmp_path / "a.csv", (1, 1))
    assert preparation.prepare(load_task(tmp_path / "t.toml")) != before


def test_another_code_is_another_folder(monkeypatch):
    before = preparation.prepare(small())
    monkeypatch.setattr(preparation, "PREPARATION", preparation.PREPARATION + 1)
    assert preparation.prepare(small()) != before


def test_a_failed_preparation_leaves_nothing(monkeypatch):
    with pytest.raises(ValueError, match="too short"):
        load_examples(dataclasses.replace(small(), model=Model(architecture="motif-cnn", length=50)), "train")
    assert not [p for p in cache_folder().rglob("*") if p.is_file()]


def test_noise_is_on_training_labels_only():
    task = small(per_motif=2000, counts=Counts(train=3000, validation=1500, test=1500))
    for split, clean in (("train", False), ("validation", True), ("test", True)):
        assert (np.asarray(load_examples(task, split).target).sum(1) == 1).all() == clean
    noiseless = dataclasses.replace(task, data=task.data.model_copy(update={"label_noise": 0.0}))
    flipped = np.asarray(load_examples(task, "train").target) != np.asarray(
        load_examples(noiseless, "train").target
    )
    assert flipped.mean() == pytest.approx(0.2, abs=0.02)


def test_every_file_a_data_table_names():
    signal = [{"plus": "b#s", "minus": ["c"]}]
    matched = {"sites": "d", "distance": 1, "per_positive": 1, "seed": 1}
    named = {"genome": ["a"], "positives": "p", "signal": signal, "matched": matched}
    data = IntervalData(source="intervals", splits={"test": ["x"]}, merge=3, **named)
    assert sorted(files_in(data)) == ["a", "b", "c", "d", "p"]
