"""One rule for lines that cannot be used: all are read, listed and counted; then refused, or left out."""

from __future__ import annotations

from bisect import insort
from collections import Counter

SHOWN = 10
"""How many bad lines an error shows: enough to see what they have in common."""


class LineError(ValueError):
    """A line that cannot be used: ``reason`` in two words, by which lines are counted, and a sentence."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class BadLines:
    """The bad lines of one file. ``skip`` leaves them out; ``option`` is what the user writes for that.

    ``reasons`` counts them.
    """

    def __init__(self, file: str, skip: bool = False, option: str = "") -> None:
        self.file, self.skip, self.option = file, skip, option
        self.reasons: Counter[str] = Counter()
        self._first: list[tuple[int, str]] = []

    def add(self, line: int, error: LineError) -> None:
        """One more bad line, by its number from 1; 0 for what lies in no line."""
        self.reasons[error.reason] += 1
        insort(self._first, (line, str(error)))
        del self._first[SHOWN:]

    def refuse(self) -> None:
        """Raise ValueError, which lists them by line, if there are any and they are not to be left out."""
        number = self.reasons.total()
        if self.skip or not number:
            return
        shown = [f"line {line}: {message}" if line else message for line, message in self._first]
        remedy = f"; {self.option} leaves such lines out" if self.option else ""
        if number == 1:
            raise ValueError(f"{self.file} {shown[0]}{remedy}".strip())
        more = f"; and {number - SHOWN} more" if number > SHOWN else ""
        raise ValueError(f"{self.file} has {number} bad lines: {'; '.join(shown)}{more}{remedy}")

    def __str__(self) -> str:
        """What was left out, in words; empty if nothing was."""
        return ", ".join(f"{number} {reason}" for reason, number in self.reasons.items())
