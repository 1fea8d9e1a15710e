import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rczoo.files.cache import cache_folder, sha256
from rczoo.files.downloads import Source, fetch, manifest
from tests.support.miniature import serve

CONTENT = bytes(range(256)) * 4096


@pytest.fixture(autouse=True)
def cold(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("RCZOO_DATA", raising=False)


@pytest.fixture
def mirror(tmp_path):
    path = tmp_path / "mirror" / "a" / "file.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    return tmp_path / "mirror"


@pytest.fixture
def source(mirror):
    return Source("a/file.bin", "http://127.0.0.1:9/a/file.bin", sha256(mirror / "a/file.bin"))


def at(source, url, digest="same"):
    return Source(source.path, f"{url}/a/file.bin", source.sha256 if digest == "same" else digest)


def snapshot(folder):
    return {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in Path(folder).rglob("*")}


def only_whole_files():
    """Names in the cache, where no file holds anything but the whole content, a hash or a stamp."""
    found = [p for p in cache_folder().rglob("*") if p.is_file()]
    assert not [p for p in found if "partial" in p.parts]
    assert all(p.read_bytes() == CONTENT for p in found if p.name == "file.bin")
    return [p.name for p in found]


@pytest.mark.parametrize(
    "path", ["../../.bashrc", "/etc/passwd", "a/../../b", "a\\b", "C:b", "", ".", "a\0b", 3]
)
def test_a_path_that_leads_out_of_the_cache_is_refused(path):
    with pytest.raises(ValueError, match=r"the path .* leads out of the cache: give a relative one"):
        Source(path, "http://127.0.0.1:9/a")


def test_from_a_mirror_that_is_only_read(mirror, source, monkeypatch):
    monkeypatch.setenv("RCZOO_DATA", str(mirror))
    before = snapshot(mirror)
    path = fetch(source)
    assert path.read_bytes() == CONTENT
    assert cache_folder() in path.parents
    assert snapshot(mirror) == before
    assert "file.bin" in only_whole_files()


def test_over_http_once(mirror, source):
    with serve(mirror) as (url, seen):
        assert fetch(at(source, url)).read_bytes() == CONTENT
        fetch(at(source, url))
        assert seen == ["/a/file.bin"]


def test_a_mirror_may_be_a_url(mirror, source, monkeypatch):
    with serve(mirror) as (url, _):
        monkeypatch.setenv("RCZOO_DATA", url + "/")
        assert fetch(source).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (
            "corrupt",
            ValueError,
            r"a/file.bin has sha256 .*, expected .*: the download is damaged .* nothing was kept",
        ),
        (
            "truncate",
            ConnectionError,
            r"cannot download a/file.bin from http.*: check the network, or name a mirror",
        ),
        ("missing", ConnectionError, r"cannot download a/file.bin .*404.*RCZOO_DATA"),
    ],
)
def test_a_bad_download_leaves_nothing_and_the_next_one_works(mirror, source, fault, error, words):
    with serve(mirror, {"a/file.bin": fault}) as (url, _), pytest.raises(error, match=words):
        fetch(at(source, url))
    assert only_whole_files() == []
    with serve(mirror) as (url, _):
        assert fetch(at(source, url)).read_bytes() == CONTENT


def test_a_truncated_file_without_hash_is_refused_too(mirror, source):
    with serve(mirror, {"a/file.bin": "truncate"}) as (url, _), pytest.raises(ConnectionError):
        fetch(at(source, url, None))
    assert only_whole_files() == []


def test_a_corrupt_mirror_is_refused(mirror, source, monkeypatch):
    (mirror / "a/file.bin").write_bytes(CONTENT[:-1])
    monkeypatch.setenv("RCZOO_DATA", str(mirror))
    with pytest.raises(ValueError, match="the download is damaged or the file has changed"):
        fetch(source)
    assert only_whole_files() == []


def test_a_file_damaged_in_the_cache_is_fetched_again(mirror, source):
    with serve(mirror) as (url, seen):
        path = fetch(at(source, url))
        path.write_bytes(CONTENT[:-5])
        assert fetch(at(source, url)).read_bytes() == CONTENT
        assert len(seen) == 2


def run(source):
    code = "from rczoo.files.downloads import *; "
    code += f"fetch(Source({source.path!r}, {source.url!r}, {source.sha256!r}))"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen([sys.executable, "-c", code], env=environment)


def test_a_killed_download_leaves_nothing_under_the_name(mirror, source):
    release = threading.Event()
    with serve(mirror, {"a/file.bin": release}) as (url, seen):
        process = run(at(source, url))
        while not seen:
            time.sleep(0.01)
        time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
        process.wait()
        release.set()
    assert not (cache_folder() / "files/a/file.bin").exists()
    with serve(mirror) as (url, _):
        assert fetch(at(source, url)).read_bytes() == CONTENT


def test_what_a_killed_process_left_is_removed_after_a_day(mirror, source, monkeypatch):
    left = cache_folder() / "partial" / "tmpold"
    left.mkdir(parents=True)
    os.utime(left, (0, 0))
    monkeypatch.setenv("RCZOO_DATA", str(mirror))
    fetch(source)
    assert not left.exists()


def test_four_processes_at_once(mirror, source):
    with serve(mirror) as (url, _):
        processes = [run(at(source, url)) for _ in range(4)]
        assert [p.wait() for p in processes] == [0] * 4
        assert (cache_folder() / "files/a/file.bin").read_bytes() == CONTENT
    only_whole_files()


def test_without_a_hash_the_first_download_records_one(mirror, source):
    with serve(mirror) as (url, seen):
        free = at(source, url, None)
        path = fetch(free)
        fetch(free)
        assert len(seen) == 1
        assert path.with_name("file.bin.sha256").read_text() == source.sha256
        path.unlink()
        (mirror / "a/file.bin").write_bytes(b"another file now")
        with pytest.raises(ValueError, match="the file has changed; nothing was kept"):
            fetch(free)
        assert not path.exists()


def test_progress_is_told(mirror, source):
    class Bar:
        total, moved = 0, 0

        def update(self, count):
            self.moved += count

        def reset(self):
            self.moved = 0

        def close(self):
            self.closed = True

    bar = Bar()
    with serve(mirror) as (url, _):
        fetch(at(source, url), bar)
    assert bar.moved == bar.total == len(CONTENT)
    assert bar.closed


def test_the_manifest_pins_every_file():
    assert len(manifest()) > 40
    for name, entry in manifest().items():
        assert name == entry.path
        assert len(entry.sha256) == 64
        assert entry.url.startswith("https://")
        assert entry.bytes > 0
        assert entry.licence
