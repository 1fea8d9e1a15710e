"""T7, machine-checked for every size without padding, and 'if' with it; 'only if' with padding on a grid.

In words. Let M windows of a strided, padded layer fit into the input and leave a remainder rho = (L +
2*padding - dilation*(K-1) - 1) mod stride. If rho = 0 then the layer with any tied kernel, and average
and max pooling, commute with reverse complement. If rho > 0 and there is no padding then no tied kernel
but 0 does, nor does pooling, and ``ceil_mode`` does not mend it. With padding and rho > 0, a layer
between pairs commutes for all tied kernels if and only if no window reads any of the sequence. More
padding on one side is a shift as well, so ``padding="same"`` with an even kernel and odd dilation fails.
Of a pool only matters which positions a window reads: it commutes if and only if every window reads the
mirror image of what another reads, and padding may hide a shift, so that there it may with a remainder, too.
Max-pooling two or more positions is not equivariant on sign channels. Frames have no such condition (T3).

If. Re-index taps k to K-1-k: tap k of window t of R x reads what tap K-1-k of window M-1-t of x reads,
but for a shift by rho + (left padding - right padding). A sum and a maximum are folds over one set, so
both are served.

Only if, no padding. Let k0 be the smallest tap at which the tied kernel W is not 0, for some o and c, and
let x be 1 at the one position that tap k0 of window 0 of R x reads. Then conv(R x)[o, 0] is, up to sign,
W[o,c,k0], not 0. On the other side that position is read by tap K-1-(k0-j), j = rho/dilation, if at all.
Its entry is W[o,c,k0-j] up to sign: 0 by the choice of k0; or there is none, as j is no whole number or
exceeds k0. So R conv(x)[o, 0] = 0.

Only if, pooling. Window 0 of R x reads the last position of x; the last window of x does not, for rho >
0. With ``ceil_mode`` one more, shorter window begins at stride*M < L; window 0 of R x reads position L-K,
which is before it. (Where that window would begin at L or later there is none, and the geometry is that
without ``ceil_mode``.)

Pools with padding. If window t reads u as window M-1-t reads L-1-u, re-index u to L-1-u. Else some impulse at
a position is read by the one and not by the other.

Prose, and a grid: 'only if' with padding, of a layer. By the mirror identity below, a kernel with a single
free number, from one channel of a pair, sees x at a position u from one strand and at u + rho from the
other, or at none of them.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from ..engine.claims import EVERY_SIZE, Grid, Identity, Theorem
from ..engine.statements import EQUALS, IFF, Part, Quantity
from ..engine.worlds import World
from ..models import no_kernel
from ..models.convolution import (
    K,
    M,
    b,
    batch,
    channels_out,
    convolve,
    dilation,
    input_length,
    inputs,
    k,
    o,
    outputs,
    positions,
    reverse_taps,
    stride,
    t,
    taps,
    tied,
    x,
)
from ..models.geometries import (
    decided_by_the_remainder,
    decided_by_the_windows,
    decided_with_padding,
    grid,
    mirrored_only_without_remainder,
    partial_windows_mend,
)
from ..models.pooling import (
    maximum_on_sign,
    mirrored_windows,
    padding,
    pool,
    rho,
    told_apart,
    told_apart_by_windows,
    told_apart_with_ceil_mode,
)
from ..package import layers as package

reps = {"in": "1r+1t", "out": "1r+1s"}


def layer(name: str, left: sp.Expr, right: sp.Expr, remainder: sp.Expr = sp.S.Zero, **sizes: int) -> Identity:
    """conv(R x) = R conv(x), padded with zeros by (left, right), for any tied kernel."""
    L = input_length(remainder, left + right)
    at = {"K": 3, "M": 2, "N": 1, "stride": 2, "dilation": 1, "padding": 1, "rho": 1, **sizes}
    world = World(at, reps, padded={"x": (2, World(at).size(L))})
    return Identity(
        name,
        convolve(tied(), inputs.act(x, L), left)(b, o, t),
        outputs.act(convolve(tied(), x, left), M)(b, o, t),
        (batch, channels_out, positions),
        [world],
        rewrite_right=reverse_taps,
    )


def read(t: sp.Expr, k: sp.Expr) -> sp.Expr:
    """The position that tap k of window t reads."""
    return stride * t + dilation * k - padding


mirror = Identity(
    "the mirror image of what a tap reads is what its mirror tap reads, shifted by the remainder",
    input_length(rho, 2 * padding) - 1 - read(M - 1 - t, K - 1 - k),
    read(t, k) + rho,
    (positions, taps),
    [World({"K": 3, "M": 2, "stride": 3, "dilation": 2, "padding": 1, "rho": 2})],
)


def _mended(shape: Any) -> str | None:
    return partial_windows_mend(shape) if shape.room % shape.stride else None


def _not_mended(shape: Any) -> str | None:
    return (
        "the windows are symmetric" if shape.room % shape.stride and not partial_windows_mend(shape) else None
    )


def _changed(width: int) -> str | None:
    return None if maximum_on_sign(width) else "the maximum of the negated is the negated"


def _trivial(shape: Any) -> str | None:
    return decided_by_the_remainder(shape, pairs=False)


def _plain() -> Any:
    return (g for g in grid(range(1)) if g.dilation == 1)


MIRRORED = (
    "pool, if: sums over windows that mirror each other",
    "pool, if: maxima over windows that mirror each other",
    "pool, only if: an impulse shows what a window reads",
    "brute force, padding, pools",
)
THEOREM = Theorem(
    number=7,
    title="The remainder decides whether a tied layer or a pool is equivariant",
    parts=[
        Part(
            Quantity("a tied convolution or a pool commutes with R", package.windows_commute),
            IFF,
            Quantity("(L - d(K-1) - 1) mod stride = 0", package.no_remainder),
            by=(
                "if: average pooling",
                "if: max pooling",
                "no kernel: the other side reads a tap where W is 0",
                "no kernel: the other side reads beyond the last tap",
                "no kernel: the other side falls between two taps",
                "pool, remainder: window 0 of R x reads the last position",
                "pool, remainder: the last window of x does not",
                "ceil_mode: window 0 of R x reads position L-K",
                "ceil_mode: the partial window does not",
                "brute force, no padding, trivial channels",
                "brute force, no padding, pairs",
                "brute force, ceil_mode",
            ),
            cases=package.windows,
        ),
        Part(
            Quantity("RCConv1d, RCMaxPool1d or RCAvgPool1d takes a length", package.accepts),
            IFF,
            Quantity("nothing is left over the stride", package.no_remainder),
            by=("if: any tied kernel, any padding", "if: average pooling", "if: max pooling"),
            cases=package.windows,
        ),
        Part(
            Quantity("the layer of R x, where it takes the length", package.layer_of_turned),
            EQUALS,
            Quantity("R of the layer of x", package.turned_of_layer),
            by=("if: any tied kernel, any padding", "if: average pooling", "if: max pooling"),
            cases=package.fitting,
        ),
        Part(
            Quantity("admissible_lengths lets a length pass", package.admissible),
            IFF,
            Quantity("nothing is left over the stride", package.no_remainder),
            by=(
                "if: average pooling",
                "if: max pooling",
            ),
            cases=package.pools,
        ),
        Part(
            Quantity("RCMaxPool1d takes a Rep", package.max_pool_takes),
            IFF,
            Quantity("a maximum commutes with R", package.maximum_commutes),
            by=("if: max pooling", "a maximum is not equivariant on sign channels"),
            cases=package.reps,
        ),
        Part(
            Quantity(
                "with padding, and (L + 2p - d(K-1) - 1) mod stride = 0, layer(R x)", package.padded_of_turned
            ),
            EQUALS,
            Quantity("R layer(x)", package.turned_of_padded),
            by=(
                "if: any tied kernel, any padding",
                "the mirror image of what a tap reads is what its mirror tap reads, shifted by the remainder",
                "brute force, padding, pairs",
            ),
            cases=package.padded,
            prose="'only if' with padding, beyond the grid",
        ),
        Part(
            Quantity("a pool, with padding or without, commutes with R", package.padded_pool_commutes),
            IFF,
            Quantity("each window reads the mirror image of another's", package.windows_mirror),
            by=MIRRORED,
            cases=package.padded_pools,
        ),
        Part(
            Quantity("RCMaxPool1d or RCAvgPool1d takes a length and padding", package.padded_pool_takes),
            IFF,
            Quantity("each window reads the mirror image of another's", package.windows_mirror),
            by=MIRRORED,
            cases=package.padded_pools,
        ),
    ],
    coverage="every Rep, kernel, stride, dilation, length; 'if' for every padding; pools with any",
    method=f"{EVERY_SIZE}; 'only if' with padding: grid (L <= 8, K <= 4, p <= 3)",
    decides="which input lengths a strided or pooled tied network can take",
    code=(
        "rczoo.symmetry.geometry.admissible_lengths",
        "rczoo.nn.pooling.RCMaxPool1d",
        "rczoo.nn.pooling.RCAvgPool1d",
    ),
    tests="tests/proofs/test_laws.py::test_t07_geometry_decides",
    claims=[
        layer("if: any tied kernel, any padding", padding, padding),
        pool("if: average pooling", sum),
        pool("if: max pooling", max),
        mirror,
        *no_kernel.cases,
        *told_apart(),
        *told_apart_with_ceil_mode(),
        Grid("brute force, no padding, trivial channels", lambda: grid(range(1)), _trivial),
        Grid("brute force, no padding, pairs", lambda: grid(range(1)), decided_by_the_remainder),
        Grid("brute force, padding, pairs", lambda: grid(range(4)), decided_with_padding),
        mirrored_windows(MIRRORED[0], sum),
        mirrored_windows(MIRRORED[1], max),
        told_apart_by_windows(),
        Grid(MIRRORED[3], lambda: grid(range(3)), decided_by_the_windows),
        Grid("brute force, ceil_mode", _plain, _not_mended),
        Grid("a maximum is not equivariant on sign channels", lambda: range(2, 6), _changed),
    ],
    twins=[
        layer("twin: a remainder does no harm", padding, padding, rho),
        layer("twin: same padding, even kernel", padding, padding + 1, K=4, stride=1),
        pool("twin: a remainder does no harm to max pooling", max, rho),
        Grid(
            "twin: with padding, too, only the remainder matters",
            lambda: grid(range(4)),
            decided_by_the_remainder,
        ),
        mirrored_windows("twin: any windows will do", sum, mirror=False),
        Grid(
            "twin: windows of a pool mirror each other without a remainder only",
            lambda: grid(range(3)),
            mirrored_only_without_remainder,
        ),
        Grid("twin: ceil_mode mends a remainder", _plain, _mended),
        Grid("twin: a maximum is equivariant on sign channels", lambda: range(2, 6), maximum_on_sign),
    ],
)
