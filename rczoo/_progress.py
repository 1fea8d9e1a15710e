"""Progress bars, on stderr, so that stdout stays for results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column

TEXT, BAR = 38, 10
"""Columns of the text and of the bar: with a count of six digits and two times, 80 hold them all."""


@contextmanager
def bars(hidden: bool = False, transient: bool = False, of_bytes: bool = False) -> Iterator[Progress]:
    """A rich ``Progress`` for bars, of steps or bytes, that an owner adds; silent until its ``start()``."""
    whole = Column(max_width=TEXT, no_wrap=True, overflow="ellipsis")
    text = TextColumn("{task.description}", markup=False, table_column=whole)
    count = DownloadColumn() if of_bytes else MofNCompleteColumn()
    columns = (text, BarColumn(BAR), count, TimeElapsedColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    hidden = hidden or (transient and not console.is_terminal)  # else rich leaves an empty line in a log
    progress = Progress(*columns, console=console, transient=transient, disable=hidden)
    try:
        yield progress
    finally:
        if progress.live.is_started:
            progress.stop()


@contextmanager
def bar(title: str, total: int, done: int = 0, hidden: bool = False) -> Iterator[Callable[[int], None]]:
    """A bar of ``total`` steps, of which ``done`` are behind, that vanishes; gives what advances it."""
    with bars(hidden, transient=True) as progress:
        task = progress.add_task(title, total=total, completed=done)
        progress.start()
        yield lambda steps: progress.advance(task, steps)
