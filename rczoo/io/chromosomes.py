"""Names of chromosomes: chr4, chrIV, IV and 4 are one; chrM, chrMT, chrmt and Mito are one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST_COMPARED = 1000
"""Of an assembly of contigs, comparing a name with every one takes seconds."""
_NUMERALS = "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI"
_ROMAN_OF = {str(i): roman for i, roman in enumerate(_NUMERALS.split(), 1)}
_ARABIC_OF = {roman: arabic for arabic, roman in _ROMAN_OF.items()}
_ONLY_ROMAN = set(_ARABIC_OF) - {"I", "V", "X"}
"""Names that are numerals wherever they occur; X is also a sex chromosome."""
_MITOCHONDRION = {"m", "mt", "mito", "mtdna", "mitochondrion"}


def match(wanted: Iterable[str], available: Iterable[str]) -> dict[str, str]:
    """Map each wanted chromosome name to the available name of the same chromosome, where there is one.

    An exact name wins; then the same name with or without ``chr``; then another name of the mitochondrion;
    then the other kind of numeral, if the Roman side has a name such as II, which is nothing but a numeral:
    X, V and I are not, so give all the names there are.

    >>> match(["chrII", "chrX"], ["chr2", "chr10"]), match(["chrX"], ["chr2", "chr10"])
    ({'chrII': 'chr2', 'chrX': 'chr10'}, {})
    """
    return Aliases(available).match(wanted)


class Aliases:
    """The names that chromosomes have in a file, and what else they are called."""

    def __init__(self, available: Iterable[str]) -> None:
        names = list(available)
        self._exact, self._bare = {name: name for name in names}, {_bare(n): n for n in reversed(names)}
        self._roman = not _ONLY_ROMAN.isdisjoint(self._bare)

    def match(self, wanted: Iterable[str]) -> dict[str, str]:
        """As :func:`match` does: each wanted name to the available one."""
        wanted = list(dict.fromkeys(wanted))
        numeral: dict[str, str] = {}
        if self._roman:
            numeral = _ROMAN_OF
        elif not _ONLY_ROMAN.isdisjoint(map(_bare, wanted)):
            numeral = _ARABIC_OF
        bare = {name: _bare(name) for name in wanted}
        found = {
            name: self._exact.get(name)
            or self._bare.get(bare[name])
            or self._bare.get(numeral.get(bare[name], ""))
            for name in wanted
        }
        return {name: same for name, same in found.items() if same is not None}


def resolve(wanted: Iterable[str], available: Iterable[str], file: str) -> dict[str, str]:
    """Map every wanted chromosome name to the name that ``file`` uses for it, as :func:`match` does.

    Raises ValueError naming the first chromosome that ``file`` has under no name.

    >>> resolve(["chr4", "chrM", "chrI"], ["chrI", "chrII", "chrIV", "chrmt"], "genome.fa")
    {'chr4': 'chrIV', 'chrM': 'chrmt', 'chrI': 'chrI'}
    """
    wanted, names = list(wanted), list(available)
    found = match(wanted, names)
    for name in wanted:
        if name not in found:
            remedy = "use the genome that the intervals were made on"
            raise ValueError(f"{nearest(name, names, file)}: {remedy}")
    return found


def nearest(name: str, available: Iterable[str], file: str) -> str:
    """That ``file`` has no such chromosome, and what comes nearest.

    >>> nearest("chr23", ["chr1", "chr2"], "genome.fa")
    "genome.fa has no chromosome 'chr23' under any name (it has 2; nearest: 'chr2')"
    """
    names = list(available)
    near = get_close_matches(name, names[:MOST_COMPARED], 1) or names[:1]
    shown = ", ".join(map(repr, near)) or "none"
    return f"{file} has no chromosome {name!r} under any name (it has {len(names)}; nearest: {shown})"


def describe(mapping: dict[str, str], file: str) -> str:
    """One line on the names that differ, or an empty string.

    >>> describe({"chr4": "chrIV", "chrI": "chrI"}, "genome.fa")
    'genome.fa: chr4 is chrIV'
    """
    different = sorted(f"{a} is {b}" for a, b in mapping.items() if a != b)
    more = f" and {len(different) - 3} more" if len(different) > 3 else ""
    return f"{file}: {', '.join(different[:3])}{more}" if different else ""


def _bare(name: str) -> str:
    """The name without ``chr``; the mitochondrion under one name."""
    bare = name[3:] if name.lower().startswith("chr") else name
    return "MT" if bare.lower() in _MITOCHONDRION else bare
