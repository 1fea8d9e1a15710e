"""ChromBPNet: BPNet whose profile has what the enzyme prefers added, as a control track."""

from __future__ import annotations

import torch
from torch import Tensor, nn

DILATIONS = tuple(2**n for n in range(1, 7))
FIRST, LAST = 21, 75
LOST = (FIRST - 1 + LAST - 1 + 2 * sum(DILATIONS)) // 2
"""Bases that valid convolutions cost at either end."""


class ChromBPNet(nn.Module):
    """One-hot DNA (batch, 4, length) -> profile logits (batch, channels, length - 2 * margin), log-counts.

    The control is what a bias model answers, as tracks (batch, control, length - 2 * margin) of log-rates:
    they are added to the profile's logits, each track with a weight of its own, and their log-sum to the
    counts.
    Source: Pampari et al. 2024, bioRxiv 2024.12.25.630221: there 512 filters, eight dilations, length 2114.
    """

    def __init__(self, channels: int, filters: int, margin: int, control: int = 0) -> None:
        super().__init__()
        self.cropped = margin - LOST
        self.stem = nn.Conv1d(4, filters, FIRST)
        self.dilated = nn.ModuleList(nn.Conv1d(filters, filters, 3, dilation=d) for d in DILATIONS)
        self.relu = nn.ReLU()  # a module, as DeepLIFT has rules for these alone
        self.head = nn.Conv1d(filters, channels, LAST)
        self.head_counts = nn.Linear(filters + (control > 0), channels)
        self.head_bias = nn.Conv1d(control, channels, 1, bias=False) if control else None

    def forward(self, X: Tensor, X_ctl: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Profile logits and log-counts."""
        z = self.relu(self.stem(X))
        for convolution, d in zip(self.dilated, DILATIONS, strict=True):
            z = z[..., d : z.shape[2] - d] + self.relu(convolution(z))
        profile = self.head(z)
        profile = profile[..., self.cropped : profile.shape[2] - self.cropped]
        pooled = z.mean(2)
        if X_ctl is not None and self.head_bias is not None:
            profile = profile + self.head_bias(X_ctl)
            pooled = torch.cat([pooled, X_ctl.flatten(1).logsumexp(1, keepdim=True)], 1)
        return profile, self.head_counts(pooled)
