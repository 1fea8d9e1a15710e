"""What the package computes, written again as plain loops over numpy arrays, to compare with.

Nothing here imports the package but :class:`~rczoo.Rep`, of which only ``partners`` and ``signs`` are read.
"""

from __future__ import annotations

import numpy as np

from ..symmetry.rep import Rep


def act(rep: Rep, x: np.ndarray) -> np.ndarray:
    """(R x)[b, c, t] = s[c] * x[b, p[c], L - 1 - t] of (batch, channels, length); of two axes, without t."""
    y = np.zeros_like(x)
    for b in range(x.shape[0]):
        for c in range(x.shape[1]):
            if x.ndim == 2:
                y[b, c] = rep.signs[c] * x[b, rep.partners[c]]
                continue
            for t in range(x.shape[2]):
                y[b, c, t] = rep.signs[c] * x[b, rep.partners[c], x.shape[2] - 1 - t]
    return y


def convolve(
    x: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | None = None,
    stride: int = 1,
    dilation: int = 1,
    padding: int = 0,
) -> np.ndarray:
    """Cross-correlation of (N, Ci, L) with (Co, Ci, K), every output summed in its own loop."""
    outputs, inputs, width = kernel.shape
    length = x.shape[2]
    windows = (length + 2 * padding - dilation * (width - 1) - 1) // stride + 1
    y = np.zeros((x.shape[0], outputs, windows))
    for n in range(x.shape[0]):
        for o in range(outputs):
            for t in range(windows):
                total = 0.0 if bias is None else bias[o]
                for c in range(inputs):
                    for k in range(width):
                        position = t * stride - padding + k * dilation
                        if 0 <= position < length:
                            total += kernel[o, c, k] * x[n, c, position]
                y[n, o, t] = total
    return y


def turn_kernel(kernel: np.ndarray, rep_in: Rep, rep_out: Rep) -> np.ndarray:
    """(R W)[o, c, k] = s[o] * s[c] * W[p[o], p[c], K - 1 - k] of a kernel (outputs, inputs, width)."""
    turned = np.zeros_like(kernel)
    outputs, inputs, width = kernel.shape
    for o in range(outputs):
        for c in range(inputs):
            for k in range(width):
                sign = rep_out.signs[o] * rep_in.signs[c]
                turned[o, c, k] = sign * kernel[rep_out.partners[o], rep_in.partners[c], width - 1 - k]
    return turned


def obeys_kernel_law(kernel: np.ndarray, rep_in: Rep, rep_out: Rep) -> bool:
    """Whether W = R W in every entry, which is when the convolution commutes with reverse complement."""
    return bool((kernel == turn_kernel(kernel, rep_in, rep_out)).all())


def tie(kernel: np.ndarray, rep_in: Rep, rep_out: Rep) -> np.ndarray:
    """W + R W, which obeys the law whatever W is."""
    both: np.ndarray = kernel + turn_kernel(kernel, rep_in, rep_out)
    return both


def max_pool(x: np.ndarray, width: int, stride: int) -> np.ndarray:
    """The maximum of every whole window of (N, C, L)."""
    windows = (x.shape[2] - width) // stride + 1
    y = np.zeros((*x.shape[:2], windows))
    for t in range(windows):
        y[:, :, t] = x[:, :, t * stride : t * stride + width].max(axis=2)
    return y


def merge(first: np.ndarray, second: np.ndarray, how: str) -> np.ndarray:
    """The answers for two strands merged, the second already turned back.

    ``"probability"`` gives the logit whose probability is the mean of both.
    """
    if how == "probability":
        yes = 1 / (1 + np.exp(-first)) + 1 / (1 + np.exp(-second))
        no = 1 / (1 + np.exp(first)) + 1 / (1 + np.exp(second))
        merged: np.ndarray = np.log(yes / no)
    else:
        ways = {"sum": first + second, "mean": (first + second) / 2, "max": np.maximum(first, second)}
        merged = ways[how]
    return merged
