"""The sequences that a model is tried on: by design they hold every word, on both strands."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from itertools import chain, islice, permutations, product
from random import Random

import numpy as np

from ..symmetry.dna import BASES, complement_codes, encode

WORD = 6
"""Bases of a motif's core: the detector of any one such word, untied, is to be seen."""
LONG = 4**WORD + WORD - 1
"""Bases in which one sequence has room for every such word: as long ones are tried one at a time."""
MOST_BASES = 4 * 4**WORD
"""Bases in one batch of several sequences: a few thousand more than the words need at most lengths."""

ORDERS = tuple(permutations(range(len(BASES))))
TRIED = 8
"""Words that are tried as the next where none that is wanted is within three bases."""


def windows(word: int, length: int, twice: bool = False) -> np.ndarray:
    """Codes (number, length) that hold every word of ``word`` bases (or ``length``, if less) on one strand.

    A sequence with a word and its reverse complement tells nothing of a detector of the one, which answers
    on either strand. So no sequence holds both, and every word, or its reverse complement, is in one.
    ``twice``: at two places at least, so that a model that reads only the middle half of a sequence meets it.

    >>> windows(1, 3).tolist()
    [[1, 0, 1]]
    """
    word = min(word, length)
    step = max(1, (length - word + 1) // (2 if twice else 1))
    places = [(np.arange(0, len(circle), step)[:, None] + np.arange(length)) for circle in circles(word)]
    rows = [np.take(circle, at, mode="wrap") for circle, at in zip(circles(word), places, strict=True)]
    return np.concatenate(rows)


@cache
def circles(word: int) -> list[np.ndarray]:
    """Circles of base codes, in none of which is a word with its reverse complement, and in all every word.

    One has nearly all of them, and is not much longer than it need be.
    """
    rng, size = Random(77), len(BASES) ** word
    digits = np.indices((len(BASES),) * word).reshape(word, -1).T.astype(np.uint8)
    twin = (complement_codes(digits) @ len(BASES) ** np.arange(word)[::-1]).tolist()
    # the first of a plain mapping takes long to find once many are gone
    wanted = OrderedDict.fromkeys(w for w in rng.sample(range(size), size) if w <= twin[w])
    found, spelt = [], digits.tolist()
    while wanted:
        found.append(np.array(Walk(spelt, twin, wanted, rng).bases(), dtype=np.uint8))
    return found


class Walk:
    """A sequence that grows by words that are still ``wanted``, and holds no word with its ``twin``.

    ``digits``: the bases of each word; ``twin``: the number of its reverse complement.
    """

    def __init__(
        self, digits: list[list[int]], twin: list[int], wanted: OrderedDict[int, None], rng: Random
    ) -> None:
        self.digits, self.twin, self.wanted, self.rng = digits, twin, wanted, rng
        self.row, self.last, self.seen = list[int](), 0, set[int]()

    def bases(self) -> list[int]:
        """A circle of them, until no word is wanted or few are left that fit."""
        first = next(iter(self.wanted))
        self._take(self.digits[first], [first])
        enough = 9 * len(self.twin) // 16  # half of them would do if every step met a wanted word
        while (self.wanted and len(self.row) < enough) or not self._closes():
            self._take(*self._next())
        return self.row

    def _next(self) -> tuple[Sequence[int], list[int]]:
        """The fewest bases that reach a word that is wanted; else one that does no harm, if there is one."""
        order = self.rng.choice(ORDERS)
        near = chain.from_iterable(product(order, repeat=n) for n in (1, 2, 3))
        far = (tuple(self.digits[v]) for w in islice(self.wanted, TRIED) for v in (w, self.twin[w]))
        for bases in chain(near, far):
            words = self._words(bases)
            if self._least(words[-1]) in self.wanted and self._fits(words):
                return bases, words
        singles = [((base,), self._words([base])) for base in order]
        return next((single for single in singles if self._fits(single[1])), singles[0])

    def _words(self, bases: Sequence[int]) -> list[int]:
        """The words that end with each of these bases, once they follow."""
        words, last = [], self.last
        for base in bases:
            last = (last * len(BASES) + base) % len(self.twin)
            words.append(last)
        return words

    def _fits(self, words: list[int]) -> bool:
        """Is no word the reverse complement of one that is there? It may be its own."""
        held = [*self.seen.intersection(twins := [self.twin[w] for w in words]), *words]
        return all(w == t or t not in held for w, t in zip(words, twins, strict=True))

    def _take(self, bases: Sequence[int], words: list[int]) -> None:
        for w in words:
            self.wanted.pop(self._least(w), None)
        if not self._fits(words):  # they tell nothing here
            self.wanted |= dict.fromkeys(map(self._least, words))
        self.seen.update(words)
        self.row += bases
        self.last = words[-1]

    def _closes(self) -> bool:
        """Could it be repeated?"""
        return self._fits(self._words(self.row[: len(self.digits[0]) - 1]) or [self.last])

    def _least(self, word: int) -> int:
        return min(word, self.twin[word])


def as_codes(sequences: Sequence[str] | np.ndarray) -> np.ndarray:
    """Base codes (n, length) of strings of one length, or of codes. Raises ValueError on unequal lengths."""
    if isinstance(sequences, np.ndarray):
        return sequences
    rows = [encode(s) for s in sequences]
    if sizes := sorted({len(row) for row in rows} - {len(rows[0]) if rows else 0}):
        raise ValueError(f"sequences have lengths {len(rows[0])} and {sizes[0]}: give them one length")
    if not rows:
        raise ValueError("no sequences given")
    return np.stack(rows)
