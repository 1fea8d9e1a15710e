"""Bases, one-hot encoding and reverse complement of strings: the only file that knows base order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from .rep import Rep

if TYPE_CHECKING:
    import torch

BASES = "ACGT"
UNKNOWN = 4
"""The code of N: one-hot all zeros."""
AMBIGUOUS = "RYSWKMBDHVryswkmbdhv"
"""IUPAC letters for several bases, of which a model knows none: readers of files take them as N."""
_ALLOWED = zip("RYSWKMBDHV", ("AG", "CT", "CG", "AT", "GT", "AC", "CGT", "AGT", "ACT", "ACG"), strict=True)
IUPAC = {**{base: base for base in BASES}, **dict(_ALLOWED), "N": BASES}
"""The bases that each letter of a consensus allows."""
GAPS = ".-"
"""Letters for no base, as alignments and assemblies hold them."""
READ_AS_N = AMBIGUOUS + GAPS
"""The letters beside A, C, G, T and N that every reader of files takes, as N."""
RNA = {"U": "T", "u": "t"}

_CODES = np.full(256, 255, dtype=np.uint8)
for _code, _base in enumerate(BASES + "N"):
    _CODES[[ord(_base), ord(_base.lower())]] = _code
_READ = _CODES.copy()
_READ[list(READ_AS_N.encode())] = UNKNOWN
_LETTERS = np.frombuffer((BASES + "N").encode(), dtype=np.uint8)
_COMPLEMENT = np.array([*Rep.dna().partners, UNKNOWN], dtype=np.uint8)
_ROWS = np.vstack([np.eye(4, dtype=np.float32), np.zeros(4, dtype=np.float32)])


def encode(sequence: str, unknown: str = "", rna: bool = False) -> np.ndarray:
    """Codes of a sequence: (length,) uint8, A C G T N as 0 1 2 3 4; lower case is read as upper.

    ``unknown``: further letters that are read as N; ``rna``: U is read as T.
    Raises ValueError naming the first character that is none of these, and its position (0-based).

    >>> encode("ACGTn").tolist()
    [0, 1, 2, 3, 4]
    """
    if unknown or rna:
        read_as = dict.fromkeys(unknown, "N") | (RNA if rna else {})
        sequence = sequence.translate({ord(letter): base for letter, base in read_as.items()})
    codes = _CODES[np.frombuffer(sequence.encode("latin-1", "replace"), dtype=np.uint8)]
    bad = np.flatnonzero(codes == 255)
    if bad.size:
        raise ValueError(
            f"sequence has {sequence[bad[0]]!r} at position {bad[0]} (0-based): "
            "only A, C, G, T and N (unknown) are bases"
        )
    return codes


def read(letters: bytes) -> np.ndarray:
    """Codes of letters that a reader of files has checked: (length,) uint8, those of READ_AS_N as N.

    >>> read(b"ACrN-").tolist()
    [0, 1, 4, 4, 4]
    """
    codes: np.ndarray = _READ[np.frombuffer(letters, dtype=np.uint8)]
    return codes


def decode(codes: np.ndarray) -> str:
    """The string of codes (length,): the inverse of :func:`encode`.

    >>> decode(encode("acgtn"))
    'ACGTN'
    """
    letters: np.ndarray = _LETTERS[codes]
    return letters.tobytes().decode()


def complement_codes(codes: np.ndarray) -> np.ndarray:
    """Reverse complement of codes along the last axis, any shape; N stays N."""
    complements: np.ndarray = _COMPLEMENT[codes[..., ::-1]]
    return complements


def one_hot(sequences: str | Iterable[str] | np.ndarray, dtype: torch.dtype | None = None) -> torch.Tensor:
    """One-hot DNA: (batch, 4, length) in ACGT order, N all zeros.

    Args:
        sequences: one string, several of equal length, or codes (batch, length), A C G T N as 0 1 2 3 4.
        dtype: of the result; float32 by default.

    Law: ``one_hot(reverse_complement(s)) == Rep.dna().act(one_hot(s))`` exactly.
    Raises ValueError on a bad character (with its position), unequal lengths or codes of no base.

    >>> one_hot("ACN").tolist()
    [[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]]
    """
    import torch  # what only reads files does without

    if not isinstance(sequences, np.ndarray):
        rows = [encode(s) for s in ([sequences] if isinstance(sequences, str) else sequences)]
        lengths = sorted({len(row) for row in rows})
        if len(lengths) > 1:
            raise ValueError(f"sequences have lengths {lengths[0]} to {lengths[-1]}: pad or crop them to one")
        sequences = np.stack(rows) if rows else np.zeros((0, 0), dtype=np.uint8)
    if sequences.ndim != 2:
        raise ValueError(f"codes have shape {sequences.shape}, expected (batch, length): add a batch axis")
    for code in (sequences.min(initial=0), sequences.max(initial=0)):
        if not 0 <= code <= UNKNOWN:
            raise ValueError(f"code {code} is no base: codes run from 0 (A) to {UNKNOWN} (N)")
    return torch.from_numpy(np.ascontiguousarray(_ROWS[sequences].swapaxes(1, 2))).to(dtype or torch.float32)


def reverse_complement(sequence: str) -> str:
    """Reverse complement of a string, in upper case; N stays N.

    Args:
        sequence: letters A, C, G, T and N, of either case.

    >>> reverse_complement("AACGN")
    'NCGTT'
    """
    return decode(complement_codes(encode(sequence)))
