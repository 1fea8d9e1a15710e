"""Two bases of DNA, two blocks of widths 1 and 2: RCPS(F = 1) says more than conjoined(F = 1).

Target: 2 for AT, 1 for AA and its reverse complement TT, 0 for the other thirteen. RCPS computes it
(checked below). So does conjoined(1), but for 2r at AT, for any 0 < r < 1: one block gives z = (A: 1/r + 1,
C: 1, G: 0, T: 1/r), the next relu(z[x] + r z[y] - r - 1 - 1/r) (checked below for three r). What is
separated here is the exact functions, not what can be approximated.

Conjoined(1) does not, whatever its numbers. Its answer at xy is c0 + h (relu(S(xy)) + relu(S of the reverse
complement)), S(xy) = a z(x) + b z(y) + c with z(x) >= 0 of the first block; the head's scale is in a, b and
c, its sign is h. The size of a is in z and b, so that a is 1, 0 or -1. Of the products q(y) = b z(y) only
this is asked: they lie in the order of z, in the opposite one, or all at 0, as the sign of b says, and are 0
where z is. z3 decides that even so the sixteen equations, which are linear now, have no solution in any of
the eighteen cases (:func:`conjoined_misses_it`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from types import MappingProxyType


def dinucleotides() -> Iterator[str]:
    """All sixteen."""
    from rczoo.symmetry.dna import BASES

    yield from map("".join, itertools.product(BASES, repeat=2))


def one_strand(sequence: str) -> int:
    """relu(z[0] + z[1] + other[1] - 1): z = [base is A], other = that of the other strand, flipped."""
    z, other = ([int(base == letter) for base in sequence] for letter in "AT")
    return max(0, z[0] + z[1] + other[1] - 1)


def network(sequence: str) -> int:
    """RCPS(1), sum-merged."""
    from rczoo.symmetry.dna import reverse_complement

    return one_strand(sequence) + one_strand(reverse_complement(sequence))


def conjoined(sequence: str) -> int:
    """The same without the other strand's filter."""
    from rczoo.symmetry.dna import reverse_complement

    both = (sequence, reverse_complement(sequence))
    return sum(max(0, (s[0] == "A") + (s[1] == "A") - 1) for s in both)


def nearly(sequence: str, r: Fraction) -> Fraction:
    """Conjoined(1) with other weights: at most 2 r from the target."""
    from rczoo.symmetry.dna import reverse_complement

    z = {"A": 1 / r + 1, "C": Fraction(1), "G": Fraction(0), "T": 1 / r}
    both = (sequence, reverse_complement(sequence))
    return sum((max(Fraction(0), z[s[0]] + r * z[s[1]] - r - 1 - 1 / r) for s in both), Fraction(0))


def nearer() -> Iterator[tuple[str, Fraction]]:
    """All sixteen, with ever smaller r."""
    yield from itertools.product(dinucleotides(), [Fraction(1, 10**n) for n in (1, 3, 6)])


def target(sequence: str) -> int:
    """2 for AT, 1 for AA and TT."""
    return {"AA": 1, "TT": 1, "AT": 2}.get(sequence, 0)


def rcps_computes_it(sequence: str) -> str | None:
    """None where RCPS(1) gives the target."""
    return None if network(sequence) == target(sequence) else f"{network(sequence)}, not {target(sequence)}"


def conjoined_computes_it(sequence: str) -> str | None:
    """None where the network without exchange gives the target."""
    return (
        None if conjoined(sequence) == target(sequence) else f"{conjoined(sequence)}, not {target(sequence)}"
    )


def conjoined_is_near(case: tuple[str, Fraction]) -> str | None:
    """None where it misses the target by at most 2 r."""
    (sequence, r), found = case, nearly(*case)
    return None if abs(found - target(sequence)) <= 2 * r else f"{found}, not {target(sequence)}"


def conjoined_misses_it() -> str | None:
    """None where z3 finds no conjoined(1) that computes the target."""
    cases = itertools.product((1, -1), (1, 0, -1), (1, 0, -1))
    return next((problem for case in cases if (problem := _solution(*case, target))), None)


def conjoined_computes_another() -> str | None:
    """None where z3 takes relu(z[x] - z[y] - 2) for the target without AA and TT, which that computes."""
    z = {"A": 3, "C": 1, "G": 1, "T": 0}
    found = _solution(1, 1, -1, lambda sequence: 2 * (sequence == "AT"), z)
    return None if found else "z3 finds no conjoined(1) that computes 2 for AT and 0 elsewhere"


def _solution(
    sign: int, a: int, b: int, wanted: Callable[[str], int], known: Mapping[str, int] = MappingProxyType({})
) -> str | None:
    """Numbers of a conjoined(1) of this a and these signs of its head and b; None where z3 finds none.

    ``known`` are values of z, for b as it is.
    """
    import z3

    from rczoo.symmetry.dna import BASES, reverse_complement

    solver = z3.SolverFor("QF_LRA")
    z, q = ({base: z3.Real(f"{name}{base}") for base in BASES} for name in "zq")
    c, c0 = z3.Reals("c c0")
    S = {s: a * z[s[0]] + q[s[1]] + c for s in dinucleotides()}
    relu = {s: z3.If(value > 0, value, 0) for s, value in S.items()}
    solver.add([value >= 0 for value in z.values()])
    solver.add([z3.And(z[x] == value, q[x] == b * value) for x, value in known.items()])
    if b == 0:
        solver.add([value == 0 for value in q.values()])
    else:
        solver.add([(z[x] <= z[y]) == (b * q[x] <= b * q[y]) for x, y in itertools.permutations(BASES, 2)])
        solver.add([z3.And(b * q[x] >= 0, (q[x] == 0) == (z[x] == 0)) for x in BASES])
    for s in S:
        if s <= reverse_complement(s):  # the other of the two is the same equation
            solver.add(sign * (relu[s] + relu[reverse_complement(s)]) + c0 == wanted(s))
    answer = solver.check()
    if answer == z3.unsat:
        return None
    return f"conjoined(1) computes it: {solver.model()}" if answer == z3.sat else f"z3 says {answer}"
