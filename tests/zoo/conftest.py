"""The documentation site, built once, and a browser to read it with."""

import os
import subprocess
import sys
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path

import pytest

from tests.support import browser

ROOT = Path(__file__).parents[2]


@contextmanager
def one_at_a_time(path):
    """Wait for whoever holds a lock file, and hold it."""
    with path.open("w") as file:
        flock(file, LOCK_EX)
        yield


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The whole site, built strictly, once for all workers: its folder; path of a page -> its text."""
    pytest.importorskip("mkdocs", reason="the site needs mkdocs: pip install 'rczoo[docs]'")
    folder = tmp_path_factory.getbasetemp()
    out = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", out]
    with one_at_a_time(out.with_suffix(".lock")):
        if not out.exists():
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr[-3000:]
    return out, {path.relative_to(out).as_posix(): path.read_text("utf-8") for path in out.rglob("*.html")}


@pytest.fixture(scope="module")
def page():
    """A browser to open pages in."""
    if not browser.CHROMIUM:
        pytest.skip("chromium is not installed")
    with browser.browser() as opened:
        yield opened
