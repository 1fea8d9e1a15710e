"""T8, machine-checked for every size: batch, length, Rep; any part of the batch reverse-complemented.

In words. Normalisation whose mean, scale, shift and variance are tied within pairs (on sign channels: no
mean, no shift) is equivariant in eval mode. So it is in train mode with statistics pooled over each pair,
example by example, even when only part of the batch is reverse-complemented. Untied affine parameters or
running statistics break eval mode. Untied batch statistics are equivariant for a whole batch, and break
only when part of a batch is turned.

Derivation. ``y = (x - mean[c]) * scale[c] + shift[c]``; R moves channel c to p[c] and multiplies by s[c],
and tied means mean[p[c]] = s[c] mean[c], scale[p[c]] = scale[c]. Statistics: an example adds to the
pooled mean the sum over t of x[c,t] + s[c] x[p[c],t], and to the pooled variance the sum of both squared
deviations. Turning the example swaps the two terms and reverses t, so each example's share is unchanged
whether it is turned or not. Without the pooling, turning every example swaps the statistics of a pair, as
the law wants; turning some mixes them.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from ..engine.claims import EVERY_SIZE, Identity, Theorem
from ..engine.ranges import Interval
from ..engine.statements import EQUALS, Part, Quantity
from ..engine.sums import Sum
from ..engine.symbols import size, table
from ..engine.worlds import World
from ..models.convolution import b, batch, c, channels_in, inputs, t, x
from ..package import reps as package

L = size("L")
length = Interval(t, sp.S.Zero, L)
p, s = inputs.p, inputs.s
turned_x = inputs.act(x, L)
turned = table("turned")
worlds = [World({"N": 2, "L": 3}, {"in": "1r+1t+1s"}, arrays={"turned": lambda b: b})]


def even(name: str) -> Any:
    """An arbitrary table that is equal within pairs: a scale, a variance."""
    return lambda c: (table(name)(c) + table(name)(p(c))) / 2


def signed(name: str) -> Any:
    """An arbitrary table with v[p[c]] = s[c] v[c]: a mean, a shift. It vanishes on sign channels."""
    return lambda c: (table(name)(c) + s(c) * table(name)(p(c))) / 2


def normalisation(name: str, mean: Any, scale: Any, shift: Any) -> Identity:
    """norm(R x) = R norm(x) for given parameters: eval mode, or given statistics."""
    norm = lambda x: lambda b, c, t: (x(b, c, t) - mean(c)) * scale(c) + shift(c)  # noqa: E731
    right = inputs.act(norm(x), L)(b, c, t)
    return Identity(name, norm(turned_x)(b, c, t), right, (batch, channels_in, length), worlds)


def total_of(x: Any, pooled: bool) -> sp.Expr:
    """What one entry adds to the mean of channel c."""
    return x(b, c, t) + (s(c) * x(b, p(c), t) if pooled else 0)


def squares_of(x: Any, pooled: bool) -> sp.Expr:
    """What one entry adds to the variance of channel c, about a tied mean."""
    mean = signed("mean")
    other = (x(b, p(c), t) - mean(p(c))) ** 2 if pooled else 0
    return (x(b, c, t) - mean(c)) ** 2 + other


def unmoved(name: str, share: Any, pooled: bool = True) -> Identity:
    """The share of one example in a statistic is the same whether the example is turned or not."""
    left, right = (Sum(share(signal, pooled), (length,)) for signal in (turned_x, x))
    rewrite = lambda side: side.reindex(t=L - 1 - t)  # noqa: E731
    return Identity(name, left, right, (batch, channels_in), worlds, rewrite)


def partly_turned(name: str, pooled: bool) -> Identity:
    """The mean over a batch in which the examples with turned[b] = 1 are reverse-complemented."""
    changed = turned(b) * total_of(turned_x, pooled)
    kept = (1 - turned(b)) * total_of(x, pooled)
    left = Sum(changed + kept, (batch, length))

    def derive(side: Sum) -> Any:
        first, second = side.parts(changed, kept).terms
        return first.reindex(t=L - 1 - t) + second

    return Identity(name, left, Sum(total_of(x, pooled), (batch, length)), (channels_in,), worlds, derive)


whole_batch = Identity(
    "untied statistics of a wholly turned batch: R of the statistics",
    Sum(turned_x(b, c, t), (batch, length)),
    s(c) * Sum(x(b, p(c), t), (batch, length)),
    (channels_in,),
    worlds,
    rewrite_left=lambda side: side.reindex(t=L - 1 - t),
)
no_mean_on_sign = Identity(
    "a tied mean vanishes on sign channels",
    signed("mean")(c),
    s(c) * signed("mean")(p(c)),
    (channels_in,),
    worlds,
)


def tied_share(name: str, share: Any, sign: sp.Expr) -> Identity:
    """A pooled statistic of the partner channel is that of the channel, up to a sign."""
    entry = share(x, pooled=True)
    left, right = Sum(entry.subs(c, p(c)), (batch, length)), Sum(sign * entry, (batch, length))
    return Identity(name, left, right, (channels_in,), worlds)


mean, scale, shift = signed("mean"), even("scale"), signed("shift")

THEOREM = Theorem(
    number=8,
    title="Normalisation tied within pairs is equivariant",
    parts=[
        Part(
            Quantity(
                "norm(R x), and what it keeps, in eval and train mode, all or part of the batch turned",
                package.normed_turned,
            ),
            EQUALS,
            Quantity("R norm(x), and what that keeps", package.turned_normed),
            by=(
                "tied parameters and statistics",
                "a tied mean vanishes on sign channels",
                "pooled mean: turning an example changes nothing",
                "pooled variance: turning an example changes nothing",
                "pooled mean of a partly turned batch",
                "the pooled mean is tied",
                "the pooled variance is tied",
                "untied statistics of a wholly turned batch: R of the statistics",
            ),
            cases=package.norms,
        ),
    ],
    coverage="every Rep, batch, length and parameters; every part of the batch turned",
    method=EVERY_SIZE,
    decides="whether a normalisation keeps the law after training, and for a batch of which a part is turned",
    code=("rczoo.nn.batch_norm.RCBatchNorm1d",),
    tests="tests/proofs/test_laws.py::test_t08_tied_norm",
    claims=[
        normalisation("tied parameters and statistics", mean, scale, shift),
        no_mean_on_sign,
        unmoved("pooled mean: turning an example changes nothing", total_of),
        unmoved("pooled variance: turning an example changes nothing", squares_of),
        partly_turned("pooled mean of a partly turned batch", pooled=True),
        tied_share("the pooled mean is tied", total_of, s(c)),
        tied_share("the pooled variance is tied", squares_of, sp.S.One),
        whole_batch,
    ],
    twins=[
        normalisation("twin: untied scale", mean, table("scale"), shift),
        normalisation("twin: untied shift", mean, scale, table("shift")),
        normalisation("twin: untied running mean", table("mean"), scale, shift),
        normalisation("twin: a shift on sign channels", mean, scale, even("shift")),
        unmoved("twin: untied variance of a turned example", squares_of, pooled=False),
        partly_turned("twin: untied mean of a partly turned batch", pooled=False),
    ],
)
