import gzip
import threading

import pytest

from rczoo.files.cache import atomically, cache_folder, derived, unpacked


@pytest.fixture(autouse=True)
def cold(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))


def test_gzip_is_unpacked_into_the_cache_and_plain_files_stay(tmp_path):
    plain = tmp_path / "a.fa"
    plain.write_text(">a\nACGT\n")
    packed = tmp_path / "a.fa.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert unpacked(plain) == plain
    assert unpacked(packed).read_bytes() == plain.read_bytes()
    assert cache_folder() in unpacked(packed).parents
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.fa", "a.fa.gz", "cache"]


def test_half_a_gzip_file_leaves_nothing(tmp_path):
    packed = tmp_path / "a.fa.gz"
    packed.write_bytes(gzip.compress(b"ACGT" * 1000)[:-12])
    with pytest.raises(ValueError, match=r"a.fa.gz is not a whole gzip file .*: fetch it again"):
        unpacked(packed)
    assert not [p for p in cache_folder().rglob("*") if p.is_file()]


def test_a_changed_original_gets_another_place(tmp_path):
    path = tmp_path / "x"
    path.write_text("a")
    before = derived(path, "y")
    path.write_text("ab")
    assert derived(path, "y") != before


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
