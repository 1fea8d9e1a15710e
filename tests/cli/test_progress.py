from functools import partial
from io import StringIO

import pytest
from rich.console import Console

from rczoo import _progress
from rczoo._progress import bar


@pytest.mark.parametrize("hidden", [False, True])
def test_a_bar_counts_on_stderr_and_vanishes(hidden, monkeypatch, capsys):
    screen = StringIO()
    console = partial(Console, file=screen)
    monkeypatch.setattr(_progress, "Console", lambda stderr: console(force_terminal=stderr))
    with bar("windows", 7, 3, hidden) as advance:
        advance(4)
    assert ("7/7" in screen.getvalue()) is not hidden
    assert capsys.readouterr() == ("", "")


def test_a_bar_leaves_nothing_in_a_log(capsys):
    with bar("windows", 2) as advance:
        advance(2)
    assert capsys.readouterr() == ("", "")
