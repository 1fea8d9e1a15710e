"""How reverse complement acts on channels: the one place where strands are swapped.

A :class:`Rep` (representation) is a signed involution ``p, s`` of channels. Together with the reversal of
the length axis it says what reverse complement does to a feature map:

    (R x)[b, c, t] = s[c] * x[b, p[c], L - 1 - t]

Proof that every Rep is a sum of regular, trivial and sign terms: ``proofs/theorems/t01_representations.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ._notation import check_involution, fold, parse, write

if TYPE_CHECKING:
    import torch

    Array = TypeVar("Array", torch.Tensor, np.ndarray)


class Rep:
    """A representation of reverse complement on channels: an immutable value that prints as you type it.

    The notation lists terms in channel order, joined by ``+``:

    - ``"2r"``: two *regular* pairs, adjacent: (+, -, +, -), as stranded tasks are laid out
    - ``"2r:flip"``: two pairs, first with last: one-hot DNA in ACGT order (A with T, C with G)
    - ``"2r:halves"``: two pairs, first half with second half: (a, a, b, b)
    - ``"1t"``: one *trivial* channel: fixed, for example an unstranded track or a logit
    - ``"1s"``: one *sign* channel: fixed up to a change of sign
    - ``"[2,1,0-]"``: any other order: each channel's partner, ``-`` after a sign channel

    Two Reps are equal when they act alike, whatever notation built them; ``Rep(str(r)) == r``.

    Args:
        notation: the terms, or another Rep.

    >>> Rep("3r+1t")
    Rep("3r+1t")
    >>> Rep("4r+2t") == 4 * REGULAR + 2 * TRIVIAL
    True
    >>> Rep("1r:flip") == Rep("1r")
    True
    """

    __slots__ = ("_folded", "partners", "signs")
    partners: tuple[int, ...]
    signs: tuple[int, ...]
    _folded: tuple[int, int, int] | None

    def __init__(self, notation: str | Rep = "0t") -> None:
        if not isinstance(notation, str | Rep):
            raise ValueError(f"Rep: got {notation!r}, expected a notation such as '2r:flip', or a Rep")
        partners, signs = (
            (notation.partners, notation.signs) if isinstance(notation, Rep) else parse(notation)
        )
        self._set(partners, signs)

    def _set(self, partners: tuple[int, ...], signs: tuple[int, ...]) -> None:
        for name, value in (("partners", partners), ("signs", signs), ("_folded", fold(partners))):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Rep is immutable: build a new one instead of setting {name}")

    @classmethod
    def dna(cls) -> Rep:
        """One-hot DNA in ACGT order, ``"2r:flip"``: A swaps with T and C with G."""
        return cls("2r:flip")

    @classmethod
    def from_partners(cls, partners: Iterable[int], signs: Iterable[int] | None = None) -> Rep:
        """Build a Rep from each channel's partner, as a targets table's ``strand_pair`` column gives them.

        A swapped pair takes no sign: negate one of its channels instead, which turns it into an ordinary
        pair.

        Args:
            partners: of each channel, the number of the channel it swaps with; its own number if it is fixed.
            signs: of each channel, +1, or -1 for a sign channel; by default all +1.

        Raises ValueError when ``partners`` is not an involution, or a sign is wrong.

        >>> Rep.from_partners([1, 0, 2])
        Rep("1r+1t")
        """
        p = tuple(int(i) for i in partners)
        s = tuple(int(i) for i in signs) if signs is not None else (1,) * len(p)
        check_involution(p, s)
        rep = cls()
        rep._set(p, s)
        return rep

    @property
    def channels(self) -> int:
        """The number of channels the Rep acts on."""
        return len(self.partners)

    @property
    def regular(self) -> int:
        """The number of swapped pairs (two channels each)."""
        return sum(c < j for c, j in enumerate(self.partners))

    @property
    def orbits(self) -> tuple[tuple[int, ...], ...]:
        """The channels that belong together, such as the two strands of a factor: pairs, and single ones.

        >>> Rep("1r+1t").orbits
        ((0, 1), (2,))
        """
        return tuple((c, j) if c < j else (c,) for c, j in enumerate(self.partners) if c <= j)

    @property
    def trivial(self) -> int:
        """The number of fixed channels with sign +1."""
        return sum(c == j and s == 1 for c, (j, s) in enumerate(zip(self.partners, self.signs, strict=True)))

    @property
    def sign(self) -> int:
        """The number of fixed channels with sign -1."""
        return self.signs.count(-1)

    def act(self, x: Array) -> Array:
        """Reverse complement of ``x``: the only function that swaps strands.

        Args:
            x: a torch tensor or numpy array (batch, channels, length), or (batch, channels) of an output
                without positions.

        Returns a new array of the same shape and type.
        Law: ``rep.act(rep.act(x)) == x`` exactly. Raises ValueError on another rank or channel count.

        >>> import numpy as np
        >>> Rep("1r+1t").act(np.array([[[1, 2], [3, 4], [5, 6]]])).tolist()
        [[[4, 3], [2, 1], [6, 5]]]
        """
        if x.ndim not in (2, 3):
            raise ValueError(
                f"Rep {self}: expected (batch, channels) or (batch, channels, length), got {tuple(x.shape)}"
                + (": add a batch axis" if x.ndim == 1 else "")
            )
        if x.shape[1] != self.channels:
            raise ValueError(
                f"Rep {self} acts on {self.channels} channels, got {x.shape[1]} in {tuple(x.shape)}"
                + (
                    ": the channel axis is the second one, so transpose (batch, length, channels)"
                    if x.shape[-1] == self.channels
                    else ""
                )
            )
        length = (-1,) * (x.ndim - 2)
        if self._folded:  # one reversal of two axes: its gradient takes a quarter of the time of a lookup's
            y = flip(x.reshape(x.shape[0], *self._folded, *x.shape[2:]), 2, *length).reshape(x.shape)
        else:
            y = x[:, list(self.partners)]
            y = flip(y) if length else y
        for c, s in enumerate(self.signs):
            if s == -1:
                y[:, c] = -y[:, c]
        return y

    def __add__(self, other: Rep) -> Rep:
        if not isinstance(other, Rep):
            return NotImplemented
        shifted = [self.channels + j for j in other.partners]
        return Rep.from_partners([*self.partners, *shifted], self.signs + other.signs)

    def __rmul__(self, n: int) -> Rep:
        if not isinstance(n, int) or n < 0:
            raise ValueError(f"Rep: {n!r} * {self}: the number of copies is a whole number, zero or more")
        rep = Rep()
        for _ in range(n):
            rep = rep + self
        return rep

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Rep):
            return NotImplemented
        return (self.partners, self.signs) == (other.partners, other.signs)

    def __hash__(self) -> int:
        return hash((self.partners, self.signs))

    def __reduce__(self) -> tuple[Any, ...]:
        return Rep, (str(self),)

    def __repr__(self) -> str:
        return f'Rep("{self}")'

    def __str__(self) -> str:
        return write(self.partners, self.signs)


def flip(x: Array, *axes: int) -> Array:
    """Reverse the length axis (the last), as R does to trivial channels, or other ``axes``; a new array."""
    axes = axes or (-1,)
    return np.flip(x, axes).copy() if isinstance(x, np.ndarray) else x.flip(axes)


DNA = Rep.dna()
"""One-hot DNA in ACGT order."""
REGULAR = Rep("1r")
"""A pair of channels that swap, as two strands do."""
TRIVIAL = Rep("1t")
"""A channel that stays, such as a label's logit."""
SIGN = Rep("1s")
"""A channel that changes its sign, such as plus minus minus."""
