"""How many forward passes a check makes, and how many it may make."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

QUICK, FULL = 12, 40
"""Forward passes that the checks of a model may take; a slow model's explanation counts towards them."""


class SpentError(Exception):
    """The forward passes, or the seconds, of a check are used up; its text says which."""


@dataclass
class Meter:
    """Counts forward passes. ``limit``: how many; ``seconds``: from now on, both without end by default.

    A pass that would probably end after the seconds is not begun, but for the first. ``spare``: for so many
    seconds in all, while :meth:`free` lasts, passes do not count towards the limit: ``freed`` are those.
    These are seconds of work, so that a busy machine explains as much. ``longest``: the most seconds that a
    pass took, and ``hardest`` the most seconds of work. ``drew``: whether a model drew random numbers in the
    last pass.
    """

    limit: float = float("inf")
    seconds: float = float("inf")
    spare: float = 0.0
    forwards: int = 0
    freed: int = 0
    longest: float = 0.0
    hardest: float = 0.0
    started: float = field(default_factory=lambda: time.monotonic())
    free_until: float = 0.0
    drew: bool = False

    @contextmanager
    def forward(self) -> Iterator[None]:
        """One forward pass. Raises SpentError in place of one too many."""
        begun = time.monotonic()
        if self.forwards and begun - self.started + self.longest > self.seconds:
            raise SpentError(f"the {self.seconds:g} seconds given are used up")
        worked = time.thread_time()
        if worked + self.hardest <= self.free_until:
            self.freed += 1
        elif self.forwards < self.limit:
            self.forwards += 1
        else:
            raise SpentError(f"the budget of {self.limit:.0f} forward passes is used up")
        yield
        self.longest = max(self.longest, time.monotonic() - begun)
        self.hardest = max(self.hardest, time.thread_time() - worked)

    @contextmanager
    def free(self) -> Iterator[None]:
        """While it lasts, and the spare seconds with it, forward passes are not limited."""
        before, begun = self.free_until, time.thread_time()
        self.free_until = begun + self.spare
        try:
            yield
        finally:
            self.free_until, self.spare = before, self.spare - (time.thread_time() - begun)

    @contextmanager
    def asked_for(self) -> Iterator[None]:
        """While it lasts, forward passes do not count towards the limit: the user asked for them."""
        forwards, limit = self.forwards, self.limit
        self.limit = float("inf")
        try:
            yield
        finally:
            self.limit = limit + self.forwards - forwards
