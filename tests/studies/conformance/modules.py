"""Published architectures in small, in our own words: the shapes of their layers, random weights.

Each takes one-hot DNA (batch, 4, length) unless it says otherwise. ``catalogue.py`` names their sources.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from tests.support.faulty_models import Through


class Residual(nn.Module):
    """x + layers of x, which is cropped to what they leave."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        y = self.layers(x)
        cut = (x.shape[-1] - y.shape[-1]) // 2
        return x[..., cut : x.shape[-1] - cut] + y


def conv(i, o, width, dilation=1, norm=True, act=nn.ReLU, **options):
    """A convolution of as many positions, perhaps a norm, and an activation."""
    options = {"padding": "same", **options}
    return [
        nn.Conv1d(i, o, width, dilation=dilation, **options),
        *([nn.BatchNorm1d(o)] if norm else []),
        act(),
    ]


def dense(*sizes, out):
    """What is left, flat, through layers of these sizes."""
    layers = [nn.Flatten()]
    for size in sizes:
        layers += [nn.LazyLinear(size), nn.ReLU(), nn.Dropout(0.2)]
    return [*layers, nn.LazyLinear(out)]


def mean():
    """The mean over positions."""
    return Through(lambda h: h.mean(-1))


def deepbind():
    return nn.Sequential(*conv(4, 16, 11, norm=False), Through(lambda h: h.amax(-1)), *dense(16, out=1))


def beluga():
    layers = []
    for i, o in ((4, 8), (8, 12), (12, 16)):
        layers += [*conv(i, o, 8, norm=False, padding=0), *conv(o, o, 8, norm=False, padding=0)]
        layers += [nn.MaxPool1d(4), nn.Dropout(0.2)]
    return nn.Sequential(*layers, *dense(16, out=5))


def deeper_deepsea():
    return nn.Sequential(
        *conv(4, 8, 8, norm=False, padding=0), *conv(8, 8, 8, padding=0), nn.MaxPool1d(4, 4),
        *conv(8, 12, 8, padding=0), nn.Dropout(0.2), *dense(16, out=5), nn.Sigmoid()
    )  # fmt: skip


def sei():
    dilated = [Residual(*conv(8, 8, 5, dilation=d, norm=False)) for d in (2, 4, 8)]
    return nn.Sequential(
        nn.Conv1d(4, 8, 9, padding=4), Residual(*conv(8, 8, 9, norm=False)), nn.MaxPool1d(4), *dilated,
        nn.AdaptiveAvgPool1d(8), *dense(16, out=5), nn.Sigmoid()
    )  # fmt: skip


def basset_rc():
    """Sums the answers for both strands within, as Basset's test does."""
    return BothStrands(nn.Sequential(*conv(4, 12, 19), nn.MaxPool1d(3), *conv(12, 16, 11), *dense(16, out=3)))


class BothStrands(nn.Module):
    """The mean of a model's labels for x and for x reversed along both axes."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return (self.model(x) + self.model(x.flip(1, 2))) / 2


class Recurrent(nn.Module):
    """Convolution, pool, a recurrent layer in both directions, and labels from all of it."""

    def __init__(self, kind=nn.LSTM, width=12, pool=5, out=3):
        super().__init__()
        self.first = nn.Sequential(*conv(4, width, 15, norm=False, padding=0), nn.MaxPool1d(pool))
        self.read = kind(width, width, batch_first=True, bidirectional=True)
        self.last = nn.Sequential(*dense(16, out=out))

    def forward(self, x):
        return self.last(self.read(self.first(x).transpose(1, 2))[0])


def factornet():
    """A recurrent network of both strands whose answers are averaged: invariant."""
    return BothStrands(nn.Sequential(Recurrent(out=1), nn.Sigmoid()))


def deepcpg():
    return Recurrent(nn.GRU, pool=4, out=1)


class Attending(nn.Module):
    """Convolution, pool, attention with or without sinusoids, labels."""

    def __init__(self, positions=False, out=3):
        super().__init__()
        self.first = nn.Sequential(*conv(4, 16, 13), nn.MaxPool1d(6))
        self.attend = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.head, self.positions = nn.Linear(16, out), positions

    def forward(self, x):
        h = self.first(x).transpose(1, 2)
        if self.positions:
            where = torch.arange(h.shape[1]).to(h)[:, None]
            h = h + torch.sin(where / torch.arange(1, 17).to(h))
        return self.head(self.attend(h).mean(1))


class BPNet(nn.Module):
    """Dilated residual convolutions, a profile of two strands and counts; control tracks are stranded."""

    def __init__(self, control=True):
        super().__init__()
        self.first = nn.Sequential(*conv(4, 12, 21, norm=False))
        self.dilated = nn.Sequential(*(Residual(*conv(12, 12, 3, d, norm=False)) for d in (2, 4, 8)))
        extra = 2 * control
        self.profile, self.counts = nn.Conv1d(12 + extra, 2, 25, padding=12), nn.Linear(12 + control, 1)

    def forward(self, x, control=None):
        h = self.dilated(self.first(x))
        mean = h.mean(-1)
        if control is not None:
            h, total = torch.cat([h, control], 1), torch.log1p(control.sum((1, 2), keepdim=True))[..., 0]
            mean = torch.cat([mean, total], 1)
        return self.profile(h), self.counts(mean)


class ChromBPNet(nn.Module):
    """A bias model of the enzyme, added to one of the accessible sequence."""

    def __init__(self):
        super().__init__()
        self.bias, self.model = BPNet(control=False), BPNet(control=False)

    def forward(self, x):
        (a, b), (c, d) = self.bias(x), self.model(x)
        return a.mean(1, keepdim=True) + c.mean(1, keepdim=True), torch.logaddexp(b, d)


def dragonn():
    layers = [*conv(4, 12, 5), *conv(12, 12, 5), nn.MaxPool1d(3), nn.Dropout(0.2), *conv(12, 12, 3)]
    return nn.Sequential(*layers, nn.MaxPool1d(2), *dense(16, out=2))


def malinois():
    layers = [*conv(4, 12, 19), nn.MaxPool1d(3), *conv(12, 16, 11), nn.MaxPool1d(4), *conv(16, 16, 7)]
    return nn.Sequential(*layers, nn.MaxPool1d(4, ceil_mode=True), *dense(24, 12, out=3))


def residualbind():
    block = Residual(*conv(12, 12, 3), *conv(12, 12, 3, 2), *conv(12, 12, 3, 4))
    return nn.Sequential(*conv(4, 12, 11), block, nn.AvgPool1d(10), nn.Dropout(0.2), *dense(16, out=1))


def scbasset():
    layers = [*conv(4, 12, 17, act=nn.GELU), nn.MaxPool1d(3)]
    for _ in range(3):
        layers += [*conv(12, 12, 5, act=nn.GELU), nn.MaxPool1d(2)]
    return nn.Sequential(*layers, *conv(12, 16, 1, act=nn.GELU), *dense(8, out=7))


class Xpresso(nn.Module):
    """Expression from a promoter and features of the messenger."""

    def __init__(self):
        super().__init__()
        self.read = nn.Sequential(*conv(4, 8, 6, norm=False), nn.MaxPool1d(30), *conv(8, 8, 9, norm=False))
        self.last = nn.Sequential(nn.LazyLinear(16), nn.ReLU(), nn.LazyLinear(1))

    def forward(self, x, features):
        return self.last(torch.cat([self.read(x).flatten(1), features], 1))


class ExPecto(nn.Module):
    """Beluga in windows along a promoter, weighted by exponentials of the distance to its start."""

    def __init__(self):
        super().__init__()
        self.beluga, self.head = nn.Sequential(*conv(4, 8, 8, norm=False), nn.MaxPool1d(20)), nn.Linear(16, 1)

    def forward(self, x):
        h = self.beluga(x)
        where = torch.arange(h.shape[-1]).to(h) - h.shape[-1] // 2
        sides = [h @ torch.exp(-where.abs() / 4) * 1.0, h @ (torch.exp(-where.abs() / 4) * (where > 0))]
        return self.head(torch.cat(sides, 1))


class Puffin(nn.Module):
    """Motifs on both strands by one convolution, their effects by wide kernels; a profile of two strands."""

    def __init__(self, motifs=6):
        super().__init__()
        self.find, self.act = nn.Conv1d(4, motifs, 25, padding=12), nn.Softplus()
        self.effect = nn.Conv1d(2 * motifs, 2, 101, padding=50)

    def forward(self, x):
        both = [self.act(self.find(x)), self.act(self.find(x.flip(1, 2))).flip(2)]
        return F.softplus(self.effect(torch.cat(both, 1)))


def spliceai(out=3):
    blocks = [
        Residual(nn.BatchNorm1d(8), nn.ReLU(), nn.Conv1d(8, 8, 11, dilation=d, padding="same"),
                 nn.BatchNorm1d(8), nn.ReLU(), nn.Conv1d(8, 8, 11, dilation=d, padding="same"))
        for d in (1, 4)
    ]  # fmt: skip
    return nn.Sequential(
        nn.Conv1d(4, 8, 1), *blocks, nn.Conv1d(8, out, 1), nn.Softmax(1), Through(lambda y: y[..., 40:-40])
    )


class Pangolin(nn.Module):
    """SpliceAI's trunk, two heads of scores and of usage for each tissue."""

    def __init__(self):
        super().__init__()
        self.trunk = spliceai(out=8)[:-2]
        self.heads = nn.ModuleList(nn.Conv1d(8, c, 1) for c in (2, 1, 2, 1))

    def forward(self, x):
        h = self.trunk(x)[..., 40:-40]
        scores = [head(h) for head in self.heads]
        return torch.cat([s.softmax(1) if s.shape[1] == 2 else s.sigmoid() for s in scores], 1)


class CLIPNET(nn.Module):
    """Initiation: a profile of both strands, flat and joined, and its total."""

    def __init__(self, length=200):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.BatchNorm1d(4), *conv(4, 12, 8), nn.MaxPool1d(2), *conv(12, 12, 4),
            *(Residual(*conv(12, 12, 3, d)) for d in (1, 2, 4)), nn.MaxPool1d(2)
        )  # fmt: skip
        self.profile, self.total = nn.Sequential(*dense(out=2 * 50)), nn.Sequential(mean(), nn.Linear(12, 1))

    def forward(self, x):
        h = self.trunk(x)
        return self.profile(h), self.total(h).relu()
