"""How reverse complement acts on channels: the one place where strands are swapped.

A :class:`Rep` (representation) is a signed involution ``p, s`` of channels. Together with the reversal of
the length axis it says what reverse complement does to a feature map::

    (R x)[b, c, t] = s[c] * x[b, p[c], L - 1 - t]

Proof that every Rep is a sum of regular, trivial and sign terms: ``proofs/t01_representations.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import torch

    Array = TypeVar("Array", torch.Tensor, np.ndarray)

_TERM = re.compile(r"(\d*)([rts])(?::(flip|halves))?")
_LISTED = re.compile(r"\[(\s*\d+-?\s*(?:,\s*\d+-?\s*)*)\]")


class Rep:
    """A representation of reverse complement on channels: an immutable value that prints as you type it.

    The notation lists terms in channel order, joined by ``+``:

    ==============  ======================================================================
    ``"2r"``        two *regular* pairs, adjacent: (+, -, +, -), as stranded tasks are laid out
    ``"2r:flip"``   two pairs, first with last: one-hot DNA in ACGT order (A with T, C with G)
    ``"2r:halves"`` two pairs, first half with second half: (a, a, b, b)
    ``"1t"``        one *trivial* channel: fixed, for example an unstranded track or a logit
    ``"1s"``        one *sign* channel: fixed up to a change of sign
    ``"[2,1,0-]"``  any other order: each channel's partner, ``-`` after a sign channel
    ==============  ======================================================================

    Two Reps are equal when they act alike, whatever notation built them; ``Rep(str(r)) == r``.

    >>> Rep("3r+1t")
    Rep("3r+1t")
    >>> Rep("4r+2t") == 4 * REGULAR + 2 * TRIVIAL
    True
    >>> Rep("1r:flip") == Rep("1r")
    True
    """

    __slots__ = ("partners", "signs")
    partners: tuple[int, ...]
    signs: tuple[int, ...]

    def __init__(self, notation: str | Rep = "0t") -> None:
        partners, signs = (
            (notation.partners, notation.signs) if isinstance(notation, Rep) else _parse(notation)
        )
        object.__setattr__(self, "partners", partners)
        object.__setattr__(self, "signs", signs)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Rep is immutable: build a new one instead of setting {name}")

    @classmethod
    def dna(cls) -> Rep:
        """One-hot DNA in ACGT order, ``"2r:flip"``: A swaps with T and C with G."""
        return cls("2r:flip")

    @classmethod
    def from_partners(cls, partners: Iterable[int], signs: Iterable[int] | None = None) -> Rep:
        """Build a Rep from each channel's partner, as a targets table's ``strand_pair`` column gives them.

        A channel that is its own partner is fixed; ``signs`` (+1 or -1, default all +1) tells trivial
        from sign channels. A swapped pair takes no sign: negate one of its channels instead, which turns
        it into an ordinary pair.

        Raises ValueError when ``partners`` is not an involution, or a sign is wrong.

        >>> Rep.from_partners([1, 0, 2])
        Rep("1r+1t")
        """
        p = tuple(int(i) for i in partners)
        s = tuple(int(i) for i in signs) if signs is not None else (1,) * len(p)
        if len(s) != len(p):
            raise ValueError(f"Rep: {len(p)} partners but {len(s)} signs: give one sign per channel")
        for c, j in enumerate(p):
            if not 0 <= j < len(p):
                raise ValueError(f"Rep: channel {c} has partner {j}, but channels run from 0 to {len(p) - 1}")
            if p[j] != c:
                raise ValueError(
                    f"Rep: channel {c} has partner {j}, whose partner is {p[j]}, not {c}: "
                    "partners must point at each other"
                )
            if s[c] not in (1, -1):
                raise ValueError(f"Rep: channel {c} has sign {s[c]}: signs are +1 or -1")
            if s[c] == -1 and j != c:
                raise ValueError(
                    f"Rep: the pair of channels ({min(c, j)}, {max(c, j)}) is swapped with sign -1: "
                    "negate one of the two channels, which makes it an ordinary pair"
                )
        rep = cls()
        object.__setattr__(rep, "partners", p)
        object.__setattr__(rep, "signs", s)
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
    def trivial(self) -> int:
        """The number of fixed channels with sign +1."""
        return sum(c == j and s == 1 for c, (j, s) in enumerate(zip(self.partners, self.signs, strict=True)))

    @property
    def sign(self) -> int:
        """The number of fixed channels with sign -1."""
        return self.signs.count(-1)

    def act(self, x: Array) -> Array:
        """Reverse complement of ``x``: the only function that swaps strands.

        ``x`` is a torch tensor or numpy array of shape (batch, channels, length), or (batch, channels) for
        an output without positions. Returns a new array of the same shape and type.

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
        y = x[:, list(self.partners)]
        if x.ndim == 3:
            y = flip(y)
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
        return _print(self.partners, self.signs)


def flip(x: Array) -> Array:
    """Reverse the length axis (the last): what reverse complement does to every trivial channel."""
    return x[..., ::-1] if not hasattr(x, "flip") else x.flip(-1)


def _parse(notation: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Read the notation into partners and signs."""
    partners: list[int] = []
    signs: list[int] = []
    for term in notation.replace(" ", "").split("+"):
        first = len(partners)
        if match := _TERM.fullmatch(term):
            n, kind, layout = int(match[1] or 1), match[2], match[3]
            if layout and kind != "r":
                raise ValueError(f"Rep {notation!r}: {term!r} has a layout, but only pairs (r) have one")
            local = _pairs(n, layout) if kind == "r" else list(range(n))
            local_signs = [-1 if kind == "s" else 1] * len(local)
        elif match := _LISTED.fullmatch(term):
            entries = match[1].split(",")
            local = [int(e.rstrip("-")) for e in entries]
            local_signs = [-1 if e.endswith("-") else 1 for e in entries]
            Rep.from_partners(local, local_signs)
        else:
            raise ValueError(
                f"Rep {notation!r}: cannot read {term!r}; write terms such as 2r, 2r:flip, 2r:halves, 3t, 1s "
                "or [2,1,0], joined by +"
            )
        partners += [first + j for j in local]
        signs += local_signs
    return tuple(partners), tuple(signs)


def _pairs(n: int, layout: str | None) -> list[int]:
    """Partners of ``n`` pairs in a layout; ``None`` is adjacent."""
    if layout == "flip":
        return list(range(2 * n - 1, -1, -1))
    if layout == "halves":
        return [*range(n, 2 * n), *range(n)]
    return [c ^ 1 for c in range(2 * n)]


def _print(partners: Sequence[int], signs: Sequence[int]) -> str:
    """Write partners and signs in the notation, each stretch in its shortest form."""
    terms: list[str] = []
    start = 0
    while start < len(partners):
        rest = [j - start for j in partners[start:]]
        if rest[0] == 0:
            kinds = [j == c and signs[start + c] == signs[start] for c, j in enumerate(rest)]
            length = kinds.index(False) if False in kinds else len(kinds)
            terms.append(f"{length}{'t' if signs[start] == 1 else 's'}")
        elif rest[0] == 1:
            adjacent = [j == c ^ 1 for c, j in enumerate(rest)]
            length = (adjacent.index(False) if False in adjacent else len(adjacent)) // 2 * 2
            terms.append(f"{length // 2}r")
        else:
            length = next(n for n in range(1, len(rest) + 1) if max(rest[:n]) < n)
            for layout in ("flip", "halves"):
                if rest[:length] == _pairs(length // 2, layout):
                    terms.append(f"{length // 2}r:{layout}")
                    break
            else:
                listed = zip(rest[:length], signs[start:], strict=False)
                terms.append("[" + ",".join(f"{j}{'-' if s == -1 else ''}" for j, s in listed) + "]")
        start += length
    return "+".join(terms) or "0t"


REGULAR = Rep("1r")
TRIVIAL = Rep("1t")
SIGN = Rep("1s")
