"""Layers between Reps: the regular-representation view, in which every layer obeys the law by itself.

Each declares ``rep_in`` and ``rep_out``, takes plain tensors (batch, channels, length), or (batch, channels)
where it looks at no positions, and satisfies ``layer(rep_in.act(x)) == rep_out.act(layer(x))`` for all
parameter values, up to rounding. Proof: ``proofs/theorems/t06_pointwise.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .._arguments import check_whole
from ..symmetry.rep import Rep


def check_channels(layer: str, **reps: Rep) -> None:
    """Refuse Reps that have no channels."""
    for name, rep in reps.items():
        check_whole(layer, **{f"{name}.channels": (rep.channels, 1)})


class RCLayer(nn.Module):
    """What every layer here shares: its Reps, of one channel at least, and a check of what it is given."""

    ranks: tuple[int, ...] = (3,)
    """How many axes an input may have: (2, 3) where a layer also takes what has no positions."""

    def __init__(self, rep_in: Rep | str, rep_out: Rep | str) -> None:
        super().__init__()
        self.rep_in, self.rep_out = Rep(rep_in), Rep(rep_out)
        check_channels(type(self).__name__, rep_in=self.rep_in, rep_out=self.rep_out)

    def _check(self, x: Tensor) -> None:
        channels = self.rep_in.channels
        if x.ndim not in self.ranks or x.shape[1] != channels:
            hint = ""
            if x.ndim == 2 and (2 not in self.ranks or x.shape[0] == channels):
                hint = ": add a batch axis"
            if x.ndim == 3 and x.shape[2] == channels:
                hint = ": transpose (batch, length, channels)"
            shapes = {2: f"(batch, {channels})", 3: f"(batch, {channels}, length)"}
            raise ValueError(
                f"{type(self).__name__}: expected {' or '.join(shapes[rank] for rank in self.ranks)} for Rep "
                f"{self.rep_in}, got {tuple(x.shape)}{hint}"
            )

    def extra_repr(self) -> str:
        """The layer's type, as typed."""
        return str(self.rep_in) if self.rep_in == self.rep_out else f"{self.rep_in} -> {self.rep_out}"


class RCActivation(RCLayer):
    """A pointwise function: commutes with pairs and trivial channels always, with sign channels iff odd (T6).

    (batch, channels, length) or (batch, channels) -> the same shape. Raises ValueError for sign channels
    whose function is not odd (relu is not, tanh is), and for ``sign`` without such channels.

    Args:
        rep: how RC acts on the channels.
        function: of a tensor; a module's parameters are of one number each, which all channels share.
        sign: another function for sign channels, such as tanh beside the ReLU of all others.

    >>> RCActivation("4r+2s", torch.relu, sign=torch.tanh)
    RCActivation(4r+2s, sign=tanh)
    """

    ranks = (2, 3)
    signed: Tensor

    def __init__(
        self,
        rep: Rep | str,
        function: Callable[[Tensor], Tensor] = F.relu,
        sign: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__(rep, rep)
        self.function, self.sign = function, sign
        self.register_buffer("signed", torch.tensor(self.rep_in.signs) == -1, persistent=False)
        for each in (function, sign):
            _check_one_number_each(each)
        if sign is not None and not self.rep_in.sign:
            raise ValueError(
                f"RCActivation: Rep {self.rep_in} has no sign channels, on which {_name(sign)} would act: "
                "leave out sign"
            )
        on_sign = function if sign is None else sign
        if self.rep_in.sign and not _is_odd(on_sign):
            raise ValueError(
                f"RCActivation: {_name(on_sign)} is not odd, but Rep {self.rep_in} has {self.rep_in.sign} "
                "sign channels: use an odd function such as torch.tanh, for these alone by sign=torch.tanh"
            )

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, length) or (batch, channels) -> the same shape."""
        self._check(x)
        if self.sign is None:
            return self.function(x)
        signed = self.signed if x.ndim == 2 else self.signed[:, None]
        return torch.where(signed, self.sign(x), self.function(x))

    def extra_repr(self) -> str:
        """The Rep, and the function of sign channels if it is another."""
        return str(self.rep_in) + ("" if self.sign is None else f", sign={_name(self.sign)}")


def _name(function: Callable[[Tensor], Tensor]) -> str:
    return getattr(function, "__name__", repr(function))


def _is_odd(function: Callable[[Tensor], Tensor]) -> bool:
    """Whether f(-x) = -f(x) at every size of x, and whatever the parameters of a module come to be."""
    # fine where activations bend, and on to where clamps do
    where = _device_of(function)
    grid = torch.cat([torch.linspace(0, 16, 4097, device=where), torch.logspace(-6, 6, 1025, device=where)])
    if isinstance(function, nn.Module):
        function = deepcopy(function).double()
        for n, p in enumerate(function.parameters()):
            p.data += 0.1 / (n + 1)  # PReLU at 1 is odd, and trains away from it
    with torch.no_grad():
        try:
            there, back = function(grid.double()), function(-grid.double())
        except RuntimeError:  # it holds float32 numbers
            there, back = function(grid), function(-grid)
    # what subtracts numbers of size 1, as 2 sigmoid(x) - 1 does, rounds as they do
    rounding = 64 * torch.finfo(there.dtype).eps
    return torch.allclose(back, -there, rtol=rounding, atol=rounding, equal_nan=True)


def _device_of(function: object) -> torch.device | str:
    """Where a function can be tried: where its numbers are, or else on the CPU, whatever is usual."""
    numbers = function.parameters() if isinstance(function, nn.Module) else iter(())
    return next((number.device for number in numbers), "cpu")


def _check_one_number_each(function: object) -> None:
    for name, parameter in function.named_parameters() if isinstance(function, nn.Module) else ():
        if parameter.numel() > 1:
            raise ValueError(
                f"RCActivation: {type(function).__name__} has {parameter.numel()} numbers in its {name}, "
                "which may come to differ between the channels of a pair: use one number for all"
            )


def check_declares(container: str, number: int, layer: object) -> None:
    """Refuse a layer that does not say between which Reps it is."""
    if not hasattr(layer, "rep_in") or not hasattr(layer, "rep_out"):
        raise ValueError(
            f"{container}: layer {number} is a {type(layer).__name__}, which declares no Reps: "
            "use the layers of rczoo, such as RCActivation for a function"
        )


class RCSequential(nn.Module):
    """Layers in a row whose Reps must match, order of channels included; named as in ``nn.Sequential``.

    Args:
        *layers: each takes the Rep that the one before gives; ValueError names the first two that do not fit.
            A row is not changed: ``row[:2]`` has its first two layers, ``RCSequential(*row, layer)`` one
            more.
    """

    def __init__(self, *layers: Any) -> None:
        super().__init__()
        for n, layer in enumerate(layers):
            check_declares("RCSequential", n, layer)
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
