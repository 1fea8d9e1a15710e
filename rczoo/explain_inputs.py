"""What ``rczoo explain`` reads: sequences or windows of a genome, and the names of a model's targets."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import dna
from .genome import Genome
from .intervals import read_bed, window_start, within
from .sequences import read_sequences


class Read(NamedTuple):
    """``names`` (n,), ``codes`` and ``positions`` (n, length), and how many windows are ``padded`` with N."""

    names: list[str]
    codes: np.ndarray
    positions: np.ndarray
    padded: int = 0


def read_fasta(path: Path, length: int, crop: bool) -> Read:
    """The sequences of a FASTA file; positions count from the first base that is read."""
    names, rows = zip(*read_sequences(path, length, crop), strict=True)
    return Read(list(names), np.stack(rows), np.tile(np.arange(length), (len(rows), 1)))


def read_regions(genome_path: Path, bed_path: Path, length: int) -> Read:
    """One window around the summit or middle of each region, read 5'->3' on its strand, in the file's order.

    Beyond the ends of a chromosome a window is N. Raises ValueError for regions off their chromosome.
    """
    sites, genome = read_bed(bed_path), Genome(genome_path)
    if not len(sites):
        raise ValueError(f"{bed_path.name} has no regions: give a BED file with at least one line")
    sites = sites.renamed(genome.resolve(sites.chrom))
    ends = np.array([genome.lengths[str(chrom)] for chrom in sites.chrom])
    for n in np.flatnonzero(sites.end > ends)[:1]:
        raise ValueError(
            f"{bed_path.name}: region {sites.chrom[n]}:{sites.start[n]}-{sites.end[n]} runs off its "
            f"chromosome, which has {ends[n]} bases in {genome.name}: use the genome the regions were made on"
        )
    start = window_start(sites, length)
    codes = genome.windows(sites.chrom, start, length)
    codes[sites.reverse] = dna.complement_codes(codes[sites.reverse])
    positions = start[:, None] + np.arange(length)
    positions[sites.reverse] = positions[sites.reverse, ::-1]
    strands = np.where(sites.reverse, "-", "+")
    names = [
        f"{c}:{s}-{s + length}({t})" for c, s, t in zip(sites.chrom, start.tolist(), strands, strict=True)
    ]
    return Read(names, codes, positions, int((~within(sites, length, genome.lengths)).sum()))


def target_names(config: dict[str, Any]) -> list[str]:
    """The names of a checkpoint's labels or factors, as its task gives them; none where it does not."""
    from .simulation import motifs
    from .tasks import list_tasks, load_task

    if config.get("task") not in list_tasks():
        return []
    data = load_task(config["task"]).data
    if data["source"] == "simulation":
        return list(motifs())
    return [factor["name"] for factor in data.get("factors", [])]


def numbered_target(target: str | None, names: list[str]) -> str | None:
    """A target with its name as a number: ``GATA`` as ``1``, ``profile:Gcn4`` as ``profile:0``.

    The start of a name is enough where no other starts so.
    """
    if target is None or not names:
        return target
    kind, colon, name = target.rpartition(":")
    if not colon and name in ("profile", "counts"):
        return target
    found = [n for n, known in enumerate(names) if known.lower().startswith(name.lower())]
    exact = [n for n, known in enumerate(names) if known.lower() == name.lower()]
    if name.isdecimal() or len(exact or found) != 1:
        if not name.isdecimal():
            raise ValueError(f"target {target!r}: choose one of {', '.join(names)}, or its number")
        return target
    return f"{kind}{colon}{(exact or found)[0]}"
