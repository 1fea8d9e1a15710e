"""T11, machine-checked for every size: filters, taps, positions, outputs, any share that a head receives.

In words. With sum or mean merge, members of the family that differ only in how a linear head mixes
strands represent the same functions. For D = 1 there is nothing but the head to mix, so the whole family
is one function class. Sum-merge is mean-merge with doubled head weights. The bias of a head that acts on
merged features (labels) stays as it is; that of a head that acts in each frame before the merge
(profiles) doubles, too. What is added after the merge, as a profile of positions, is the same in both.

Derivation. A head with kernel A on its own frame and B on the first channels of the other frame, merged
by mean, is the head A + R B on its own frame alone: the term of B in the second frame, reverse-
complemented, reads the first frame from left to right. So receiving channels adds no function, and B = 0
shows that it loses none.

Prose: that D = 1 leaves only the head is the definition of the family (no exchange before the first
block). Max and probability are not linear and are left out (T4 has a max-merged model that no sum or mean
can represent).
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from ..engine.claims import EVERY_SIZE, Identity, Theorem
from ..engine.ranges import Channels, Interval
from ..engine.statements import EQUALS, IFF, Part, Quantity
from ..engine.sums import Side, Sum, Total
from ..engine.symbols import Below, size, table
from ..engine.worlds import World
from ..models.convolution import dilation, o, outputs, stride, t
from ..models.trunk import block, c, flipped, i, merged, own, reverse_taps_of, shared, where, world
from ..package import family as package

A, B, H, bias, h = (table(n) for n in ("A", "B", "H", "bias", "h"))
dense = {stride: 1, dilation: 1}


def simplified(side: Total) -> Total:
    """A head convolves with stride and dilation 1."""
    return Total(tuple(s.substitute(dense) for s in side.terms))


def mixing_head(name: str, received: Any) -> Identity:
    """A head on its own frame and ``shared`` channels of the other, against A + received on its own alone."""
    alone = own(lambda o, c, k: A(o, c, k) + Below(c, shared) * received(o, c, k))

    def cut(side: Total) -> Side:
        """The kernels A and ``received`` apart, and the second cut where its channels end."""
        return side.each(lambda s: s.split("c", shared))

    left, right = simplified(merged(block(A, B))(i, o, t)), simplified(merged(alone)(i, o, t))

    def derive(side: Total) -> Side:
        return cut(reverse_taps_of(side, 1, 3))

    return Identity(name, left, right, where, [world], derive, cut)


n = size("n")
feature, z0, z1 = Interval(c, sp.S.Zero, n), table("z0"), table("z1")
heads_world = World({"n": 3}, {"out": "2t"})


def label_head(weights: Any, constant: Any, signal: Any) -> Total:
    """A dense head on merged features: the weights times the features, and a bias."""
    return Sum(weights(o, c) * signal(c), (feature,)) + Sum(constant(o))


def sum_or_mean(name: str, factor_of_bias: int) -> Identity:
    """Labels: the sum of features through (h, b) against the mean of features through (2h, ...)."""
    left = label_head(h, bias, lambda c: z0(c) + z1(c))
    right = label_head(
        lambda o, c: 2 * h(o, c), lambda o: factor_of_bias * bias(o), lambda c: (z0(c) + z1(c)) / 2
    )
    return Identity(name, left, right, (Channels(o, outputs),), [heads_world])


def in_each_frame(name: str, factor_of_bias: int) -> Identity:
    """Profiles: the sum of the frames' outputs through (H, b) against their mean through (2H, ...)."""

    def head(factor: int, factor_of_bias: int) -> Any:
        convolved = own(lambda o, c, k: factor * H(o, c, k))
        return lambda i, o, t: convolved(i, o, t) + Sum(factor_of_bias * bias(o))

    left = 2 * merged(head(1, 1))(i, o, t)
    return Identity(name, left, merged(head(2, factor_of_bias))(i, o, t), where, [world])


logits = Identity(
    "labels: sum-merge with (h, b) is twice mean-merge with (h, b/2)",
    label_head(h, bias, lambda c: z0(c) + z1(c)),
    2 * label_head(h, lambda o: bias(o) / 2, lambda c: (z0(c) + z1(c)) / 2),
    (Channels(o, outputs),),
    [heads_world],
)

THEOREM = Theorem(
    number=11,
    title="How a linear head mixes strands does not matter, nor does sum or mean",
    parts=[
        Part(
            Quantity("change_merge(network)", package.remerged),
            EQUALS,
            Quantity("network", package.answers),
            by=(
                "labels: sum is mean with doubled weights",
                "profiles: sum is mean with doubled weights and bias",
                "labels: sum-merge with (h, b) is twice mean-merge with (h, b/2)",
            ),
            cases=package.members,
        ),
        Part(
            Quantity("a head that also receives k channels of the other frame", package.mixing_head),
            EQUALS,
            Quantity("a head A + R B on one frame alone", package.head_of_one_frame),
            by=("a mixing head is a head on one frame",),
            cases=package.heads,
        ),
        Part(
            Quantity("same_function_class says equal", package.called_equal),
            IFF,
            Quantity(
                "as many filters are exchanged, and merges are equal, or sum and mean",
                package.equal_by_theorem,
            ),
            by=(
                "a mixing head is a head on one frame",
                "labels: sum is mean with doubled weights",
            ),
            cases=package.classes,
            prose="that the family has no exchange before its first block",
        ),
    ],
    coverage="every number of filters, exchanged filters, taps, positions, outputs and output Rep",
    method=f"{EVERY_SIZE}",
    decides="that with one block RCPS and conjoined are one model, and that sum or mean is a matter of scale",
    code=("rczoo.family.embedding.same_function_class", "rczoo.family.embedding.change_merge"),
    tests="tests/proofs/test_laws.py::test_t11_same_function_class",
    claims=[
        mixing_head("a mixing head is a head on one frame", flipped(B)),
        sum_or_mean("labels: sum is mean with doubled weights", 1),
        in_each_frame("profiles: sum is mean with doubled weights and bias", 2),
        logits,
    ],
    twins=[
        mixing_head("twin: the received kernel is not reverse-complemented", B),
        sum_or_mean("twin: the bias of merged features doubles, too", 2),
        in_each_frame("twin: the bias in each frame stays", 1),
    ],
)
