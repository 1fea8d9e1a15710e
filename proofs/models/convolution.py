"""Convolution, as PyTorch computes it, over symbolic sizes: shared by the proofs about layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from ..engine.ranges import Channels, Interval
from ..engine.sums import Sum
from ..engine.symbols import SymbolicRep, index, size, table

b, o, c, k, t = index("b", "o", "c", "k", "t")
K, M, N, stride, dilation = size("K", "M", "N", "stride", "dilation")
inputs, outputs = SymbolicRep("in"), SymbolicRep("out")
x, V = table("x"), table("V")

batch = Interval(b, sp.S.Zero, N)
positions = Interval(t, sp.S.Zero, M)
taps = Interval(k, sp.S.Zero, K)
channels_in, channels_out = Channels(c, inputs), Channels(o, outputs)

Field = Callable[..., Any]
"""A function of (..., channel, position): a feature map of any size, or a kernel."""


def tied(free: Field = V) -> Field:
    """``(V[o,c,k] + s[o] s[c] V[p[o],p[c],K-1-k]) / 2``.

    Every tied kernel is of this form (take V to be the kernel itself), and every one of this form is tied.
    """
    return lambda o, c, k: (
        (free(o, c, k) + outputs.s(o) * inputs.s(c) * free(outputs.p(o), inputs.p(c), K - 1 - k)) / 2
    )


def convolve(kernel: Field, signal: Field, pad_left: sp.Expr = sp.S.Zero) -> Field:
    """The output at (b, o, t): the sum over c, k of kernel[o,c,k] * x[b, c, stride*t + dilation*k - pad]."""
    return lambda b, o, t: Sum(
        kernel(o, c, k) * signal(b, c, stride * t + dilation * k - pad_left), (channels_in, taps)
    )


def input_length(remainder: sp.Expr = sp.S.Zero, padding: sp.Expr = sp.S.Zero) -> sp.Expr:
    """L, when M windows fit into L + padding positions and leave a remainder: 0 is the aligned geometry."""
    return stride * (M - 1) + dilation * (K - 1) + 1 + remainder - padding


def reverse_taps(side: Sum) -> Sum:
    """Re-index c to its partner and k to K-1-k: the step at the heart of every proof about tied kernels."""
    return side.reindex(c=inputs.p(c), k=K - 1 - k)
