"""Batch normalisation tied over pairs. Proof: ``proofs/theorems/t08_normalisation.py``."""

from __future__ import annotations

import math
from itertools import compress
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..symmetry._memory_format import channels_innermost, from_rows, in_rows, watched
from ..symmetry._notation import fold
from ..symmetry.rep import Rep
from .layers import RCLayer
from .processes import of_whole_batch, sharing

MANY = 2**18
"""Numbers from which :class:`_PairedNorm` is the faster form on a CPU (``tests/benchmarks``)."""


class _PairedNorm(torch.autograd.Function):
    """:meth:`RCBatchNorm1d._by_formula` of (batch, channels, length) or (rows, channels), in place.

    PyTorch's own function sums what gradients need, of each channel.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, norm: RCBatchNorm1d) -> tuple[Tensor, ...]:
        mean = norm._tie(_average(x))
        y = x - _over(mean, x)
        variance = norm._tie(_average(y.square()))
        ctx.norm = norm
        ctx.save_for_backward(x, weight, bias, mean, variance)
        ctx.mark_non_differentiable(mean, variance)
        scale = weight * torch.rsqrt(variance + norm.eps)
        return y.mul_(_over(scale, x)).add_(_over(bias, x)), mean, variance

    @staticmethod
    def backward(ctx: Any, slope: Tensor, *none: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, bias, mean, variance = ctx.saved_tensors
        norm: RCBatchNorm1d = ctx.norm
        if torch.is_grad_enabled():  # it is itself to be differentiated
            y, *_ = norm._by_formula(x if x.ndim == 3 else x[..., None], weight, bias)
            asked = ctx.needs_input_grad[:3]
            inputs = list(compress((x, weight, bias), asked))
            slopes = iter(torch.autograd.grad(y.view_as(slope), inputs, slope, create_graph=True))
            return *(next(slopes) if each else None for each in asked), None
        _, to_weight, to_bias = torch.ops.aten.native_batch_norm_backward(
            slope, x, weight, mean, variance, None, None, False, norm.eps, [False, True, True]
        )
        number = x.numel() // x.shape[1]
        inverse = torch.rsqrt(variance + norm.eps)
        scale = weight * inverse
        by_x = -scale * inverse * norm._tie(to_weight) / number
        constant = -scale * norm._tie(to_bias) / number - by_x * mean
        line = F.batch_norm(x, torch.zeros_like(mean), torch.ones_like(mean), by_x, constant, eps=0)
        to_x = line.addcmul_(slope, _over(scale, x))
        return to_x, to_weight, to_bias, None


def _average(x: Tensor) -> Tensor:
    """Of each channel, along one axis after the other, which is the faster."""
    return (x.mean(2) if x.ndim == 3 else x).mean(0)


def _over(numbers: Tensor, x: Tensor) -> Tensor:
    """One number for each channel, the second axis of ``x``, in a shape to compute with it."""
    return numbers[:, None] if x.ndim == 3 else numbers


class RCBatchNorm1d(RCLayer):
    """Batch normalisation with one mean, variance, scale and shift per pair.

    (batch, channels, length) or (batch, channels) -> the same shape. The law holds in train mode, too (T8).

    Args:
        rep: how RC acts on the channels; a sign channel has no mean and no shift, but a root mean square.
        eps: what is added to the variance.
        momentum: a batch's weight in the running statistics; None for the plain average of all batches.
    """

    running_mean: Tensor
    running_var: Tensor
    orbit: Tensor
    first: Tensor
    partners: Tensor
    shifted: Tensor
    num_batches_tracked: Tensor | None
    ranks = (2, 3)

    def __init__(self, rep: Rep | str, eps: float = 1e-5, momentum: float | None = 0.1) -> None:
        super().__init__(rep, rep)
        self.eps, self.momentum = eps, momentum
        number = len(self.rep_in.orbits)
        orbit_of = {c: n for n, orbit in enumerate(self.rep_in.orbits) for c in orbit}
        orbit = [orbit_of[c] for c in range(self.rep_in.channels)]
        self.register_buffer("partners", torch.tensor(self.rep_in.partners).long(), persistent=False)
        self.register_buffer("orbit", torch.tensor(orbit).long(), persistent=False)
        first = [orbit[0] for orbit in self.rep_in.orbits]
        self.register_buffer("first", torch.tensor(first).long(), persistent=False)
        self.register_buffer("shifted", torch.tensor(self.rep_in.signs) == 1, persistent=False)
        self.weight = nn.Parameter(torch.ones(number))
        self.bias = nn.Parameter(torch.zeros(number))
        self.register_buffer("running_mean", torch.zeros(number))
        self.register_buffer("running_var", torch.ones(number))
        self.register_buffer("num_batches_tracked", torch.tensor(0) if momentum is None else None)

    def _factor(self) -> float:
        """The weight of this batch in the running statistics."""
        if self.num_batches_tracked is None:
            return float(self.momentum or 0)
        self.num_batches_tracked.add_(1)
        return 1 / int(self.num_batches_tracked)

    def _fresh(self, x: Tensor) -> Tensor:
        """Normalise by this batch's own statistics, and keep what they say in the running ones."""
        weight, bias = self.weight.index_select(0, self.orbit), self.bias.index_select(0, self.orbit)
        if self._is_plain(x):
            rows, mean, variance = _PairedNorm.apply(in_rows(x), weight, bias, self)  # type: ignore[no-untyped-call]
            y = from_rows(rows, x)
        else:
            y, mean, variance = self._by_formula(x, weight, bias)
        self._keep(mean.detach(), variance.detach(), x.shape[0] * x.shape[2] * sharing())
        return y

    def _is_plain(self, x: Tensor) -> bool:
        """Whether PyTorch's own functions may do most of the work: on a CPU, in one process, unwatched."""
        return (
            x.is_cpu
            and (x.is_contiguous() or x.mT.is_contiguous())
            and x.dtype == self.weight.dtype
            and not self.rep_in.sign
            and sharing() == 1
            and not watched()
        )

    def _by_formula(self, x: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What (channels,) of scales and shifts make of x, and each channel's mean and variance."""
        mean = of_whole_batch(self._tie(x.mean((0, 2)))) * self.shifted
        variance = of_whole_batch(self._tie((x - mean[:, None]).square().mean((0, 2))))
        scale, shift = self._affine(weight, bias, mean, variance)
        return x * scale[:, None] + shift[:, None], mean, variance

    def _tie(self, statistic: Tensor) -> Tensor:
        """The average of a statistic (channels,) over each pair."""
        return (statistic + statistic[self.partners]) / 2

    @torch.no_grad()
    def _keep(self, mean: Tensor, variance: Tensor, number: int) -> None:
        mean, variance, shifted = mean[self.first], variance[self.first], self.shifted[self.first]
        pooled = number * (1 + (self.partners[self.first] != self.first))
        unbiased = variance * pooled / (pooled - shifted.long()).clamp(min=1)
        factor = self._factor()
        for running, batch in [(self.running_mean, mean), (self.running_var, unbiased)]:
            running.lerp_(batch.to(running.dtype), factor)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, length) or (batch, channels) -> the same shape."""
        self._check(x)
        if x.ndim == 2:
            return self(x[..., None])[..., 0]  # type: ignore[no-any-return]
        if not (self.training and x.numel()):
            return self._settled(x)
        return self._folded(x) if self._is_folded(x) else self._fresh(x)

    def _settled(self, x: Tensor) -> Tensor:
        """Normalise by the running statistics."""
        if self.rep_in.sign or x.dtype != self.weight.dtype:
            scale, shift = self.eval_affine()
            return x * scale[:, None] + shift[:, None]
        weight, bias, mean, variance = self._of_channels()
        return from_rows(F.batch_norm(in_rows(x), mean, variance, weight, bias, eps=self.eps), x)

    def _is_folded(self, x: Tensor) -> bool:
        """Whether to normalise a view of x with one channel for each orbit, and several numbers in it."""
        _, size, inner = fold(self.rep_in.partners) or (0, 0, 0)
        several = x.shape[0] * x.shape[2] * size > 1
        if x.dtype != self.weight.dtype or size not in (1, 2) or not several or self.rep_in.sign:
            return False
        few = inner > 1 if channels_innermost(x) else x.numel() < MANY
        return few or not self._is_plain(x)

    def _folded(self, x: Tensor) -> Tensor:
        """PyTorch's own batch norm, of a batch's own statistics: partners as more examples or positions."""
        innermost = channels_innermost(x)
        z, length = (x.mT, ()) if innermost else (x, (x.shape[2],))
        outer, size, inner = fold(self.rep_in.partners) or (0, 0, 0)
        rows = z.reshape(-1, inner, *length) if inner > 1 else z.reshape(-1, outer, size * math.prod(length))
        statistics = self.running_mean, self.running_var, self.weight, self.bias
        y = F.batch_norm(rows, *statistics, True, self._factor(), self.eps).reshape(z.shape)
        return y.mT if innermost else y

    def eval_affine(self) -> tuple[Tensor, Tensor]:
        """The scale and shift of every channel (channels,) in eval mode."""
        return self._affine(*self._of_channels())

    def _of_channels(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Each channel's scale, shift, running mean and running variance."""
        orbit = self.orbit
        return self.weight[orbit], self.bias[orbit], self.running_mean[orbit], self.running_var[orbit]

    def _affine(self, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        scale = weight * torch.rsqrt(variance + self.eps)
        return scale, (bias - mean * scale) * self.shifted
