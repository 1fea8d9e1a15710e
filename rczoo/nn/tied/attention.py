"""Attention over positions, with heads that reverse complement exchanges."""

from __future__ import annotations

import torch
from torch import Tensor

from ..._arguments import check_choice, check_whole
from ...symmetry.rep import Rep
from ..layers import RCLayer
from .dropout import RCDropout
from .linear import RCLinear
from .relative_position import RelativeBias, Rotary

POSITIONS = ("none", "bias", "rotary")


class RCAttention(RCLayer):
    """Self-attention whose heads, queries, keys and values are tied by reverse complement.

    (batch, channels, length) -> the same shape. ``heads`` says how reverse complement acts on the heads:
    ``"4r"`` are four pairs, of which one reads each strand, ``"2t"`` two that read both alike; each has
    ``width`` channels. ``position``: what a head sees of the offset from query to key, ``"bias"`` (learnt,
    the same beyond ``reach``), ``"rotary"`` or ``"none"``. ``dropout``: of attention weights, with one mask
    per pair.

    Law: out(R x) = R out(x), since scores of partners are each other's with both positions reversed; with the
    mask reversed, too. In train mode for the same random state. Projections are :class:`RCLinear`.
    Raises ValueError for sign heads, whose weights would have to be negative.
    Source: Vaswani et al. 2017; the tied form is ours, and :mod:`rczoo.nn.tied.relative_position` names those
    of the positions.

    >>> RCAttention("8r", heads="2r", width=8).queries
    RCLinear(8r -> 8r:halves+8r:halves, bias=False)
    """

    def __init__(
        self,
        rep: Rep | str,
        heads: Rep | str = "4r",
        width: int = 16,
        position: str = "bias",
        reach: int = 64,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(rep, rep)
        check_whole("RCAttention", width=(width, 1))
        check_choice("position", position, POSITIONS)
        self.heads, self.width, self.position = Rep(heads), int(width), position
        if self.heads.sign or not self.heads.channels:
            raise ValueError(
                f"RCAttention: heads are {self.heads}, but attention weights keep their sign and there is at "
                "least one head: use pairs (r) or trivial heads (t)"
            )
        inner = Rep.from_partners(j * width + e for j in self.heads.partners for e in range(width))
        self.queries, self.keys, self.values = (RCLinear(rep, inner, bias=False) for _ in range(3))
        self.output = RCLinear(inner, rep)
        self.dropout = RCDropout(self.heads, dropout)
        self.bias = RelativeBias(self.heads, reach) if position == "bias" else None
        self.rotary = Rotary(self.heads, self.width) if position == "rotary" else None

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(batch, channels, length) -> the same shape; ``mask`` (batch, length) is true where keys count."""
        self._check(x)
        q, k, v = (self._split(part(x)) for part in (self.queries, self.keys, self.values))
        if self.rotary is not None:
            q, k = self.rotary(q), self.rotary(k)
        scores = q @ k.mT * self.width**-0.5
        if self.bias is not None:
            scores = scores + self.bias(x.shape[2])
        if mask is not None:
            self._check_mask(mask, x)
            # the least number, not minus infinity: a row without keys would become NaN
            scores = scores.masked_fill(~mask[:, None, None], torch.finfo(scores.dtype).min)
        weights = self.dropout(scores.softmax(-1).flatten(2)).view_as(scores)
        joined: Tensor = self.output((weights @ v).mT.flatten(1, 2))
        return joined

    def _check_mask(self, mask: Tensor, x: Tensor) -> None:
        if mask.dtype != torch.bool or mask.shape != (x.shape[0], x.shape[2]):
            raise ValueError(
                f"RCAttention: expected a mask of bool {(x.shape[0], x.shape[2])}, got {mask.dtype} "
                f"{tuple(mask.shape)}: give true where a position counts"
            )

    def _split(self, x: Tensor) -> Tensor:
        """(batch, heads * width, length) -> (batch, heads, length, width)."""
        return torch.unflatten(x, 1, (self.heads.channels, self.width)).mT

    def extra_repr(self) -> str:
        """Rep, heads and positions, as typed."""
        return f"{self.rep_in}, heads={self.heads}, width={self.width}, position={self.position}"
