"""Reverse complement and its like from tables written here, which share no code with the package."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

REPS: dict[str, tuple[list[int], list[int]]] = {
    "2r": ([1, 0, 3, 2], [1, 1, 1, 1]),
    "2r:flip": ([3, 2, 1, 0], [1, 1, 1, 1]),
    "2r:halves": ([2, 3, 0, 1], [1, 1, 1, 1]),
    "1r+1t+1s": ([1, 0, 2, 3], [1, 1, 1, -1]),
    "1s+1r": ([0, 2, 1], [-1, 1, 1]),
    "2t": ([0, 1], [1, 1]),
    "[2,1,0]": ([2, 1, 0], [1, 1, 1]),
}
"""Notations with the partner and the sign of each channel, by hand."""
DNA = "2r:flip"
"""One-hot sequences."""
COMPLEMENT = {"A": "T", "C": "G", "G": "C", "T": "A", "N": "N"}
ORDER = "ACGT"
"""Channels of one-hot DNA, first to last; N is all zeros."""


def act(rep: str, x: Tensor) -> Tensor:
    """(R x)[b, c, t] = s[c] x[b, p[c], L-1-t] of a tensor (batch, channels, length) or (batch, channels)."""
    partners, signs = REPS[rep]
    y = x[:, partners] * torch.tensor(signs, dtype=x.dtype).view(-1, *[1] * (x.ndim - 2))
    return y if x.ndim == 2 else torch.from_numpy(y.detach().numpy()[..., ::-1].copy())


def turn_kernel(rep_in: str, rep_out: str, kernel: Tensor) -> Tensor:
    """s[o] s[c] W[p[o], p[c], K-1-k] of a kernel (outputs, inputs, taps)."""
    return act(rep_in, kernel)[REPS[rep_out][0]] * torch.tensor(REPS[rep_out][1]).view(-1, 1, 1)


def convolve(x: Tensor, kernel: Tensor, stride: int = 1, dilation: int = 1, padding: int = 0) -> Tensor:
    """The sum over c, k of kernel[o,c,k] x[b, c, stride t + dilation k - padding], tap by tap."""
    width, length = kernel.shape[2], x.shape[2]
    windows = (length + 2 * padding - dilation * (width - 1) - 1) // stride + 1
    y = torch.zeros(x.shape[0], kernel.shape[0], windows, dtype=x.dtype)
    for t, k in itertools.product(range(windows), range(width)):
        position = stride * t + dilation * k - padding
        if 0 <= position < length:
            y[:, :, t] += x[:, :, position] @ kernel[:, :, k].T
    return y


def one_hot(sequence: str) -> Tensor:
    """(1, 4, length) of one string."""
    rows = [[float(base == letter) for base in sequence] for letter in ORDER]
    return torch.tensor(rows, dtype=torch.float64)[None]


def reverse_complement(sequence: str) -> str:
    """Of a string."""
    return "".join(COMPLEMENT[base] for base in reversed(sequence))


def whole(seed: int, *shape: int, low: int = -4, high: int = 4) -> Tensor:
    """Whole numbers in float64, of which sums and products are exact."""
    return torch.from_numpy(np.random.default_rng(seed).integers(low, high + 1, shape).astype(float))


def normal(seed: int, *shape: int) -> Tensor:
    """Normal numbers in float64."""
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def fill(module: Any, seed: int, low: int = -2, high: int = 2) -> Any:
    """A module in float64 and eval mode whose parameters are whole numbers, its variances 1 to 4."""
    module = module.double().eval()
    with torch.no_grad():
        for n, parameter in enumerate(module.parameters()):
            parameter.copy_(whole(seed + n, *parameter.shape, low=low, high=high))
        for n, (name, buffer) in enumerate(module.named_buffers()):
            if name.endswith("running_mean"):
                buffer.copy_(whole(seed + n, *buffer.shape))
            if name.endswith("running_var"):
                buffer.copy_(whole(seed + n, *buffer.shape, low=1))
    return module


def pairs_of_reps() -> Iterator[tuple[str, str]]:
    """Every input Rep with every output Rep."""
    yield from itertools.product(REPS, REPS)
