"""LegNet: blocks of grouped convolutions with squeeze and excitation, and a pool over all positions."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .blocks import SqueezeExcitation

GROUPED = 4
"""Channels in a group of the convolution in the middle of a block."""


def _norm_act(width: int) -> list[nn.Module]:
    return [nn.BatchNorm1d(width), nn.SiLU()]


def _effective(width: int) -> nn.Sequential:
    """Widen, read neighbours in groups, gate, narrow: EfficientNet's block."""
    wide = 2 * width
    grouped = nn.Conv1d(wide, wide, 7, padding=3, groups=wide // GROUPED, bias=False)
    middle = [grouped, *_norm_act(wide), SqueezeExcitation(wide)]
    return nn.Sequential(
        nn.Conv1d(width, wide, 1), *_norm_act(wide), *middle, nn.Conv1d(wide, width, 1), *_norm_act(width)
    )


class LegNet(nn.Module):
    """One-hot DNA (batch, 4, length) -> logits (batch, outputs).

    Source: Penzar et al. 2023, Bioinformatics 39:btad457: there 256, 128, 128, 64, 64, 64 and 64 channels, on
    80 bases.
    """

    def __init__(self, length: int, outputs: int, filters: int) -> None:
        super().__init__()
        if filters % 2:
            raise ValueError(f"legnet: filters is {filters}, expected an even number")
        self.stem = nn.Sequential(nn.Conv1d(4, filters, 7, padding=3), *_norm_act(filters))
        self.effective = nn.ModuleList(_effective(filters) for _ in range(2))
        self.joined = nn.ModuleList(
            nn.Sequential(nn.Conv1d(2 * filters, filters, 7, padding=3), *_norm_act(filters), nn.MaxPool1d(2))
            for _ in range(2)
        )
        self.mapper = nn.Sequential(nn.Conv1d(filters, 2 * filters, 1), *_norm_act(2 * filters))
        self.head = nn.Linear(2 * filters, outputs)

    def forward(self, X: Tensor) -> Tensor:
        """Logits."""
        z = self.stem(X)
        for effective, joined in zip(self.effective, self.joined, strict=True):
            z = joined(torch.cat([effective(z), z], 1))
        logits: Tensor = self.head(self.mapper(z).mean(2))
        return logits
