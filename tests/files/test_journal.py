import errno

import numpy as np
import pytest

from rczoo.files import atomic as module
from rczoo.files import locks
from rczoo.files.atomic import refuse_existing, written_whole
from rczoo.files.journal import Journal, is_unfinished

VALUES = np.random.default_rng(0).random((10, 3), dtype=np.float32)


def test_records_come_back_and_a_run_goes_on_at_whole_batches(tmp_path):
    target, about = tmp_path / "out.tsv", {"model": "a"}
    with Journal(target, about, 3, 4) as journal:
        journal.append(VALUES[:4])
        journal.append(VALUES[4:8])
        journal.append(VALUES[8:9])
    with journal.path.open("ab") as file:
        file.write(b"torn")
    with Journal(target, about, 3, 4) as journal:
        assert journal.done == 8
        journal.append(VALUES[8:])
        assert np.array_equal(np.stack(list(journal.read(0, 10))), VALUES)
        assert np.array_equal(np.stack(list(journal.read(3, 4))), VALUES[3:7])
        journal.remove()
    assert list(tmp_path.iterdir()) == []


def test_another_run_starts_anew(tmp_path):
    for about, done in (({"a": 1}, 0), ({"a": 1}, 4), ({"a": 22}, 0), ({"a": 1}, 0)):
        with Journal(tmp_path / "out", about, 3, 4) as journal:
            assert journal.done == done
            if not done:
                journal.append(VALUES[:4])
    torn = tmp_path / ".out.partial"
    torn.write_bytes(torn.read_bytes()[:5])
    with Journal(tmp_path / "out", {"a": 1}, 3) as journal:
        assert journal.done == 0


def test_one_run_at_a_time(tmp_path):
    with (
        Journal(tmp_path / "out", {}, 3),
        pytest.raises(BlockingIOError, match="out is being written by another run: wait for it"),
    ):
        Journal(tmp_path / "out", {}, 3)


def test_a_full_disk_says_what_to_do_and_the_run_goes_on(tmp_path):
    with Journal(tmp_path / "out", {}, 3) as journal:
        journal.append(VALUES[:4])
        whole_file, journal._file = journal._file, Full(journal._file)
        with pytest.raises(OSError, match=r"cannot write .*out.partial \(No space left on device\): make"):
            journal.append(VALUES[4:])
        journal._file = whole_file
    with Journal(tmp_path / "out", {}, 3) as journal:
        assert journal.done == 4
        assert np.array_equal(np.stack(list(journal.read(0, 4))), VALUES[:4])


def test_a_disk_that_takes_a_part_of_a_write_gets_the_rest(tmp_path):
    with Journal(tmp_path / "out", {}, 3) as journal:
        journal._file = Slow(journal._file)
        journal.append(VALUES)
        assert np.array_equal(np.stack(list(journal.read(0, 10))), VALUES)


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK])
def test_a_file_system_without_locks_refuses_nothing(tmp_path, monkeypatch, code):
    def refuse(*_):
        raise OSError(code, "no locks here")

    monkeypatch.setattr(locks.fcntl, "flock", refuse)
    with Journal(tmp_path / "out", {}, 3) as journal:
        journal.append(VALUES)


def test_a_killed_run_is_told_from_another(tmp_path):
    with Journal(tmp_path / "out", {"model": "a"}, 3) as journal:
        assert is_unfinished(tmp_path / "out", {"model": "a"})
        assert not is_unfinished(tmp_path / "out", {"model": "b"})
        journal.remove()
    assert not is_unfinished(tmp_path / "out", {"model": "a"})


class Slow:
    """A file that takes seven bytes at a time."""

    def __init__(self, file):
        self.file = file

    def __getattr__(self, name):
        return getattr(self.file, name)

    def write(self, content):
        return self.file.write(content[:7])


class Full:
    """A file on a full disk: it takes a few bytes and then no more."""

    def __init__(self, file):
        self.file = file

    def __getattr__(self, name):
        return getattr(self.file, name)

    def write(self, content):
        self.file.write(content[:7])
        raise OSError(errno.ENOSPC, "No space left on device")


def test_results_are_whole_or_absent(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    two.write_text("old")

    def write(fail):
        with written_whole([one, two]) as made:
            for path in made:
                path.write_text("new")
                assert not one.exists()
            if fail:
                raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match=r"cannot write .*one and .*two \(No space left on device\): nothing"):
        write(fail=True)
    assert [p.name for p in tmp_path.iterdir()] == ["two"]
    assert two.read_text() == "old"
    write(fail=False)
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"one": "new", "two": "new"}


def test_places_that_cannot_be_written(tmp_path, monkeypatch):
    there = tmp_path / "there"
    there.write_text("x")
    with pytest.raises(ValueError, match="there exists: choose another name, or give --force"):
        refuse_existing([there], force=False)
    refuse_existing([there], force=True)
    with pytest.raises(ValueError, match=r"there is no folder .*nowhere: make it, or choose another place"):
        refuse_existing([tmp_path / "nowhere" / "x"], force=True)
    with pytest.raises(ValueError, match="is a folder: name a file"):
        refuse_existing([tmp_path], force=True)
    with pytest.raises(ValueError, match=r"is named for two outputs"):
        refuse_existing([there, there], force=True)
    monkeypatch.setattr(module.os, "access", lambda *_: False)  # root may write anywhere
    with pytest.raises(ValueError, match="is not writable: choose another place for the output"):
        refuse_existing([tmp_path / "x"], force=True)
