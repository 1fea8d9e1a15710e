from functools import partial
from io import StringIO

import pytest
from rich.console import Console
from rich.text import Text

from rczoo import _progress
from rczoo._progress import bar, bars


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


@pytest.mark.parametrize("of_bytes", [False, True])
def test_a_bar_is_whole_in_80_columns_and_shows_names_as_they_are(monkeypatch, of_bytes):
    screen = StringIO()
    console = Console(file=screen, force_terminal=True, width=80)
    monkeypatch.setattr(_progress, "Console", lambda stderr: console)
    with bars(of_bytes=of_bytes) as progress:
        progress.add_task("epoch 123: loss 0.123 auroc [/x] 0.9 and more", total=123456, completed=123456)
        progress.start()
    [line] = {line for line in Text.from_ansi(screen.getvalue()).plain.splitlines() if "epoch" in line}
    assert line.startswith("epoch 123: loss 0.123 auroc [/x] 0.")
    assert ("123.5/123.5 kB" if of_bytes else "123456/123456") in line
    assert line.rstrip().endswith("0:00:00 -:--:--")
    assert len(line) <= 80
