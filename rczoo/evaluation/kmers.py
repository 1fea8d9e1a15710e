"""Regressions on counts of words: what a model reaches that knows which words are there, and not where.

A word and its reverse complement are one feature, so every score is invariant. scikit-learn and scipy come
with ``rczoo[training]``, so each function imports its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ..data.examples import Examples
from ..symmetry import dna
from . import metrics

LENGTHS = (3, 4, 5, 6, 7)
"""Of the words, among which the validation split chooses; 7 bases are most of what a factor reads."""
STRENGTHS = (0.03, 0.1, 0.3, 1.0, 3.0)
"""The C among which it chooses: on each task of the zoo the best lies within, or the end is as good."""
TOLERANCE = 0.01
"""Liblinear's own for this solver; a smaller one changes the auROC by less than .001 and takes longer."""
ROWS = 2000
"""Sequences counted at once, so that counting takes less memory than the counts."""


@dataclass(frozen=True)
class KmerRegression:
    """A fitted regression: its words' length ``k``, its ``C``, and its mean auROC on the validation split."""

    k: int
    C: float
    validation: float
    weighting: Any
    models: tuple[Any, ...]

    def score(self, codes: np.ndarray) -> np.ndarray:
        """Logits of sequences: codes (n, length) -> (n, labels)."""
        return _logits(self.models, self.weighting.transform(_stable_counts(codes, self.k), copy=False))


def choose(train: Examples, validation: Examples) -> KmerRegression:
    """The regression, fitted to ``train``, with the best mean auROC over the labels of ``validation``.

    Its features are square roots of counts, so that those of rare and frequent words vary alike, times the
    inverse document frequency, each sequence scaled to norm 1, so that C means the same for every k and
    length. Of equal ones the shorter words and the smaller C win. Raises ValueError where a training label,
    or every validation label, has one class.
    """
    check_classes(train, "training")
    if not _both_classes(validation).any():
        raise ValueError(
            f"k-mer logistic regression: each label of the {len(validation)} validation examples has one "
            "class, so nothing can be chosen by it: give the validation split both"
        )
    return max(_candidates(train, validation), key=lambda regression: regression.validation)


def three_mers(train: Examples, codes: np.ndarray) -> np.ndarray:
    """Logits, (n, labels), of a regression on standardised counts of 3-mers: nothing is chosen."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    check_classes(train, "training")
    X, X_held_out = (kmer_counts(c, 3).toarray() for c in (train.unshifted_codes, codes))
    scores = []
    for label in np.asarray(train.target).T:
        measured = ~np.isnan(label)
        logistic = LogisticRegression(C=0.1, class_weight="balanced", max_iter=1000)
        model = make_pipeline(StandardScaler(), logistic).fit(X[measured], label[measured] > 0.5)
        scores.append(model.decision_function(X_held_out))
    return np.stack(scores, axis=1)


def kmer_counts(codes: np.ndarray, k: int) -> Any:
    """Counts of words of ``k`` bases without N: codes (n, length) -> sparse (n, words) float64, in CSR form.

    A word counts together with its reverse complement, a palindrome once a place. Law: the counts of
    reverse-complemented codes are the same. Sequences shorter than ``k`` have no words.
    """
    from scipy import sparse

    codes = np.asarray(codes)
    parts = [_counts(codes[first : first + ROWS], k) for first in range(0, max(len(codes), 1), ROWS)]
    return sparse.vstack(parts, format="csr")


def check_classes(examples: Examples, split: str) -> None:
    """Refuse, with a ValueError, examples of which a label has one class."""
    both = _both_classes(examples)
    if not both.all():
        raise ValueError(
            f"logistic regression: label {both.argmin()} of the {len(examples)} {split} examples has one "
            "class, and it needs two: give the split positives and negatives of each label"
        )


def _candidates(train: Examples, validation: Examples) -> Iterator[KmerRegression]:
    """A fitted regression for each length of words and each C, all labels with the same."""
    from sklearn.feature_extraction.text import TfidfTransformer

    for k in LENGTHS:
        counts = _stable_counts(train.unshifted_codes, k)
        weighting = TfidfTransformer().fit(counts)
        X = weighting.transform(counts, copy=False)
        X_held_out = weighting.transform(_stable_counts(validation.unshifted_codes, k), copy=False)
        for C in STRENGTHS:
            models = tuple(_fitted(X, label, C) for label in np.asarray(train.target).T)
            auroc = metrics.auroc(np.asarray(validation.target), _logits(models, X_held_out))
            yield KmerRegression(k, C, float(np.nanmean(auroc)), weighting, models)


def _fitted(X: Any, label: np.ndarray, C: float) -> Any:
    """A regression for one label, of the examples where it was measured.

    Liblinear's Newton steps take 3 to 6 passes over the counts at every C, where L-BFGS takes ten times more.
    """
    from sklearn.linear_model import LogisticRegression

    measured = np.flatnonzero(~np.isnan(label))
    rows = X if len(measured) == len(label) else X[measured]
    return LogisticRegression(C=C, solver="liblinear", tol=TOLERANCE).fit(rows, label[measured] > 0.5)


def _logits(models: tuple[Any, ...], X: Any) -> np.ndarray:
    return np.stack([model.decision_function(X) for model in models], axis=1)


def _stable_counts(codes: np.ndarray, k: int) -> Any:
    """Square roots of counts."""
    counts = kmer_counts(codes, k)
    np.sqrt(counts.data, out=counts.data)
    return counts


def _counts(codes: np.ndarray, k: int) -> Any:
    """Counts of a few sequences: sparse (n, words)."""
    from scipy import sparse

    places = max(codes.shape[1] - k + 1, 0)
    word, known = np.zeros((len(codes), places), np.int32), np.ones((len(codes), places), bool)
    for offset in range(k):
        base = codes[:, offset : offset + places]
        word = 4 * word + np.where(base == dna.UNKNOWN, 0, base)
        known &= base != dna.UNKNOWN
    columns, ends = _columns(k), np.append(0, known.sum(axis=1).cumsum())
    parts = np.ones(ends[-1]), columns[word[known]], ends
    counts = sparse.csr_matrix(parts, shape=(len(codes), columns.max() + 1))
    counts.sum_duplicates()
    return counts


@cache
def _columns(k: int) -> np.ndarray:
    """The column of each word, the same for its reverse complement: (4**k,)."""
    words = np.stack(np.unravel_index(np.arange(4**k), (4,) * k), axis=1).astype(np.uint8)
    partner = np.ravel_multi_index(tuple(dna.complement_codes(words).T), (4,) * k)
    _, column = np.unique(np.minimum(np.arange(4**k), partner), return_inverse=True)
    return column.astype(np.int32)


def _both_classes(examples: Examples) -> np.ndarray:
    """Which labels have positives and negatives: (labels,) bool."""
    target = np.asarray(examples.target)
    return np.asarray((target > 0.5).any(axis=0) & (target <= 0.5).any(axis=0))
