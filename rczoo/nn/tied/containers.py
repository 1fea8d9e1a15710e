"""Containers whose layers meet again, so their Reps and lengths have to fit."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...symmetry.rep import Rep
from ..layers import RCLayer, RCSequential, check_declares


class RCIdentity(RCLayer):
    """What is given, unchanged: a branch that skips the others."""

    ranks = (2, 3)

    def __init__(self, rep: Rep | str) -> None:
        super().__init__(rep, rep)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels[, length]) -> the same."""
        self._check(x)
        return x


class RCResidual(nn.Module):
    """Layers in a row, to whose output their input is added.

    (batch, rep.channels, length) -> (batch, rep.channels, length_out). Layers without padding shorten what
    they read, and the input is cropped by as much at both ends, which alone keeps the law (T9). Law:
    out(R x) = R out(x).
    Raises ValueError where the layers end in another Rep than they begin in, and where they make the sequence
    longer or leave out an odd number of positions.
    """

    def __init__(self, *layers: Any) -> None:
        super().__init__()
        self.body = RCSequential(*layers)
        self.rep_in, self.rep_out = self.body.rep_in, self.body.rep_out
        if self.rep_in != self.rep_out:
            raise ValueError(
                f"RCResidual: the layers take {self.rep_in} but give {self.rep_out}, which cannot be added: "
                f"end them with RCLinear({str(self.rep_out)!r}, {str(self.rep_in)!r})"
            )

    def forward(self, x: Tensor) -> Tensor:
        """(batch, rep.channels, length) -> (batch, rep.channels, length_out)."""
        y: Tensor = self.body(x)
        if x.shape == y.shape:
            return x + y
        left = x.shape[-1] - y.shape[-1]
        if x.ndim != 3 or y.ndim != 3 or left < 0 or left % 2:
            raise ValueError(
                f"RCResidual: the layers make {tuple(y.shape)} of {tuple(x.shape)}, which no crop alike at "
                "both ends fits: use padding='same', or leave out an even number of positions"
            )
        return x[..., left // 2 : x.shape[-1] - left // 2] + y


class RCBranches(nn.Module):
    """Several layers, or rows of them, that read the same input; their outputs follow each other as channels.

    (batch, rep_in.channels, length) -> (batch, sum of the branches' channels, length_out). Law:
    out(R x) = R out(x), with ``rep_out`` the sum of the branches' in their order.
    Raises ValueError where branches take different Reps or give different lengths.

    >>> skip = RCBranches(RCIdentity("2r"), RCIdentity("2r"))
    >>> skip.rep_out
    Rep("4r")
    """

    def __init__(self, *branches: Any) -> None:
        super().__init__()
        if not branches:
            raise ValueError("RCBranches: no branches given, so there is no Rep: give at least one")
        for n, branch in enumerate(branches):
            check_declares("RCBranches", n, branch)
            self.add_module(str(n), branch)
            first = branches[0].rep_in
            if branch.rep_in != first:
                raise ValueError(
                    f"RCBranches: layer 0 takes {first} but layer {n} takes {branch.rep_in}; build layer {n} "
                    f"with rep_in={str(first)!r}"
                )
        self.rep_in = branches[0].rep_in
        self.rep_out = sum((branch.rep_out for branch in branches), Rep())

    def forward(self, x: Tensor) -> Tensor:
        """(batch, rep_in.channels, length) -> (batch, rep_out.channels, length_out)."""
        outputs = [branch(x) for branch in self._modules.values() if branch is not None]
        if len({output.shape[2:] for output in outputs}) > 1:
            lengths = ", ".join(str(output.shape[2] if output.ndim == 3 else "no") for output in outputs)
            raise ValueError(
                f"RCBranches: the branches give {lengths} positions of {x.shape[-1]}: use padding='same' in "
                "those that give fewer"
            )
        return torch.cat(outputs, 1)
