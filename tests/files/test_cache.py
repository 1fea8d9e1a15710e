import errno
import os
import shutil
import threading

import pytest

from rczoo.files.cache import atomically, cache_folder, derived, partial, whole_folder


@pytest.fixture(autouse=True)
def cold(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))


def test_a_changed_original_gets_another_place(tmp_path):
    path = tmp_path / "x"
    path.write_text("a")
    before = derived(path, "y")
    path.write_text("ab")
    assert derived(path, "y") != before
    longer = derived(path, "y")
    path.write_text("ba")
    os.utime(path, (1, 1))  # of one size, at another time
    assert derived(path, "y") != longer


def test_a_failed_write_leaves_nothing(tmp_path):
    def fail(path):
        path.write_text("half")
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        atomically(cache_folder() / "thing", fail)
    assert not [p for p in cache_folder().rglob("*") if p.is_file()]


def test_two_writers_of_one_folder_both_succeed():
    barrier = threading.Barrier(2)

    def write(path):
        path.mkdir()
        (path / "x").write_text("same")
        barrier.wait()

    target = cache_folder() / "folder"
    threads = [threading.Thread(target=atomically, args=(target, write)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (target / "x").read_text() == "same"


def fill(folder):
    (folder / "train").mkdir(parents=True)
    (folder / "train" / "codes.npy").write_bytes(b"1234")
    (folder / "train" / "reverse.npy").write_bytes(b"5")


def leave_a_file(target):
    shutil.rmtree(target)
    target.write_text("as an earlier version kept it")


def test_a_folder_purged_in_part_is_made_anew():
    target = cache_folder() / "prepared" / "task"
    for damage in (
        lambda: leave_a_file(target),
        lambda: (target / "train" / "reverse.npy").unlink(),
        lambda: (target / "train" / "codes.npy").write_bytes(b"12"),
        lambda: (target / "sizes.json").unlink(),
        lambda: (target / "sizes.json").write_text("[]"),
        lambda: (target / "sizes.json").write_text("{"),
    ):
        assert whole_folder(target, fill) == target
        damage()
        whole_folder(target, fill)
        assert (target / "train" / "reverse.npy").read_bytes() == b"5"
        assert (target / "train" / "codes.npy").read_bytes() == b"1234"
        whole_folder(target, lambda _: pytest.fail("made although it was whole"))
    assert list(partial().iterdir()) == []


def test_cleaning_keeps_to_its_own_folders(tmp_path):
    theirs, folder = tmp_path / "theirs", partial()
    for kept in (theirs / "tmp-of-theirs", folder / "notes", folder / "tmp-of-ours"):
        kept.mkdir(parents=True)
        os.utime(kept, (0, 0))
    (folder / "tmp-link").symlink_to(theirs)
    os.utime(folder / "tmp-link", (0, 0), follow_symlinks=False)
    partial()
    assert sorted(path.name for path in folder.iterdir()) == ["notes", "tmp-link"]
    (folder / "tmp-link").rename(tmp_path / "link")
    (folder / "notes").rmdir()
    folder.rmdir()
    folder.symlink_to(theirs)
    partial()
    assert [path.name for path in theirs.iterdir()] == ["tmp-of-theirs"]


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), OSError("1000 requested and 500 written")],
    ids=["full", "numpy"],
)
def test_a_full_cache_names_itself_and_its_variable(error):
    def write(_):
        raise error

    with pytest.raises(
        OSError, match=r"cannot write to the cache .*cache \(.*\): make room, or set RCZOO_CACHE"
    ):
        atomically(cache_folder() / "x", write)


def test_a_cache_that_cannot_be_made_names_itself(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(OSError, match=r"cannot write to the cache .*file/cache \(Not a directory\)"):
        atomically(cache_folder() / "x", lambda _: None)


def test_an_error_of_another_file_stays_as_it_is():
    def write(_):
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", "/nowhere/peaks.bed")

    with pytest.raises(FileNotFoundError, match=r"peaks\.bed"):
        atomically(cache_folder() / "x", write)
