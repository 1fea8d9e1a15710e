"""T4, machine-checked for every size (filters, shares, taps, stride, depth by induction); witnesses as
stated.

In words. (a) A member of the family at mixing m is a member at any larger mixing, with zero weights for
the channels it did not receive; so RCPS represents every conjoined model. (b) A stranded linear head h
merged by mean is the tied head with A = h/2 on the own frame and B = R h / 2 on the other: for a pair of
output strands, A = h+ / 2 and B = flip(h-) / 2. (c) RCPS(F) is an ordinary one-strand network with 2F
filters per layer, and conjoining it changes nothing, so conjoined(F) is contained in RCPS(F), which is
contained in conjoined(2F). (d) The first inclusion is strict at D = 2: |relu(x_A) - relu(x_T)| is in
RCPS(1) and not in conjoined(1). (e) Max-merged models are not representable in general: max(relu(x_A),
relu(x_T)) is in no sum- or mean-merged member with D = 1, whatever the number of filters.

Derivation. (a) Exchanged channels are a prefix, so a kernel that is zero beyond ``shared`` gives the same
sum. Two networks whose features agree in both frames before a block agree after it, as the block's other
operations (bias, norm, ReLU, pooling, skip) are the same functions of equal numbers: induction on depth.
(b), (c) Re-index the taps. In (c) the second half of the ordinary network holds flip(z1), before each
block and so after it. (d) Conjoined(1) of width 1 is psi(w.x) + psi(w.Rx), for whatever psi its depth and
non-linearity give. Its mixed difference along the directions that w.x and w.Rx do not feel is zero, the
target's is 2 |w1 + w2|; and if w1 + w2 = 0 it is a function of x_A - x_T, which the target is not. (e)
For large x a block and its head are homogeneous, and relu(s) - relu(-s) = s makes their odd part linear
in x; the target's is not: 1 + 1 against 1.

Limits. (c) needs a trunk without remainders (T7), as the family's is (stride 1, no padding), and a head
that reads the first half only, in each frame. (d) and (e) use inputs of both signs. For one-hot DNA, or
any x >= 0, conjoined(1) computes the target of (d), and enough filters whose kernels span the sequence
represent any invariant function of finitely many sequences, (e) too. ``dna_witness.py`` has a witness for
(d) on DNA; that conjoined(1) misses it is decided by z3, and that it comes near is checked.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import sympy as sp

from ..engine.claims import EVERY_SIZE, Fact, Grid, Identity, Theorem
from ..engine.ranges import Interval
from ..engine.statements import EQUALS, IFF, LESS, Part, Quantity
from ..engine.sums import Side, Total
from ..engine.symbols import Below, natural, table
from ..engine.worlds import World
from ..models import dna_witness, witnesses
from ..models.convolution import (
    K,
    M,
    channels_out,
    convolve,
    inputs,
    k,
    o,
    outputs,
    positions,
    reverse_taps,
    t,
    taps,
    x,
)
from ..models.convolution import b as example
from ..models.convolution import batch as examples
from ..models.trunk import (
    F,
    apart,
    block,
    c,
    concatenated,
    flipped,
    frame,
    i,
    length,
    merged,
    other,
    own,
    reverse_taps_of,
    rows,
    shared,
    where,
    world,
    z,
)
from ..models.witnesses import w1, w2
from ..package import family as package
from ..package import spanning

A, B, W, h = (table(n) for n in ("A", "B", "W", "h"))
extra = natural("extra")

exchanged = Identity(
    "the code's exchange and convolution: own channels and received ones",
    concatenated(W)(i, o, t),
    block(W, lambda o, c, k: W(o, c + F, k))(i, o, t),
    where,
    [world],
    rewrite_left=apart,
)


def nested(name: str, kept: sp.Expr) -> Identity:
    """A block that receives ``shared`` channels, as one that receives more: weights zero beyond ``kept``."""
    padded = block(A, lambda o, c, k: Below(c, kept) * B(o, c, k), channels=shared + extra)

    def cut(side: Total) -> Side:
        mine, theirs = side.terms
        return mine + theirs.split("c", shared)

    return Identity(name, block(A, B)(i, o, t), padded(i, o, t), where, [world], rewrite_right=cut)


conjoined_in_rcps = Identity(
    "B = 0: a block that receives nothing",
    own(A)(i, o, t),
    block(A, lambda o, c, k: sp.S.Zero, channels=F)(i, o, t),
    where,
    [world],
)


def split_head(name: str, received: Any) -> Identity:
    """A head h in each frame, merged by mean, is h/2 on the own frame and ``received``/2 on the other."""
    half = sp.Rational(1, 2)
    right = half * own(h)(i, o, t) + half * other(received, channels=F)(i, o, t)
    return Identity(
        name,
        merged(own(h))(i, o, t),
        right,
        where,
        [world],
        rewrite_right=lambda side: reverse_taps_of(side, 1),
    )


tied_head = Identity(
    "the split head is a tied kernel: its half on z0 is R of its half on flip(z1)",
    outputs.s(o) * flipped(h)(outputs.p(o), c, K - 1 - k),
    h(o, c, k),
    (rows, Interval(c, sp.S.Zero, F), taps),
    [world],
)


def second_half(name: str, own_kernel: Any, other_kernel: Any) -> Identity:
    """What flip(z1) becomes: flipped kernels on flip(z1) and on z0, as in regular features of one strand."""
    flip_z1 = lambda i, c, t: z(frame.p(i), c, length - 1 - t)  # noqa: E731
    next_z1 = block(A, B)(frame.p(i), o, M - 1 - t)
    ordinary = own(own_kernel, flip_z1)(i, o, t) + own(other_kernel, z, shared)(i, o, t)
    return Identity(
        name, next_z1, ordinary, where, [world], rewrite_left=lambda side: reverse_taps_of(side, 0, 1)
    )


def backwards(kernel: Any) -> Any:
    """A kernel read from its last tap to its first."""
    return lambda o, c, k: kernel(o, c, K - 1 - k)


first_block = Identity(
    "flip(z1) after the first block is what the turned filters see on the given strand",
    convolve(W, inputs.act(x, length))(example, o, M - 1 - t),
    convolve(lambda o, c, k: inputs.s(c) * W(o, inputs.p(c), K - 1 - k), x)(example, o, t),
    (examples, channels_out, positions),
    [World({**world.sizes, "N": 1}, {"in": "2r:flip", "out": "2t"})],
    rewrite_left=reverse_taps,
)


def _rounded() -> Iterator[tuple[int, int]]:
    yield from itertools.product(range(1, 65), range(100))


def shares_grow(case: tuple[int, int]) -> str | None:
    """None where a larger share of F filters is not fewer filters, in Python's rounding."""
    filters, percent = case
    fewer, more = round(percent / 100 * filters), round((percent + 1) / 100 * filters)
    return None if fewer <= more else f"{fewer} > {more}"


strict = [
    witnesses.ridges("conjoined(1) has no mixed difference", (w1, -w2)),
    witnesses.across,
    witnesses.opposite,
    Grid("the target is in RCPS(1)", witnesses.quadrants, witnesses.represented),
    Fact("the target does not depend on u - v only", witnesses.not_only_the_difference),
    Grid("on DNA: RCPS(1) computes another target", dna_witness.dinucleotides, dna_witness.rcps_computes_it),
    Fact("on DNA: conjoined(1) does not, by z3", dna_witness.conjoined_misses_it),
    Fact("on DNA: z3 finds conjoined(1) where there is one", dna_witness.conjoined_computes_another),
    Grid("on DNA: conjoined(1) comes near to it", dna_witness.nearer, dna_witness.conjoined_is_near),
]

THEOREM = Theorem(
    number=4,
    title="RCPS contains every conjoined model, and the family is nested",
    parts=[
        Part(
            Quantity("embed(network, a larger share)", package.embedded),
            EQUALS,
            Quantity("network", package.answers),
            by=(
                "the code's exchange and convolution: own channels and received ones",
                "nested: zero weights for the channels not received",
                "B = 0: a block that receives nothing",
                "a larger share is not fewer filters (F <= 64)",
            ),
            cases=package.members,
            prose="that equal features stay equal under equal operations, block by block",
        ),
        Part(
            Quantity("a stranded head of each frame, merged by mean", package.mixing_head),
            EQUALS,
            Quantity("half of it on the own frame and half of R of it on the other", package.tied_head),
            by=(
                "a stranded head splits",
                "the split head is a tied kernel: its half on z0 is R of its half on flip(z1)",
            ),
            cases=package.plain_heads,
        ),
        Part(
            Quantity(
                "conjoined(2F) with the filters of RCPS(F) and their reverse complements", package.wide_trunk
            ),
            EQUALS,
            Quantity("RCPS(F)", package.rcps_trunk),
            by=(
                "flip(z1) after the first block is what the turned filters see on the given strand",
                "flip(z1) after every block",
            ),
            cases=package.wide_trunks,
            prose="the induction on the blocks; a head that reads the first half only",
        ),
        Part(
            Quantity(
                "the mixed difference of conjoined(1) in directions that one strand does not see",
                spanning.mixed_of_member,
            ),
            LESS,
            Quantity("that of |relu(x_A) - relu(x_T)|, which RCPS(1) computes", spanning.mixed_of_target),
            by=(
                "conjoined(1) has no mixed difference",
                "the target's mixed difference around u = v is 2 |w1 + w2|",
                "if w1 + w2 = 0 then the model depends on u - v only",
                "the target is in RCPS(1)",
                "the target does not depend on u - v only",
                "on DNA: RCPS(1) computes another target",
                "on DNA: conjoined(1) does not, by z3",
                "on DNA: z3 finds conjoined(1) where there is one",
                "on DNA: conjoined(1) comes near to it",
            ),
            cases=spanning.one_filter,
        ),
        Part(
            Quantity("the odd part of one block is additive", spanning.additive),
            IFF,
            Quantity("strands are merged by sum or mean, not by max", spanning.is_linear),
            by=(
                "far out, biases do not matter",
                "one block and a linear head, any number of filters: the odd part is linear",
                "the odd part of max is not additive, that of the sum is",
            ),
            cases=spanning.merges_of_one_block,
        ),
    ],
    coverage="every number of filters, shares, taps, stride, output Rep; every depth, by induction",
    method=f"{EVERY_SIZE}; strict: one position, every non-linearity; max: D = 1, every F; on DNA: z3",
    decides="that a conjoined or post-hoc model opens at a larger mixing, to train on, losing nothing",
    code=("rczoo.family.embedding.embed", "rczoo.symmetry.frames.exchange", "rczoo.family.trunk.Trunk"),
    tests="tests/proofs/test_laws.py::test_t04_embed_preserves_the_function",
    claims=[
        exchanged,
        nested("nested: zero weights for the channels not received", shared),
        conjoined_in_rcps,
        Grid("a larger share is not fewer filters (F <= 64)", _rounded, shares_grow),
        split_head("a stranded head splits", flipped(h)),
        tied_head,
        first_block,
        second_half("flip(z1) after every block", backwards(A), backwards(B)),
        *strict,
        *witnesses.max_is_outside(),
    ],
    twins=[
        nested("twin: weights for the channels not received", shared + extra),
        split_head(
            "twin: the received half is not flipped", lambda o, c, k: outputs.s(o) * h(outputs.p(o), c, k)
        ),
        split_head("twin: the strands of the received half are not swapped", backwards(h)),
        second_half("twin: flip(z1) by kernels that are not flipped", A, B),
        witnesses.ridges("twin: any mixed difference vanishes", (w1, w2)),
        Grid("twin: the target is a function of u - v", witnesses.points, witnesses.only_the_difference),
        Fact("twin: the odd part of max is additive", witnesses.odd_part(max)),
        Grid("twin: none is needed on DNA", dna_witness.dinucleotides, dna_witness.conjoined_computes_it),
    ],
)
