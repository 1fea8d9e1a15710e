"""Scores on disk: a table with a row per base, and the two arrays that TF-MoDISco reads."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from . import dna
from .storage import write_bytes

COLUMNS = ("sequence", "position", "base", "score", *dna.BASES)


class Explanation(NamedTuple):
    """Sequences with their scores.

    ``names`` (n,) and ``codes`` (n, length); ``positions`` (n, length) of the bases, 0-based, in what was
    read or on their chromosome; ``scores`` (n, 4, length) of every base at every position.
    """

    names: list[str]
    codes: np.ndarray
    positions: np.ndarray
    scores: np.ndarray

    def present(self) -> np.ndarray:
        """Scores of the bases that are there, zero elsewhere: (n, 4, length)."""
        return self.scores * dna.one_hot(self.codes).numpy()


def paths(prefix: Path, logos: bool) -> list[Path]:
    """The files of a prefix: table, one-hot sequences, scores, and the figure where there are logos."""
    endings = [".tsv", ".onehot.npz", ".scores.npz", *([".png"] if logos else [])]
    return [prefix.with_name(prefix.name + ending) for ending in endings]


def check_prefix(prefix: Path, logos: bool, force: bool) -> None:
    """Refuse a prefix whose files exist already, or cannot be written, before any work is done for them."""
    made = paths(prefix, logos)
    there = [path for path in made if path.exists()]
    if there and not force:
        raise ValueError(f"{there[0]} exists: choose another --out, or give --force")
    write_bytes(made[0].with_name(f".{made[0].name}.probe"), b"")
    made[0].with_name(f".{made[0].name}.probe").unlink()


def write_files(explanation: Explanation, prefix: Path) -> list[Path]:
    """Write ``PREFIX.tsv``, ``PREFIX.onehot.npz`` and ``PREFIX.scores.npz``; each is whole or absent.

    The arrays are float32 (n, 4, length) in ACGT order under the name ``arr_0``, as modisco-lite reads them:
    ``modisco motifs -s PREFIX.onehot.npz -a PREFIX.scores.npz``.
    """
    made = paths(prefix, logos=False)
    write_bytes(made[0], "".join(_lines(explanation)).encode())
    arrays = dna.one_hot(explanation.codes).numpy(), explanation.scores
    for path, array in zip(made[1:], arrays, strict=True):
        packed = io.BytesIO()
        np.savez_compressed(packed, array.astype(np.float32))
        write_bytes(path, packed.getvalue())
    return made


def _lines(explanation: Explanation) -> Iterator[str]:
    """Header, then a line per base: where, which, the score of the one present, and of all four."""
    yield "\t".join(COLUMNS) + "\n"
    present = explanation.present().sum(1)
    for name, codes, positions, own, scores in zip(
        explanation.names, explanation.codes, explanation.positions, present, explanation.scores, strict=True
    ):
        for base, position, score, four in zip(dna.decode(codes), positions, own, scores.T, strict=True):
            numbers = "\t".join(f"{value:.6g}" for value in (score, *four))
            yield f"{name}\t{position}\t{base}\t{numbers}\n"
