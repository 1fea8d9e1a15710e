"""Which of the yeast ChIP-exo files are of factors that read a word: the labels of ``yeast-factors``.

The rule looks at the data alone. A word of six bases, either strand counting as the same, is a factor's own
if it lies within 15 bases of at least 7 % more of its sites than of places 150 to 250 bases away, and of
five times as many; and if no other file gains more from the word. Files of at least 300 sites are compared.

    python -m zoo.studies.yeast_factors FOLDER      # with the files NAME_CX.bed
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rczoo.data.task import load_task
from rczoo.io import bed
from rczoo.io.genome import Genome
from rczoo.symmetry import dna

SITES, WORD, NEAR = 300, 6, 15
AWAY = (-250, -200, -150, 150, 200, 250)
GAIN, TIMES = 0.07, 5
"""Of the rule. Co-factors share a word with the factor that binds it, so each word has one owner."""


class Found(NamedTuple):
    """The word that a file gains most from: how often it is near the sites, and how often away from them."""

    factor: str
    sites: int
    word: str
    near: float
    away: float

    @property
    def gain(self) -> float:
        """How much more often the word is near."""
        return self.near - self.away


def words(codes: np.ndarray) -> np.ndarray:
    """Which words each sequence holds on either strand: (n, L) -> (n, 4**WORD) of bool."""
    places = 4 ** np.arange(WORD)[::-1]
    numbers = (np.lib.stride_tricks.sliding_window_view(codes % 4, WORD, axis=1) * places).sum(axis=2)
    held = np.zeros((len(codes), 4**WORD), dtype=bool)
    np.put_along_axis(held, numbers, True, axis=1)
    return held


def look(path: Path, genome: Genome) -> Found | None:
    """What a BED file of sites gains from words; None for one of too few sites."""
    sites = bed.read_located(path, genome)
    if len(sites) < SITES:
        return None
    sites = sites.take(bed.within(sites, 2 * (max(AWAY) + NEAR + 1), genome.lengths))

    def share(offset: int) -> np.ndarray:
        codes = genome.windows(sites.chrom, sites.summit + offset - NEAR, 2 * NEAR + 1)
        return (words(codes) | words(dna.complement_codes(codes))).mean(axis=0)

    near, away = share(0), np.mean([share(offset) for offset in AWAY], axis=0)
    best = int(np.argmax((near - away) * (near > 1.5 * away)))
    word = "".join(dna.BASES[best // 4**n % 4] for n in reversed(range(WORD)))
    return Found(path.name.removesuffix("_CX.bed"), len(sites), word, float(near[best]), float(away[best]))


def chosen(found: list[Found]) -> Iterator[Found]:
    """The factors with a word of their own."""
    for one in found:
        same = (other for other in found if other.word in (one.word, _turned(one.word)))
        strong = one.gain >= GAIN and one.near >= TIMES * one.away
        if strong and one == max(same, key=lambda other: other.gain):
            yield one


def _turned(word: str) -> str:
    return dna.decode(dna.complement_codes(dna.encode(word)[None])[0])


def main(folder: Path) -> None:
    """Print the chosen factors, and where the task file has others."""
    genome = Genome(load_task("reb1").path("s288c/S_cerevisiae.fasta.gz"))
    looked = (look(path, genome) for path in sorted(folder.glob("*_CX.bed")))
    found = list(chosen([one for one in looked if one]))
    for one in found:
        print(f"{one.factor:6} {one.sites:5} sites  {one.word}  near {one.near:.3f}  away {one.away:.3f}")
    labels = [factor.name for factor in load_task("yeast-factors").data.factors]
    print("as in the task file" if labels == [one.factor for one in found] else f"the task file has {labels}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
