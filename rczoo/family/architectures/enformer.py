"""Enformer and Borzoi in small: convolutions down to bins, then attention between all of them."""

from __future__ import annotations

from torch import Tensor, nn

from .blocks import Attention

POOLS = 5
"""Halvings of the length: a bin has 32 bases (there 128)."""
HEADS = 4
LAYERS = 2


class Enformer(nn.Module):
    """One-hot DNA (batch, 4, length) -> tracks (batch, channels, bins), the margin cropped at either end.

    Sources: Avsec et al. 2021, Nature Methods 18:1196; Linder et al. 2025, Nature Genetics 57:949 (Borzoi).
    """

    def __init__(self, channels: int, filters: int, margin: int) -> None:
        super().__init__()
        if filters % HEADS:
            raise ValueError(f"enformer: filters is {filters}, expected a multiple of its {HEADS} heads")
        self.cropped = margin >> POOLS
        layers: list[nn.Module] = [nn.Conv1d(4, filters, 15, padding=7), nn.MaxPool1d(2)]
        for _ in range(POOLS - 1):
            layers += [nn.BatchNorm1d(filters), nn.GELU(), nn.Conv1d(filters, filters, 5, padding=2)]
            layers += [nn.MaxPool1d(2)]
        self.tower = nn.Sequential(*layers)
        self.attention = nn.ModuleList(Attention(filters, HEADS) for _ in range(LAYERS))
        widths = filters, 2 * filters
        self.feed = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(filters), nn.Linear(*widths), nn.ReLU(), nn.Linear(*widths[::-1]))
            for _ in range(LAYERS)
        )
        self.head = nn.Linear(filters, channels)

    def forward(self, X: Tensor) -> Tensor:
        """Logits of the bins."""
        z = self.tower(X).transpose(1, 2)
        for attention, feed in zip(self.attention, self.feed, strict=True):
            z = attention(z)
            z = z + feed(z)
        tracks: Tensor = self.head(z[:, self.cropped : z.shape[1] - self.cropped].relu())
        return tracks.transpose(1, 2)
