"""The family's blocks and heads over symbolic sizes, in the two frames: shared by the proofs of T4 and T11.

``z(i, c, t)`` are the features of frame i, each read in its own direction; the other frame is ``frame.p(i)``.
"""

from __future__ import annotations

import sympy as sp

from ..engine.ranges import Channels, Interval
from ..engine.sums import Sum, Total
from ..engine.symbols import index, natural, table
from ..engine.worlds import World
from ..theorems.t03_conjoining import exchange, frame
from .convolution import Field, K, M, dilation, k, o, outputs, positions, stride, taps

i, c = index("i", "c")
shared, more = natural("shared", "more")
F = shared + more
"""Filters per strand; the first ``shared`` of them are exchanged."""

z = table("z")
length = stride * (M - 1) + dilation * (K - 1) + 1
"""Positions of a block's input, when M windows fit into it and leave no remainder."""

frames, rows = Channels(i, frame), Channels(o, outputs)
where = (frames, rows, positions)
world = World(
    {"K": 3, "M": 2, "shared": 1, "more": 1, "extra": 1, "stride": 1, "dilation": 1},
    {"frame": "1r", "out": "1r+1t+1s"},
)


def own(kernel: Field, z: Field = z, channels: sp.Expr = F) -> Field:
    """The convolution of a frame's own channels, at (frame, filter, position)."""
    over = (Interval(c, sp.S.Zero, channels), taps)
    return lambda i, o, t: Sum(kernel(o, c, k) * z(i, c, stride * t + dilation * k), over)


def other(kernel: Field, z: Field = z, channels: sp.Expr = shared) -> Field:
    """The convolution of the other frame's first channels, flipped into this frame's direction."""
    return own(kernel, lambda i, c, t: z(frame.p(i), c, length - 1 - t), channels)


def block(own_kernel: Field, other_kernel: Field, z: Field = z, channels: sp.Expr = shared) -> Field:
    """What a block computes before its non-linearity: its own channels and those it receives."""
    return lambda i, o, t: own(own_kernel, z)(i, o, t) + other(other_kernel, z, channels)(i, o, t)


def concatenated(kernel: Field) -> Field:
    """The same as the code computes it: one convolution of the channels that ``exchange`` returns."""
    received = exchange(z, F, length)
    over = (Interval(c, sp.S.Zero, F + shared), taps)
    return lambda i, o, t: Sum(kernel(o, c, k) * received(i, c, stride * t + dilation * k), over)


def apart(side: Sum) -> Total:
    """Cut a concatenated convolution at F, and count the received channels from 0."""
    mine, theirs = side.split("c", F).terms
    return mine + theirs.shift("c", F)


def merged(per_frame: Field) -> Field:
    """The mean of one frame's output and R of the other frame's."""
    half = sp.Rational(1, 2)
    turned = lambda i: outputs.act(lambda o, t: per_frame(frame.p(i), o, t), M)  # noqa: E731
    return lambda i, o, t: half * per_frame(i, o, t) + half * turned(i)(o, t)


def flipped(kernel: Field) -> Field:
    """A kernel read from its last tap to its first, for the partner of the output channel: R of a head."""
    return lambda o, c, k: outputs.s(o) * kernel(outputs.p(o), c, K - 1 - k)


def reverse_taps_of(side: Total, *which: int) -> Total:
    """Re-index the taps of some of the terms from last to first."""
    return Total(tuple(s.reindex(k=K - 1 - k) if n in which else s for n, s in enumerate(side.terms)))
