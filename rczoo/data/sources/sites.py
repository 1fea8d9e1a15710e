"""The intervals source: windows of a genome around sites, with labels or with signal."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import numpy as np

from ...io import bed
from ...io.bad_lines import BadLines
from ...io.bed import Intervals
from ...io.bigwig import Track, smoothed_windows
from ...io.chromosomes import describe
from ...io.genome import Genome
from ...symmetry import dna
from ...symmetry.rep import Rep
from ..examples import Arrays, Prepared
from ..schema import IntervalData, Tracks
from ..task import Task
from . import matched_negatives, transcription_starts
from .splits import listed_chromosomes, split_of

SKIP = "skip_bad = true in [data]"
"""What a task file says to leave bad lines out."""


def site_windows(task: Task) -> Prepared:
    """Windows around a task's sites, divided by chromosome; only training windows have room for jitter."""
    data = task.data_from(IntervalData)
    genome = Genome([task.path(name) for name in data.genome])
    sites, labels, notes = all_sites(task, genome)
    inside = bed.within(sites, task.length, genome.lengths)
    if not inside.all():
        notes.append(f"{int((~inside).sum())} of {len(inside)} windows run off their chromosome: left out")
    sites, labels = sites.take(inside), labels[inside]
    splits_by_name = listed_chromosomes(data.splits)
    where = split_of(sites.chrom, splits_by_name, genome.resolve)
    named = [name for names in splits_by_name.values() for name in names]
    notes.append(describe(genome.resolve(named), genome.name))
    splits = {}
    for split in ("train", "validation", "test"):
        rows = where == split
        jitter = data.jitter if split == "train" else 0
        splits[split], said = arrays(task, genome, sites.take(rows), labels[rows], jitter)
        notes += said
    return splits, [note for note in dict.fromkeys(notes) if note]


def all_sites(task: Task, genome: Genome) -> tuple[Intervals, np.ndarray, list[str]]:
    """Positives, then negatives if there are any, in the genome's names; labels (n, 1); notes."""
    data = task.data_from(IntervalData)
    positives, notes = read(task, data.positives, genome)
    bound = positives
    if data.merge is not None:
        positives = bed.merge(positives, data.merge)
        notes.append(f"{len(bound)} sites, {len(positives)} after joining those within {data.merge} bases")
    groups = [positives]
    if data.negatives:
        found, said = read(task, data.negatives, genome)
        groups.append(found)
        notes += said
    elif data.matched:
        sites, said = read(task, data.matched.sites, genome)
        sites = bed.merge(sites, 1 if data.merge is None else data.merge)
        inside = positives.take(bed.within(positives, task.length, genome.lengths))
        groups.append(matched_negatives.matched(inside, bound, sites, genome, task.length, data.matched))
        notes += [*said, f"{len(groups[1])} negatives matched to {len(positives)} positives"]
    labels = np.repeat([1.0, 0.0][: len(groups)], [len(group) for group in groups])[:, None]
    return concatenate(groups), labels.astype(np.float32), notes


def arrays(
    task: Task, genome: Genome, sites: Intervals, labels: np.ndarray, jitter: int
) -> tuple[Arrays, list[str]]:
    """The arrays of some sites, each window read 5'->3' of its site's strand; and notes."""
    start = bed.window_start(sites, task.length)
    ends = np.array([genome.lengths[str(c)] for c in sites.chrom], dtype=np.int64)
    codes = genome.windows(sites.chrom, start - jitter, task.length + 2 * jitter)
    codes[sites.reverse] = dna.complement_codes(codes[sites.reverse])
    found: Arrays = {"codes": codes, "chrom": sites.chrom, "start": start, "reverse": sites.reverse}
    found["room"] = bed.room(start, task.length, ends, jitter)
    if task.kind == "labels":
        return found | {"target": labels}, []
    first = start + margin(task) - jitter
    width = task.out_length + 2 * jitter
    target, replicates, notes = signal(task, genome, sites.chrom, first, width)
    found["target"] = turned(target, sites.reverse, task.rep_out[0])
    data = task.data_from(IntervalData)
    if data.control:
        control, said = controls(task, genome, sites.chrom, first, width)
        found["control"] = turned(control, sites.reverse, task.rep_in[1])
        notes += said
    if data.minimum_counts is not None:
        within = slice(jitter, jitter + task.out_length)
        enough = (replicates[..., within].sum((2, 3)) >= data.minimum_counts).all(0)
        found = {name: array[enough] for name, array in found.items()}
        few = f"{int((~enough).sum())} of {len(enough)} windows on {len(np.unique(sites.chrom))} chromosomes"
        notes.append(f"{few} have under {data.minimum_counts} counts in a replicate: left out")
    return found, notes


def signal(
    task: Task, genome: Genome, chrom: np.ndarray, first: np.ndarray, width: int
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Target (n, channels, width), the replicates that sum to it (replicates, n, channels, width), and notes.

    Channels are in genome orientation, in the order of the task's signal tables: plus, then minus, or both.
    Raises ValueError on negative signal.
    """
    tables = task.data_from(IntervalData).signal or ()
    channels = [(table, word, names) for table in tables for word, names in files_by_strand(table).items()]
    most = max(len(names) for _, _, names in channels)
    out = np.zeros((most, len(first), len(channels), width), dtype=np.float32)
    notes = []
    for channel, (table, word, names) in enumerate(channels):
        for replicate, name in enumerate(names):
            with closing(open_track(task, table, word, name, genome)) as track:
                out[replicate, :, channel] = track.windows(chrom, first, width)
                notes += track.notes
            _refuse_negative(out[replicate, :, channel], name)
    return out.sum(0), out, notes


def controls(
    task: Task, genome: Genome, chrom: np.ndarray, first: np.ndarray, width: int
) -> tuple[np.ndarray, list[str]]:
    """Control tracks, strands added up, smoothed at each of the widths: (n, widths, width); and notes."""
    control = task.data_from(IntervalData).control
    if control is None:
        raise ValueError(f"task {task.name} has no control tracks")
    tracks = [
        open_track(task, control, word, name, genome)
        for word, names in files_by_strand(control).items()
        for name in names
    ]
    notes = [note for track in tracks for note in track.notes]
    smoothed = smoothed_windows(tracks, control.widths, chrom, first, width)
    _refuse_negative(smoothed, " and ".join(track.path.name for track in tracks))
    return smoothed, notes


def _refuse_negative(values: np.ndarray, name: str) -> None:
    lowest = values.min(initial=0)
    if lowest < 0:
        raise ValueError(
            f"{name} has negative signal ({lowest:g}): counts are wanted; where a tool writes the minus "
            "strand negative, write sign = -1 beside plus and minus"
        )


def open_track(task: Task, table: Tracks, word: str, name: str, genome: Genome) -> Track:
    """The bigWig that a table names for a strand; ``file.RDS#sample`` is made into one first."""
    file, _, sample = name.partition("#")
    path = task.path(file)
    if sample:
        path = transcription_starts.bigwig(path, sample, word, genome.lengths)
    return Track(path, genome.lengths, (table.sign or 1) if word == "minus" else 1)


def margin(task: Task) -> int:
    """Input bases on each side of the output window."""
    spare = task.length - task.out_length
    if spare < 0 or spare % 2:
        raise ValueError(
            f"task {task.name}: input length {task.length} and out_length {task.out_length} differ by "
            f"{spare}: it must be even and not negative, so that both strands have the same margin"
        )
    return spare // 2


def turned(values: np.ndarray, reverse: np.ndarray, rep: Rep) -> np.ndarray:
    """Tracks read 5'->3' of their own interval: those on the other strand are acted on by their Rep."""
    values[reverse] = rep.act(values[reverse])
    return values


def read(task: Task, files: Sequence[str], genome: Genome) -> tuple[Intervals, list[str]]:
    """Intervals of BED files, in the genome's names; bad lines are refused or, noted, left out."""
    groups, notes = [], []
    for file in files:
        bad = BadLines(file, bool(task.data_from(IntervalData).skip_bad), SKIP)
        found = bed.on_genome(bed.read_bed(task.path(file), bad), genome, bad)
        names = genome.resolve(found.chrom)
        groups.append(found.renamed(names))
        notes += [describe(names, genome.name), f"{file}: {bad} left out" if str(bad) else ""]
    return concatenate(groups), notes


def concatenate(groups: list[Intervals]) -> Intervals:
    """Several sets of intervals as one."""
    fields = ("chrom", "start", "end", "summit", "reverse")
    return Intervals(**{name: np.concatenate([getattr(g, name) for g in groups]) for name in fields})


def files_by_strand(table: Tracks) -> dict[str, tuple[str, ...]]:
    """The bigWig files of a table, by the strands that it gives."""
    files = {"plus": table.plus, "minus": table.minus, "both": table.both}
    return {word: names for word, names in files.items() if names}
