"""From tokens or bases to features: embedding of token ids, and one-hot k-mers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from ..._arguments import check_whole
from ...symmetry.actions import tokens
from ...symmetry.rep import DNA, Rep
from ..layers import RCLayer, check_channels
from .kernel import TiedKernel


class RCEmbedding(TiedKernel):
    """Embedding of token ids, in which a token's complement has its vector with the channels exchanged.

    (batch, length) ids -> (batch, rep_out.channels, length). ``complement``: of every id, that of its
    complement; special tokens are their own. Law: out(R ids) = R out(ids), where R reverses the ids and
    complements each: ``rep_in`` is this action, and ``vocabulary`` the Rep that exchanges the tokens. A head
    of logits for each token is ``RCLinear(rep, embedding.vocabulary)``.
    Free parameters: ``weight``, as many as :class:`RCLinear` has between the vocabulary and ``rep_out`` (T2),
    drawn standard normal as those of ``nn.Embedding``.
    Raises ValueError when the complement is not its own inverse.

    >>> import torch
    >>> embedding = RCEmbedding([3, 2, 1, 0, 4], "2r")  # A, C, G, T, N
    >>> embedding(torch.tensor([[0, 0, 4]])).shape
    torch.Size([1, 4, 3])
    """

    def __init__(self, complement: Sequence[int], rep_out: Rep | str) -> None:
        self.vocabulary = Rep.from_partners(complement)
        check_channels("RCEmbedding", complement=self.vocabulary)
        super().__init__(self.vocabulary, rep_out, bias=False)
        self.rep_in: Any = tokens(list(self.vocabulary.partners))

    def reset_parameters(self) -> None:
        """Draw all numbers standard normal."""
        nn.init.normal_(self.weight)

    def forward(self, ids: Tensor) -> Tensor:
        """(batch, length) ids -> (batch, rep_out.channels, length)."""
        if ids.ndim != 2 or ids.is_floating_point():
            raise ValueError(
                f"RCEmbedding: expected whole-number ids (batch, length), got {ids.dtype} "
                f"{tuple(ids.shape)}: use RCLinear for one-hot tokens"
            )
        return F.embedding(ids, self.kernel()[..., 0].T).mT

    def extra_repr(self) -> str:
        """The Rep of the vocabulary, and that of the features."""
        return f"{self.vocabulary} -> {self.rep_out}"


class RCKmers(RCLayer):
    """One-hot k-mers of one-hot DNA, in alphabetical order; a k-mer that is its own partner is trivial.

    (batch, 4, length) -> (batch, 4**k, length - k + 1); where a base is N (all zeros), all zeros. Law:
    out(R x) = R out(x). No parameters. Source: Mallet and Vert 2021, who write a palindrome twice instead.

    >>> (RCKmers(2).rep_out.regular, RCKmers(2).rep_out.trivial)
    (6, 4)
    """

    def __init__(self, k: int) -> None:
        check_whole("RCKmers", k=(k, 1))
        words = {word: n for n, word in enumerate(product(range(4), repeat=k))}
        partners = [words[tuple(3 - base for base in reversed(word))] for word in words]
        super().__init__(DNA, Rep.from_partners(partners))
        self.k = int(k)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 4, length) -> (batch, 4**k, length - k + 1)."""
        self._check(x)
        windows = x.shape[2] - self.k + 1
        if windows < 1:
            raise ValueError(
                f"RCKmers: length {x.shape[2]} is shorter than k {self.k}: give at least {self.k} positions"
            )
        y = x[..., :windows]
        for n in range(1, self.k):
            y = (y[:, :, None] * x[:, None, :, n : n + windows]).flatten(1, 2)
        return y

    def extra_repr(self) -> str:
        """The length of the words."""
        return f"k={self.k}"
