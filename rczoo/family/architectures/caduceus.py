"""Caduceus in small: a state-space model whose steps depend on what they read, run in both directions."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LAYERS, STATES = 2, 4


def scan(log_decay: Tensor, update: Tensor) -> Tensor:
    """``h[t] = exp(log_decay[t]) * h[t - 1] + update[t]`` along axis 1, in log2(length) steps.

    Each step joins every position with the one ``reach`` before it (Hillis and Steele 1986).
    """
    reach = 1
    while reach < update.shape[1]:
        earlier = F.pad(update[:, :-reach], (0, 0, 0, 0, reach, 0))
        update = update + log_decay.exp() * earlier
        log_decay = log_decay + F.pad(log_decay[:, :-reach], (0, 0, 0, 0, reach, 0))
        reach *= 2
    return update


class Mamba(nn.Module):
    """A selective state space, (batch, length, width) as it was: read along the strand and against it.

    Both directions share their weights, as in Caduceus.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.project = nn.LayerNorm(width), nn.Linear(width, 2 * width)
        self.near = nn.Conv1d(width, width, 3, padding=2, groups=width)
        self.select = nn.Linear(width, width + 2 * STATES)
        self.out = nn.Linear(width, width)
        self.log_rate = nn.Parameter(torch.arange(1.0, STATES + 1).log().expand(width, STATES).clone())
        self.skip = nn.Parameter(torch.ones(width))

    def _read(self, u: Tensor) -> Tensor:
        u = F.silu(self.near(u.mT)[..., : u.shape[1]].mT)
        step, write, read = self.select(u).split([u.shape[2], STATES, STATES], 2)
        step = F.softplus(step)[..., None]
        states = scan(-step * self.log_rate.exp(), step * write[:, :, None] * u[..., None])
        answer: Tensor = (states * read[:, :, None]).sum(-1) + self.skip * u
        return answer

    def forward(self, z: Tensor) -> Tensor:
        """What both directions read, gated and added."""
        u, gate = self.project(self.norm(z)).chunk(2, -1)
        added: Tensor = self.out((self._read(u) + self._read(u.flip(1)).flip(1)) * F.silu(gate))
        return z + added


class Caduceus(nn.Module):
    """One-hot DNA (batch, 4, length) -> profile logits (batch, channels, length - 2 * margin).

    Sources: Schiff et al. 2024, ICML (Caduceus); Gu and Dao 2023, arXiv 2312.00752 (Mamba). Caduceus-PS runs
    one such model on both halves of its channels, the second one reversed, and exchanges nothing until the
    head: mixing 0 here. At mixing 1 the projections also read the other half.
    """

    def __init__(self, channels: int, filters: int, margin: int) -> None:
        super().__init__()
        self.margin = margin
        self.embed = nn.Conv1d(4, filters, 1)
        self.layers = nn.ModuleList(Mamba(filters) for _ in range(LAYERS))
        self.norm, self.head = nn.LayerNorm(filters), nn.Linear(filters, channels)

    def forward(self, X: Tensor) -> Tensor:
        """Profile logits."""
        z = self.embed(X).mT
        for layer in self.layers:
            z = layer(z)
        profile: Tensor = self.head(self.norm(z[:, self.margin : z.shape[1] - self.margin])).mT
        return profile
