"""Networks drawn layer by layer, that know nothing of reverse complement: what models are made of."""

import torch
from hypothesis import strategies as st
from torch import nn

from rczoo.testing import normal_tensor


class Positions(nn.Module):
    """A layer that reads (batch, positions, channels), in a network of (batch, channels, positions)."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, z):
        z = z.transpose(1, 2)
        attends = isinstance(self.layer, nn.MultiheadAttention)
        y = self.layer(z, z, z) if attends else self.layer(z)
        return (y[0] if isinstance(y, tuple) else y).transpose(1, 2)


class Residual(nn.Module):
    """A layer of as many positions and channels, added or joined to what it read."""

    def __init__(self, layer, join):
        super().__init__()
        self.layer, self.join = layer, join

    def forward(self, z):
        return torch.cat([z, self.layer(z)], 1) if self.join else z + self.layer(z)


class TwoHeads(nn.Module):
    """A trunk of convolutions and more, a profile of two strands and a label."""

    def __init__(self, width, blocks):
        super().__init__()
        self.stem, self.trunk = nn.Conv1d(4, width, 3, padding=1), nn.Sequential(*blocks)
        channels = width * 2 ** sum(isinstance(b, Residual) and b.join for b in blocks)
        self.profile, self.label = nn.Conv1d(channels, 2, 1), nn.Linear(channels, 1)

    def forward(self, x):
        z = self.trunk(self.stem(x))
        return self.profile(z), self.label(z.mean(2))


_POINTWISE = [nn.ReLU, nn.GELU, nn.Tanh, lambda: nn.Dropout(0.3)]
_POOLS = [lambda: nn.MaxPool1d(2), lambda: nn.AvgPool1d(3, 2), lambda: nn.MaxPool1d(3, 2, ceil_mode=True)]


def _layers(width):
    """Layers that keep the channels, by kind."""
    half = width // 2
    keep = [
        lambda: nn.Conv1d(width, width, 3, padding=1, padding_mode="circular"),
        lambda: nn.Conv1d(width, width, 3, padding=2, dilation=2, groups=2),
        lambda: nn.Conv1d(width, width, 5, padding=2, groups=width),
        lambda: nn.ConvTranspose1d(width, width, 3, padding=1),
        lambda: Positions(nn.Linear(width, width)),
        lambda: Positions(nn.LSTM(width, half, 2, batch_first=True, bidirectional=True, dropout=0.2)),
        lambda: Positions(nn.GRU(width, width, batch_first=True)),
        lambda: Positions(nn.MultiheadAttention(width, 2, 0.2, batch_first=True)),
        lambda: Positions(nn.TransformerEncoderLayer(width, 2, width, 0.2, batch_first=True)),
    ]
    norms = [
        lambda: nn.BatchNorm1d(width),
        lambda: nn.GroupNorm(2, width),
        lambda: Positions(nn.LayerNorm(width)),
    ]
    return keep, [*norms, *_POINTWISE, *_POOLS, lambda: nn.Conv1d(width, width, 4, stride=3, padding=1)]


@st.composite
def two_heads(draw):
    """A network of one to three blocks in float64, its numbers random, running statistics too."""
    width, blocks = draw(st.sampled_from([4, 6])), []
    keep, other = _layers(width)
    joins = 0
    for _ in range(draw(st.integers(1, 3))):
        kinds = keep + other if not joins else []
        if not kinds:
            break  # the channels have doubled
        layer = draw(st.sampled_from(kinds))
        if layer in keep and draw(st.booleans()):
            joins += (join := draw(st.booleans()))
            blocks.append(Residual(layer(), join))
        else:
            blocks.append(layer())
    return fill(TwoHeads(width, blocks).double(), draw(st.integers(0, 1000)))


def fill(network, seed, scale=0.4, only=""):
    """Normal numbers for parameters and statistics (variances are positive) with ``only`` in their names."""
    with torch.no_grad():
        for n, (name, value) in enumerate(network.state_dict().items()):
            if only in name and value.is_floating_point():
                drawn = scale * normal_tensor(seed + n, *value.shape).to(value.dtype)
                value.copy_(drawn.abs() + 0.5 if name.endswith("running_var") else drawn)
    return network
