"""Files that are whole or absent."""

import errno

import pytest

from rczoo.files import atomic


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "a.json"
    atomic.write_bytes(path, b"old")

    def refuse(*_):
        raise OSError("disk full")

    monkeypatch.setattr(atomic.os, "fsync", refuse)
    with pytest.raises(OSError, match="disk full"):
        atomic.write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in path.parent.iterdir()] == ["a.json"]


def test_two_machines_may_write_at_once(tmp_path, monkeypatch):
    """Processes of different machines can have the same id."""
    path, replace = tmp_path / "a", atomic.os.replace

    def interfere(*paths):
        monkeypatch.setattr(atomic.os, "replace", replace)
        atomic.write_bytes(path, b"theirs")
        replace(*paths)

    monkeypatch.setattr(atomic.os, "replace", interfere)
    atomic.write_bytes(path, b"ours")
    assert path.read_bytes() == b"ours"
    assert list(tmp_path.iterdir()) == [path]


def test_results_get_their_names_all_or_none(tmp_path, monkeypatch):
    replace = atomic.os.replace

    def refuse_the_second(temporary, path):
        if path.name == "second":
            raise OSError("disk full")
        replace(temporary, path)

    monkeypatch.setattr(atomic.os, "replace", refuse_the_second)

    def write(paths):
        with atomic.written_whole(paths) as made:
            for path in made:
                path.write_bytes(b"whole")

    with pytest.raises(OSError, match=r"disk full.*nothing was left there"):
        write([tmp_path / "first", tmp_path / "second"])
    assert list(tmp_path.iterdir()) == []


def test_an_error_names_the_file_and_not_its_temporary(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(OSError, match=r"^cannot write .*/a\.json \(No space left on device\): make room, or"):
        atomic.write_bytes(tmp_path / "a.json", b"new")
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"^cannot write .*/file/a\.json \(.*\): make room, or"):
        atomic.write_bytes(tmp_path / "file" / "a.json", b"new")


def test_what_killed_writers_left_is_removed_and_nothing_else(tmp_path):
    left, others = tmp_path / f".a[1].json.{'0f' * 16}", (".a[1].json.old", f".b.json.{'0f' * 16}")
    for name in (left.name, *others):
        (tmp_path / name).touch()
    atomic.remove_leftovers(tmp_path / "a[1].json")
    assert {path.name for path in tmp_path.iterdir()} == set(others)
