"""Ordinary networks that know nothing of reverse complement, for conjoining to work on."""

import torch
from torch import nn

from rczoo.testing import integer_tensor, normal_tensor


class Positional(nn.Module):
    """Every output depends on every input through whole-number weights: no structure to lean on.

    ``channels_out`` are channel counts; ``positions`` says how many positions each output has, or None.
    """

    def __init__(self, channels_in, channels_out, positions, length, seed):
        super().__init__()
        size = sum(channels_in) * length
        self.shapes = [(c,) if n is None else (c, n) for c, n in zip(channels_out, positions, strict=True)]
        self.weights = [integer_tensor(seed + i, size, *shape) for i, shape in enumerate(self.shapes)]

    def forward(self, *inputs):
        joined = torch.cat([x.flatten(1) for x in inputs], 1)
        results = tuple(torch.tensordot(joined, w, 1).abs() % 7 - 3 for w in self.weights)
        return results if len(results) > 1 else results[0]


class Strided(nn.Module):
    """Strides and pools that leave remainders, BatchNorm and dropout, one logit per label."""

    def __init__(self, labels, seed):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(4, 6, 4, stride=3, padding=1),
            nn.BatchNorm1d(6),
            nn.ReLU(),
            nn.MaxPool1d(2, ceil_mode=True),
            nn.Dropout(0.4),
            nn.AdaptiveAvgPool1d(3),
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(18, labels),
        )
        self.double()
        with torch.no_grad():
            for n, parameter in enumerate(self.parameters()):
                parameter.copy_(normal_tensor(seed + n, *parameter.shape))

    def forward(self, x):
        return self.body(x)


class Recurrent(nn.Module):
    """A recurrent network: position matters, and direction."""

    def __init__(self, labels, seed):
        super().__init__()
        self.lstm, self.dense = nn.LSTM(4, 3, batch_first=True), nn.Linear(3, labels)
        self.double()
        with torch.no_grad():
            for n, parameter in enumerate(self.parameters()):
                parameter.copy_(normal_tensor(seed + n, *parameter.shape))

    def forward(self, x):
        return self.dense(self.lstm(x.transpose(1, 2))[0][:, -1])
