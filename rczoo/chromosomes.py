"""Names of chromosomes: chr4, chrIV, IV and 4 are one; chrM, chrMT, chrmt and Mito are one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

_ROMAN = [
    "I",
    "II",
    "III",
    "IV",
    "V",
    "VI",
    "VII",
    "VIII",
    "IX",
    "X",
    "XI",
    "XII",
    "XIII",
    "XIV",
    "XV",
    "XVI",
]
_ROMAN_OF = {str(i): roman for i, roman in enumerate(_ROMAN, 1)}
_ARABIC_OF = {roman: arabic for arabic, roman in _ROMAN_OF.items()}
_ONLY_ROMAN = {"II", "III", "IV", "VI"}
"""Names that are numerals wherever they occur, unlike X, V and I."""
_MITOCHONDRION = {"m", "mt", "mito", "mtdna", "mitochondrion"}


def resolve(wanted: Iterable[str], available: Iterable[str], file: str) -> dict[str, str]:
    """Map each wanted chromosome name to the name that ``file`` uses for it.

    An exact name wins; then the same name with or without ``chr``; then another name of the mitochondrion;
    then the Roman or Arabic numeral, where the file's own names show that they are such numerals.
    Raises ValueError naming the first chromosome that ``file`` has under no name.

    >>> resolve(["chr4", "chrM", "chrI"], ["chrI", "chrII", "chrIV", "chrmt"], "genome.fa")
    {'chr4': 'chrIV', 'chrM': 'chrmt', 'chrI': 'chrI'}
    """
    names = list(available)
    bare = {_bare(name): name for name in reversed(names)}
    found = {}
    for name in dict.fromkeys(wanted):
        match = name if name in names else bare.get(_bare(name)) or bare.get(_numeral(_bare(name), bare))
        if match is None:
            near = ", ".join(repr(n) for n in get_close_matches(name, names, 1) or names[:1]) or "none"
            raise ValueError(
                f"{file} has no chromosome {name!r} under any name (it has {len(names)}; nearest: {near}): "
                "use the genome that the intervals were made on"
            )
        found[name] = match
    return found


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


def _numeral(bare: str, available: Collection[str]) -> str:
    """The same number in the numerals of the file."""
    translation = _ROMAN_OF if _ONLY_ROMAN & set(available) else _ARABIC_OF
    return translation.get(bare, "")
