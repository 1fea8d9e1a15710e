"""Layers between Reps: the regular-representation view, in which every layer obeys the law by itself.

Each layer declares ``rep_in`` and ``rep_out``, takes plain tensors (batch, channels, length), and satisfies
``layer(rep_in.act(x)) == rep_out.act(layer(x))`` for all parameter values, up to rounding.
The tied convolution is in ``convolution.py``, the pools in ``pooling.py``.
Proofs: ``proofs/theorems/t06_pointwise.py`` and ``t08_normalisation.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..symmetry.rep import Rep


class RCLayer(nn.Module):
    """What every layer here shares: its Reps, and a check of what it is given."""

    def __init__(self, rep_in: Rep | str, rep_out: Rep | str) -> None:
        super().__init__()
        self.rep_in, self.rep_out = Rep(rep_in), Rep(rep_out)

    def _check(self, x: Tensor) -> None:
        if x.ndim != 3 or x.shape[1] != self.rep_in.channels:
            hint = ": add a batch axis" if x.ndim == 2 else ""
            if x.ndim == 3 and x.shape[2] == self.rep_in.channels:
                hint = ": transpose (batch, length, channels)"
            raise ValueError(
                f"{type(self).__name__}: expected (batch, {self.rep_in.channels}, length) for Rep "
                f"{self.rep_in}, got {tuple(x.shape)}{hint}"
            )

    def extra_repr(self) -> str:
        """The layer's type, as typed."""
        return str(self.rep_in) if self.rep_in == self.rep_out else f"{self.rep_in} -> {self.rep_out}"


class RCBatchNorm1d(RCLayer):
    """Batch normalisation with one mean, variance, scale and shift per pair.

    (batch, channels, length) -> the same shape. A sign channel has no mean and no shift: it is divided by its
    root mean square. Law: equivariant in eval mode, and in train mode, where statistics pool both strands
    (T8). ``eps`` and ``momentum`` as in ``nn.BatchNorm1d``.
    """

    running_mean: Tensor
    running_var: Tensor
    orbit: Tensor
    partners: Tensor
    shifted: Tensor

    def __init__(self, rep: Rep | str, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__(rep, rep)
        self.eps, self.momentum = eps, momentum
        partners = torch.tensor(self.rep_in.partners, dtype=torch.long)
        first = torch.minimum(partners, torch.arange(len(partners)))
        orbit = torch.unique(first, return_inverse=True)[1]
        number = int(orbit.max()) + 1 if len(partners) else 0
        self.register_buffer("partners", partners, persistent=False)
        self.register_buffer("orbit", orbit, persistent=False)
        self.register_buffer("shifted", torch.tensor(self.rep_in.signs) == 1, persistent=False)
        self.weight = nn.Parameter(torch.ones(number))
        self.bias = nn.Parameter(torch.zeros(number))
        self.register_buffer("running_mean", torch.zeros(number))
        self.register_buffer("running_var", torch.ones(number))

    def _tie(self, statistic: Tensor) -> Tensor:
        """Average a per-channel statistic over each pair."""
        return (statistic + statistic[self.partners]) / 2

    def _batch_statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean = self._tie(x.mean((0, 2))) * self.shifted
        variance = self._tie((x - mean[:, None]).square().mean((0, 2)))
        pooled = x.shape[0] * x.shape[2] * (1 + (self.partners != torch.arange(len(mean), device=x.device)))
        unbiased = variance * pooled / (pooled - self.shifted.long()).clamp(min=1)
        with torch.no_grad():
            for running, batch in [(self.running_mean, mean), (self.running_var, unbiased)]:
                new = torch.zeros_like(running).index_copy(0, self.orbit, batch.to(running.dtype))
                running.lerp_(new, self.momentum)
        return mean, variance

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, length) -> the same shape."""
        self._check(x)
        if self.training and x.numel():
            mean, variance = self._batch_statistics(x)
            scale, shift = self._affine(mean, variance)
        else:
            scale, shift = self.eval_affine()
        return x * scale[:, None] + shift[:, None]

    def eval_affine(self) -> tuple[Tensor, Tensor]:
        """The scale and shift of every channel (channels,) in eval mode."""
        return self._affine(self.running_mean[self.orbit] * self.shifted, self.running_var[self.orbit])

    def _affine(self, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        scale = self.weight[self.orbit] * torch.rsqrt(variance + self.eps)
        return scale, self.bias[self.orbit] * self.shifted - mean * scale


class RCActivation(RCLayer):
    """A pointwise function: commutes with pairs and trivial channels always, with sign channels iff odd (T6).

    A module may serve as the function, with parameters of one number each, which all channels share.
    Raises ValueError when the Rep has sign channels and the function is not odd (relu is not, tanh is), and
    for a parameter of several numbers: one for each channel would differ within pairs after training.
    """

    def __init__(self, rep: Rep | str, function: Callable[[Tensor], Tensor] = F.relu) -> None:
        super().__init__(rep, rep)
        self.function = function
        for name, parameter in function.named_parameters() if isinstance(function, nn.Module) else ():
            if parameter.numel() > 1:
                raise ValueError(
                    f"RCActivation: {type(function).__name__} has {parameter.numel()} numbers in its {name}, "
                    "which may come to differ between the channels of a pair: use one number for all"
                )
        # where activations of this field bend, and none of them is linear all the way
        grid = torch.linspace(0.125, 4, 32, dtype=torch.float64)
        if self.rep_in.sign and not torch.allclose(function(-grid), -function(grid), rtol=1e-12, atol=0):
            name = getattr(function, "__name__", repr(function))
            raise ValueError(
                f"RCActivation: {name} is not odd, but Rep {self.rep_in} has {self.rep_in.sign} sign "
                "channels: use an odd function such as torch.tanh"
            )

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, length) -> the same shape."""
        self._check(x)
        return self.function(x)


class RCDropout(RCLayer):
    """Dropout with one mask per pair: a position is dropped together with its reverse complement.

    (batch, channels, length) -> the same shape; identity in eval mode. Law: equivariant in train mode too,
    for the same random state, because the mask itself is RC-symmetric.
    """

    def __init__(self, rep: Rep | str, p: float = 0.5) -> None:
        super().__init__(rep, rep)
        if not 0 <= p < 1:
            raise ValueError(f"RCDropout: p is {p}, expected 0 <= p < 1")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, length) -> the same shape."""
        self._check(x)
        if not self.training or self.p == 0:
            return x
        unsigned = Rep.from_partners(self.rep_in.partners)
        entry = torch.arange(x.shape[1] * x.shape[2], device=x.device).view(1, *x.shape[1:])
        coin = torch.rand(x.shape, device=x.device)
        coin = torch.where(entry <= unsigned.act(entry), coin, unsigned.act(coin))
        return x * (coin >= self.p).to(x.dtype) / (1 - self.p)


class RCSequential(nn.Module):
    """Layers in a row whose Reps must match, order of channels included.

    It is not changed once made: ``row[:2]`` is a row of the first two layers, ``RCSequential(*row, layer)``
    a longer one. Parameters are named as in ``nn.Sequential``.
    Raises ValueError naming the first two layers that do not fit.
    """

    def __init__(self, *layers: Any) -> None:
        super().__init__()
        for n, layer in enumerate(layers):
            if not hasattr(layer, "rep_in") or not hasattr(layer, "rep_out"):
                raise ValueError(
                    f"RCSequential: layer {n} is a {type(layer).__name__}, which declares no Reps: "
                    "use the layers of rczoo, such as RCActivation for a function"
                )
            self.add_module(str(n), layer)
        if not layers:
            raise ValueError("RCSequential: no layers given, so there is no Rep: give at least one")
        for n, (before, after) in enumerate(pairwise(layers)):
            if before.rep_out != after.rep_in:
                same = before.rep_out.channels == after.rep_in.channels
                raise ValueError(
                    f"RCSequential: layer {n} gives {before.rep_out} but layer {n + 1} takes {after.rep_in}"
                    + (": as many channels in another order" if same else "")
                    + f"; build layer {n + 1} with rep_in={str(before.rep_out)!r}"
                )
        self.rep_in, self.rep_out = layers[0].rep_in, layers[-1].rep_out

    def forward(self, x: Tensor) -> Tensor:
        """(batch, rep_in.channels, length) through every layer."""
        for layer in self:
            x = layer(x)
        return x

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def __len__(self) -> int:
        return len(self._modules)

    def __getitem__(self, at: int | slice) -> Any:
        """One layer, or a row of several, which are the same layers and no copies."""
        chosen = list(self)[at]
        return RCSequential(*chosen) if isinstance(at, slice) else chosen
