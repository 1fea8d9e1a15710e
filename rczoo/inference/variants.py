"""How much a variant changes a model's answer: difference of logits, of log-counts, jsd of profiles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from ..io.bad_lines import BadLines, LineError
from ..io.chromosomes import Aliases, nearest
from ..io.genome import Genome
from ..io.vcf import Variant, read_vcf
from ..nn.canonical import read_alike
from ..symmetry import dna
from .controls import zero_control
from .outputs import Outputs, name_outputs
from .prediction import Answer, answer, check_strand, sides

NOWHERE = -(1 << 62)
"""The place of an alternative base that corresponds to none of the reference."""


class Alleles(NamedTuple):
    """Codes (2, length) of reference and alternative, and the place in the genome of each base (2, length).

    Each window has its allele in the middle (of n bases, number n // 2 lies at ``length // 2``), without the
    bases that both share at their ends. So an indel draws in, or pushes out, both flanks alike.
    """

    codes: np.ndarray
    place: np.ndarray


class Reference:
    """A genome against which variants are checked, and which gives their windows."""

    def __init__(self, genome: Genome) -> None:
        self.genome, self._aliases = genome, Aliases(genome.lengths)
        self._names: dict[str, str | None] = {}

    def check(self, variant: Variant) -> None:
        """Raise LineError unless the genome has REF where the variant says.

        Where the genome has a letter for several bases REF may be the first of them, as VCF asks for, or N.
        """
        chrom, end = self.name(variant.chrom), variant.position + len(variant.ref)
        size, place = self.genome.lengths[chrom], f"{variant.chrom}:{variant.position + 1}"
        remedy = "use the genome that the VCF was made on"
        if end > size:
            told = f"{place} with {len(variant.ref)} bases runs off its chromosome of {size}"
            raise LineError("past the end", f"{told} in {self.genome.name}: {remedy}")
        found = self.genome.letters(chrom, variant.position, end)
        if any(ref not in _refs(letter) for ref, letter in zip(variant.ref, found, strict=True)):
            told = f"REF is {variant.ref[:20]} but {self.genome.name} has {found[:20]} at {place}"
            raise LineError("another REF", f"{told}: {remedy}")

    def name(self, chrom: str) -> str:
        """The genome's name of a chromosome; LineError for an unknown one."""
        if chrom not in self._names:
            self._names[chrom] = self._aliases.match([chrom]).get(chrom)
        found = self._names[chrom]
        if found is None:
            told = nearest(chrom, self.genome.lengths, self.genome.name)
            raise LineError("unknown chromosome", f"{told}: use the genome that the VCF was made on")
        return found

    def alleles(self, variant: Variant, length: int) -> Alleles:
        """Both sequences of a checked variant; N beyond the ends of the chromosome."""
        chrom = self.name(variant.chrom)
        position, ref, alt = variant.trimmed()
        rows = [self._window(chrom, position, len(ref), allele, length) for allele in (ref, alt)]
        return Alleles(*(np.stack(part) for part in zip(*rows, strict=True)))

    def _window(
        self, chrom: str, position: int, removed: int, allele: str, length: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Codes and places of the window whose middle is ``allele`` in the place of ``removed`` bases."""
        left, after = length // 2 - len(allele) // 2, position + removed
        right = length - left - len(allele)
        low = self.genome.read(chrom, position - left, position)
        high = self.genome.read(chrom, after, after + right)
        middle = np.arange(position, after) if len(allele) == removed else np.full(len(allele), NOWHERE)
        places = np.arange(position - left, position), middle, np.arange(after, after + right)
        return np.concatenate([low, dna.encode(allele), high]), np.concatenate(places)


@cache
def _refs(letter: str) -> str:
    """What REF may be where the genome has this letter."""
    if letter in dna.AMBIGUOUS:
        return "N" + dna.IUPAC[letter][0]
    return letter if letter in dna.BASES else "N"


LONGEST = 4
"""Alleles of more than the input's length over this are no short indels."""


class Variants:
    """The variants of a VCF file that a model can score, each checked against the genome when this is made.

    ``skipped`` counts those left out: ``"symbolic"``, ``"long"`` for alleles of over a quarter of the input,
    and bad lines by reason where ``bad`` leaves them out. Raises ValueError, listing the lines, for what is
    not VCF, a REF that the genome does not have and unknown chromosomes; and if there is nothing to score.
    """

    def __init__(self, vcf: Path, genome: Genome, length: int, bad: BadLines | None = None) -> None:
        self.vcf, self.length, self.reference = vcf, length, Reference(genome)
        self.skipped: Counter[str] = Counter()
        bad = BadLines(vcf.name) if bad is None else bad
        self._number, self.names = 0, dict[str, str]()
        for variant in self._kept(self.skipped, bad):
            self.names[variant.chrom] = self.reference.name(variant.chrom)
            self._number += 1
        bad.refuse()
        self.skipped.update(bad.reasons)
        if not self._number:
            left = ", ".join(f"{number} {why}" for why, number in self.skipped.items())
            raise ValueError(f"{vcf.name} has no variants to score" + (f" ({left} left out)" if left else ""))

    def __len__(self) -> int:
        return self._number

    def __iter__(self) -> Iterator[Variant]:
        return self._kept(Counter(), BadLines(self.vcf.name))

    def batches(self, first: int, last: int, size: int) -> Iterator[list[Alleles]]:
        """Both sequences of the variants ``first`` to ``last``, ``size`` variants at a time."""
        rest = islice(self, first, last)
        while batch := [self.reference.alleles(v, self.length) for v in islice(rest, size)]:
            yield batch

    def _kept(self, skipped: Counter[str], bad: BadLines) -> Iterator[Variant]:
        for variant in read_vcf(self.vcf, skipped, bad):
            if LONGEST * max(len(variant.ref), len(variant.alt)) > self.length:
                skipped["long"] += 1
                continue
            try:
                self.reference.check(variant)
            except LineError as error:
                bad.add(variant.line, error)
            else:
                yield variant


def score_variants(
    model: Any, vcf: str | Path, genome: str | Path, *, strand: str = "given", batch_size: int = 32
) -> dict[str, np.ndarray]:
    """Scores of each variant of a VCF file, an array (n,) for each column of ``rczoo variants``.

    The model reads both alleles in windows of its length with the allele in the middle.

    Args:
        model: one that ``build`` made, or loaded.
        vcf: the variants, ``.gz`` or not.
        genome: FASTA or 2bit, that the variants were called on.
        strand: as for :func:`rczoo.predict`; ``"both"`` adds the other strand's columns, which end in
            ``_other``.
        batch_size: variants in one pass.

    Raises ValueError as :class:`Variants` does.
    """
    check_strand(strand)
    found = name_outputs(model, {})
    variants = Variants(Path(vcf), Genome(Path(genome)), found.length)
    batches = variants.batches(0, len(variants), batch_size)
    rows = np.concatenate([scores(model, found, batch, strand) for batch in batches])
    return dict(zip(columns(model, found, strand == "both"), rows.T, strict=True))


def columns(model: Any, outputs: Outputs, both: bool) -> list[str]:
    """Names of a variant's scores."""
    if not outputs.positions:
        names = [f"{c}_{what}" for c in outputs.channels for what in ("ref", "alt", "difference")]
    else:
        names = [f"{factor}_jsd" for factor in outputs.factors()]
        if len(model.rep_out) > 1:
            names += [f"{channel}_log_count_difference" for channel in outputs.channels]
    return [*names, *(f"{name}_other" for name in names if both)]


def scores(model: Any, outputs: Outputs, batch: Sequence[Alleles], strand: str) -> np.ndarray:
    """Scores of some variants: (n, columns) float32. Control tracks, if the model reads any, are zeros."""
    codes = np.concatenate([alleles.codes for alleles in batch])  # ref, alt, ref, alt, ...
    control = zero_control(model.rep_in, len(codes), outputs)
    inputs = [dna.one_hot(codes), *([] if control is None else [torch.from_numpy(control)])]
    with read_alike(model, 2):
        answers = [answer(model, inputs, np.full(len(codes), other)) for other in sides(strand)]
    return np.concatenate([_change(y, outputs, batch) for y in answers], axis=1).astype(np.float32)


def flips(names: Sequence[str], rows: Iterable[np.ndarray]) -> float | None:
    """The share of differences whose sign is not that of the other strand; None where nothing has a sign."""
    pairs = [
        (n, names.index(name + "_other"))
        for n, name in enumerate(names)
        if name.endswith("difference") and name + "_other" in names
    ]
    if not pairs:
        return None
    given, other = (list(side) for side in zip(*pairs, strict=True))
    return float(np.mean([(np.sign(row[given]) != np.sign(row[other])).mean() for row in rows]))


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Jensen-Shannon divergence in nats along the last axis, position by position; both normalised first."""
    p, q = (x / x.sum(-1, keepdims=True) for x in (np.asarray(p, np.float64), np.asarray(q, np.float64)))
    middle = (p + q) / 2
    divergence: np.ndarray = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    return divergence


def _relative_entropy(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    ratio = np.divide(p, q, out=np.ones_like(p), where=p > 0)
    entropy: np.ndarray = (p * np.log(ratio)).sum(-1)
    return entropy


def _change(given: Answer, outputs: Outputs, batch: Sequence[Alleles]) -> np.ndarray:
    """The scores of one strand's answers."""
    logits = outputs.by_base(given[0]) if outputs.positions else given[0]
    first = [y.double().numpy() for y in (logits, *given[1:])]
    ref, alt = first[0][::2], first[0][1::2]
    if not outputs.positions:
        return np.stack([ref, alt, alt - ref], axis=2).reshape(len(batch), -1)
    found = [_divergence(r, a, outputs, x.place) for r, a, x in zip(ref, alt, batch, strict=True)]
    counts = [y[1::2] - y[::2] for y in first[1:]]
    return np.concatenate([np.stack(found), *counts], axis=1)


def _divergence(ref: np.ndarray, alt: np.ndarray, outputs: Outputs, place: np.ndarray) -> np.ndarray:
    """jsd per factor, the mean of its strands, over the positions that both alleles have: (factors,)."""
    seen = place[:, outputs.margin : outputs.margin + outputs.positions]
    _, left, right = np.intersect1d(seen[0], seen[1], return_indices=True)
    p, q = (np.exp(y - y.max(-1, keepdims=True)) for y in (ref[:, left], alt[:, right]))
    by_channel = jensen_shannon(p, q)
    return np.array([by_channel[list(channels)].mean() for channels in outputs.rep.orbits])
