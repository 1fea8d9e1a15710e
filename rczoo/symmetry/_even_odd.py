"""The tied convolution between pairs, by half of its multiplications: what a CPU runs from 64 pairs on.

Let u be the first channels of pairs and v their partners, in the given frame. A tied kernel makes y0 = A u +
B v, and y1 of v and u by the same kernels reversed. So of the sum s = u + v and the difference d = u - v

    y0 + y1 = (A + B)_even s + (A - B)_odd d,    y0 - y1 = (A - B)_even d + (A + B)_odd s,

where a kernel is the sum of its even part, the same read from either end, and its odd part. Half of the taps
of either are free, and what two positions under the same number hold is added, or subtracted, before it is
multiplied. That leaves half of the dense kernel's multiplications, as many as without any exchange between
the strands. Proof: ``proofs/theorems/t02_kernels.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._memory_format import watched
from .rep import Rep

FEWEST = 64
"""Pairs, on either side and for each thread, from which this takes less time than the dense kernel: threads
share its sums and differences less well than a convolution (``tests/benchmarks``, one and two threads)."""

SPENT, LEAST = 128, 2**25
"""Positions whose saving pays for splitting the kernel, and multiplications of the dense kernel at the others
from which it pays for the calls."""

AT_ONCE = 2**15
"""Numbers under one tap that a thread multiplies in one piece, which stay in its cache with their products.
One example is cut where it has four times as many: pieces have their price, too."""


def pays(x: Tensor, channels: int, filters: int, taps: int) -> bool:
    """Whether :func:`tied_conv1d` from ``channels`` to ``filters`` pairs is the faster form for an input.

    Never while something watches each operation, nor in half precision, where sums and differences lose.
    """
    least = min(channels, filters)
    return (
        least >= FEWEST
        and not watched()
        and least >= FEWEST * torch.get_num_threads()
        and 4 * channels * filters * taps * (x.numel() // x.shape[1] - SPENT) >= LEAST
        and x.device.type == "cpu"
        and x.dtype in (torch.float32, torch.float64)
        and type(x) in (Tensor, nn.Parameter)
        and not torch.is_autocast_enabled("cpu")
    )


def order_of(rep: Rep) -> str:
    """How pairs lie among the channels, by the notation of Reps; "none" for those that are not all pairs."""
    orders = ("", ":halves", ":flip") if 2 * rep.regular == rep.channels else ()
    return next((order[1:] for order in orders if rep == Rep(f"{rep.regular}r{order}")), "none")


def _pairs(z: Tensor, order: str, axis: int = 2) -> tuple[Tensor, Tensor]:
    """The first channels of pairs, and their partners."""
    if not order:
        u, v = torch.unflatten(z, axis, (-1, 2)).unbind(axis + 1)
    else:
        u, v = torch.unflatten(z, axis, (2, -1)).unbind(axis)
    return u, v.flip(axis) if order == "flip" else v


def join_pairs(u: Tensor, v: Tensor, order: str, axis: int = 1) -> Tensor:
    """The first channels of pairs and their partners, in an order of pairs."""
    if not order:
        return torch.stack([u, v], axis + 1).flatten(axis, axis + 1)
    return torch.cat([u, v.flip(axis) if order == "flip" else v], axis)


def _write(y: Tensor, order: str, total: Tensor, other: Tensor) -> None:
    """Half of both rows' sum and of their difference, as the channels of pairs."""
    u, v = _pairs(y, order) if order != "flip" else y.chunk(2, 2)
    torch.add(total, other, out=u)
    if order == "flip":
        v.copy_((total - other).flip(2))
    else:
        torch.sub(total, other, out=v)


def even_and_odd(rows: Tensor, order: str = "halves") -> Tensor:
    """What sums and differences are multiplied by, (2, filters, taps * channels), of a kernel's first rows.

    ``rows``: (filters, 2 * channels, taps), the kernels A and B in an order of pairs.
    """
    taps = rows.shape[2]
    A, B = _pairs(rows, order, 1)
    both = torch.stack([A + B, A - B])
    turned = both.flip(3)
    even, odd = (both + turned)[..., : taps - taps // 2], (both - turned)[..., : taps // 2].flip(0)
    return torch.cat([even, odd], 3).div(4).mT.flatten(2)


def tied_conv1d(
    x: Tensor,
    parts: Tensor,
    bias: Tensor | None,
    dilation: int = 1,
    stride: int = 1,
    padding: int = 0,
    orders: tuple[str, str] = ("halves", "halves"),
) -> Tensor:
    """As ``F.conv1d`` by the tied kernel, of :func:`even_and_odd` of its first rows and the bias of these.

    (batch, 2 * channels, length) -> (batch, 2 * filters, length_out), channels innermost in memory.
    ``orders``: of the pairs that come in, and of those that go out.
    """
    if padding:
        x = F.pad(x.mT, (0, 0, padding, padding)).mT
    y: Tensor = _EvenOdd.apply(x, parts, bias, dilation, stride, orders)  # type: ignore[no-untyped-call]
    return y


class _Windows:
    """Where the taps of a convolution fall."""

    def __init__(self, x: Tensor, parts: Tensor, dilation: int, stride: int) -> None:
        self.channels = x.shape[1] // 2
        self.taps = parts.shape[2] // self.channels
        self.dilation, self.stride = dilation, stride
        self.out = (x.shape[2] - dilation * (self.taps - 1) - 1) // stride + 1

    def pieces(self, examples: int) -> Iterator[tuple[slice, list[slice]]]:
        """Examples, and output positions, that are computed at once."""
        room = max(1, AT_ONCE * torch.get_num_threads() // self.channels)
        length = -(-self.out // -(-self.out // (4 * room)))
        spans = [slice(p, min(p + length, self.out)) for p in range(0, self.out, length)]
        number = max(1, room // self.out)
        for first in range(0, examples, number):
            yield slice(first, first + number), spans

    def pairs(self, span: slice) -> Iterator[tuple[slice, slice]]:
        """Positions under each tap of the first half, with the middle one, and under its mirror image."""
        for tap in range(self.taps - self.taps // 2):
            ends = tap * self.dilation, (self.taps - 1 - tap) * self.dilation
            first, last = (
                slice(span.start * self.stride + e, (span.stop - 1) * self.stride + e + 1, self.stride)
                for e in ends
            )
            yield first, last

    def fold(self, even: Tensor, odd: Tensor, span: slice) -> Tensor:
        """(batch, positions, taps * channels): added under the even taps, subtracted under the odd ones."""
        pairs = list(self.pairs(span))
        added = [even[:, a] if a == b else even[:, a] + even[:, b] for a, b in pairs]
        return torch.cat([*added, *(odd[:, a] - odd[:, b] for a, b in pairs[: self.taps // 2])], 2)

    def unfold(self, even: Tensor, odd: Tensor, folded: Tensor, span: slice) -> None:
        """Add to the gradients of both what that of :meth:`fold` brings."""
        pairs, columns = list(self.pairs(span)), torch.split(folded, self.channels, 2)
        for (a, b), column in zip(pairs, columns, strict=False):
            even[:, a] += column
            if a != b:
                even[:, b] += column
        for (a, b), column in zip(pairs, columns[len(pairs) :], strict=False):
            odd[:, a] += column
            odd[:, b] -= column


def _sum_and_difference(x: Tensor, order: str) -> tuple[Tensor, Tensor]:
    """Of the two channels of pairs, channels last."""
    u, v = _pairs(x.mT, order)
    return (u + v).contiguous(), (u - v).contiguous()


class _EvenOdd(torch.autograd.Function):
    """The convolution in pieces. Its gradient folds the inputs again, so that nothing is kept beside them."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        parts: Tensor,
        bias: Tensor | None,
        dilation: int,
        stride: int,
        orders: tuple[str, str],
    ) -> Tensor:
        ctx.save_for_backward(x, parts)
        ctx.dilation, ctx.stride, ctx.orders, ctx.has_bias = dilation, stride, orders, bias is not None
        windows = _Windows(x, parts, dilation, stride)
        y = x.new_empty(x.shape[0], windows.out, 2 * parts.shape[1])
        for rows, spans in windows.pieces(x.shape[0]):
            s, d = _sum_and_difference(x[rows], orders[0])
            for span in spans:
                total = F.linear(windows.fold(s, d, span), parts[0], bias)
                _write(y[rows, span], orders[1], total, F.linear(windows.fold(d, s, span), parts[1]))
        return y.mT

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, parts = ctx.saved_tensors
        if torch.is_grad_enabled():
            y = in_one_piece(x, parts, ctx.dilation, ctx.stride, ctx.orders)
            wanted = [v for v, want in zip((x, parts), ctx.needs_input_grad, strict=False) if want]
            found = iter(torch.autograd.grad(y, wanted, gradient, create_graph=True) if wanted else ())
            of_bias = _sum_and_difference(gradient, ctx.orders[1])[0].sum((0, 1)) if ctx.has_bias else None
            given = (next(found) if want else None for want in ctx.needs_input_grad[:2])
            return *given, of_bias, None, None, None
        windows = _Windows(x, parts, ctx.dilation, ctx.stride)
        of_parts = torch.zeros_like(parts)
        of_bias = parts.new_zeros(parts.shape[1])
        of_x = (
            torch.empty_like(x.mT, memory_format=torch.contiguous_format) if ctx.needs_input_grad[0] else None
        )
        for rows, spans in windows.pieces(x.shape[0]):
            s, d = _sum_and_difference(x[rows], ctx.orders[0])
            slopes = _sum_and_difference(gradient[rows], ctx.orders[1])
            of_bias += slopes[0].sum((0, 1))
            of_s, of_d = torch.zeros_like(s), torch.zeros_like(d)
            for span in spans:
                for n, (even, odd, of_even, of_odd) in enumerate([(s, d, of_s, of_d), (d, s, of_d, of_s)]):
                    slope = slopes[n][:, span]
                    folded = windows.fold(even, odd, span)
                    of_parts[n].addmm_(slope.flatten(0, 1).mT, folded.flatten(0, 1))
                    if of_x is not None:
                        windows.unfold(of_even, of_odd, slope @ parts[n], span)
            if of_x is not None:
                _write(of_x[rows], ctx.orders[0], of_s, of_d)
        of_bias = of_bias if ctx.has_bias else None
        return None if of_x is None else of_x.mT, of_parts, of_bias, None, None, None


def in_one_piece(
    x: Tensor,
    parts: Tensor,
    dilation: int = 1,
    stride: int = 1,
    orders: tuple[str, str] = ("halves", "halves"),
) -> Tensor:
    """The same without padding and bias, as operations that PyTorch knows: for a gradient of the gradient."""
    windows = _Windows(x, parts, dilation, stride)
    every = slice(0, windows.out)
    s, d = _sum_and_difference(x, orders[0])
    total, other = windows.fold(s, d, every) @ parts[0].mT, windows.fold(d, s, every) @ parts[1].mT
    return join_pairs(total + other, total - other, orders[1], 2).mT
