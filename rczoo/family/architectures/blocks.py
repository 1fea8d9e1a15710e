"""Blocks that ``torch.nn`` has no layer for: attention by distance, squeeze and excitation, a state space.

Each answers in the shape that it reads, and is an ordinary block of one strand.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Attention(nn.Module):
    """Attention whose scores have a slope for the distance on either side: the frames see it 5' to 3'.

    The slopes are those of Press et al. 2022 (ALiBi), learnt for either side.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm, self.projections = nn.LayerNorm(width), nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.before, self.after = (nn.Parameter(torch.logspace(-2, 0, heads)) for _ in range(2))

    def forward(self, z: Tensor) -> Tensor:
        """(batch, bins, width), the answer added."""
        parts = torch.unflatten(self.projections(self.norm(z)), -1, (3, self.heads, -1))
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        places = torch.arange(z.shape[1], device=z.device)
        distance = (places[None] - places[:, None]).to(z.dtype)
        slopes = self.after[:, None, None] * distance.relu() + self.before[:, None, None] * (-distance).relu()
        read = F.scaled_dot_product_attention(q, k, v, attn_mask=-slopes)
        added: Tensor = self.out(read.transpose(1, 2).flatten(2))
        return z + added


class SqueezeExcitation(nn.Module):
    """A gate for each channel, from the means of all over the positions: (batch, width, length) as it was.

    Source: Hu et al. 2018, CVPR.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(nn.Linear(width, width // 4), nn.SiLU(), nn.Linear(width // 4, width))

    def forward(self, z: Tensor) -> Tensor:
        """Each channel times its gate."""
        gated: Tensor = z * self.gate(z.mean(2)).sigmoid()[..., None]
        return gated


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

    Both directions share their weights, as in Caduceus. ``states``: of each channel.
    Source: Gu and Dao 2023, arXiv 2312.00752.
    """

    def __init__(self, width: int, states: int) -> None:
        super().__init__()
        self.states = states
        self.norm, self.project = nn.LayerNorm(width), nn.Linear(width, 2 * width)
        self.near = nn.Conv1d(width, width, 3, padding=2, groups=width)
        self.select = nn.Linear(width, width + 2 * states)
        self.out = nn.Linear(width, width)
        self.log_rate = nn.Parameter(torch.arange(1.0, states + 1).log().expand(width, states).clone())
        self.skip = nn.Parameter(torch.ones(width))

    def _read(self, u: Tensor) -> Tensor:
        u = F.silu(self.near(u.mT)[..., : u.shape[1]].mT)
        step, write, read = self.select(u).split([u.shape[2], self.states, self.states], 2)
        step = F.softplus(step)[..., None]
        states = scan(-step * self.log_rate.exp(), step * write[:, :, None] * u[..., None])
        answer: Tensor = (states * read[:, :, None]).sum(-1) + self.skip * u
        return answer

    def forward(self, z: Tensor) -> Tensor:
        """What both directions read, gated and added."""
        u, gate = self.project(self.norm(z)).chunk(2, -1)
        added: Tensor = self.out((self._read(u) + self._read(u.flip(1)).flip(1)) * F.silu(gate))
        return z + added
