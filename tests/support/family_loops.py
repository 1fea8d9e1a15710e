"""What networks of the family compute, as plain loops: trunk and heads over ``rczoo.testing.reference``."""

import math

import numpy as np

from rczoo import Rep
from rczoo.testing.reference import act, convolve

DNA = Rep.from_partners([3, 2, 1, 0])
SWAP = Rep.from_partners([1, 0])


def trunk(x, blocks):
    """Both frames of a trunk, each read in its own direction.

    A block is a dict: kernel (F, C + k, K), bias (F,), dilation, exchanged k, norm (None or mean, variance,
    eps, scale, shift, each (F,) but eps), residual.
    """
    frames = [x, act(DNA, x)]
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
