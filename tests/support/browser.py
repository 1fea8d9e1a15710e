"""Chromium without a window, told what to do by its own protocol over a pipe."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from tempfile import TemporaryDirectory
from typing import Any

CHROMIUM = shutil.which("chromium")
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run")
PATIENCE = 120.0
"""Seconds: compiling WebAssembly beside other tests on two cores takes up to ten."""


class Browser:
    """One page of a browser."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write, self._numbers, self._rest = read, write, count(1), b""
        self._session: str | None = None
        self.requests: list[str] = []
        target = self.tell("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self.tell(f"{domain}.enable")
        self.tell("Page.setLifecycleEventsEnabled", enabled=True)

    def tell(self, method: str, **parameters: Any) -> Any:
        """Send one command of the protocol and return its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        answer = self._until(lambda got: got.get("id") == number)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def open(self, address: str, width: int = 1280) -> None:
        """Show a page at so many pixels of width, once it has loaded."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.tell("Emulation.setDeviceMetricsOverride", **size)
        loader = self.tell("Page.navigate", url=address)["loaderId"]
        self._until(  # "load" of this page, not of the one before
            lambda got: (
                got.get("method") == "Page.lifecycleEvent"
                and (got["params"]["loaderId"], got["params"]["name"]) == (loader, "load")
            )
        )

    def run(self, script: str) -> Any:
        """The value of an expression of JavaScript; a promise is awaited."""
        asked = {"expression": script, "awaitPromise": True, "returnByValue": True}
        answer = self.tell("Runtime.evaluate", **asked)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, script: str) -> Any:
        """The value of an expression once it is true."""
        end = time.monotonic() + PATIENCE
        while not (value := self.run(script)):
            assert time.monotonic() < end, f"still not so: {script}"
            time.sleep(0.05)
        return value

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press and release a key, by its name and its number."""
        for kind in ("keyDown", "keyUp"):
            pressed = {"key": key, "code": key, "windowsVirtualKeyCode": code, "text": text}
            self.tell("Input.dispatchKeyEvent", type=kind, **pressed)

    def _until(self, wanted: Any) -> Any:
        """Read messages up to the wanted one; note what the page asks for."""
        while True:
            *whole, self._rest = self._rest.split(b"\0")
            for number, text in enumerate(whole):
                got = json.loads(text)
                if got.get("method") == "Network.requestWillBeSent":
                    self.requests.append(got["params"]["request"]["url"])
                if wanted(got):
                    self._rest = b"\0".join([*whole[number + 1 :], self._rest])
                    return got
            assert select.select([self._read], [], [], PATIENCE)[0], "the browser does not answer"
            self._rest += os.read(self._read, 1 << 20)


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser that is closed at the end, with a profile of its own."""
    (theirs, write), (read, answers) = os.pipe(), os.pipe()
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = f'exec "$0" "$@" 3<&{theirs} 4>&{answers}'
        arguments = [str(CHROMIUM), *OPTIONS, f"--user-data-dir={folder}"]
        process = subprocess.Popen(
            ["bash", "-c", command, *arguments],
            pass_fds=(theirs, answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        os.close(answers)
        try:
            yield Browser(read, write)
        finally:
            process.terminate()
            process.wait()
            os.close(write)
            os.close(read)
