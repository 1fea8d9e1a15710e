"""One run by several processes: each answers for some batches, in its own journal, and one joins them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .journal import BLOCK, Journal, kept

Compute = Callable[[int, int], Iterable[np.ndarray]]
"""From the first and the last record to their values (n, size), batch by batch."""


class Shard(NamedTuple):
    """Part ``number`` of ``of``, counted from 1, of a run's batches."""

    number: int
    of: int

    @classmethod
    def read(cls, text: str) -> Shard:
        """From ``"3/8"``; ValueError for what is no part."""
        found = re.fullmatch(r"(\d+)/(\d+)", text)
        shard = cls(*map(int, found.groups())) if found else cls(0, 0)
        if not 1 <= shard.number <= shard.of:
            raise ValueError(f"--shard {text}: give a part and the number of parts, as 3/8")
        return shard

    def records(self, number: int, batch: int) -> range:
        """Its records of ``number``: whole batches, as evenly as they divide."""
        batches = -(-number // batch)
        first, last = (batches * n // self.of * batch for n in (self.number - 1, self.number))
        return range(min(first, number), min(last, number))

    def target(self, target: Path) -> Path:
        """What its journal stands beside."""
        return target.with_name(f"{target.name}.{self.number}-of-{self.of}")

    def about(self, about: dict[str, Any]) -> dict[str, Any]:
        """What tells its journal from those of other runs and parts."""
        return {**about, "shard": [self.number, self.of]}


def fill(journal: Journal, records: range, compute: Compute, advance: Callable[[int], object]) -> None:
    """Compute what the journal lacks of its ``records``."""
    for values in compute(records.start + journal.done, records.stop):
        journal.append(values)
        advance(len(values))


class Shards:
    """What shards of a run have left beside its ``target``: whole parts alone are taken over."""

    def __init__(self, target: Path, about: dict[str, Any], size: int) -> None:
        self.target, self.about, self.size = target, about, size

    def join(
        self, journal: Journal, number: int, batch: int, compute: Compute, advance: Callable[[int], object]
    ) -> None:
        """Fill the journal with the shards' records, and compute what none has."""
        for records, values in self._whole(number, batch):
            if records.stop <= journal.done:
                continue
            fill(journal, range(max(records.start, journal.done)), compute, advance)
            for begin in range(journal.done - records.start, len(values), BLOCK):
                part = values[begin : begin + BLOCK]
                journal.append(part)
                advance(len(part))
        fill(journal, range(number), compute, advance)

    def remove(self) -> None:
        """The result is written: no shard of it is needed, whatever it was of."""
        for shard in self._found():
            Journal.beside(shard.target(self.target)).unlink()

    def _whole(self, number: int, batch: int) -> list[tuple[range, np.ndarray]]:
        """The records and the values of each part that is whole, in their order."""
        parts = []
        for shard in self._found():
            records = shard.records(number, batch)
            values = kept(shard.target(self.target), shard.about(self.about), self.size)
            if values is not None and records and len(values) == len(records):
                parts.append((records, values))
        return sorted(parts, key=lambda part: (part[0].start, part[0].stop))

    def _found(self) -> Iterator[Shard]:
        name = re.escape(self.target.name)
        for path in sorted(self.target.parent.glob(".*.partial")):
            if found := re.fullmatch(rf"\.{name}\.(\d+)-of-(\d+)\.partial", path.name):
                yield Shard(*map(int, found.groups()))
