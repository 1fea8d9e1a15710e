"""T14, machine-checked for every block, every number of channels and shares; every depth by induction.

In words. Let any function make a frame's next features from its own and from what it receives of the other
frame, the same function in both frames. Then it commutes with the swap of the frames, and so does any
number of such steps. Attention, recurrence, state spaces, pools of any stride are instances: nothing is
asked of the function but that it is the same in both frames. If what is received enters by a linear map, the
blocks are nested in the share, as a map that is zero on further channels adds nothing.

What breaks it is what is not alike: positions counted from the given strand's 5' end in both frames, a
mask or dropout drawn for each frame, batch statistics of one frame, one frame that receives and one that
does not.

Derivation. The next features of frame i are ``block(z[i], z[p(i)])`` with p the swap. Swapping first
gives ``block(z[p(i)], z[p(p(i))])``, which are the next features of frame p(i), as p(p(i)) = i. Induction: if
the features of depth d are swapped then so are those of depth d + 1, by the same line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from ..engine.claims import EVERY_SIZE, Identity, Theorem
from ..engine.ranges import Channels, Interval
from ..engine.statements import EQUALS, Part, Quantity
from ..engine.sums import Side, Sum
from ..engine.symbols import Below, natural, size, table
from ..engine.worlds import World
from ..models.convolution import o, outputs, t
from ..package import blocks as package
from .t03_conjoining import frame, i

block, z, B, position = (table(n) for n in ("block", "z", "B", "position"))
shared, extra = natural("shared", "extra")
L = size("L")
c = sp.Symbol("c", integer=True)
frames = (Channels(i, frame),)
world = World({"shared": 1, "extra": 2, "L": 3}, {"frame": "1r", "out": "1r+1t"})
Step = Callable[[Any], Any]


def step(own: Any, also: Any = lambda i: 0) -> Any:
    """The next features of frame i: a function of its own and the other's, and of what ``also`` tells it."""
    return lambda i: block(own(i), own(frame.p(i)), also(i))


def swapped(features: Any) -> Any:
    """The frames of the reverse complement."""
    return lambda i: features(frame.p(i))


def commutes(name: str, of: Step) -> Identity:
    """A step of swapped features is the swapped step."""
    return Identity(name, of(swapped(z))(i), swapped(of(z))(i), frames, [world])


def nested(name: str, kept: sp.Expr) -> Identity:
    """A linear map of more received channels, zero beyond ``kept``, is that of the first ``shared``."""
    entries = Interval(t, sp.S.Zero, L)

    def received(channels: sp.Expr, weight: Any) -> Sum:
        over = (Interval(c, sp.S.Zero, channels), entries)
        return Sum(weight(c) * z(frame.p(i), c, L - 1 - t), over)

    def cut(side: Sum) -> Side:
        return side.split("c", shared)

    small = received(shared, lambda c: B(o, c, t))
    large = received(shared + extra, lambda c: Below(c, kept) * B(o, c, t))
    free = (*frames, Channels(o, outputs))
    return Identity(name, small, large, free, [world], rewrite_right=cut)


THEOREM = Theorem(
    number=14,
    title="Whatever is done alike in both frames is equivariant, and nested in what is received",
    parts=[
        Part(
            Quantity("attention, LSTM or pool, after exchanges, of the frames of R x", package.of_turned),
            EQUALS,
            Quantity("the same of the frames of x, swapped", package.turned_of),
            by=("one step, whatever the block", "two steps"),
            cases=package.towers,
            prose="the induction on the depth",
        ),
        Part(
            Quantity("network(R x), in frames and tied", package.network_of_turned),
            EQUALS,
            Quantity("R network(x)", package.turned_of_network),
            by=("one step, whatever the block",),
            cases=package.members,
        ),
        Part(
            Quantity("a tower that receives more channels, its new weights 0", package.opened),
            EQUALS,
            Quantity("the tower", package.of_turned),
            by=("nested: a linear map that is zero on further channels",),
            cases=package.smaller_towers,
        ),
        Part(
            Quantity("interpolate(model)(R x), at any share and weights", package.interpolated_turned),
            EQUALS,
            Quantity("R interpolate(model)(x)", package.interpolated),
            by=("one step, whatever the block",),
            cases=package.shares,
        ),
        Part(
            Quantity("interpolate(model), just opened", package.just_opened),
            EQUALS,
            Quantity("conjoin(model)", package.conjoined),
            by=("nested: a linear map that is zero on further channels",),
            cases=package.shares,
        ),
    ],
    coverage="every function of a frame and the other, every number of channels and positions",
    method=EVERY_SIZE,
    decides="which layers may stand in an equivariant model: all that are the same in both frames",
    code=(
        "rczoo.family.interpolation.member.interpolate",
        "rczoo.symmetry.frames.alike",
        "rczoo.symmetry.frames.exchange",
    ),
    tests="tests/proofs/test_laws.py::test_t14_any_block",
    claims=[
        commutes("one step, whatever the block", step),
        commutes("two steps", lambda z: step(step(z))),
        nested("nested: a linear map that is zero on further channels", shared),
    ],
    twins=[
        commutes("twin: each frame is told which strand it is", lambda z: step(z, position)),
        commutes("twin: both receive from the first frame", lambda z: lambda i: block(z(i), z(0), 0)),
        nested("twin: further channels with weights", shared + extra),
    ],
)
