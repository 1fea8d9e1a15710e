"""From pairs of strands to what both have in common."""

from __future__ import annotations

import torch
from torch import Tensor

from ..._arguments import check_choice
from ...symmetry.frames import MERGES, combine
from ...symmetry.rep import Rep
from ..layers import RCLayer


class RCMerge(RCLayer):
    """Each pair as one trivial channel, by a symmetric function; fixed channels are left alone.

    (batch, channels[, length]) -> (batch, orbits[, length]), in the order of ``rep.orbits``. ``how``:
    ``sum``, ``mean``, ``max``, or ``probability`` (the logit of the mean of the sigmoids). Law: out(R x) =
    R out(x), since R exchanges what is merged, at the mirrored position.

    >>> RCMerge("2r+1s", "max")
    RCMerge(2r+1s -> 2t+1s, how=max)
    """

    ranks = (2, 3)
    first: Tensor
    second: Tensor
    single: Tensor

    def __init__(self, rep: Rep | str, how: str = "mean") -> None:
        check_choice("merge", how, MERGES)
        rep, self.how = Rep(rep), how
        orbits = rep.orbits
        signs = [rep.signs[orbit[0]] for orbit in orbits]
        super().__init__(rep, Rep.from_partners(range(len(orbits)), signs))
        for name, member in (("first", 0), ("second", -1)):
            channels = torch.tensor([orbit[member] for orbit in orbits], dtype=torch.long)
            self.register_buffer(name, channels, persistent=False)
        self.register_buffer("single", self.first == self.second, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels[, length]) -> (batch, orbits[, length])."""
        self._check(x)
        u, v = x[:, self.first], x[:, self.second]
        return torch.where(self.single if x.ndim == 2 else self.single[:, None], u, combine(u, v, self.how))

    def extra_repr(self) -> str:
        """Reps and function, as typed."""
        return f"{self.rep_in} -> {self.rep_out}, how={self.how}"
