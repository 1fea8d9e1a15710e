"""Bytes from a server, in bounded time: it may pause, and be slow, but not for ever."""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

CHUNK = 1 << 14
"""Bytes that are waited for at a time."""
AHEAD = 64
"""Chunks that are read before they are wanted."""
TIMEOUT = 30
"""Seconds without a byte after which a server counts as dead."""
GRACE = 60
"""Seconds in which a server may be as slow as it likes."""
SLOWEST = 1000
"""Bytes a second, on the whole, below which a download counts as one that never ends."""
PASSWORD = re.compile(r"(://)[^/@\s]*@")


class TooSlowError(ConnectionError):
    """A server that sends so little that the download would never end."""


def without_password(text: str) -> str:
    """A text without the name and password that an address in it may hold."""
    return PASSWORD.sub(r"\1", text)


def chunks(url: str, check: Callable[[Any], object] = lambda answer: None) -> Iterator[bytes]:
    """The bytes at an address, in pieces; ``check`` is shown the answer before any is read.

    Raises requests' exceptions, what ``check`` raises, and TooSlowError for a server that sends less than
    :data:`SLOWEST` bytes a second once :data:`GRACE` seconds have passed, head included.
    """
    pieces: queue.Queue[Any] = queue.Queue(AHEAD)
    stopped, opened = threading.Event(), list[Any]()
    reader = threading.Thread(target=_read, args=(url, check, pieces, stopped, opened), daemon=True)
    reader.start()
    received, began = 0, time.monotonic()
    try:
        while (piece := _next(pieces, received, began)) is not None:
            received += len(piece)
            yield piece
    finally:
        stopped.set()
        for answer in opened:  # so that the reader, which may wait for the next byte, ends now
            with suppress(Exception):
                answer.raw.shutdown()


def _next(pieces: queue.Queue[Any], received: int, began: float) -> bytes | None:
    """The next piece, None at the end."""
    while True:
        try:
            piece: bytes | Exception | None = pieces.get(timeout=min(1, GRACE))
        except queue.Empty:
            seconds = time.monotonic() - began
            if seconds > GRACE and received < SLOWEST * seconds:
                raise TooSlowError(f"only {received} bytes came in {seconds:.0f} seconds") from None
            continue
        if isinstance(piece, Exception):
            raise piece
        return piece


def _read(
    url: str,
    check: Callable[[Any], object],
    pieces: queue.Queue[Any],
    stopped: threading.Event,
    opened: list[Any],
) -> None:
    """Fill the queue until the end, an error, or nobody who waits."""
    import requests

    def put(piece: Any) -> None:
        while not stopped.is_set():
            with suppress(queue.Full):
                pieces.put(piece, timeout=1)
                return

    try:
        with requests.get(url, stream=True, timeout=TIMEOUT) as answer:
            opened.append(answer)
            check(answer)
            for piece in answer.iter_content(CHUNK):
                put(piece)
                if stopped.is_set():
                    return
    except Exception as error:
        put(error)
    else:
        put(None)
