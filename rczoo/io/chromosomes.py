"""Names of chromosomes: chr4, chrIV, IV and 4 are one; chrM, chrMT, chrmt and Mito are one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

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
    wanted, names = list(dict.fromkeys(wanted)), list(available)
    bare = {_bare(name): name for name in reversed(names)}
    numeral: dict[str, str] = {}
    if not _ONLY_ROMAN.isdisjoint(bare):
        numeral = _ROMAN_OF
    elif not _ONLY_ROMAN.isdisjoint(map(_bare, wanted)):
        numeral = _ARABIC_OF
    exact = {name: name for name in names}
    found = {
        name: exact.get(name) or bare.get(_bare(name)) or bare.get(numeral.get(_bare(name), ""))
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
            near = ", ".join(repr(n) for n in get_close_matches(name, names, 1) or names[:1]) or "none"
            raise ValueError(
                f"{file} has no chromosome {name!r} under any name (it has {len(names)}; nearest: {near}): "
                "use the genome that the intervals were made on"
            )
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
