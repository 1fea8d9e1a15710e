"""DeepSTARR: the activity of enhancers, from four convolutions and two dense layers."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

KERNELS = (7, 3, 5, 3)


class DeepSTARR(nn.Module):
    """One-hot DNA (batch, 4, length) -> activities, or logits (batch, outputs).

    Each convolution keeps the length, and a pool halves it.
    Source: de Almeida et al. 2022, Nature Genetics 54:613: there 256, 60, 60 and 120 filters, dense layers of
    256, and two outputs, developmental and housekeeping.
    """

    def __init__(self, length: int, outputs: int, filters: int) -> None:
        super().__init__()
        widths = (4, 4 * filters, filters, filters, 2 * filters)
        layers: list[nn.Module] = []
        for kernel, (before, after) in zip(KERNELS, pairwise(widths), strict=True):
            layers += [nn.Conv1d(before, after, kernel, padding=kernel // 2)]
            layers += [nn.BatchNorm1d(after), nn.ReLU(), nn.MaxPool1d(2)]
        self.trunk = nn.Sequential(*layers)
        dense: list[nn.Module] = [nn.Flatten()]
        read = 2 * filters * (length >> len(KERNELS))
        for _ in range(2):
            dense += [nn.Linear(read, 4 * filters), nn.BatchNorm1d(4 * filters), nn.ReLU(), nn.Dropout(0.4)]
            read = 4 * filters
        self.dense = nn.Sequential(*dense)
        self.head = nn.Linear(read, outputs)

    def forward(self, X: Tensor) -> Tensor:
        """Activities or logits."""
        answer: Tensor = self.head(self.dense(self.trunk(X)))
        return answer
