"""Peaks whose sequence a file holds: FASTA with places for names, or DeepBind's tables of ENCODE peaks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...io import bed, chromosomes
from ...io.bad_lines import BadLines, LineError
from ...io.bed import Intervals
from ...io.fasta import Reading, records
from ...io.text import text_lines
from ...symmetry import dna
from ..examples import Arrays, Prepared
from ..schema import DeepBindData, PeakData
from ..task import AGAINST_PEAKS, AGAINST_SHUFFLES, SPLITS, Task
from .matched_negatives import match
from .shuffles import dinucleotide_shuffles
from .splits import listed_chromosomes, split_of

PLACE = re.compile(r"(\S+):([0-9]+)-([0-9]+)")
COLUMNS = ["FoldID", "EventID", "seq", "Bound"]


@dataclass(frozen=True)
class Peaks:
    """Sequences, codes (n, length), and where they lie."""

    codes: np.ndarray
    places: Intervals

    def take(self, rows: np.ndarray) -> Peaks:
        """The peaks chosen by indices or a mask."""
        return Peaks(self.codes[rows], self.places.take(rows))

    @property
    def gc(self) -> np.ndarray:
        """The share of G and C: (n,)."""
        share: np.ndarray = np.isin(self.codes, dna.encode("CG")).mean(axis=1)
        return share

    def examples(self, label: float) -> Arrays:
        """Arrays of examples with a label."""
        target = np.full((len(self.codes), 1), label, dtype=np.float32)
        return {"codes": self.codes, "target": target, "chrom": self.places.chrom, "start": self.places.start}


def peaks(task: Task) -> Prepared:
    """Peaks of a factor, other peaks that lie far from them, and a shuffle of each, by chromosome.

    A shuffle counts as lying where its peak does. "test-peaks" are the test peaks against the others of their
    GC content, "test-shuffles" against the shuffles.
    """
    data = task.data_from(PeakData)
    own, others = (read_peaks(task.path(name), task.length) for name in (data.positives, data.negatives))
    far = bed.distance_to(others.places, own.places) > data.distance
    notes = [f"{int((~far).sum())} of {len(far)} other peaks within {data.distance} bases: left out"]
    others, rng = others.take(far), np.random.default_rng(data.seed)
    shuffled = Peaks(dinucleotide_shuffles(own.codes, rng), own.places)
    arrays = {}
    for split, rows, far_rows in _divided(own, others, data):
        bound, shuffles, unbound = own.take(rows), shuffled.take(rows), others.take(far_rows)
        arrays[split] = joined(bound.examples(1), unbound.examples(0), shuffles.examples(0))
        if split == "test":
            alike = unbound.take(match(bound.gc, unbound.gc, 1, rng))
            arrays[AGAINST_PEAKS] = joined(bound.examples(1), alike.examples(0))
            arrays[AGAINST_SHUFFLES] = joined(bound.examples(1), shuffles.examples(0))
    return arrays, notes


def deepbind(task: Task) -> Prepared:
    """The authors' test; their training peaks, a share of which validates, each beside a shuffle of it."""
    data = task.data_from(DeepBindData)
    codes, bound = read_events(task.path(data.peaks), task.length)
    if not bound.all():
        raise ValueError(f"{data.peaks} has {int((~bound).sum())} unbound sequences: give peaks alone")
    rng = np.random.default_rng(data.seed)
    drawn = rng.permutation(len(codes)) < round(data.validation * len(codes))
    shuffled = dinucleotide_shuffles(codes, rng)
    tested, truth = read_events(task.path(data.test), task.length)
    parts = {"train": ~drawn, "validation": drawn}
    arrays = {
        split: joined(_labelled(codes[rows], 1), _labelled(shuffled[rows], 0))
        for split, rows in parts.items()
    }
    target = truth.astype(np.float32)[:, None]
    return {**arrays, "test": {"codes": tested, "target": target}}, []


def read_peaks(path: Path, length: int) -> Peaks:
    """Peaks of a FASTA file whose names are places, ``chr1:100-200``, counted from 0, end excluded.

    Raises ValueError listing the records that have another name, another length or other letters.
    """
    bad, reading, found = BadLines(path.name), Reading(length), list[tuple[str, int, int, np.ndarray]]()
    for line, name, letters in records(path):
        try:
            found.append((*_place(name, length), reading.codes(name, letters)))
        except LineError as error:
            bad.add(line, error)
    bad.refuse()
    if not found:
        raise ValueError(f"{path.name} has no sequences: expected FASTA, '>chr1:100-200', then bases")
    chrom, start, end, codes = zip(*found, strict=True)
    first, last = np.array(start, dtype=np.int64), np.array(end, dtype=np.int64)
    strand = np.zeros(len(first), dtype=bool)
    return Peaks(np.stack(codes), Intervals(np.array(chrom), first, last, (first + last) // 2, strand))


def read_events(path: Path, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Sequences (n, length) and whether they are bound (n,), of a table of DeepBind's ENCODE peaks."""
    rows = [line.rstrip("\n").split("\t") for line in text_lines(path, "peaks")]
    if not rows or rows[0] != COLUMNS:
        raise ValueError(f"{path.name} begins {rows[:1]}, expected the columns {', '.join(COLUMNS)}")
    bad, reading, codes = BadLines(path.name), Reading(length), list[np.ndarray]()
    for number, row in enumerate(rows[1:], 2):
        try:
            codes.append(_event(row, reading))
        except LineError as error:
            bad.add(number, error)
    bad.refuse()
    return np.stack(codes), np.array([row[3] == "1" for row in rows[1:]])


def joined(*parts: Arrays) -> Arrays:
    """Sets of examples as one."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _labelled(codes: np.ndarray, label: float) -> Arrays:
    return {"codes": codes, "target": np.full((len(codes), 1), label, dtype=np.float32)}


def _place(name: str, length: int) -> tuple[str, int, int]:
    """Chromosome, start and end in a record's name; LineError where it is none, or not of this length."""
    match = PLACE.fullmatch(name)
    if not match or int(match[3]) - int(match[2]) != length:
        raise LineError("no place", f"name {name[:40]!r}: write the place of {length} bases, as chr1:100-200")
    return match[1], int(match[2]), int(match[3])


def _event(row: list[str], reading: Reading) -> np.ndarray:
    if len(row) != len(COLUMNS) or row[3] not in ("0", "1"):
        told = f"{' '.join(row)[:60]!r}: expected {', '.join(COLUMNS)}, bound 0 or 1"
        raise LineError("not an event", told)
    return reading.codes(row[1], row[2])


def _divided(own: Peaks, others: Peaks, data: PeakData) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Each split with its peaks of the factor and its other peaks, as masks."""
    known = set(own.places.chrom.tolist())

    def resolve(names: Sequence[str]) -> dict[str, str]:
        found = chromosomes.match(names, known)
        for name in names:
            if name not in found:
                raise ValueError(f"{data.positives} has no peak on {name}: name others in [data] splits")
        return found

    listed = listed_chromosomes(data.splits)
    where, elsewhere = (split_of(peaks.places.chrom, listed, resolve) for peaks in (own, others))
    for split in SPLITS:
        yield split, where == split, elsewhere == split
