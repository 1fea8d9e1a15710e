"""What a task file may hold: a frozen model for each of its tables, with every default.

The description of a field completes the words "write ..." of the message on a wrong value, and is what an
editor shows, whose schema ``task_file.py`` makes from the same models.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field
from pydantic import model_validator as checked

from ..symmetry.rep import REGULAR, TRIVIAL, Rep
from .fields import (
    FLAG,
    TEXT,
    Chromosomes,
    Consensus,
    FileName,
    FileNames,
    Files,
    MaybeFiles,
    Names,
    Positions,
    StrictInt,
    Table,
    Width,
    one_of,
    table,
    tables,
    whole,
)

STRANDS = ("plus", "minus", "both")


class Counts(Table):
    """Numbers of examples."""

    train: Annotated[int, whole(0)]
    validation: Annotated[int, whole(0)]
    test: Annotated[int, whole(0)]


class Splits(Table):
    """Chromosomes of each split; without a list the training split has those that no other names."""

    train: Chromosomes = None
    validation: Chromosomes = None
    test: Chromosomes = None


class Tracks(Table):
    """bigWig files: of each strand, or of both together; several are added up.

    ``sign`` is that of the values in the minus strand's files.
    """

    plus: MaybeFiles = None
    minus: MaybeFiles = None
    both: MaybeFiles = None
    sign: Annotated[
        Literal[-1] | None, Field(description="-1, where the minus strand is written negative")
    ] = None

    @checked(mode="after")
    def _strands(self) -> Self:
        given = [word for word in STRANDS if getattr(self, word)]
        if given not in (["plus", "minus"], ["both"]):
            raise ValueError(f"gives {' and '.join(given) or 'no strand'}: give plus and minus, or both")
        if self.sign and self.both:
            raise ValueError("gives both and sign, which is the minus strand's: leave sign out")
        return self


class Control(Tracks):
    """Control tracks, strands added up, smoothed at each of the widths."""

    widths: Annotated[tuple[Width, ...], Field(min_length=1, description="a list of odd whole numbers")]


class Matched(Table):
    """Negatives taken from sites that the factor does not bind, alike in GC content."""

    sites: Files
    distance: Annotated[int, whole(0)]
    per_positive: Annotated[int, whole(1)]
    seed: Annotated[int, whole(0)]


class Factor(Table):
    """One factor of a ChIP-exo experiment."""

    name: Annotated[str, TEXT]
    events: FileName
    profiles: FileName


class SimulationData(Table):
    """Sequences made on the spot, with planted motifs."""

    source: Literal["simulation"]
    per_motif: Annotated[int, whole(1)]
    counts: Annotated[Counts, table(Counts)]
    label_noise: Annotated[float, Field(strict=True, ge=0, le=1, description="a number from 0 to 1")]
    seed: Annotated[int, whole(0)]
    planted_labels: Annotated[bool, FLAG] = False


class ChipExoData(Table):
    """Tables of read signal around the events of factors."""

    source: Literal["chalmers-chipexo"]
    splits: Annotated[Splits, table(Splits)]
    out_length: Positions = None
    genome: FileNames
    columns: Annotated[tuple[StrictInt, StrictInt], Field(description="two whole numbers, as [-48, 50]")]
    factors: Annotated[tuple[Factor, ...], tables(Factor)]


class IntervalData(Table):
    """Windows of a genome around sites, with labels or with signal.

    ``skip_bad`` leaves out lines of BED files that cannot be used, which are refused otherwise.
    """

    source: Literal["intervals"]
    splits: Annotated[Splits, table(Splits)]
    out_length: Positions = None
    genome: Files
    positives: Files
    negatives: MaybeFiles = None
    matched: Annotated[Matched | None, table(Matched)] = None
    merge: Annotated[int | None, whole(0)] = None
    assay: Annotated[Literal["transcription"] | None, one_of("transcription")] = None
    jitter: Annotated[int, whole(0)] = 0
    minimum_counts: Annotated[float | None, Field(strict=True, ge=0, description="a number >= 0")] = None
    signal: Annotated[tuple[Tracks, ...] | None, tables(Tracks)] = None
    control: Annotated[Control | None, table(Control)] = None
    names: Names = None
    skip_bad: Annotated[bool | None, FLAG] = None

    @property
    def tracks(self) -> Rep:
        """How RC acts on the signal: a pair of strands for each table, or one track of both together."""
        return sum((REGULAR if table.plus else TRIVIAL for table in self.signal or ()), Rep())

    @checked(mode="after")
    def _negatives(self) -> Self:
        if self.negatives and self.matched:
            raise ValueError("gives both negatives and matched: keep one")
        return self


class TableData(Table):
    """Files of sequences with labels, one a split; ``skip_bad`` leaves out lines that cannot be used."""

    source: Literal["table"]
    train: FileName
    validation: FileName
    test: FileName
    clean: Annotated[bool, FLAG] = False
    names: Names = None
    skip_bad: Annotated[bool | None, FLAG] = None


class PeakData(Table):
    """Peaks of a factor, in FASTA whose names are places; beside them other peaks, and a shuffle of each.

    Other peaks count only farther than ``distance`` bases from any peak of the factor.
    """

    source: Literal["peaks"]
    positives: FileName
    negatives: FileName
    distance: Annotated[int, whole(0)]
    seed: Annotated[int, whole(0)]
    splits: Annotated[Splits, table(Splits)]
    names: Names = None


class DeepBindData(Table):
    """Peaks of ENCODE as DeepBind's authors give them: those to train on, and their own test.

    A share of the peaks validates, and each has a shuffle of it for a negative.
    """

    source: Literal["deepbind-encode"]
    peaks: FileName
    test: FileName
    validation: Annotated[float, Field(strict=True, gt=0, lt=1, description="a share between 0 and 1")]
    seed: Annotated[int, whole(0)]
    names: Names = None


class TiledFactor(Table):
    """A factor, and BED files of its sites."""

    name: Annotated[str, TEXT]
    sites: Files


class TileData(Table):
    """Windows every ``step`` bases of a genome, where there are ``places`` or sites; a label for each factor.

    Of a site nearer than ``margin`` to the end of a window, that window says nothing.
    """

    source: Literal["tiles"]
    genome: Files
    places: Files
    step: Annotated[int, whole(1)]
    margin: Annotated[int, whole(0)]
    splits: Annotated[Splits, table(Splits)]
    factors: Annotated[tuple[TiledFactor, ...], tables(TiledFactor)]


class MemoryData(Table):
    """No files: the examples are in memory. No task file can say so."""

    source: Literal["memory"] = "memory"
    out_length: Positions = None


class Symmetry(Table):
    """The motif that tells a profile's orientation, and how far from the centre it is looked for."""

    motif: Annotated[str | None, TEXT] = None
    radius: Annotated[int, whole(0)] = 10


class Reference(Table):
    """What is known without learning: one motif for each label, which the motif scan looks for."""

    motifs: Annotated[
        tuple[Consensus, ...] | None,
        Field(min_length=1, description='for each label a consensus in IUPAC letters, as ["TTACCCG"]'),
    ] = None


class Origin(Table):
    """What was measured, in what, and who published it: for readers and for filters, read by no training."""

    organism: Annotated[str | None, TEXT] = None
    assembly: Annotated[str | None, TEXT] = None
    assay: Annotated[str | None, TEXT] = None
    cell: Annotated[str | None, TEXT] = None
    citation: Annotated[str | None, TEXT] = None
    url: Annotated[str | None, TEXT] = None


class File(Table):
    """A file to download: a :class:`rczoo.files.downloads.Source`."""

    path: Annotated[str, TEXT]
    url: Annotated[str, Field(description="the address to download it from")]
    sha256: Annotated[str | None, TEXT] = None
    bytes: Annotated[int | None, whole(0)] = None
    licence: Annotated[str | None, TEXT] = None
    description: Annotated[str | None, TEXT] = None


Profiles = ChipExoData | IntervalData | MemoryData
"""The tables that may give profiles."""
Naming = IntervalData | TableData | PeakData | DeepBindData
"""The tables that may name the model's outputs."""

SOURCES: dict[str, type[Table]] = {
    "simulation": SimulationData,
    "chalmers-chipexo": ChipExoData,
    "intervals": IntervalData,
    "table": TableData,
    "peaks": PeakData,
    "deepbind-encode": DeepBindData,
    "tiles": TileData,
}
KINDS = {
    "simulation": ("labels",),
    "chalmers-chipexo": ("profile",),
    "intervals": ("labels", "profile"),
    "table": ("labels",),
    "peaks": ("labels",),
    "deepbind-encode": ("labels",),
    "tiles": ("labels",),
}
"""The kinds of task that a source can give."""
