"""The notation of Reps: from text such as ``"2r:flip+1t"`` to partners and signs, and back.

What the terms mean is told in :class:`rczoo.Rep`; parsing what :func:`write` wrote gives the same again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

LARGEST = 1_000_000
"""Of one term: notation comes from checkpoints and task files, too, and each channel takes memory."""
_TERM = re.compile(r"(\d*)([rts])(?::(flip|halves))?")
_LISTED = re.compile(r"\[(\s*\d+-?\s*(?:,\s*\d+-?\s*)*)\]")


def check_involution(partners: Sequence[int], signs: Sequence[int]) -> None:
    """Raise ValueError unless partners point at each other and only fixed channels have sign -1."""
    if len(signs) != len(partners):
        raise ValueError(f"Rep: {len(partners)} partners but {len(signs)} signs: give one sign per channel")
    for c, j in enumerate(partners):
        if not 0 <= j < len(partners):
            raise ValueError(
                f"Rep: channel {c} has partner {j}, but channels run from 0 to {len(partners) - 1}"
            )
        if partners[j] != c:
            raise ValueError(
                f"Rep: channel {c} has partner {j}, whose partner is {partners[j]}, not {c}: "
                "partners must point at each other"
            )
        if signs[c] not in (1, -1):
            raise ValueError(f"Rep: channel {c} has sign {signs[c]}: signs are +1 or -1")
        if signs[c] == -1 and j != c:
            raise ValueError(
                f"Rep: the pair of channels ({min(c, j)}, {max(c, j)}) is swapped with sign -1: "
                "negate one of the two channels, which makes it an ordinary pair"
            )


def parse(notation: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Read the notation into partners and signs."""
    partners: list[int] = []
    signs: list[int] = []
    for term in notation.replace(" ", "").split("+"):
        first = len(partners)
        if match := _TERM.fullmatch(term):
            n, kind, layout = int(match[1] or 1), match[2], match[3]
            if layout and kind != "r":
                raise ValueError(f"Rep {notation!r}: {term!r} has a layout, but only pairs (r) have one")
            if n > LARGEST:
                raise ValueError(f"Rep {notation!r}: {n:,} channels or pairs are more than {LARGEST:,}")
            local = _pairs(n, layout) if kind == "r" else list(range(n))
            local_signs = [-1 if kind == "s" else 1] * len(local)
        elif match := _LISTED.fullmatch(term):
            entries = match[1].split(",")
            local = [int(e.rstrip("-")) for e in entries]
            local_signs = [-1 if e.endswith("-") else 1 for e in entries]
            check_involution(local, local_signs)
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


def fold(partners: tuple[int, ...]) -> tuple[int, int, int] | None:
    """A shape of the channels in which every one meets its partner when the middle axis is reversed, if any.

    Pairs in one of the three layouts have one, and fixed channels; a mixture has not.

    >>> fold((2, 3, 0, 1))
    (1, 2, 2)
    """
    n = len(partners)
    for outer, size, inner in ((n, 1, 1), (1, n, 1), (n // 2, 2, 1), (1, 2, n // 2)):
        turned = tuple(
            (a * size + size - 1 - b) * inner + c
            for a in range(outer)
            for b in range(size)
            for c in range(inner)
        )
        if n and turned == partners:
            return outer, size, inner
    return None


def write(partners: Sequence[int], signs: Sequence[int]) -> str:
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
