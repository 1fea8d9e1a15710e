"""Places that models come from: a folder, a static HTTP server, a Hugging Face repository; all only read."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from ..files.transfers import TooSlowError, chunks, without_password

CHUNK = 1 << 18
"""Bytes of a file read at a time."""
LOCAL = ("localhost", "127.0.0.1", "::1")


class Remote(Protocol):
    """Where files are, by paths relative to the index."""

    address: str

    def chunks(self, path: str) -> Iterator[bytes]:
        """The bytes of a file, in pieces; FileNotFoundError or ConnectionError when it cannot be had."""
        ...


class Folder:
    """A folder of this machine."""

    def __init__(self, path: Path) -> None:
        self.path, self.address = path, str(path)

    def chunks(self, path: str) -> Iterator[bytes]:
        """The bytes of a file, in pieces."""
        try:
            if (self.path / path).exists() and not (self.path / path).is_file():  # which might never end
                raise FileNotFoundError
            with (self.path / path).open("rb") as file:
                while piece := file.read(CHUNK):
                    yield piece
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise FileNotFoundError(f"{self.address} has no file {path}") from error
        except OSError as error:
            raise ConnectionError(
                f"cannot read {self.path / path} ({error.strerror}): check its permissions, or name another "
                "hub in RCZOO_HUB"
            ) from error


class Server:
    """A static HTTP server; ``address`` is the URL of the folder with the index, less a password in it.

    Raises ValueError for plain HTTP, except on this machine, in the address or wherever it leads on the way.
    """

    def __init__(self, address: str) -> None:
        self._url = address.rstrip("/")
        self.address = without_password(self._url)
        self._refuse_plain_http(self._url)

    def chunks(self, path: str) -> Iterator[bytes]:
        """The bytes of a file, in pieces."""
        import requests

        def check(answer: Any) -> None:
            for step in (*answer.history, answer):
                self._refuse_plain_http(step.url)
            if answer.status_code in (404, 410):
                raise FileNotFoundError(f"{self.address} has no file {path}")
            answer.raise_for_status()

        try:
            yield from chunks(f"{self._url}/{path}", check)
        except (requests.exceptions.RequestException, TooSlowError) as error:
            reason = without_password((str(error).splitlines() or [type(error).__name__])[0])[:160]
            raise ConnectionError(
                f"cannot read {self.address}/{path} ({reason}): check the network, or name another hub in "
                "RCZOO_HUB"
            ) from error

    def _refuse_plain_http(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname not in LOCAL:
            raise ValueError(
                f"hub {self.address!r} leads to http://{parts.hostname}, which is not encrypted, so its "
                "index could be forged: use https://"
            )


def remote(address: str) -> Remote:
    """The place that an address names.

    ``https://...``, ``http://`` on this machine alone, ``file:///...`` or a folder's path, and ``hf://org/name``
    or ``hf://org/name@revision`` on the Hugging Face hub. Raises ValueError for others.
    """
    scheme = address.partition("://")[0] if "://" in address else ""
    kinds: dict[str, Callable[[str], Remote]] = {
        "": lambda text: Folder(Path(text)),
        "file": lambda text: Folder(Path(unquote(urlsplit(text).path))),
        "https": Server,
        "http": Server,
        "hf": _hugging_face,
    }
    if scheme not in kinds:
        raise ValueError(f"hub {address!r}: use https://..., file:///..., a folder or hf://org/name")
    return kinds[scheme](address)


def _hugging_face(address: str) -> Server:
    match = re.fullmatch(r"hf://([\w.-]+/[\w.-]+)(?:@([\w.-]+))?", address)
    if not match:
        raise ValueError(
            f"hub {address!r}: a Hugging Face repository is hf://org/name or hf://org/name@revision"
        )
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    return Server(f"{endpoint}/{match[1]}/resolve/{match[2] or 'main'}")
