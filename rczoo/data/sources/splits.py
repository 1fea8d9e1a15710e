"""Splits by chromosome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ...io.genome import Genome
from ..examples import Arrays
from ..schema import Splits

Chromosomes = Mapping[str, Sequence[str]]
"""Names of chromosomes by split."""
Resolve = Callable[[Sequence[str]], Mapping[str, str]]
"""What maps names of chromosomes to those of a file, as :meth:`rczoo.io.genome.Genome.resolve` does."""


def listed_chromosomes(splits: Splits) -> Chromosomes:
    """The chromosomes of each split that a task file lists."""
    lists = {"train": splits.train, "validation": splits.validation, "test": splits.test}
    return {split: names for split, names in lists.items() if names is not None}


def split_of(chrom: np.ndarray, splits: Chromosomes, resolve: Resolve) -> np.ndarray:
    """The split of each chromosome name (n,): those that no split names are "train", unless train has a list.

    An example on a chromosome outside a listed train split is in "" (no split). Raises ValueError when two
    splits share a chromosome or the genome does not have one.
    """
    owner: dict[str, str] = {}
    for split, names in splits.items():
        for name in resolve(names).values():
            if owner.setdefault(name, split) != split:
                raise ValueError(f"splits: chromosome {name} is in both {owner[name]} and {split}: keep one")
    rest = "" if "train" in splits else "train"
    return np.array([owner.get(str(name), rest) for name in chrom], dtype=object)


def by_chromosome(arrays: Arrays, splits: Chromosomes, genome: Genome) -> dict[str, Arrays]:
    """Divide arrays, each with the examples on its first axis, by their entry ``chrom``."""
    where = split_of(arrays["chrom"], splits, genome.resolve)
    return {
        split: {name: array[where == split] for name, array in arrays.items()}
        for split in ("train", "validation", "test")
    }
