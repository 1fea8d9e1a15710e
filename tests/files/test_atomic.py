"""Files that are whole or absent."""

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
