"""Caduceus in small: a state-space model whose steps depend on what they read, run in both directions."""

from __future__ import annotations

from torch import Tensor, nn

from .blocks import Mamba

LAYERS, STATES = 2, 4


class Caduceus(nn.Module):
    """One-hot DNA (batch, 4, length) -> profile logits (batch, channels, length - 2 * margin).

    Source: Schiff et al. 2024, ICML. Caduceus-PS runs one such model on both halves of its channels, the
    second one reversed, and exchanges nothing until the head: mixing 0 here. At mixing 1 the projections also
    read the other half.
    """

    def __init__(self, channels: int, filters: int, margin: int) -> None:
        super().__init__()
        self.margin = margin
        self.embed = nn.Conv1d(4, filters, 1)
        self.layers = nn.ModuleList(Mamba(filters, STATES) for _ in range(LAYERS))
        self.norm, self.head = nn.LayerNorm(filters), nn.Linear(filters, channels)

    def forward(self, X: Tensor) -> Tensor:
        """Profile logits."""
        z = self.embed(X).mT
        for layer in self.layers:
            z = layer(z)
        profile: Tensor = self.head(self.norm(z[:, self.margin : z.shape[1] - self.margin])).mT
        return profile
