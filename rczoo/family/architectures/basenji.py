"""Basenji: convolutions and pools down to bins, then dilated residual convolutions far around each."""

from __future__ import annotations

from torch import Tensor, nn

POOLS = 5
"""Halvings of the length: a bin has 32 bases (there 128)."""
DILATIONS = (1, 2, 4, 8)


def _convolution(before: int, after: int, kernel: int, dilation: int = 1) -> list[nn.Module]:
    convolution = nn.Conv1d(before, after, kernel, padding="same", dilation=dilation, bias=False)
    return [nn.GELU(), convolution, nn.BatchNorm1d(after)]


class Basenji(nn.Module):
    """One-hot DNA (batch, 4, length) -> tracks (batch, channels, bins), the margin cropped at either end.

    Tracks are of each strand or of both together, as the Rep of the outputs says; softmax over bins gives
    their shape. Length and margin are multiples of a bin.
    Source: Kelley et al. 2018, Genome Research 28:739, as revised in Kelley 2020, PLoS Computational Biology
    16:e1008050.
    """

    def __init__(self, channels: int, filters: int, margin: int) -> None:
        super().__init__()
        self.cropped = margin >> POOLS
        layers: list[nn.Module] = [nn.Conv1d(4, filters, 15, padding=7), nn.MaxPool1d(2)]
        for _ in range(POOLS - 1):
            layers += [*_convolution(filters, filters, 5), nn.MaxPool1d(2)]
        self.tower = nn.Sequential(*layers)
        self.dilated = nn.ModuleList(
            nn.Sequential(
                *_convolution(filters, filters // 2, 3, dilation),
                *_convolution(filters // 2, filters, 1),
                nn.Dropout(0.3),
            )
            for dilation in DILATIONS
        )
        self.relu = nn.ReLU()  # a module, as DeepLIFT has rules for these alone
        self.head = nn.Conv1d(filters, channels, 1)

    def forward(self, X: Tensor) -> Tensor:
        """Logits of the bins."""
        z = self.tower(X)
        for block in self.dilated:
            z = z + block(z)
        tracks: Tensor = self.head(self.relu(z[..., self.cropped : z.shape[2] - self.cropped]))
        return tracks
