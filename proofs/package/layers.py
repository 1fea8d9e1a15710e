"""T2 and T7: the package's tied convolution and its pools."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from rczoo.nn.convolution import RCConv1d
from rczoo.nn.pooling import RCAvgPool1d, RCMaxPool1d
from rczoo.symmetry.geometry import admissible_lengths

from .plain import DNA, REPS, act, convolve, fill, pairs_of_reps, turn_kernel, whole


class _OfManyNumbers(RCConv1d):
    """Builds its kernel as layers of many numbers do, and between pairs runs by its even and odd parts."""

    looked_up = 0

    def _by_parts(self, x: Tensor) -> bool:
        return "none" not in self._orders


class _OfFewPositions(_OfManyNumbers):
    """Reads either strand by half of its kernel, as layers do that have more numbers than the features."""

    def _by_parts(self, x: Tensor) -> bool:
        return False

    def _by_strands(self, x: Tensor) -> bool:
        return self.index is None and self._orders[1] != "none"


FORMS = {"looked up": RCConv1d, "parts": _OfManyNumbers, "strands": _OfFewPositions}


class Layer(NamedTuple):
    """Input and output Rep, taps, stride, dilation, and the form in which it runs."""

    rep_in: str
    rep_out: str
    taps: int = 3
    stride: int = 1
    dilation: int = 1
    form: str = "looked up"

    def build(self) -> RCConv1d:
        """The package's layer, its parameters whole numbers that all differ from 0."""
        reps = self.rep_in, self.rep_out
        layer = FORMS[self.form](*reps, self.taps, stride=self.stride, dilation=self.dilation).double()
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.copy_(torch.arange(1.0, parameter.numel() + 1))
        return layer

    def input(self) -> Tensor:
        """An input that two windows fit exactly."""
        length = self.stride + self.dilation * (self.taps - 1) + 1
        return whole(2, 2, len(REPS[self.rep_in][0]), length)


def layers() -> Iterator[Layer]:
    """Every pair of Reps with two and three taps, and some strides and dilations."""
    for reps in pairs_of_reps():
        yield Layer(*reps, 2, 2, 1)
        yield from (Layer(*reps, 3, 1, 2, form) for form in FORMS)


def kernel(case: Layer) -> Tensor:
    """The dense kernel."""
    return case.build().kernel().detach()


def turned_kernel(case: Layer) -> Tensor:
    """s[o] s[c] W[p[o], p[c], K-1-k] of it, by the tables."""
    return turn_kernel(case.rep_in, case.rep_out, kernel(case))


def of_turned(case: Layer) -> tuple[Tensor, Tensor]:
    """layer(R x), and the layer's output by a loop over taps without its bias."""
    layer, x = case.build(), case.input()
    by_loop = convolve(x, layer.kernel(), case.stride, case.dilation)
    return layer(act(case.rep_in, x)).detach(), by_loop.detach()


def turned_of(case: Layer) -> tuple[Tensor, Tensor]:
    """R layer(x), and its output less its bias."""
    layer, x = case.build(), case.input()
    bias = layer.dense_bias()
    assert bias is not None
    return act(case.rep_out, layer(x).detach()), (layer(x) - bias[:, None]).detach()


Changed = tuple[Layer, int]


def changed_kernels() -> Iterator[Changed]:
    """Layers with entry n of the kernel changed by 1; n = -1 leaves it as it is."""
    for reps in ((DNA, "2r"), ("1s+1r", "1r+1t+1s"), ("1r+1t+1s", "1s+1r"), ("2t", "1s+1r")):
        size = len(REPS[reps[0]][0]) * len(REPS[reps[1]][0])
        yield from ((Layer(*reps, taps), n) for taps in (1, 3) for n in range(-1, size * taps, 2))


def _changed(case: Changed) -> Tensor:
    changed = kernel(case[0]).clone()
    if case[1] >= 0:
        changed.view(-1)[case[1]] += 1
    return changed


def commutes(case: Changed) -> bool:
    """Whether the convolution by the kernel commutes with R on every impulse."""
    layer, W = case[0], _changed(case)
    channels, length = len(REPS[layer.rep_in][0]), layer.input().shape[2]
    x = torch.eye(channels * length, dtype=torch.float64).view(-1, channels, length)
    return torch.equal(convolve(act(layer.rep_in, x), W), act(layer.rep_out, convolve(x, W)))


def constrained(case: Changed) -> bool:
    """Whether the kernel obeys the constraint."""
    return torch.equal(_changed(case), turn_kernel(case[0].rep_in, case[0].rep_out, _changed(case)))


POOLS = {"max": RCMaxPool1d, "average": RCAvgPool1d}


class Windows(NamedTuple):
    """A kind of layer and its geometry, without padding."""

    kind: str
    length: int
    width: int
    stride: int
    dilation: int = 1

    def build(self) -> Any:
        """The layer, from pairs to pairs."""
        if self.kind == "conv":
            layer = RCConv1d(DNA, "2r", self.width, stride=self.stride, dilation=self.dilation)
            return fill(layer, 8, low=1)
        return POOLS[self.kind](DNA, self.width, self.stride).double()


def windows() -> Iterator[Windows]:
    """Lengths 5 to 9, a kernel of 3, strides to 3; for the convolution dilations 1 and 2."""
    for kind, length, stride in itertools.product(("conv", "max", "average"), range(5, 10), (1, 2, 3)):
        yield from (Windows(kind, length, 3, stride, d) for d in ((1, 2) if kind == "conv" else (1,)))


def padded() -> Iterator[tuple[int, int, int]]:
    """(length, stride, padding) of a tied convolution of 3 taps that leave no remainder."""
    shapes = itertools.product(range(4, 9), (1, 2, 3), (1, 2))
    yield from (s for s in shapes if (s[0] + 2 * s[2] - 3) % s[1] == 0)


def _padded(case: tuple[int, int, int], turn_first: bool) -> Tensor:
    length, stride, padding = case
    layer = fill(RCConv1d(DNA, "2r", 3, stride=stride, padding=padding), 8, low=1)
    x = whole(9, 2, 4, length)
    return layer(act(DNA, x)).detach() if turn_first else act("2r", layer(x).detach())


def padded_of_turned(case: tuple[int, int, int]) -> Tensor:
    """layer(R x)."""
    return _padded(case, True)


def turned_of_padded(case: tuple[int, int, int]) -> Tensor:
    """R layer(x)."""
    return _padded(case, False)


class PaddedPool(NamedTuple):
    """A kind of pool, a length, and its geometry."""

    kind: str
    length: int
    width: int
    stride: int
    padding: int


def padded_pools() -> Iterator[PaddedPool]:
    """Lengths 3 to 6, widths 2 to 4, strides to 3, and all padding that a pool may have."""
    for kind, length, width, stride in itertools.product(POOLS, range(3, 7), range(2, 5), (1, 2, 3)):
        sizes = (PaddedPool(kind, length, width, stride, padding) for padding in range(width // 2 + 1))
        yield from (case for case in sizes if length + 2 * case.padding >= width)


def padded_pool_commutes(case: PaddedPool) -> bool:
    """Whether PyTorch's pool commutes with R on every impulse."""
    kind, length, *sizes = case
    x = torch.eye(length, dtype=torch.float64)[:, None]
    return torch.equal(POOLS[kind].pool(x.flip(2), *sizes), POOLS[kind].pool(x, *sizes).flip(2))


def windows_mirror(case: PaddedPool) -> bool:
    """Whether the sets of positions that windows read are their own mirror image, read backwards."""
    _, length, width, stride, padding = case
    starts = range(-padding, length + padding - width + 1, stride)
    read = [{u for u in range(start, start + width) if 0 <= u < length} for start in starts]
    return read == [{length - 1 - u for u in window} for window in reversed(read)]


def padded_pool_takes(case: PaddedPool) -> bool:
    """Whether the package's pool takes the length."""
    kind, length, *sizes = case
    return _takes(POOLS[kind]("1t", *sizes), length)


def _takes(layer: Any, length: int) -> bool:
    try:
        layer(torch.zeros(1, layer.rep_in.channels, length))
    except ValueError:
        return False
    return True


def reps() -> Iterator[str]:
    """Every Rep of the table."""
    yield from REPS


def pools() -> Iterator[Windows]:
    """The pools among them: a kernel's shape would load much of PyTorch."""
    yield from (case for case in windows() if case.kind != "conv")


def max_pool_takes(rep: str) -> bool:
    """Whether RCMaxPool1d takes a Rep."""
    try:
        RCMaxPool1d(rep, 2)
    except ValueError:
        return False
    return True


def maximum_commutes(rep: str) -> bool:
    """Whether the maximum over two positions commutes with R, on features of both signs."""
    x = whole(9, 4, len(REPS[rep][0]), 2)
    return torch.equal(act(rep, x).amax(2, keepdim=True), act(rep, x.amax(2, keepdim=True)))


def admissible(case: Windows) -> bool:
    """Whether admissible_lengths says so."""
    (verdict,) = admissible_lengths(case.build(), [case.length])
    return verdict.admissible


def accepts(case: Windows) -> bool:
    """Whether the layer takes the length."""
    return _takes(case.build().float(), case.length)


def windows_commute(case: Windows) -> bool:
    """Whether the layer's kernel or pool, by PyTorch alone, commutes with R."""
    layer, x = case.build(), whole(9, 4, 4, case.length, low=-20, high=20)
    if case.kind == "conv":
        W = layer.kernel().detach()
        first, second = (F.conv1d(z, W, None, case.stride, 0, case.dilation) for z in (act(DNA, x), x))
        return torch.equal(first, act("2r", second))
    pool = POOLS[case.kind].pool
    first, second = (pool(z, case.width, case.stride) for z in (act(DNA, x), x))
    return torch.allclose(first, act(DNA, second), rtol=1e-12, atol=1e-12)


def layer_of_turned(case: Windows) -> Tensor:
    """layer(R x)."""
    return case.build()(act(DNA, whole(9, 2, 4, case.length))).detach()


def turned_of_layer(case: Windows) -> Tensor:
    """R layer(x)."""
    y = case.build()(whole(9, 2, 4, case.length)).detach()
    return act("2r" if case.kind == "conv" else DNA, y)


def fitting() -> Iterator[Windows]:
    """Those that leave no remainder."""
    yield from filter(no_remainder, windows())


def no_remainder(case: Windows) -> bool:
    """(L - d(K-1) - 1) mod stride = 0."""
    return (case.length - case.dilation * (case.width - 1) - 1) % case.stride == 0
