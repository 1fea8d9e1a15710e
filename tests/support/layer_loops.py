"""What tied layers compute, written again as plain loops over numpy arrays of (batch, channels, length)."""

from itertools import product

import numpy as np

from rczoo import Rep

BESIDE = {
    "zeros": lambda t, n: t if 0 <= t < n else None,
    "reflect": lambda t, n: -t if t < 0 else 2 * (n - 1) - t if t >= n else t,
    "replicate": lambda t, n: min(max(t, 0), n - 1),
    "circular": lambda t, n: t % n,
}
"""Which position is read in the place of position t of n, if any."""


def pad(x, positions, mode):
    """``positions`` more at either end."""
    n = x.shape[2]
    padded = np.zeros((*x.shape[:2], n + 2 * positions))
    for t in range(-positions, n + positions):
        read = BESIDE[mode](t, n)
        if read is not None:
            padded[:, :, t + positions] = x[:, :, read]
    return padded


def groups_apart(kernel, channels_in, groups):
    """A kernel (Co, Ci / groups, K) as one of all channels, zero between groups."""
    dense = np.zeros((kernel.shape[0], channels_in, kernel.shape[2]))
    out, width = kernel.shape[0] // groups, kernel.shape[1]
    for o in range(kernel.shape[0]):
        dense[o, o // out * width : (o // out + 1) * width] = kernel[o]
    return dense


def convolve_transposed(x, kernel, bias, stride, dilation, padding, groups):
    """Every number of x (N, Ci, L) times the kernel (Ci, Co / groups, K), added where it reaches."""
    inputs, outputs, width = kernel.shape
    reach = (x.shape[2] - 1) * stride + dilation * (width - 1) + 1
    y = np.zeros((x.shape[0], outputs * groups, reach))
    for n, c, i, o, k in product(*map(range, (*x.shape, outputs, width))):
        group = c // (inputs // groups)
        y[n, group * outputs + o, i * stride + dilation * k] += x[n, c, i] * kernel[c, o, k]
    return y[:, :, padding : reach - padding] + bias[:, None]


def pool_to(x, size, how):
    """``how`` of each of ``size`` windows, which together hold every position."""
    n = x.shape[2]
    windows = [x[:, :, i * n // size : -(-(i + 1) * n // size)] for i in range(size)]
    return np.stack([how(window, axis=2) for window in windows], 2)


def interpolate(x, factor):
    """Between the centres of neighbouring positions on lines, beyond the last ones constant."""
    n = x.shape[2]
    y = np.zeros((*x.shape[:2], n * factor))
    for t in range(n * factor):
        place = min(max((t + 0.5) / factor - 0.5, 0), n - 1)
        left = min(int(place), max(n - 2, 0))
        y[:, :, t] = x[:, :, left] + (place - left) * (x[:, :, min(left + 1, n - 1)] - x[:, :, left])
    return y


def normalise(x, groups, per_position, signs, eps, centre_signs=False, centre=True):
    """Each group of channels minus its mean and over its root mean square.

    Over all positions at once, or at each; sign channels have no part in the mean unless ``centre_signs``.
    """
    y = np.array(x)
    size = x.shape[1] // groups
    positions = range(x.shape[2]) if per_position else [slice(None)]
    for n, g, t in product(range(len(x)), range(groups), positions):
        channels = range(g * size, (g + 1) * size)
        centred = [c for c in channels if centre and (centre_signs or signs[c] == 1)]
        mean = np.mean([x[n, c, t] for c in centred]) if centred else 0.0
        for c in centred:
            y[n, c, t] = x[n, c, t] - mean
        size_of = np.sqrt(np.mean([y[n, c, t] ** 2 for c in channels]) + eps)
        for c in channels:
            y[n, c, t] = y[n, c, t] / size_of
    return y


def attend(q, k, v, added, mask):
    """For every head and query, the values weighted by the softmax of its scores: (N, H, L, d) each."""
    y = np.zeros_like(v)
    for n, h, i in product(range(q.shape[0]), range(q.shape[1]), range(q.shape[2])):
        keys = [j for j in range(k.shape[2]) if mask[n, j]]
        scores = [q[n, h, i] @ k[n, h, j] / np.sqrt(q.shape[3]) + added(h, i, j) for j in keys]
        weights = np.exp(np.array(scores) - max(scores))
        y[n, h, i] = sum(w * v[n, h, j] for w, j in zip(weights / weights.sum(), keys, strict=True))
    return y


def kmers(sequence, k):
    """(4**k, length - k + 1): where each word of ACGT, in alphabetical order, begins."""
    words = ["".join(word) for word in product("ACGT", repeat=k)]
    starts = range(len(sequence) - k + 1)
    return np.array([[float(sequence[t : t + k] == word) for t in starts] for word in words])


def dimension(rep_in, rep_out, width):
    """How many kernels obey the law: the rank of the projector (W + R W) / 2, from dense matrices."""

    def matrix(rep):
        dense = np.zeros((rep.channels, rep.channels))
        for c, (j, s) in enumerate(zip(rep.partners, rep.signs, strict=True)):
            dense[c, j] = s
        return dense

    turn = np.kron(np.kron(matrix(Rep(rep_out)), matrix(Rep(rep_in))), np.eye(width)[::-1])
    return round(np.trace(np.eye(len(turn)) + turn) / 2)
