"""DeepSEA and Basset: three convolutions with pools between them, then dense layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, nn


class Block(NamedTuple):
    """One convolution: how many times the filters it has, its kernel, and the pool after it."""

    times: int
    kernel: int
    pool: int


class PooledConvolutions(nn.Module):
    """One-hot DNA (batch, 4, length) -> logits (batch, outputs)."""

    blocks: Sequence[Block]
    norm = False

    def __init__(self, length: int, outputs: int, filters: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 4
        for block in self.blocks:
            out = block.times * filters
            layers += [nn.Conv1d(channels, out, block.kernel)]
            layers += [nn.BatchNorm1d(out)] if self.norm else []
            layers += [nn.ReLU(), nn.MaxPool1d(block.pool), nn.Dropout(0.2)]
            channels, length = out, (length - block.kernel + 1) // block.pool
        self.trunk = nn.Sequential(*layers)
        self.dense = nn.Sequential(nn.Flatten(), nn.Linear(channels * length, channels), nn.ReLU())
        self.head = nn.Linear(channels, outputs)

    def forward(self, X: Tensor) -> Tensor:
        """Logits."""
        logits: Tensor = self.head(self.dense(self.trunk(X)))
        return logits


class DeepSEA(PooledConvolutions):
    """Zhou and Troyanskaya 2015, Nature Methods 12:931: there 320, 480 and 960 filters; the last block has no
    pool. Beluga (Zhou et al. 2018, Nature Genetics 50:1171) has each convolution twice."""

    blocks = (Block(2, 8, 4), Block(3, 8, 4), Block(6, 8, 1))


class Basset(PooledConvolutions):
    """Kelley et al. 2016, Genome Research 26:990: there 300, 200 and 200 filters, two dense of 1000."""

    blocks = (Block(3, 19, 3), Block(2, 11, 4), Block(2, 7, 4))
    norm = True
