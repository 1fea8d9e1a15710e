"""The command ``rczoo examples``: a small folder of files on which every line of the README runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Force

if TYPE_CHECKING:
    import numpy as np

FILES = {
    "sequences.fa": "12 sequences of 200 bases, most with motifs of ELF1, GATA or RXRA",
    "genome.fa": "three chromosomes, 60,000 bases, with 190 sites of TGACTCA",
    "peaks.bed": "the sites",
    "variants.vcf": "changes in the middle of sites, beside sites, and a deletion",
    "plus.bw": "reads of an assay like ChIP-exo that end on the plus strand",
    "minus.bw": "those on the minus strand",
    "my_task.toml": "a task made of them, to train on",
    "mymodel.py": "networks of somebody else: standard, strided, profile",
}
"""What is written, and what it is."""
SEED = 1535
CHROMOSOMES = {"chrI": 30_000, "chrII": 20_000, "chrIII": 10_000}
APART = 310
"""Bases between sites: windows of bpnet's 445 bases overlap, the 99 that it answers for do not."""
MOTIF = "TGACTCA"
STRONG, WEAK = ("GG", "CC", 400, 8), ("TA", "AT", 100, 14)
"""Two kinds of site: flanks, reads on a strand, and how far 5' of the centre the exonuclease stops."""


def examples(
    folder: Annotated[Path, typer.Argument(help="The folder to write.")],
    force: Force = False,
) -> None:
    """Write a folder of small example files: sequences, a genome, peaks, variants, signal, a task, a model.

    Example: rczoo examples first
    """
    taken = [name for name in FILES if (folder / name).exists()]
    if taken and not force:
        raise ValueError(f"{folder} already holds {taken[0]}: choose another folder, or --force")
    make(folder)
    for name, about in FILES.items():
        typer.echo(f"{folder / name}: {about}")


def make(folder: Path) -> None:
    """Write the files, the same ones every time."""
    from ..files.atomic import write_bytes

    texts = {"sequences.fa": _sequences(), "my_task.toml": TASK, "mymodel.py": MODEL, **_regions(folder)}
    for name, text in texts.items():
        write_bytes(folder / name, text.encode())


def _sequences() -> str:
    """The paper's simulation, four sequences of each motif."""
    from ..data.sources.simulation import simulate

    codes, labels = simulate(200, per_motif=4, seed=SEED)
    names = ("ELF1", "GATA", "RXRA")
    return "".join(
        f">{names[row.argmax()]}_{n}\n{_letters(code)}\n"
        for n, (code, row) in enumerate(zip(codes, labels, strict=True), 1)
    )


def _regions(folder: Path) -> dict[str, str]:
    """The genome, its sites and variants as texts; their signal is written as bigWigs."""
    import numpy as np

    rng = np.random.default_rng(SEED)
    genome = {name: _random(rng, length) for name, length in CHROMOSOMES.items()}
    sites = [
        (name, middle, *_plant(rng, genome[name], middle))
        for name, length in CHROMOSOMES.items()
        for middle in range(APART, length - APART, APART)
    ]
    _write_signal(folder, rng, sites)
    bed = [
        f"{name}\t{m - 3}\t{m + 4}\tsite{n}\t{reads}\t.\n" for n, (name, m, reads, _) in enumerate(sites, 1)
    ]
    return {
        "genome.fa": "".join(f">{name}\n{_letters(codes)}\n" for name, codes in genome.items()),
        "peaks.bed": "".join(bed),
        "variants.vcf": _variants(genome["chrI"], [middle for _, middle, *_ in sites[:8]]),
    }


def _plant(rng: np.random.Generator, codes: np.ndarray, middle: int) -> tuple[int, int]:
    """Write a site of either kind on either strand; return its reads and how far off they end."""
    from ..symmetry.dna import complement_codes, encode

    before, after, reads, offset = STRONG if rng.random() < 0.5 else WEAK
    site = encode(before + MOTIF + after)
    if rng.random() < 0.5:
        site = complement_codes(site[None])[0]
    codes[middle - 5 : middle + 6] = site
    return reads, offset


def _write_signal(folder: Path, rng: np.random.Generator, sites: list[tuple[str, int, int, int]]) -> None:
    """Reads before the motif on either strand, and a few anywhere."""
    import numpy as np

    from ..io.bigwig import write_bigwig

    folder.mkdir(parents=True, exist_ok=True)
    for file, side in (("plus.bw", -1), ("minus.bw", 1)):
        counts = {name: rng.poisson(0.02, length) for name, length in CHROMOSOMES.items()}
        for name, middle, reads, offset in sites:
            places = middle + side * offset + np.rint(rng.normal(0, 2, rng.poisson(reads))).astype(int)
            np.add.at(counts[name], places, 1)
        read = {name: np.flatnonzero(values) for name, values in counts.items()}
        chrom = np.repeat(list(read), [len(found) for found in read.values()])
        values = np.concatenate([counts[name][found] for name, found in read.items()])
        write_bigwig(folder / file, CHROMOSOMES, chrom, np.concatenate([*read.values()]), values)


def _variants(codes: np.ndarray, middles: list[int]) -> str:
    """In turn: the motif's central base changed, a base beside the site changed, a base of it deleted."""
    from ..symmetry.dna import BASES

    lines = []
    for n, middle in enumerate(middles):
        at = middle + (0, 40, 1)[n % 3]
        ref = _letters(codes[at : at + 1 + (n % 3 == 2)])
        alt = ref[0] if len(ref) > 1 else BASES[(BASES.index(ref) + 2) % 4]
        lines.append(f"chrI\t{at + 1}\tvariant{n + 1}\t{ref}\t{alt}\t.\t.\t.\n")
    return "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(lines)


def _random(rng: np.random.Generator, length: int) -> np.ndarray:
    """Codes of random bases, as of yeast 62 % A and T."""
    codes: np.ndarray = rng.choice(4, length, p=(0.31, 0.19, 0.19, 0.31)).astype("uint8")
    return codes


def _letters(codes: np.ndarray) -> str:
    from ..symmetry.dna import decode

    return str(decode(codes))


TASK = """\
title = "My factor, ChIP-exo"
kind = "profile"

[model]
architecture = "bpnet"
filters = 16
length = 445      # input bases
outputs = 1       # one factor, two strands
count_head = false
position = "tied"     # where events are centred: what position alone tells

[training]
batch_size = 16
epochs = 5            # of a real training 100: patience ends it
criterion = "loss"    # on validation: which epoch is best, and when to stop
patience = 20         # epochs without a better one
learning_rate = 4e-3
augment = "batch"

[data]
source = "intervals"
genome = "genome.fa"          # FASTA (plain, gzip, bgzip; a list of files) or 2bit
positives = "peaks.bed"       # BED or narrowPeak
out_length = 99               # bpnet gives length - 346
splits = { validation = ["chrII"], test = ["chrIII"] }

[[data.signal]]
plus = "plus.bw"
minus = "minus.bw"
"""
MODEL = '''\
"""Networks that know nothing of rczoo, to be checked and repaired."""

import torch
from torch import nn


def standard() -> nn.Module:
    """One logit from two convolutions and a pool: reads one strand."""
    torch.manual_seed(1)
    features = nn.Conv1d(4, 16, 12), nn.ReLU(), nn.Conv1d(16, 16, 5), nn.ReLU()
    return nn.Sequential(*features, nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(16, 1))


class Strided(nn.Module):
    """A profile every two bases: tied between the strands, and yet the stride may not fit the length."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(1, 4, 5))

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        both = torch.cat([self.kernel, self.kernel.flip(1, 2)])  # a kernel and its reverse complement
        return nn.functional.conv1d(X, both, stride=2)


def strided() -> nn.Module:
    """Equivariant at odd lengths, and at no even one."""
    torch.manual_seed(1)
    return Strided()


class Profile(nn.Module):
    """A profile for two strands, and a count."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(4, 2, 21, padding=10)

    def forward(self, X: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        profile = self.conv(X)
        return profile, profile.mean(dim=(1, 2))[:, None]


def profile() -> nn.Module:
    """Reads one strand, answers for two."""
    torch.manual_seed(1)
    return Profile()
'''
