"""From sequences or regions to tables and bigWigs, in two steps: every window's answer, then the files.

The answers are kept as they come, so a killed run goes on; the files are written from them at the end, whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .bigwigs import merged, write_bigwigs
from .controls import ZEROS, check_control, open_controls
from .genome import Genome
from .intervals import read_bed
from .journal import Journal
from .predict_runs import Places, disagreement, fill, region_batches, sequence_batches
from .prediction_tables import region_table, sequence_table, write_table
from .progress import bar
from .readout import Readout
from .regions import Regions
from .sequences import Sequences
from .whole import whole


@dataclass(frozen=True)
class Request:
    """What is asked: which model, where results go, which strand; ``about`` tells one run from another."""

    name: str
    model: Any
    config: dict[str, Any]
    readout: Readout
    places: Places
    strand: str
    batch_size: int
    about: dict[str, Any]
    quiet: bool = False

    @property
    def both(self) -> bool:
        """Whether both strands' answers are wanted."""
        return self.strand == "both"


def sequences(request: Request, path: Path, crop: bool, control: list[str]) -> dict[str, Any]:
    """Predict a FASTA file; the summary."""
    check_control(request.model.rep_in, control, request.name)
    if control not in ([], [ZEROS]):
        raise ValueError(f"sequences have no place in a control's genome: give --control {ZEROS}")
    readout = request.readout
    found = Sequences(path, readout.length, crop)
    with _journal(request, len(found)) as (journal, summary, advance):
        batches = sequence_batches(found, request.model, readout, journal.done, request.batch_size)
        fill(journal, request.model, readout, request.strand, batches, advance)
        with whole(request.places.paths()) as [table]:
            write_table(table, *sequence_table(found, journal, readout, request.both))
        return {"sequences": len(found), **summary()}


def regions(
    request: Request, genome_path: Path, bed: Path | None, step: int | None, control: list[str]
) -> dict[str, Any]:
    """Predict the regions of a BED file, or a whole genome; the summary."""
    check_control(request.model.rep_in, control, request.name)
    genome, readout = Genome(genome_path), request.readout
    sites = None if bed is None else read_bed(bed)
    found = Regions(genome, sites, readout, max(readout.reach // 2, 1) if step is None else step)
    controls = open_controls(request.model.rep_in, control, genome, request.config)
    with _journal(request, len(found)) as (journal, summary, advance):
        batches = region_batches(found, controls, journal.done, request.batch_size)
        fill(journal, request.model, readout, request.strand, batches, advance)
        _write_regions(request, found, journal)
        counted = {"regions": len(found.names), "padded": found.padded(), "notes": found.notes}
        return {**counted, **summary()}


def _write_regions(request: Request, found: Regions, journal: Journal) -> None:
    """The table and the bigWigs, whole or not at all."""
    places, readout = request.places, request.readout
    with whole(places.paths()) as made:
        temporary = dict(zip(places.paths(), made, strict=True))
        if places.table:
            write_table(temporary[places.table], *region_table(found, journal, readout, request.both))
        if places.tracks:
            paths = [temporary.get(places.tracks.get(channel, Path())) for channel in readout.channels]
            runs = merged(found, journal.read(0, journal.done))
            most = int(np.maximum(found.sites.end - found.sites.start, readout.reach).sum())
            write_bigwigs(paths, found.genome.lengths, runs, min(most, sum(found.genome.lengths.values())))


@contextmanager
def _journal(request: Request, number: int) -> Iterator[tuple[Journal, Any, Any]]:
    """The journal of this run with a progress bar; removed when the results are written."""
    first, size = request.places.paths()[0], request.readout.size * (1 + request.both)
    with Journal(first, request.about, size, request.batch_size) as journal:
        before = journal.done

        def summary() -> dict[str, Any]:
            apart = disagreement(journal, request.readout) if request.both else {}
            return {"windows": number, "resumed_from": before, "strand": request.strand, **apart}

        with bar("predict", number, before, request.quiet) as advance:
            yield journal, summary, advance
        journal.remove()
