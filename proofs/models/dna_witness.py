"""Two bases of DNA, two blocks of widths 1 and 2: RCPS(F = 1) says more than conjoined(F = 1).

Target: 2 for AT, 1 for AA and its reverse complement TT, 0 for the other thirteen. RCPS computes it
(checked below). So does conjoined(1), but for 2r at AT, for any 0 < r < 1: one block gives z = (A: 1/r + 1,
C: 1, G: 0, T: 1/r), the next relu(z[x] + r z[y] - r - 1 - 1/r) (checked below for three r). What is
separated here is the exact functions, not what can be approximated.

Prose, not machine-checked: conjoined(1) does not. It computes phi(S(xy)) + phi(S of the reverse
complement), where S(xy) = P(x) + Q(y), P = a z, Q = b z for some function z of a base, and phi is
constant on one side and affine on the other. AT, TA, CG, GC are their own reverse complements: phi is 1
at S(AT) and 0 at the other three.

* If 0 is not the constant value of phi then S(TA) = S(CG) = S(GC); a is not b, else S(AT) = S(TA); so
  z(C) = z(G), say m. Measure S from S(TA), with p = a(z(A) - m), q = b(z(T) - m), d = b(z(A) - m), a(z(T)
  - m) = -d: AT is p + q, AC is p, GT is q, CA is d, TG is -d, and p q = -d^2. Negate a and b if need be,
  so that phi(e) is k e, k > 0, limited at M > 0 either from above or from below. The target 0 at AC, CA
  asks phi(p) + phi(q) = 0 = phi(d) + phi(-d). Limited from below, at -M: k(p + q) = 1. Neither limited:
  the sum is 1. Both: -2M. One, say p: k q = M, k p <= -M, so p + q <= 0. Limited from above, at M >= 1:
  k(p + q) >= 1. Neither limited: the sum is at least 1. Both: 2M. One, say p: k q = -M, k p >= M + 1, so
  d^2 = -p q >= M(M + 1)/k^2; but phi(d) + phi(-d) = 0 needs k|d| <= M.

* If it is, phi is 0 up to some value and then grows (negate a and b if need be). It is 0 wherever the
  target is 0, so S(AT) > S(CT), S(AC): a(z(A) - z(C)) > 0 and b is not 0. If phi > 0 at just one of AA
  and TT, it is 1 there, as at AT, so z(A) = z(T), and S(AT) = S(TA). If at both, S(AA) + S(TT) = S(AT) +
  S(TA) makes S(TA) the end of the constant part; from S(AA), S(TT) > S(TA), a(z(A) - z(T)) > 0 > b(z(A) -
  z(T)); and from S(AA) > S(AC), b(z(A) - z(C)) > 0: a and b have opposite signs, and the same sign.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction


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
