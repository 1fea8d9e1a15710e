"""Dropout whose masks are symmetric: what is dropped on one strand is dropped on the other."""

from __future__ import annotations

import torch
from torch import Tensor

from ...symmetry.rep import Rep
from ..layers import RCLayer
from .gating import unsigned


class RCDropout(RCLayer):
    """Dropout with one mask per pair: a position is dropped together with its reverse complement.

    (batch, channels, length) or (batch, channels) -> the same shape; identity in eval mode. Law: equivariant
    in train mode too, for the same random state, because the mask itself is RC-symmetric.

    Args:
        rep: how RC acts on the channels.
        p: the probability that a number is dropped.
    """

    ranks: tuple[int, ...] = (2, 3)

    def __init__(self, rep: Rep | str, p: float = 0.5) -> None:
        super().__init__(rep, rep)
        if not 0 <= p < 1:
            raise ValueError(f"{type(self).__name__}: p is {p}, expected 0 <= p < 1")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, length) or (batch, channels) -> the same shape."""
        self._check(x)
        if not self.training or self.p == 0:
            return x
        return x * (self._coins(x) >= self.p).to(x.dtype) / (1 - self.p)

    def _coins(self, x: Tensor) -> Tensor:
        return _paired_coins(self.rep_in, x.shape, x.device)


class RCChannelDropout(RCDropout):
    """Dropout of whole channels of an example, both strands of a pair together.

    (batch, channels, length) -> the same shape; identity in eval mode. Law: as that of :class:`RCDropout`.
    """

    ranks = (3,)

    def _coins(self, x: Tensor) -> Tensor:
        return _paired_coins(self.rep_in, x.shape[:2], x.device)[..., None]


def _paired_coins(rep: Rep, shape: torch.Size, device: torch.device) -> Tensor:
    """Numbers between 0 and 1, the same for an entry and its partner."""
    rep = unsigned(rep)
    entry = torch.arange(shape[1:].numel(), device=device).view(1, *shape[1:])
    coin = torch.rand(shape, device=device)
    return torch.where(entry <= rep.act(entry), coin, rep.act(coin))
