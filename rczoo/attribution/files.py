"""Scores on disk: a table with a row per base, and the two arrays that TF-MoDISco reads."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..files.atomic import written_whole
from ..symmetry import dna

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
        present: np.ndarray = self.scores * dna.one_hot(self.codes).numpy()
        return present


ENDINGS = TABLE, SEQUENCES, SCORES, FIGURE = ".tsv", ".onehot.npz", ".scores.npz", ".png"
"""How the files of a prefix end."""


def place(prefix: Path, ending: str) -> Path:
    """The file of a prefix with this ending."""
    return prefix.with_name(prefix.name + ending)


def contents(explanation: Explanation) -> dict[str, bytes]:
    """The table and the two arrays, by the endings of their files.

    The arrays are float32 (n, 4, length) in ACGT order under the name ``arr_0``, as modisco-lite reads them:
    ``modisco motifs -s PREFIX.onehot.npz -a PREFIX.scores.npz``.
    """
    return {
        TABLE: "".join(_lines(explanation)).encode(),
        SEQUENCES: _packed(dna.one_hot(explanation.codes).numpy()),
        SCORES: _packed(explanation.scores),
    }


def write_files(prefix: Path, files: dict[str, bytes]) -> list[Path]:
    """Write files by their endings: all of them whole, or, where one cannot be written, none."""
    paths = [place(prefix, ending) for ending in files]
    with written_whole(paths) as made:
        for temporary, content in zip(made, files.values(), strict=True):
            temporary.write_bytes(content)
    return paths


def _packed(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, array.astype(np.float32))
    return file.getvalue()


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
