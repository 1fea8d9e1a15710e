"""What the package should compute, written again as plain loops over numpy arrays.

Nothing here imports the package. Reps are given as lists of partners and signs.
"""

import math

import numpy as np


def act(partners, signs, x):
    """(R x)[b, c, t] = s[c] * x[b, p[c], L - 1 - t]; for two axes, (R x)[b, c] = s[c] * x[b, p[c]]."""
    y = np.zeros_like(x)
    for b in range(x.shape[0]):
        for c in range(x.shape[1]):
            if x.ndim == 2:
                y[b, c] = signs[c] * x[b, partners[c]]
                continue
            for t in range(x.shape[2]):
                y[b, c, t] = signs[c] * x[b, partners[c], x.shape[2] - 1 - t]
    return y


def convolve(x, kernel, bias=None, stride=1, dilation=1, padding=0):
    """Cross-correlation (N, Ci, L) with (Co, Ci, K), every output summed in its own loop."""
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


def obeys_kernel_law(kernel, partners_in, signs_in, partners_out, signs_out):
    """Whether W[o, c, k] = s[o] * s[c] * W[p[o], p[c], K - 1 - k] for every entry."""
    outputs, inputs, width = kernel.shape
    return all(
        kernel[o, c, k] == signs_out[o] * signs_in[c] * kernel[partners_out[o], partners_in[c], width - 1 - k]
        for o in range(outputs)
        for c in range(inputs)
        for k in range(width)
    )


def tie(kernel, partners_in, signs_in, partners_out, signs_out):
    """W + R W, which obeys the law whatever W is."""
    outputs, inputs, width = kernel.shape
    tied = kernel.copy()
    for o in range(outputs):
        for c in range(inputs):
            for k in range(width):
                tied[o, c, k] += (
                    signs_out[o] * signs_in[c] * kernel[partners_out[o], partners_in[c], width - 1 - k]
                )
    return tied


DNA = ([3, 2, 1, 0], [1, 1, 1, 1])


def trunk(x, blocks):
    """Both frames of a trunk, each read in its own direction.

    A block is a dict: kernel (F, C + k, K), bias (F,), dilation, exchanged k, norm (None or mean, variance,
    eps, scale, shift, each (F,) but eps), residual.
    """
    frames = [x, act(*DNA, x)]
    for block in blocks:
        received = block["exchanged"]
        widened = []
        for own, other in (frames, frames[::-1]):
            rows = np.zeros((own.shape[0], own.shape[1] + received, own.shape[2]))
            rows[:, : own.shape[1]] = own
            for k in range(received):
                for t in range(own.shape[2]):
                    rows[:, own.shape[1] + k, t] = other[:, k, own.shape[2] - 1 - t]
            widened.append(rows)
        frames = [_block(own, rows, block) for own, rows in zip(frames, widened, strict=True)]
    return frames


def _block(own, rows, block):
    y = convolve(rows, block["kernel"], block["bias"], dilation=block["dilation"])
    for f in range(y.shape[1]):
        if block["norm"] is not None:
            mean, variance, eps, scale, shift = block["norm"]
            y[:, f] = (y[:, f] - mean[f]) / math.sqrt(variance[f] + eps) * scale[f] + shift[f]
    y = np.where(y > 0, y, 0.0)
    if block["residual"]:
        lost = (own.shape[2] - y.shape[2]) // 2
        y = y + own[:, : y.shape[1], lost : lost + y.shape[2]]
    return y


def max_pool(x, width, stride):
    """Maximum of every whole window."""
    windows = (x.shape[2] - width) // stride + 1
    y = np.zeros((*x.shape[:2], windows))
    for t in range(windows):
        y[:, :, t] = x[:, :, t * stride : t * stride + width].max(axis=2)
    return y


def profile_head(z, control, conv, join, counts):
    """One frame's answer: profile logits, and log-counts unless ``counts`` (weight, bias) is None."""
    profile = convolve(np.concatenate([convolve(z, *conv), control], axis=1), *join)
    if counts is None:
        return (profile,)
    features = z.sum(axis=2) / z.shape[2]
    if control.shape[1]:
        total = np.array([[math.log1p(np.abs(example).sum())] for example in control])
        features = np.concatenate([features, total], axis=1)
    return profile, features @ counts[0].T + counts[1]


def merge(first, second, how):
    """Merge two frames' answers, the second already turned back."""
    if how == "probability":
        yes = 1 / (1 + np.exp(-first)) + 1 / (1 + np.exp(-second))
        no = 1 / (1 + np.exp(first)) + 1 / (1 + np.exp(second))
        return np.log(yes / no)
    return {"sum": first + second, "mean": (first + second) / 2, "max": np.maximum(first, second)}[how]
