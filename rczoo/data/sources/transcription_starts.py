"""Transcription start counts from an R object, written as the stranded bigWigs that everybody uses.

The file is a list of GRanges (one per sample) with a ``score`` per base and strand, saved by ``saveRDS``;
the package ``rdata`` reads it without R.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...files.cache import atomically, derived
from ...io.bigwig import write_bigwig
from ...io.chromosomes import resolve

STRAND_OF_SIGN = {"+": "plus", "-": "minus"}


def bigwig(path: Path, sample: str, strand: str, chromosome_lengths: Mapping[str, int]) -> Path:
    """The bigWig of one sample and strand ("plus" or "minus") of an RDS file, made once in the cache.

    Chromosomes take the genome's names. Raises ValueError naming the samples when there is none called so.
    """
    target = derived(path, f"{sample}.{strand}.bw")
    if not target.exists():
        chrom, position, signs, score = read_sample(path, sample)
        names = resolve(np.unique(chrom).tolist(), chromosome_lengths, "the genome")
        renamed = np.array([names[c] for c in chrom.tolist()])
        for sign, word in STRAND_OF_SIGN.items():
            rows = signs == sign
            write = partial(
                write_bigwig,
                lengths=chromosome_lengths,
                chrom=renamed[rows],
                position=position[rows],
                value=score[rows],
            )
            atomically(derived(path, f"{sample}.{word}.bw"), write)
    return target


def read_sample(path: Path, sample: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Chromosome, 0-based position, strand and score of each base with counts in one sample: four (n,)."""
    samples = _samples(path)
    if sample not in samples:
        raise ValueError(f"{path.name} has no sample {sample!r}: it has {', '.join(map(str, samples))}")
    ranges = samples[sample]
    try:
        score = np.asarray(ranges.elementMetadata.listData["score"], dtype=np.float64)
        position = np.asarray(ranges.ranges.start, dtype=np.int64) - 1  # R counts from 1
        return _expanded(ranges.seqnames), position, _expanded(ranges.strand), score
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{path.name}: sample {sample!r} is no GRanges with a score ({error})") from error


def _samples(path: Path) -> dict[str, Any]:
    """The list that an RDS file holds; ValueError for what holds none, however its reader fails."""
    try:
        import rdata
    except ImportError as error:
        raise ImportError(f"{path.name} is an R object: pip install 'rczoo[data]' to read it") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # rdata warns that GRanges has no class of its own in Python
            samples = rdata.read_rds(str(path))
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"[:100]
        raise ValueError(f"{path.name} is not an R object that can be read ({reason})") from error
    if not isinstance(samples, dict):
        raise ValueError(f"{path.name} holds {type(samples).__name__}, not a list of samples with names")
    return samples


def _expanded(runs: Any) -> np.ndarray:
    """The values of a run-length encoded factor."""
    return np.repeat(np.asarray(runs.values, dtype=str), np.asarray(runs.lengths))
