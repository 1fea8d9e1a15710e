"""T9, machine-checked for every size: any Rep, any length, any crop that leaves at least one position.

In words. Removing l positions on the left and r on the right commutes with reverse complement if and only
if l = r. In frames any (l, r) does, when both frames lose the same (l, r) of their own 5'->3' direction.

Derivation. Position t of the cropped R x is position L-1-l-t of x; position t of R of the cropped x is
position L-1-r-t of x. They are the same position if and only if l = r. If not, an x that is 1 at one of
them and 0 at the other tells them apart. In frames the crop is one function applied alike to both, which
commutes with the swap (T3).
"""

from __future__ import annotations

import sympy as sp

from ..engine.claims import EVERY_SIZE, Identity, Theorem
from ..engine.ranges import Channels
from ..engine.statements import EQUALS, IFF, Part, Quantity
from ..engine.symbols import Same, SymbolicRep, index, natural, size, table
from ..engine.worlds import World
from ..models.convolution import M, b, batch, c, channels_in, inputs, positions, t, x
from ..package import reps as package

left_crop, right_crop = natural("l", "r")
shift = size("shift")
world = World({"N": 1, "M": 3, "l": 1, "r": 2, "shift": 1}, {"in": "1r+1s", "frame": "1r"})
frame, i = SymbolicRep("frame", signed=False), index("i")
z = table("z")


def cropped(name: str, left: sp.Expr, right: sp.Expr) -> Identity:
    """crop(R x) = R crop(x), when M positions remain."""
    L = M + left + right
    crop_of_reverse = inputs.act(x, L)(b, c, t + left)
    reverse_of_crop = inputs.act(lambda b, c, t: x(b, c, t + left), M)(b, c, t)
    return Identity(name, crop_of_reverse, reverse_of_crop, (batch, channels_in, positions), [world])


def told_apart(more: str, left: sp.Expr, right: sp.Expr) -> Identity:
    """On the impulse at the position that crop(R x) shows first, the two sides are 1 and 0."""
    seen = M + left + right - 1 - left
    impulse = lambda b, c, t: Same(t - seen)  # noqa: E731
    unsigned = SymbolicRep("any", signed=False)
    crop_of_reverse = unsigned.act(impulse, M + left + right)(b, c, left)
    reverse_of_crop = unsigned.act(lambda b, c, t: impulse(b, c, t + left), M)(b, c, sp.S.Zero)
    return Identity(
        f"unequal crops are told apart: more on the {more}",
        crop_of_reverse - reverse_of_crop,
        sp.S.One,
        (),
        [world],
    )


def in_frames(name: str, second: sp.Expr) -> Identity:
    """Frame 0 loses l on its left, frame 1 loses ``second``; the crop commutes with the swap of frames."""
    start = left_crop + i * (second - left_crop)
    swapped_then = z(frame.p(i), c, t + start)
    then_swapped = z(frame.p(i), c, t + start.subs(i, frame.p(i)))
    return Identity(name, swapped_then, then_swapped, (Channels(i, frame), channels_in, positions), [world])


THEOREM = Theorem(
    number=9,
    title="A crop is equivariant iff it is even-handed; in frames always",
    parts=[
        Part(
            Quantity("cropping l and r positions commutes with R", package.crop_commutes),
            IFF,
            Quantity("l = r", package.crop_is_even),
            by=(
                "equal crops",
                "unequal crops are told apart: more on the right",
                "unequal crops are told apart: more on the left",
            ),
            cases=package.crops,
        ),
        Part(
            Quantity("the frames of R x, both cropped alike", package.cropped_frames),
            EQUALS,
            Quantity("those of x, swapped", package.frames_of_cropped),
            by=("the same crop of both frames",),
            cases=package.crops,
        ),
        Part(
            Quantity("a residual block, its skip cropped", package.skip_in_frames),
            EQUALS,
            Quantity("its tied execution; the block and the middle of what it reads", package.skip_tied),
            by=("equal crops",),
            cases=package.skips,
        ),
    ],
    coverage="every Rep, every length, every l and r that leave a position",
    method=EVERY_SIZE,
    decides="how to cut a skip, a profile or a window without breaking the law",
    code=("rczoo.symmetry.frames.alike", "rczoo.family.trunk.Block"),
    tests="tests/proofs/test_laws.py::test_t09_crops",
    claims=[
        cropped("equal crops", left_crop, left_crop),
        told_apart("right", left_crop, left_crop + shift),
        told_apart("left", right_crop + shift, right_crop),
        in_frames("the same crop of both frames", left_crop),
    ],
    twins=[
        cropped("twin: any crop", left_crop, right_crop),
        cropped("twin: a crop of odd width, the extra position from one side", left_crop, left_crop + 1),
        in_frames("twin: each frame cropped on the given strand's side", right_crop),
    ],
)
