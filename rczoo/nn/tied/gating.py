"""Activations that bring two kinds of channels together: gates, and the size of what changes its sign."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...symmetry.rep import Rep
from ..layers import RCLayer


def unsigned(rep: Rep) -> Rep:
    """The Rep with the same partners, in which no channel changes its sign.

    >>> unsigned(Rep("1r+2s"))
    Rep("1r+2t")
    """
    return Rep.from_partners(rep.partners)


class RCGate(RCLayer):
    """Each channel of the first half times a function of its gate in the second, as ``nn.GLU``.

    (batch, 2 * rep.channels[, length]) -> (batch, rep.channels[, length]). The gates have the partners of
    what they gate but change no sign, so that any function of them serves, on sign channels, too. Law:
    out(R x) = R out(x).

    >>> RCGate("1r+1s")
    RCGate(1r+1s+1r+1t -> 1r+1s)
    """

    ranks = (2, 3)

    def __init__(self, rep: Rep | str, function: Callable[[Tensor], Tensor] = torch.sigmoid) -> None:
        rep = Rep(rep)
        super().__init__(rep + unsigned(rep), rep)
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 2 * rep.channels[, length]) -> (batch, rep.channels[, length])."""
        self._check(x)
        gated, gates = x.chunk(2, 1)
        return gated * self.function(gates)


class RCAbsolute(RCLayer):
    """The absolute value of sign channels, which makes them trivial; other channels are left alone.

    (batch, channels[, length]) -> the same shape. Law: out(R x) = R out(x).

    >>> RCAbsolute("1r+2s")
    RCAbsolute(1r+2s -> 1r+2t)
    """

    ranks = (2, 3)
    signed: Tensor

    def __init__(self, rep: Rep | str) -> None:
        super().__init__(rep, unsigned(Rep(rep)))
        self.register_buffer("signed", torch.tensor(self.rep_in.signs) == -1, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels[, length]) -> the same shape."""
        self._check(x)
        return torch.where(self.signed if x.ndim == 2 else self.signed[:, None], x.abs(), x)
