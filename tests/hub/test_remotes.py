"""Places that models come from: which are refused, where they may lead, and what cannot be read."""

import http.server
import threading
from pathlib import Path

import pytest

from rczoo.hub import remotes
from rczoo.hub.remotes import Folder, Server, remote


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://example.org/models", "is not encrypted, so its index could be forged: use https"),
        ("ftp://example.org", r"use https://\.\.\., file:///"),
        ("hf://only-one", r"a Hugging Face repository is hf://org/name"),
    ],
)
def test_addresses_that_are_refused(address, message):
    with pytest.raises(ValueError, match=message):
        remote(address)


def test_a_mirror_of_hugging_face_is_encrypted_too(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://mirror.example.org")
    with pytest.raises(ValueError, match=r"leads to http://mirror\.example\.org, which is not encrypted"):
        remote("hf://org/name")


class Handler(http.server.BaseHTTPRequestHandler):
    leads = None

    def do_GET(self):
        where = self.leads.get(self.path)
        self.send_response(302 if where else 404 if self.path == "/none" else 200)
        if where:
            self.send_header("Location", where.format(port=self.server.server_port))
        self.send_header("Content-Length", "0" if where else "4")
        self.end_headers()
        self.wfile.write(b"" if where else b"file")

    def log_message(self, *_):
        pass


@pytest.fixture
def served():
    """The URL of a server that sends its callers as ``Handler.leads`` says."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Handler,), {})) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()

        def start(**leads):
            server.RequestHandlerClass.leads = {f"/{name}": where for name, where in leads.items()}
            return Server(f"http://127.0.0.1:{server.server_port}")

        yield start
        server.shutdown()


HERE, THERE = "http://127.0.0.1:{port}", "http://localhost:{port}"


@pytest.mark.parametrize(
    "leads", [{"index": f"{THERE}/a"}, {"index": f"{THERE}/a", "a": f"{HERE}/b"}], ids=["to", "by way of"]
)
def test_a_server_cannot_lead_to_one_that_is_not_encrypted(served, monkeypatch, leads):
    server = served(**leads)
    assert b"".join(server.chunks("index")) == b"file", "localhost is this machine"
    with pytest.raises(FileNotFoundError, match=f"^{server.address} has no file none$"):
        list(server.chunks("none"))
    monkeypatch.setattr(remotes, "LOCAL", ("127.0.0.1",))
    with pytest.raises(ValueError, match=r"leads to http://localhost, which is not encrypted"):
        list(server.chunks("index"))


def test_what_a_folder_does_not_have(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for path in ("none", ".", "file/deeper"):
        with pytest.raises(FileNotFoundError, match=f"^{tmp_path} has no file {path}$"):
            list(Folder(tmp_path).chunks(path))


def test_what_a_folder_does_not_give(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(
        ConnectionError, match=r"cannot read .*/a \(Permission denied\): check its permissions"
    ):
        list(Folder(tmp_path).chunks("a"))
