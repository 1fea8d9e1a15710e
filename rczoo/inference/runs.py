"""From sequences or regions to tables and bigWigs, in two steps: every window's answer, then the files.

The answers are kept as they come, so a killed run goes on; the files are written from them at the end, whole.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .._progress import bar
from .._version import __version__
from ..files.atomic import is_stream, written_whole
from ..files.cache import stamp
from ..files.journal import Journal
from ..files.shards import Compute, Shard, Shards, fill
from ..io.bad_lines import BadLines
from ..io.bed import read_bed
from ..io.fasta import Reading, Sequences
from ..io.genome import Genome
from ..symmetry import dna
from .bigwig_output import merged, write_bigwigs
from .controls import ZEROS, Controls, check_control, open_controls, zero_control
from .outputs import Outputs
from .prediction import answer, sides
from .regions import Regions, Tiling
from .tables import region_table, sequence_table, write_table

Batch = tuple[np.ndarray, np.ndarray | None, np.ndarray]
"""Codes (n, length), control tracks, and which rows are to be read on their other strand."""


@dataclass(frozen=True)
class Places:
    """Where the results go: a table, and bigWigs by channel name."""

    table: Path | None = None
    tracks: dict[str, Path] = field(default_factory=dict)

    def paths(self) -> list[Path]:
        """All of them, the table first."""
        return [*([self.table] if self.table else []), *self.tracks.values()]


def identity(config: dict[str, Any], inputs: Iterable[Path | None], options: list[Any]) -> dict[str, Any]:
    """What tells one run from another: the model, the files as they are now, options and versions."""
    files = [path for path in inputs if path and path.is_file()]
    return {
        "model": [config["sha256"], config["model"]],
        "inputs": {str(path.resolve()): stamp(path) for path in files},
        "options": options,
        "versions": [__version__, str(torch.__version__)],
    }


def sequence_batches(
    sequences: Sequences, model: Any, outputs: Outputs, records: range, size: int
) -> Iterator[Batch]:
    """Batches of a FASTA file; the control tracks, if the model reads any, are zeros."""
    for codes in sequences.batches(records.start, records.stop, size):
        yield codes, zero_control(model.rep_in, len(codes), outputs), np.zeros(len(codes), dtype=bool)


def region_batches(regions: Regions, controls: Controls | None, records: range, size: int) -> Iterator[Batch]:
    """Batches of windows in genome orientation; those of minus-strand regions are to be turned."""
    for windows, codes in regions.batches(records.start, records.stop, size):
        control = None
        if controls is not None:
            chrom = regions.sites.chrom[windows.region]
            control = controls.windows(chrom, windows.first, regions.outputs.positions)
        yield codes, control, regions.sites.reverse[windows.region]


def disagreement(journal: Journal, outputs: Outputs) -> dict[str, float]:
    """How far the two strands' answers are apart: the largest and mean difference, and the calls that flip.

    A call is the sign of a logit, or, in a profile, the position where a channel is highest.
    """
    largest = total = flips = 0.0
    for record in journal.read(0, journal.done):
        given, other = record.reshape(2, len(outputs.channels), -1)
        gap = np.abs(given - other)
        largest, total = max(largest, float(gap.max())), total + float(gap.mean())
        called = [x.argmax(-1) if outputs.positions else x[:, 0] > 0 for x in (given, other)]
        flips += float((called[0] != called[1]).mean())
    return {
        "largest_difference": largest,
        "mean_difference": total / max(journal.done, 1),
        "flips": flips / max(journal.done, 1),
    }


@dataclass(frozen=True)
class Answers:
    """What ``number`` inputs are answered, ``size`` numbers each, kept in a journal beside ``output``.

    A ``shard`` keeps its part alone in a journal of its own, which :meth:`kept` takes over without one.
    For a stream, which has no place, the journal is a temporary file.
    """

    output: Path
    about: dict[str, Any]
    number: int
    size: int
    batch: int
    shard: Shard | None = None

    @contextmanager
    def kept(self, compute: Compute, title: str, quiet: bool) -> Iterator[tuple[Journal, int]]:
        """The journal with all answers, and how many an interrupted run left; removed at the end."""
        with ExitStack() as stack:
            target = self._target(stack)
            if self.shard:
                target, about = self.shard.target(target), self.shard.about(self.about)
                records = self.shard.records(self.number, self.batch)
            else:
                about, records = self.about, range(self.number)
            journal = stack.enter_context(Journal(target, about, self.size, self.batch))
            before, shards = journal.done, Shards(target, self.about, self.size)
            with bar(title, len(records), before, quiet) as advance:
                if self.shard:
                    fill(journal, records, compute, advance)
                else:
                    shards.join(journal, self.number, self.batch, compute, advance)
            yield journal, before
            if not self.shard:
                shards.remove()
                journal.remove()

    def _target(self, stack: ExitStack) -> Path:
        if not is_stream(self.output):
            return self.output.resolve()
        if self.shard:
            raise ValueError(f"--shard keeps its answers beside the output: {self.output} is no file")
        return Path(stack.enter_context(tempfile.TemporaryDirectory())) / "stream"


@dataclass(frozen=True)
class PredictionRun:
    """One run of ``rczoo predict``: which model, where results go, which strand is answered for.

    ``about`` tells this run from another, so that only its own answers are gone on with.
    """

    name: str
    model: Any
    config: dict[str, Any]
    outputs: Outputs
    places: Places
    strand: str
    batch_size: int
    about: dict[str, Any]
    quiet: bool = False
    shard: Shard | None = None

    @property
    def both(self) -> bool:
        """Whether both strands' answers are wanted."""
        return self.strand == "both"

    def sequences(self, path: Path, reading: Reading, control: list[str], bad: BadLines) -> dict[str, Any]:
        """Predict a FASTA file; the summary."""
        check_control(self.model.rep_in, control, self.name)
        if control not in ([], [ZEROS]):
            raise ValueError(f"sequences have no place in a control's genome: give --control {ZEROS}")
        found = Sequences(path, reading, bad)

        def batches(records: range) -> Iterator[Batch]:
            return sequence_batches(found, self.model, self.outputs, records, self.batch_size)

        with self._journal(len(found), batches) as (journal, summary):
            if not self.shard:
                with written_whole(self.places.paths()) as [table]:
                    write_table(table, *sequence_table(found, journal, self.outputs, self.both))
            return {"sequences": len(found), "skipped": dict(bad.reasons), **summary}

    def regions(
        self, genome: Genome, bed: Path | None, tiling: Tiling, control: list[str], bad: BadLines
    ) -> dict[str, Any]:
        """Predict the regions of a BED file, or a whole genome; the summary."""
        check_control(self.model.rep_in, control, self.name)
        sites = None if bed is None else read_bed(bed, bad)
        found = Regions(genome, sites, self.outputs, tiling, bad)
        controls = open_controls(self.model.rep_in, control, genome, self.config)
        if controls is not None:
            controls.check(found.sites.chrom)

        def batches(records: range) -> Iterator[Batch]:
            return region_batches(found, controls, records, self.batch_size)

        with self._journal(len(found), batches) as (journal, summary):
            if not self.shard:
                self._write_regions(found, journal)
            counted = {"regions": len(found.names), "padded": found.padded(), "notes": found.notes}
            return {**counted, "skipped": dict(bad.reasons), **summary}

    def _answered(self, batch: Batch) -> np.ndarray:
        """Records (strands, channels, positions) of a batch, flat."""
        codes, control, reverse = batch
        inputs = [dna.one_hot(codes)]
        if control is not None:
            inputs.append(torch.from_numpy(control))
        answers = [answer(self.model, inputs, reverse ^ other) for other in sides(self.strand)]
        values = [self.outputs.values(given) for given in answers]
        return np.stack(values, axis=1).reshape(len(codes), -1)

    def _write_regions(self, found: Regions, journal: Journal) -> None:
        """The table and the bigWigs, whole or not at all."""
        places, outputs = self.places, self.outputs
        with written_whole(places.paths()) as made:
            temporary = dict(zip(places.paths(), made, strict=True))
            if places.table:
                write_table(temporary[places.table], *region_table(found, journal, outputs, self.both))
            if places.tracks:
                paths = [temporary.get(places.tracks.get(channel, Path())) for channel in outputs.channels]
                merged_runs = merged(found, journal.read(0, journal.done))
                lengths = {name: size for name, size in found.genome.lengths.items() if size}
                most = int(np.maximum(found.sites.end - found.sites.start, outputs.reach).sum())
                write_bigwigs(paths, lengths, merged_runs, min(most, sum(lengths.values())))

    @contextmanager
    def _journal(
        self, number: int, batches: Callable[[range], Iterator[Batch]]
    ) -> Iterator[tuple[Journal, dict[str, Any]]]:
        """The journal of this run with all its answers, and what the summary says of them."""
        size = self.outputs.size * (1 + self.both)
        run = Answers(self.places.paths()[0], self.about, number, size, self.batch_size, self.shard)

        def compute(first: int, last: int) -> Iterator[np.ndarray]:
            return map(self._answered, batches(range(first, last)))

        with run.kept(compute, "predict", self.quiet) as (journal, before):
            apart = disagreement(journal, self.outputs) if self.both else {}
            yield journal, {"windows": number, "resumed_from": before, "strand": self.strand, **apart}
