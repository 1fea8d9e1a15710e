"""The tied kernel, of which convolutions, linear maps, embeddings and relative positions are made.

Proof: ``proofs/theorems/t02_kernels.py`` (which kernels, how many).
"""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..._arguments import check_whole
from ...symmetry._even_odd import FEWEST, even_and_odd, join_pairs, order_of, pays
from ...symmetry._memory_format import join_batches, watched
from ...symmetry.rep import TRIVIAL, Rep
from ..layers import RCLayer
from .groups import check_groups

SEVERAL = 4
"""Times as many numbers as the features that a kernel has whose building costs more than turning them."""


def _orbits(rows: Rep, columns: Rep, kernel_size: int, groups: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Which kernel entries the law makes equal.

    Entry (o, c, k) is tied to (p[o], p[c], K-1-k) with sign s[o]s[c], where c counts within the group of o.
    Returns for every entry the free parameter it equals and the sign, each (rows, columns / groups, K), and
    the number of free parameters. An entry that is its own partner with sign -1 must vanish: it points one
    past the last parameter. In numpy, so that layers are built on any device, "meta" too.
    """
    height, width = (max(1, rep.channels // groups) for rep in (rows, columns))
    row = np.arange(rows.channels).reshape(-1, 1, 1)
    column = row // height * width + np.arange(columns.channels // groups).reshape(1, -1, 1)
    mirrored = np.arange(kernel_size - 1, -1, -1)
    p, q = (np.array(rep.partners, dtype=np.int64) for rep in (rows, columns))
    s, u = (np.array(rep.signs, dtype=np.int64) for rep in (rows, columns))
    partner = (p[row] * (columns.channels // groups) + q[column] % width) * kernel_size + mirrored
    sign = np.broadcast_to(s[row] * u[column], partner.shape)
    entry = np.arange(partner.size).reshape(partner.shape)
    free = (entry < partner) | ((entry == partner) & (sign == 1))
    number = int(free.sum())
    order = np.full(entry.size, number)
    order[free.ravel()] = np.arange(number)
    first = np.minimum(entry, partner)
    return order[first], np.where(entry == first, 1, sign), number


def _row_order(rep: Rep) -> list[int]:
    """For a Rep of pairs only: each channel's row, when all first partners come before all second ones."""
    firsts = [c for c, partner in enumerate(rep.partners) if c < partner]
    row_of = {c: row for row, c in enumerate([*firsts, *(rep.partners[c] for c in firsts)])}
    return [row_of[c] for c in range(rep.channels)]


# ``torch.equal`` reads one number at a time and takes up to seven times as long
_compare = (ctypes.CDLL("msvcrt") if os.name == "nt" else ctypes.CDLL(None)).memcmp
_compare.argtypes, _compare.restype = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t), ctypes.c_int


class _Kept:
    """What was built from a parameter, its version then, and the parameter's values.

    What was built is compared by its version, the parameter by its values: versions do not tell of writing to
    ``.data``.
    """

    __slots__ = ("_copy", "_size", "_start", "_type", "_version", "dense")

    def __init__(self, parameter: Tensor, dense: Tensor) -> None:
        self.dense, self._version = dense, dense._version
        self._copy = copy = parameter.detach().clone(memory_format=torch.contiguous_format)
        self._type, self._size, self._start = copy.dtype, copy.nbytes, copy.data_ptr()

    def stands_for(self, parameter: Tensor) -> bool:
        """Whether nothing has changed since."""
        return (
            parameter.dtype == self._type
            and parameter.nbytes == self._size
            and parameter.is_contiguous()
            and self.dense._version == self._version
            and _compare(self._start, parameter.data_ptr(), self._size) == 0
        )


def _may_keep(parameter: Tensor) -> bool:
    """Whether a parameter is a plain one on the CPU, without gradients, tracing or transforms."""
    return (
        not (parameter.requires_grad and torch.is_grad_enabled())
        and type(parameter) is nn.Parameter
        and parameter.is_cpu
        and not watched()
    )


def _spread(free: Tensor, index: Tensor, sign: Tensor | None, vanishing: bool) -> Tensor:
    """Free parameters where they stand in the dense kernel: one lookup, whose gradient adds up again."""
    dense = (F.pad(free, (0, 1)) if vanishing else free).index_select(0, index)
    return dense if sign is None else dense * sign.to(free.dtype)


class TiedKernel(RCLayer):
    """A layer with a kernel tied by reverse complement, and a bias.

    The dense kernel has shape (rows, columns / groups, kernel_size); rows are the output's channels and
    columns the input's, or the other way round where ``transposed``. Its free parameters are ``weight`` and
    ``bias`` (one per pair and per trivial channel, zero on sign channels).
    """

    looked_up: ClassVar[int] = 2**13
    """Numbers of a kernel up to which looking up each takes less time than reversing and joining its rows."""
    built: ClassVar[tuple[int, int]] = 2**15, 2**17
    """Numbers of a kernel, of one tap or more, up to which building it is faster than turning features."""

    index: Tensor | None
    sign: Tensor | None
    order: Tensor | None
    bias_index: Tensor
    bias: nn.Parameter | None

    def __init__(
        self,
        rep_in: Rep | str,
        rep_out: Rep | str,
        kernel_size: int = 1,
        bias: bool = True,
        groups: int = 1,
        transposed: bool = False,
    ) -> None:
        super().__init__(rep_in, rep_out)
        check_whole(type(self).__name__, kernel_size=(kernel_size, 1))
        check_groups(type(self).__name__, self.rep_in, self.rep_out, groups)
        self.kernel_size, self.groups, self._transposed = int(kernel_size), int(groups), transposed
        rows, self._columns = (self.rep_out, self.rep_in)[:: -1 if transposed else 1]
        self._shape = (rows.channels, self._columns.channels // groups, self.kernel_size)
        paired = 2 * rows.regular == rows.channels and groups == 1
        order = index = sign = None
        if paired and math.prod(self._shape) > self.looked_up:
            number = math.prod(self._shape) // 2
            in_order = _row_order(rows)
            order = None if in_order == sorted(in_order) else np.array(in_order)
        else:
            index, sign, number = _orbits(rows, self._columns, self.kernel_size, self.groups)
            self._vanishing = bool((index == number).any())
            sign = None if (sign == 1).all() else sign
        self._orders = order_of(self.rep_in), order_of(self.rep_out)
        self._pairs = self.rep_in.regular, self.rep_out.regular
        whole = index is None and not transposed and self._orders[1] != "none"
        self._splits = whole and self._orders[0] != "none" and min(self._pairs) >= FEWEST
        large = whole and math.prod(self._shape) > self.built[self.kernel_size > 1]
        self._turned = math.prod(self._shape) // (SEVERAL * max(self._shape[:2])) if large else 0  # positions
        for name, numbers in [("order", order), ("index", index), ("sign", sign)]:
            if numbers is None:
                setattr(self, name, None)  # torch.export miscounts buffers that are None
            else:
                self.register_buffer(name, torch.tensor(numbers.ravel()), persistent=False)
        self.weight = nn.Parameter(torch.empty(number))
        bias_index, _, bias_number = _orbits(self.rep_out, TRIVIAL, 1, 1)
        self._sign_rows = self.rep_out.sign > 0
        self.register_buffer("bias_index", torch.tensor(bias_index.ravel()), persistent=False)
        self.register_parameter("bias", nn.Parameter(torch.empty(bias_number)) if bias else None)
        self._kept: dict[tuple[str, str], _Kept] = {}
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the kernel Glorot-uniform with the fans of the free kernel; set the bias to zero."""
        out = self.rep_out.channels - self.rep_out.regular
        fans = max(1, self.rep_in.channels + out) / self.groups
        bound = (6 / (self.kernel_size * fans)) ** 0.5
        nn.init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def kernel(self) -> Tensor:
        """The dense kernel (rows, columns / groups, K): ``W[o,c,k] = s[o]*s[c]*W[p[o], p[c], K-1-k]``.

        Without gradients on a CPU it is built once, and again when ``weight`` holds other values.
        """
        return self._once("weight", self._kernel)

    def _kernel(self, weight: Tensor) -> Tensor:
        index = self._buffers.get("index")  # self.index takes as long as the lookup
        if index is not None:
            return _spread(weight, index, self.sign, self._vanishing).view(self._shape)
        rows = weight.view(-1, *self._shape[1:])  # every first row of a pair is free
        dense = torch.cat([rows, self._columns.act(rows)])
        return dense if self.order is None else dense.index_select(0, self.order)

    def _by_parts(self, x: Tensor) -> bool:
        """Whether even and odd parts of the kernel are the faster form for an input."""
        return self._splits and pays(x, *self._pairs, self.kernel_size)

    def _by_strands(self, x: Tensor) -> bool:
        """Whether half of the kernel, on either strand, is the faster form for an input.

        It is where the kernel has to be built for gradients and has several times as many numbers as the
        features before and after it: a step on short sequences or small batches.
        """
        if x.numel() >= self._turned * x.shape[1] or not x.is_cpu or watched():
            return False
        weight = self._parameters.get("weight")
        return weight is None or not _may_keep(weight)

    def _of_strands(self, x: Tensor, apply: Callable[[Tensor, Tensor, Tensor | None], Tensor]) -> Tensor:
        """What the kernel's first rows give of the sequence and of its reverse complement, as pairs."""
        rows = self.weight.view(-1, *self._shape[1:])
        u, v = apply(join_batches(x, self.rep_in.act(x)), rows, self.bias).chunk(2)
        return join_pairs(u, v.flip(2) if x.ndim == 3 else v, self._orders[1])

    def _parts(self) -> Tensor:
        return self._once("weight", self._even_and_odd, "parts")

    def _even_and_odd(self, weight: Tensor) -> Tensor:
        return even_and_odd(weight.view(-1, *self._shape[1:]), self._orders[0])

    def dense_bias(self) -> Tensor | None:
        """The bias of every output channel (C_out,): equal within pairs, zero on sign channels."""
        return None if self._parameters.get("bias", 0) is None else self._once("bias", self._dense_bias)

    def _dense_bias(self, bias: Tensor) -> Tensor:
        return _spread(bias, self.bias_index, None, self._sign_rows)

    def _once(self, name: str, build: Callable[[Tensor], Tensor], what: str = "dense") -> Tensor:
        """What is built from a parameter, kept where that cannot be told from building it anew."""
        parameter = self._parameters.get(name)
        if parameter is None:  # it is parametrised, and computed
            return build(getattr(self, name))
        if not _may_keep(parameter):
            return build(parameter)
        kept = self._kept.get((name, what))
        if kept is None or not kept.stands_for(parameter):
            with torch.inference_mode(False), torch.no_grad():  # it may meet gradients of inputs later
                kept = self._kept[name, what] = _Kept(parameter, build(parameter))
        return kept.dense

    def __getstate__(self) -> dict[str, Any]:
        """Copied and pickled without what can be built again."""
        return {**self.__dict__, "_kept": {}}

    def _typed(self, **usual: object) -> str:
        """Reps and kernel, and the settings that are not as usual, as typed."""
        settings = {name: getattr(self, name) for name in usual} | {"bias": self.bias is not None}
        more = [f"{name}={value}" for name, value in settings.items() if value != usual.get(name, True)]
        return ", ".join([f"{self.rep_in} -> {self.rep_out}", f"kernel={self.kernel_size}", *more])
