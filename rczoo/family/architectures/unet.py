"""A U-Net: base resolution on the way in and out, a wide view in the middle."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

DEPTH = 3
"""Halvings of the length: 8 bases are one position at the bottom."""


def _conv(channels: int, filters: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv1d(channels, filters, 9, padding=4), nn.BatchNorm1d(filters), nn.ReLU())


class UNet(nn.Module):
    """One-hot DNA (batch, 4, length) -> profile logits (batch, channels, length - 2 * margin), log-counts.

    Control tracks (batch, control, length - 2 * margin) join the profile at the head. Lengths that 8 does not
    divide are taken, too: what is sampled up goes to the length that it had on the way down.

    Source: Ronneberger et al. 2015, MICCAI; for the binding of factors to single bases Li and Guan 2021,
    Genome Research 31:721 (Leopard).
    """

    def __init__(self, channels: int, filters: int, margin: int, control: int = 0) -> None:
        super().__init__()
        self.margin = margin
        self.down = nn.ModuleList(_conv(filters if n else 4, filters) for n in range(DEPTH))
        self.halved = nn.MaxPool1d(2)  # a module, as DeepLIFT has rules for these alone
        self.bottom = _conv(filters, filters)
        self.up = nn.ModuleList(_conv(2 * filters, filters) for _ in range(DEPTH))
        self.head = nn.Conv1d(filters + control, channels, 1)
        self.head_counts = nn.Linear(filters + (control > 0), channels)

    def forward(self, X: Tensor, X_ctl: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Profile logits and log-counts."""
        z, skips = X, []
        for block in self.down:
            z = block(z)
            skips.append(z)
            z = self.halved(z)
        z = self.bottom(z)
        for block in self.up:
            skip = skips.pop()
            z = block(torch.cat([F.interpolate(z, size=skip.shape[2]), skip], 1))
        z = z[..., self.margin : z.shape[2] - self.margin]
        pooled = z.mean(2)
        if X_ctl is not None:
            z, total = torch.cat([z, X_ctl], 1), X_ctl.abs().sum((1, 2)).log1p()
            pooled = torch.cat([pooled, total[:, None]], 1)
        return self.head(z), self.head_counts(pooled)
