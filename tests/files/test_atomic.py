"""Files that are whole or absent."""

import errno
import os
import stat
import threading
from pathlib import Path

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


def written(path, content):
    with atomic.written_whole([path]) as [made]:
        made.write_text(content)


def test_a_link_is_followed_and_stays_a_link(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    (tmp_path / "folder").mkdir()
    link.symlink_to(real)
    written(link, "new")  # it dangled
    assert link.is_symlink()
    assert real.read_text() == "new"
    away = tmp_path / "away"
    away.symlink_to(tmp_path / "folder" / "x")
    written(away, "there")
    assert (tmp_path / "folder" / "x").read_text() == "there"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["away", "folder", "link", "real"]


def test_a_pipe_is_written_to(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    written(pipe, "through it")
    reader.join(10)
    assert got == ["through it"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_standard_output_is_never_opened_anew(tmp_path, capsysbinary, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    atomic.refuse_existing([Path(name)], force=False)
    written(Path(name), "whole")
    assert capsysbinary.readouterr().out == b"whole"
    assert list(tmp_path.iterdir()) == []


def test_inputs_are_no_outputs(tmp_path):
    (tmp_path / "model").mkdir()
    for name in ("in.fa", "model/config.json", "other"):
        (tmp_path / name).write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "in.fa")
    os.link(tmp_path / "in.fa", tmp_path / "hard")
    inputs = [tmp_path / "in.fa", None, tmp_path / "model", tmp_path / "none"]
    for name in ("in.fa", "link", "hard", "model/../in.fa", "model/config.json"):
        with pytest.raises(ValueError, match=f"{name} is read as well, and writing would destroy it"):
            atomic.refuse_existing([tmp_path / name], True, inputs)
    atomic.refuse_existing([tmp_path / "other", tmp_path / "model" / "new"], True, inputs)
    with pytest.raises(ValueError, match="other exists: choose another name, or give --force"):
        atomic.refuse_existing([tmp_path / "other"], False, inputs)
    with pytest.raises(ValueError, match="link is named for two outputs"):
        atomic.refuse_existing([tmp_path / "in.fa", tmp_path / "link"], True)
    away = tmp_path / "away"
    away.symlink_to(tmp_path / "nowhere" / "x")
    with pytest.raises(ValueError, match=r"away: there is no folder .*nowhere"):
        atomic.refuse_existing([away], True)
