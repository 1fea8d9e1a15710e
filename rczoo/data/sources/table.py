"""Tables of sequences with labels, and the sequences that two tables share."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...io.bad_lines import BadLines, LineError
from ...io.fasta import records
from ...io.text import text_lines
from ...symmetry import dna
from ..examples import Arrays, Prepared
from ..schema import TableData
from ..task import Task
from .sites import SKIP

csv.field_size_limit(1 << 30)  # models read more bases than the 131,072 characters that csv allows by itself
WORD = 50
"""Two sequences that share this many bases on either strand count as one piece of genome."""
MOST_WORDS = 20_000_000
"""Words held in memory at a time: 160 MB."""
PART = 4096
"""Sequences whose words are made at a time: some 20 MB of them at 600 bases."""


def read_table(path: Path, length: int, bad: BadLines | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Sequences and labels: codes (n, length) uint8, labels (n, labels) float32.

    A CSV has a column ``sequence``, every other column is a label; in FASTA the labels follow the name in the
    header, as in ``>peak7 1 0``. Plain or gzipped. A label is 0 or 1, or nan where one of several was not
    measured. Raises ValueError listing the lines that do not fit, unless ``bad`` leaves them out.
    """
    bad = BadLines(path.name) if bad is None else bad
    codes, labels = list[np.ndarray](), list[list[float]]()
    width = 0
    for number, sequence, values in _rows_of(path):
        width = width or len(values)
        try:
            one = _codes(sequence, length), _labels(values, width)
        except LineError as error:
            bad.add(number, error)
        else:
            codes.append(one[0])
            labels.append(one[1])
    bad.refuse()
    if not codes:
        left = f" that can be used ({bad} left out)" if str(bad) else ""
        raise ValueError(f"{path.name} has no sequences{left}")
    return np.stack(codes), np.array(labels, dtype=np.float32)


def _codes(sequence: str, length: int) -> np.ndarray:
    """Codes (length,) of a sequence; LineError for another length and other letters."""
    if len(sequence) != length:
        had = f"sequence has {len(sequence)} bases, the task's length is {length}"
        raise LineError("another length", f"{had}: crop or pad the sequences to one length")
    try:
        return dna.encode(sequence, unknown=dna.READ_AS_N)
    except ValueError as error:
        raise LineError("other letters", str(error)) from None


def _labels(texts: list[str], width: int) -> list[float]:
    """Labels (width,); LineError for what is none."""
    if not texts or len(texts) != width:
        raise LineError("number of labels", f"{len(texts)} labels, {width or 'one or more'} expected")
    values = []
    for text in texts:
        try:
            value = float(text)
        except ValueError:
            value = np.inf
        if value not in (0, 1) and not (np.isnan(value) and width > 1):
            told = "write 0 or 1" + (", or nan where it was not measured" if width > 1 else "")
            raise LineError("unknown label", f"label {text[:40]!r}: {told}")
        values.append(value)
    if np.isnan(values).all():
        raise LineError("no label", "no label was measured: leave the sequence out")
    return values


def table(task: Task) -> Prepared:
    """Tables of sequences with labels, one per split, cleaned of what splits share if the task asks for it.

    With ``clean`` the training set loses repeats (either strand counts as the same) and what shares a 50-mer
    with validation, which stays as published, as does the test set: they keep both classes alike, where what
    leaks is mostly of one. "test-unshared" is the test set without rows that share a 50-mer with training.
    """
    data = task.data_from(TableData)
    files = {"train": data.train, "validation": data.validation, "test": data.test}
    arrays: dict[str, Arrays] = {}
    notes = []
    for split, name in files.items():
        bad = BadLines(name, bool(data.skip_bad), SKIP)
        codes, labels = read_table(task.path(name), task.length, bad)
        if labels.shape[1] != task.model.number:
            given = f"{name} has {labels.shape[1]} labels, [model] outputs is {task.model.outputs}"
            raise ValueError(f"{given}: make them equal")
        arrays[split] = {"codes": codes, "target": labels}
        notes += [f"{name}: {bad} left out"] if str(bad) else []
    if not data.clean:
        return arrays, notes
    train = arrays["train"]["codes"]
    repeated = ~first_occurrences(train)
    leaks = ~repeated & shares(train, arrays["validation"]["codes"])
    arrays["train"] = _rows(arrays["train"], ~repeated & ~leaks)
    shared = shares(arrays["test"]["codes"], arrays["train"]["codes"])
    arrays["test-unshared"] = _rows(arrays["test"], ~shared)
    return arrays, [
        *notes,
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
    return Words(others, length).found_in(codes)


class Words:
    """The words of ``length`` bases in sequences (n, L), on either strand, to be looked for in others."""

    def __init__(self, codes: np.ndarray, length: int = WORD) -> None:
        self.length, self._every = min(length, codes.shape[1]), np.uint64(1 + codes.size // MOST_WORDS)
        kept = [w[_kept(w, self._every)] for w in _parts(codes, self.length)]
        self._known = np.sort(np.concatenate([np.zeros(0, dtype=np.uint64), *kept]))

    def found_in(self, codes: np.ndarray) -> np.ndarray:
        """Which sequences (m, L) hold any of the words: (m,) bool."""
        return np.concatenate([np.zeros(0, bool), *map(self._found_in, _parts(codes, self.length))])

    def _found_in(self, words: np.ndarray) -> np.ndarray:
        """The same of numbers of words (m, w); looked for in their order, which keeps to what is in cache."""
        row, column = np.nonzero(_kept(words, self._every))
        wanted = words[row, column]
        order = np.argsort(wanted) if len(self._known) else np.zeros(0, dtype=np.int64)
        at = np.searchsorted(self._known, wanted[order])
        hit = self._known[np.minimum(at, len(self._known) - 1)] == wanted[order]
        found: np.ndarray = np.bincount(row[order][hit], minlength=len(words)) > 0
        return found


def _kept(words: np.ndarray, every: np.uint64) -> np.ndarray:
    """Which words are compared, by their upper bits, which a sum of products mixes best."""
    kept: np.ndarray = (words >> np.uint64(32)) % every == 0
    return kept


def first_occurrences(codes: np.ndarray) -> np.ndarray:
    """Which sequences are the first of their kind, either strand counting as the same: (n,) bool."""
    keys = np.concatenate([w[:, 0] for w in _parts(codes, codes.shape[1])])
    first = np.zeros(len(codes), dtype=bool)
    first[np.unique(keys, return_index=True)[1]] = True
    return first


def _parts(codes: np.ndarray, length: int) -> Iterator[np.ndarray]:
    """Words of some thousand sequences at a time, so that memory stays small."""
    for start in range(0, len(codes), PART):
        yield words(codes[start : start + PART], length)


def _hash(codes: np.ndarray, length: int) -> np.ndarray:
    """A random number for each word, equal for equal words, modulo 2**64.

    The sum of a number for each base times a power of its place, as a difference of sums from the start,
    divided by the power of the word's own place: an odd number has an inverse.
    """
    draw = np.random.default_rng(0).integers(1, 2**63, 6, dtype=np.uint64) | 1
    base, inverse = int(draw[5]), pow(int(draw[5]), -1, 2**64)
    powers, inverses = (_powers(number, codes.shape[1]) for number in (base, inverse))
    total = np.zeros((len(codes), codes.shape[1] + 1), dtype=np.uint64)
    np.cumsum(draw[:5][codes] * powers, axis=1, out=total[:, 1:])
    words: np.ndarray = (total[:, length:] - total[:, :-length]) * inverses[: codes.shape[1] - length + 1]
    return words


def _powers(number: int, count: int) -> np.ndarray:
    """1, n, n^2, ... modulo 2**64: (count,)."""
    return np.cumprod(np.array([1] + [number] * (count - 1), dtype=np.uint64))


def label_columns(path: Path) -> list[str]:
    """The names of a table's labels: the columns of a CSV but ``sequence``, none for FASTA."""
    columns = next(csv.reader(text_lines(path, "table")), [])
    return [column for column in columns if column != "sequence"] if "sequence" in columns else []


def _rows_of(path: Path) -> Iterator[tuple[int, str, list[str]]]:
    """Line, sequence and label fields of each row of a table."""
    first = next(text_lines(path, "table"), "")
    if not first.startswith(">"):
        yield from _csv(path)
        return
    for number, header, letters in records(path, whole_header=True):
        yield number, letters, header.split()[1:]


def _csv(path: Path) -> Iterator[tuple[int, str, list[str]]]:
    """Line, sequence and label fields of each row of a CSV."""
    reader = csv.reader(text_lines(path, "CSV"))
    try:
        columns = next(reader, [])
        if "sequence" not in columns or len(columns) < 2:
            raise ValueError(
                f"{path.name} has columns {', '.join(columns)[:80] or 'none'}: "
                "it needs one called sequence and at least one label, separated by commas"
            )
        place = columns.index("sequence")
        for row in filter(None, reader):
            row += [""] * (len(columns) - len(row))
            yield reader.line_num, row[place], row[:place] + row[place + 1 :]
    except csv.Error as error:
        raise ValueError(f"{path.name} line {reader.line_num} is not CSV ({error})") from error
