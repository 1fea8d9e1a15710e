"""Tables of sequences with labels, and the sequences that two tables share."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...files.cache import unpacked
from ...symmetry import dna
from ..examples import Arrays, Prepared
from ..schema import TableData
from ..task import Task

WORD = 50
"""Two sequences that share this many bases on either strand count as one piece of genome."""
MOST_WORDS = 20_000_000
"""Words held in memory at a time: 160 MB."""


def read_table(path: Path, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Sequences and labels: codes (n, length) uint8, labels (n, labels) float32.

    A CSV has a column ``sequence``, every other column is a label; in FASTA the labels follow the name in the
    header, as in ``>peak7 1 0``. Plain or gzipped. Raises ValueError naming the row that does not fit.
    """
    plain = unpacked(path)
    with plain.open(encoding="utf-8", newline="") as stream:
        first = stream.read(1)
    rows = _fasta(plain) if first == ">" else _csv(plain, path.name)
    if not rows:
        raise ValueError(f"{path.name} has no sequences")
    codes = np.empty((len(rows), length), dtype=np.uint8)
    labels = []
    for number, (sequence, values) in enumerate(rows, 1):
        if len(sequence) != length:
            raise ValueError(
                f"{path.name}: sequence {number} has {len(sequence)} bases, the task's length is {length}: "
                "crop or pad the sequences to one length"
            )
        try:
            codes[number - 1] = dna.encode(sequence)
            labels.append([float(value) for value in values])
        except ValueError as error:
            raise ValueError(f"{path.name}: sequence {number}: {error}") from None
    widths = {len(values) for values in labels}
    if len(widths) > 1 or widths == {0}:
        raise ValueError(f"{path.name}: {sorted(widths)} labels per sequence: give each the same number")
    return codes, np.array(labels, dtype=np.float32)


def table(task: Task) -> Prepared:
    """Tables of sequences with labels, one per split, cleaned of what splits share if the task asks for it.

    With ``clean`` the training set loses repeats (either strand counts as the same) and what shares a 50-mer
    with validation, which stays as published, as does the test set: they keep both classes alike, where what
    leaks is mostly of one. "test-unshared" is the test set without rows that share a 50-mer with training.
    """
    data = task.data_from(TableData)
    files = {"train": data.train, "validation": data.validation, "test": data.test}
    read = {split: read_table(task.path(name), task.length) for split, name in files.items()}
    arrays = {split: {"codes": codes, "target": labels} for split, (codes, labels) in read.items()}
    if not data.clean:
        return arrays, []
    codes = {split: array["codes"] for split, array in arrays.items()}
    repeated = ~first_occurrences(codes["train"])
    leaks = ~repeated & shares(codes["train"], codes["validation"])
    arrays["train"] = _rows(arrays["train"], ~repeated & ~leaks)
    shared = shares(codes["test"], arrays["train"]["codes"])
    arrays["test-unshared"] = _rows(arrays["test"], ~shared)
    return arrays, [
        f"{int(repeated.sum())} repeated training sequences left out",
        f"{int(leaks.sum())} training sequences share a {WORD}-mer with validation: left out",
        f"{int(shared.sum())} test sequences share one with training: left out of test-unshared",
    ]


def _rows(arrays: Arrays, chosen: np.ndarray) -> Arrays:
    """Some rows of every array."""
    return {name: array[chosen] for name, array in arrays.items()}


def words(codes: np.ndarray, length: int = WORD) -> np.ndarray:
    """A number for each word of ``length`` bases, the same on both strands: (n, L) -> (n, L - length + 1)."""
    forward = _hash(codes, length)
    backward = _hash(dna.complement_codes(codes), length)[:, ::-1]
    smaller: np.ndarray = np.minimum(forward, backward)
    return smaller


def shares(codes: np.ndarray, others: np.ndarray, length: int = WORD) -> np.ndarray:
    """Which sequences share a word of ``length`` bases with any of ``others``, either strand: (n,) bool.

    Beyond twenty million words only every k-th kind of word is compared, which still finds longer overlaps.
    """
    length = min(length, codes.shape[1])
    every = 1 + others.size // MOST_WORDS
    known = np.unique(np.concatenate([w[w % every == 0] for w in _parts(others, length)]))
    return np.concatenate([((w % every == 0) & np.isin(w, known)).any(axis=1) for w in _parts(codes, length)])


def first_occurrences(codes: np.ndarray) -> np.ndarray:
    """Which sequences are the first of their kind, either strand counting as the same: (n,) bool."""
    keys = np.concatenate([w[:, 0] for w in _parts(codes, codes.shape[1])])
    first = np.zeros(len(codes), dtype=bool)
    first[np.unique(keys, return_index=True)[1]] = True
    return first


def _parts(codes: np.ndarray, length: int) -> Iterator[np.ndarray]:
    """Words of some thousand sequences at a time, so that memory stays small."""
    for start in range(0, len(codes), 4096):
        yield words(codes[start : start + 4096], length)


def _hash(codes: np.ndarray, length: int) -> np.ndarray:
    """A random number for each word, equal for equal words, modulo 2**64: words of 2, 4, 8... are joined."""
    draw = np.random.default_rng(0).integers(1, 2**63, 5 + 2 * length.bit_length(), dtype=np.uint64) | 1
    block, size = draw[:5][codes], 1
    total, covered = np.zeros((len(codes), codes.shape[1] + 1), dtype=np.uint64), 0
    for bit in range(length.bit_length()):
        if length >> bit & 1:
            part = block[:, covered:]
            total, covered = total[:, : part.shape[1]] * draw[5 + 2 * bit] + part, covered + size
        block, size = block[:, :-size] * draw[6 + 2 * bit] + block[:, size:], 2 * size
    return total[:, : codes.shape[1] - length + 1]


def label_columns(path: Path) -> list[str]:
    """The names of a table's labels: the columns of a CSV but ``sequence``, none for FASTA."""
    with unpacked(path).open(encoding="utf-8", newline="") as stream:
        columns = next(csv.reader(stream), [])
    return [column for column in columns if column != "sequence"] if "sequence" in columns else []


def _csv(path: Path, name: str) -> list[tuple[str, list[str]]]:
    """Sequences and label fields of a CSV."""
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        columns = list(reader.fieldnames or [])
        if "sequence" not in columns or len(columns) < 2:
            raise ValueError(
                f"{name} has columns {', '.join(columns)[:80] or 'none'}: "
                "it needs one called sequence and at least one label"
            )
        return [(row["sequence"], [row[c] or "" for c in columns if c != "sequence"]) for row in reader]


def _fasta(path: Path) -> list[tuple[str, list[str]]]:
    """Sequences and the words after their names."""
    rows = []
    for record in path.read_text("utf-8").split(">")[1:]:
        header, *lines = record.splitlines()
        rows.append(("".join(line.strip() for line in lines), header.split()[1:]))
    return rows
