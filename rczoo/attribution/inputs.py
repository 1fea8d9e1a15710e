"""What ``rczoo explain`` reads: sequences, windows of a genome, and the name of a target."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..io.bad_lines import BadLines
from ..io.bed import read_located, window_start, within
from ..io.fasta import read_sequences
from ..io.genome import Genome
from ..symmetry import dna
from ..symmetry.rep import flip


class Read(NamedTuple):
    """``names`` (n,), ``codes`` and ``positions`` (n, length), and how many windows are ``padded`` with N."""

    names: list[str]
    codes: np.ndarray
    positions: np.ndarray
    padded: int = 0


def read_fasta(path: Path, length: int, crop: bool, bad: BadLines | None = None) -> Read:
    """The sequences of a FASTA file; positions count from the first base that is read.

    Raises ValueError listing the records that do not fit, unless ``bad`` leaves them out, or if none is left.
    """
    bad = BadLines(path.name) if bad is None else bad
    found = list(read_sequences(path, length, crop, bad=bad))
    bad.refuse()
    if not found:
        raise ValueError(f"{path.name}: no sequence can be read: {bad} left out")
    names, rows = zip(*found, strict=True)
    return Read(list(names), np.stack(rows), np.tile(np.arange(length), (len(rows), 1)))


def read_regions(genome_path: Path, bed_path: Path, length: int, bad: BadLines | None = None) -> Read:
    """One window around the summit or middle of each region, read 5'->3' on its strand, in the file's order.

    Beyond the ends of a chromosome a window is N. Raises ValueError for regions off their chromosome, unless
    ``bad`` leaves them out.
    """
    genome = Genome(genome_path)
    sites = read_located(bed_path, genome, bad)
    start = window_start(sites, length)
    codes = genome.windows(sites.chrom, start, length)
    codes[sites.reverse] = dna.complement_codes(codes[sites.reverse])
    positions = start[:, None] + np.arange(length)
    positions[sites.reverse] = flip(positions[sites.reverse])
    strands = np.where(sites.reverse, "-", "+")
    names = [
        f"{c}:{s}-{s + length}({t})" for c, s, t in zip(sites.chrom, start.tolist(), strands, strict=True)
    ]
    return Read(names, codes, positions, int((~within(sites, length, genome.lengths)).sum()))


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
