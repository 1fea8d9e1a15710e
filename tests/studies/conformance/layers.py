"""Layers of random models: those that keep the law whatever their numbers, and those that break it.

Nothing here but ``Rep`` is the package's: a tied layer is averaged with its image, or run on both strands.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from rczoo.symmetry.rep import Rep
from tests.support.faulty_models import Through, Tied, TiedTransposed

DNA = Rep.dna()


class Head(Tied):
    """A tied convolution whose output may have sign channels."""

    def kernel(self):
        p, s = list(self.rep_out.partners), torch.tensor(self.rep_out.signs).to(self.weight)
        weight = (self.weight + s[:, None, None] * self.rep_in.act(self.weight)[p]) / 2
        return weight, (self.bias + s * self.bias[p]) / 2


class Slightly(Tied):
    """A tied convolution whose kernel is off by a small share."""

    def __init__(self, rep, share):
        super().__init__(rep, rep, 3, padding=1)
        self.share = share

    def kernel(self):
        weight, bias = super().kernel()
        return weight + self.share * self.weight, bias


class Skip(nn.Module):
    """h + tied dilated convolution of h, both cropped alike; ``shift`` moves the crop of the skip."""

    def __init__(self, rep, width, dilation, shift=0):
        super().__init__()
        self.inner, self.shift = Tied(rep, rep, width, dilation=dilation), shift
        self.margin = dilation * (width - 1) // 2

    def forward(self, h):
        end = h.shape[-1] - self.margin
        return h[..., self.margin - self.shift : end - self.shift] + torch.tanh(self.inner(h))


class TiedNorm(nn.Module):
    """Batch normalisation with statistics and parameters shared within pairs."""

    def __init__(self, rep):
        super().__init__()
        self.rep, self.norm = rep, nn.BatchNorm1d(rep.channels // 2)
        self.first = [c for c, j in enumerate(rep.partners) if c < j]
        self.second = [rep.partners[c] for c in self.first]

    def forward(self, h):
        both = self.norm(torch.cat([h[:, self.first], h[:, self.second]], dim=-1)).chunk(2, dim=-1)
        out = torch.empty_like(h)
        out[:, self.first], out[:, self.second] = both
        return out


class GlobalGate(nn.Module):
    """Every position scaled by what the whole sequence says: non-local, and rightly so."""

    def __init__(self, rep):
        super().__init__()
        self.inner = Tied(rep, rep, 1)

    def forward(self, h):
        return h * torch.sigmoid(self.inner(h.mean(-1, keepdim=True)))


class Attention(nn.Module):
    """Attention of tied queries, keys and values, with a bias by the distance, or by the signed distance."""

    def __init__(self, rep, signed=False, causal=False):
        super().__init__()
        self.query, self.key, self.value = (Tied(rep, rep, 1) for _ in range(3))
        self.signed, self.causal = signed, causal

    def forward(self, h):
        scores = self.query(h).transpose(1, 2) @ self.key(h) / math.sqrt(h.shape[1])
        where = torch.arange(h.shape[-1], device=h.device).to(h)
        apart = where[:, None] - where
        scores = scores - 0.3 * (apart if self.signed else apart.abs())
        if self.causal:
            scores = scores.masked_fill(apart < 0, float("-inf"))
        return h + self.value(h) @ scores.softmax(-1).transpose(1, 2)


class BothStrands(nn.Module):
    """Any layer of positions, run on both strands: g(h) + R g(R h)."""

    def __init__(self, layer, rep):
        super().__init__()
        self.layer, self.rep = layer, rep

    def forward(self, h):
        return self.layer(h) + self.rep.act(self.layer(self.rep.act(h)))


class ByPosition(nn.Module):
    """A layer of (batch, positions, channels) in a network of (batch, channels, positions)."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, h):
        h = h.transpose(1, 2)
        y = self.layer(h, h, h) if isinstance(self.layer, nn.MultiheadAttention) else self.layer(h)
        return (y[0] if isinstance(y, tuple) else y).transpose(1, 2)


class Detector(nn.Module):
    """Adds a unit that answers to one word of DNA on one strand alone, and is silent on all others."""

    def __init__(self, model, word, size, positions):
        super().__init__()
        self.model, self.size, self.positions = model, size, positions
        self.find = nn.Conv1d(4, 1, word.shape[-1])
        self.find.weight.data, self.find.bias.data = word[None], torch.full((1,), 0.5 - word.shape[-1])

    def forward(self, x):
        found = self.size * F.relu(self.find(x)).amax(-1)
        y = self.model(x)
        return y + (found[..., None] if self.positions else found)


class Counter(nn.Module):
    """Scales by a count of its calls, in training alone or always."""

    def __init__(self, always):
        super().__init__()
        self.always = always
        self.register_buffer("scale", torch.ones(()))

    def forward(self, h):
        if self.training or self.always:
            self.scale = self.scale * 0.9
        return h * self.scale


class Cast(nn.Module):
    """Computes in float32 inside, unless ``exact``."""

    exact = False

    def forward(self, h):
        return torch.tanh(h if self.exact else h.float()).to(h.dtype)


class ScaledChannels(nn.Module):
    """A number for each channel, which are alike until they are trained."""

    def __init__(self, channels):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels, 1))

    def forward(self, h):
        return h * self.scale


def sinusoids(h):
    """Positions counted from the left, as transformers add them."""
    where = torch.arange(h.shape[-1], device=h.device).to(h)
    rates = torch.arange(1, h.shape[1] + 1, device=h.device).to(h)
    return h + torch.sin(where * rates[:, None] / 7)


def recurrent(channels):
    """A layer that reads from one end to the other."""
    return ByPosition(nn.GRU(channels, channels, batch_first=True))


def transformer(channels, dropout=0.0):
    """One layer of a transformer, without positions."""
    return ByPosition(nn.TransformerEncoderLayer(channels, 2, 8, dropout, batch_first=True))


POINTWISE = (nn.ReLU, nn.GELU, nn.Tanh, nn.SiLU, nn.ELU, nn.Softplus, nn.LeakyReLU)


def pool(rng):
    """A pool of any geometry."""
    width = rng.choice([2, 3, 4])
    kind, padding = rng.choice([nn.MaxPool1d, nn.AvgPool1d]), rng.randrange(width // 2 + 1)
    return kind(width, rng.choice([1, 2, 3]), padding, ceil_mode=rng.random() < 0.3)


TIED = {
    "convolution": lambda rep, rng: Tied(
        rep, rep, rng.choice([1, 3, 4, 5]), dilation=rng.choice([1, 1, 2]), padding=rng.choice([0, 1, 2])
    ),
    "strided convolution": lambda rep, rng: Tied(rep, rep, rng.choice([2, 3, 4]), stride=rng.choice([2, 3])),
    "transposed convolution": lambda rep, rng: TiedTransposed(rep, rep, rng.choice([2, 3]), stride=2),
    "residual": lambda rep, rng: Skip(rep, 3, rng.choice([1, 2])),
    "pointwise": lambda rep, rng: rng.choice(POINTWISE)(),
    "batch norm": lambda rep, rng: TiedNorm(rep),
    "norm": lambda rep, rng: rng.choice(
        [
            nn.InstanceNorm1d(rep.channels),
            nn.GroupNorm(1, rep.channels, affine=False),
            ByPosition(nn.LayerNorm(rep.channels, elementwise_affine=False)),
        ]
    ),
    "pool": lambda rep, rng: pool(rng),
    "adaptive pool": lambda rep, rng: rng.choice([nn.AdaptiveAvgPool1d, nn.AdaptiveMaxPool1d])(
        rng.choice([3, 4, 7])
    ),
    "upsampling": lambda rep, rng: rng.choice(
        [nn.Upsample(scale_factor=2), nn.Upsample(scale_factor=1.5, mode="linear")]
    ),
    "crop": lambda rep, rng: Through(lambda h: h[..., 1:-1]),
    "gate": lambda rep, rng: GlobalGate(rep),
    "attention": lambda rep, rng: Attention(rep),
    "both strands": lambda rep, rng: BothStrands(
        rng.choice(
            [
                recurrent(rep.channels),
                transformer(rep.channels),
                nn.Conv1d(rep.channels, rep.channels, 5, padding=2),
                nn.BatchNorm1d(rep.channels),
                Through(sinusoids),
            ]
        ),
        rep,
    ),
    "cast": lambda rep, rng: Cast(),
    "counter in training": lambda rep, rng: Counter(always=False),
    "dead pair": lambda rep, rng: Through(lambda h: h * _all_but({0, rep.partners[0]}, h)),
}

UNTIED = {
    "convolution": lambda rep, rng: nn.Conv1d(
        rep.channels, rep.channels, 3, padding=1, groups=rng.choice([1, rep.channels])
    ),
    "slightly": lambda rep, rng: Slightly(rep, 10.0 ** -rng.randrange(1, 11)),
    "batch norm": lambda rep, rng: nn.BatchNorm1d(rep.channels),
    "scaled channels": lambda rep, rng: rng.choice(
        [nn.PReLU(rep.channels), ScaledChannels(rep.channels), ByPosition(nn.LayerNorm(rep.channels))]
    ),
    "recurrence": lambda rep, rng: recurrent(rep.channels),
    "attention": lambda rep, rng: rng.choice(
        [
            ByPosition(nn.MultiheadAttention(rep.channels, 2, batch_first=True)),
            transformer(rep.channels),
            Attention(rep, signed=True),
            Attention(rep, causal=True),
        ]
    ),
    "positions": lambda rep, rng: Through(sinusoids),
    "cumulative mean": lambda rep, rng: Through(lambda h: h.cumsum(-1) / h.shape[-1]),
    "stride": lambda rep, rng: Tied(rep, rep, 3, stride=rng.choice([2, 3]), padding=rng.choice([0, 1])),
    "pool": lambda rep, rng: pool(rng),
    "same padding": lambda rep, rng: Tied(rep, rep, 4, padding="same"),
    "padding": lambda rep, rng: Through(lambda h: F.pad(h, (1, 0))),
    "crop": lambda rep, rng: rng.choice([Skip(rep, 3, 1, shift=1), Through(lambda h: h[..., 1:])]),
    "roll": lambda rep, rng: Through(lambda h: h.roll(1, -1)),
    "upsampling": lambda rep, rng: nn.Upsample(scale_factor=1.5),
    "output padding": lambda rep, rng: TiedTransposed(rep, rep, 3, stride=2, output_padding=1),
    "dropout": lambda rep, rng: nn.Dropout(0.3),
    "dropout always": lambda rep, rng: Through(lambda h: F.dropout(h, 0.2, training=True)),
    "batch": lambda rep, rng: Through(lambda h: h - h.mean(0)),
    "swapped pairs": lambda rep, rng: Through(lambda h: h[:, torch.randperm(h.shape[1], generator=_fixed())]),
    "constant": lambda rep, rng: Through(lambda h: torch.relu(h - 1e4)),
    "counter": lambda rep, rng: Counter(always=True),
}


def _fixed():
    return torch.Generator().manual_seed(1)


def _all_but(dead, h):
    alive = [[float(c not in dead)] for c in range(h.shape[1])]
    return torch.tensor(alive, device=h.device).to(h)
