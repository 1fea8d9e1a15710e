"""Downloads end: a server may be slow, but not for ever; and no password is printed."""

import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from rczoo.files import transfers
from rczoo.files.downloads import Source, fetch
from rczoo.hub.remotes import Server

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n"


@contextmanager
def dripping(head):
    """A server that sends its head, then or instead of it one byte after another."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.recv(10_000)
                connection.sendall(head)
                for _ in range(1000):
                    connection.sendall(b"X")
                    time.sleep(0.02)

        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("head", [HEAD, b"HTTP/1.1 200 OK\r\nX-"], ids=["body", "head"])
def test_a_server_that_sends_byte_after_byte_is_given_up(tmp_path, monkeypatch, head):
    monkeypatch.setattr(transfers, "GRACE", 0.1)
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path))
    monkeypatch.delenv("RCZOO_DATA", raising=False)
    began, threads = time.monotonic(), threading.active_count()
    with (
        dripping(head) as url,
        pytest.raises(ConnectionError, match=r"only \d+ bytes came in .*: check the net"),
    ):
        list(Server(url).chunks("index.json"))
    with dripping(head) as url, pytest.raises(ConnectionError, match=r"only \d+ bytes came in .* RCZOO_DATA"):
        fetch(Source("a/b", f"{url}/b"))
    assert time.monotonic() - began < 8
    if head == HEAD:  # servers apart, nobody is left waiting for the next byte
        deadline = time.monotonic() + 5
        while threading.active_count() > threads + 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert threading.active_count() <= threads + 2


def test_no_password_is_printed(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path))
    monkeypatch.delenv("RCZOO_DATA", raising=False)
    secret = "http://me:secret@127.0.0.1:9/hub"
    assert Server(secret).address == "http://127.0.0.1:9/hub"
    with pytest.raises(ConnectionError) as hub:
        list(Server(secret).chunks("index.json"))
    with pytest.raises(ConnectionError) as download:
        fetch(Source("a/b", f"{secret}/b"))
    assert "secret" not in f"{hub.value} {download.value}"
