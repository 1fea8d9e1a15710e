"""Models of long sequences in small, in our own words: maps, tracks by attention, and language models of DNA.

Language models take token ids, A C G T as 0 1 2 3, and give logits of bases.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .modules import Residual, conv

A, C, G, T, N, MASK, PAD, SEP = range(8)
COMPLEMENT = {A: T, C: G, G: C, T: A}


class Convolutions(nn.Module):
    """GPN: dilated convolutions of token ids, logits of every position."""

    def __init__(self, width=16):
        super().__init__()
        self.table, self.head = nn.Embedding(8, width), nn.Linear(width, 8)
        self.blocks = nn.ModuleList(nn.Conv1d(width, width, 9, dilation=d, padding="same") for d in (1, 2, 4))

    def forward(self, input_ids):
        h = self.table(input_ids).mT
        for block in self.blocks:
            h = h + F.gelu(block(h))
        return {"logits": self.head(h.mT)}


class Hyena(nn.Module):
    """HyenaDNA: long convolutions whose kernels come from positions, gated; each reads what is before it."""

    def __init__(self, width=8):
        super().__init__()
        self.table, self.project, self.head = (
            nn.Embedding(8, width),
            nn.Linear(width, 3 * width),
            nn.Linear(width, 8),
        )
        self.kernel = nn.Sequential(nn.Linear(3, 16), nn.GELU(), nn.Linear(16, width))

    def forward(self, input_ids):
        h = self.table(input_ids)
        u, v, gate = self.project(h).chunk(3, -1)
        length = h.shape[1]
        t = torch.linspace(0, 1, length).to(h)[:, None]
        kernel = self.kernel(torch.cat([t, torch.sin(9 * t), torch.cos(9 * t)], 1)) * torch.exp(-5 * t)
        spectrum = torch.fft.rfft((u * v).mT, 2 * length) * torch.fft.rfft(kernel.T, 2 * length)
        long = torch.fft.irfft(spectrum, 2 * length)[..., :length].mT
        return {"logits": self.head(h + gate * long)}


class Caduceus(nn.Module):
    """Caduceus-PS: one scan, run on the given strand and on the other, whose features stay apart."""

    def __init__(self, width=8):
        super().__init__()
        self.table, self.head = nn.Embedding(8, width), nn.Linear(width, 8, bias=False)
        self.gate, self.read = nn.Linear(width, width), nn.GRU(width, width, batch_first=True)
        self.register_buffer("pairs", torch.tensor([T, G, C, A, N, MASK, PAD, SEP]))

    def scan(self, h):
        both = self.read(h)[0] + self.read(h.flip(1))[0].flip(1)
        return h + both * torch.sigmoid(self.gate(h))

    def forward(self, input_ids):
        strand = self.scan(self.table(input_ids))
        other = self.scan(self.table(self.pairs[input_ids].flip(1))).flip(1)
        return {"logits": self.head(strand) + self.head(other)[..., self.pairs]}


class Striped(nn.Module):
    """Evo: short and long convolutions and attention in turn, causal all."""

    def __init__(self, width=8):
        super().__init__()
        self.table, self.head = nn.Embedding(8, width), nn.Linear(width, 8)
        self.near, self.attend = nn.Conv1d(width, width, 7), nn.MultiheadAttention(width, 2, batch_first=True)

    def forward(self, input_ids):
        h = self.table(input_ids)
        h = h + F.silu(self.near(F.pad(h.mT, (6, 0)))).mT
        later = torch.ones(h.shape[1], h.shape[1]).triu(1).bool()
        return {"logits": self.head(h + self.attend(h, h, h, attn_mask=later, need_weights=False)[0])}


class Words(nn.Module):
    """The Nucleotide Transformer and DNABERT-2: words of several bases, whose reverse has other words."""

    def __init__(self, width=16):
        super().__init__()
        self.table, self.head = nn.Embedding(4**3 + 1, width), nn.Linear(width, 2)
        self.attend = nn.TransformerEncoderLayer(width, 2, 32, batch_first=True)

    def forward(self, input_ids):
        return self.head(self.attend(self.table(input_ids)).mean(1))


def words(sequences):
    """Ids of words of three bases, one after the other."""
    ids = [
        [
            sum(4**n * "ACGT".index(b) for n, b in enumerate(s[i : i + 3])) if "N" not in s[i : i + 3] else 64
            for i in range(0, len(s) - 2, 3)
        ]
        for s in sequences
    ]
    return {"input_ids": torch.tensor(ids)}


class Akita(nn.Module):
    """A map of contacts (batch, tasks, bins, bins): reversed along both of its last axes."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(*conv(4, 8, 11), nn.MaxPool1d(8), Residual(*conv(8, 8, 3, 2)))
        self.pairs = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 2, 1))

    def forward(self, x):
        h = self.first(x)
        pairs = self.pairs((h[..., None] + h[..., None, :]) / 2)
        return (pairs + pairs.transpose(2, 3)) / 2


class Borzoi(nn.Module):
    """Convolutions and pools down, attention by signed distance, up again: (batch, tracks, bins)."""

    def __init__(self):
        super().__init__()
        self.a, self.b = (
            nn.Sequential(*conv(4, 8, 15, act=nn.GELU)),
            nn.Sequential(*conv(8, 16, 5, act=nn.GELU)),
        )
        self.attend, self.bias = nn.Linear(16, 48), nn.Parameter(torch.randn(200))
        self.up, self.head = nn.Conv1d(16, 8, 1), nn.Conv1d(8, 4, 1)

    def forward(self, x):
        a = F.max_pool1d(self.a(x), 4)
        b = F.max_pool1d(self.b(a), 2)
        q, k, v = self.attend(b.transpose(1, 2)).chunk(3, -1)
        where = torch.arange(q.shape[1])
        weights = (q @ k.mT / 4 + self.bias[where[:, None] - where + 100]).softmax(-1)
        return F.softplus(self.head(F.interpolate(self.up((weights @ v).mT), scale_factor=2) + a).float())


class Enformer(nn.Module):
    """Seven pools down to bins of 128 bases, attention between all bins, two tracks; narrow."""

    def __init__(self, width=8, pools=7):
        super().__init__()
        layers = []
        for n in range(pools):
            layers += [
                *conv(4 if n == 0 else width, width, 15 if n == 0 else 5, act=nn.GELU),
                nn.MaxPool1d(2),
            ]
        self.tower = nn.Sequential(*layers)
        self.attend = nn.ModuleList(
            nn.TransformerEncoderLayer(width, 2, 2 * width, batch_first=True) for _ in range(2)
        )
        self.head = nn.Linear(width, 2)

    def forward(self, x):
        h = self.tower(x).mT
        h = h + torch.sin(torch.arange(h.shape[1]).to(h)[:, None] / torch.arange(1, h.shape[2] + 1).to(h))
        for layer in self.attend:
            h = layer(h)
        return self.head(h).mT
