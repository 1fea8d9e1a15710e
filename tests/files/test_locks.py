"""Locks: one holder at a time, known before the work, and nothing of them left."""

import pytest

from rczoo.files.locks import alone


def test_one_holder_at_a_time_and_nothing_left(tmp_path):
    path = tmp_path / "deep" / "run" / ".lock"
    with alone(path, "busy: wait"):
        with pytest.raises(BlockingIOError, match=r"^busy: wait$"), alone(path, "busy: wait"):
            pytest.fail("two held it")
        assert path.exists()
    assert not path.parent.exists()
    with alone(path, "busy"):
        (path.parent / "result").touch()
    assert [p.name for p in path.parent.iterdir()] == ["result"]


def test_a_folder_that_was_there_stays(tmp_path):
    with alone(tmp_path / ".lock", "busy"):
        pass
    assert tmp_path.is_dir()


def test_a_place_that_cannot_be_written_is_told_before_the_work(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(OSError, match=r"cannot write in .*file/run \(Not a directory\): choose another place"),
        alone(tmp_path / "file" / "run" / ".lock", "busy"),
    ):
        pytest.fail("the work began")
