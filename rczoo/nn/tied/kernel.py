"""The tied kernel, of which convolutions, linear maps, embeddings and relative positions are made.

Proof: ``proofs/theorems/t02_kernels.py`` (which kernels, how many).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..._arguments import check_whole
from ...symmetry.rep import TRIVIAL, Rep
from ..layers import RCLayer
from .groups import check_groups


def _orbits(rows: Rep, columns: Rep, kernel_size: int, groups: int) -> tuple[Tensor, Tensor, int]:
    """Which kernel entries the law makes equal.

    Entry (o, c, k) is tied to (p[o], p[c], K-1-k) with sign s[o]s[c], where c counts within the group of o.
    Returns for every entry the free parameter it equals and the sign, each (rows, columns / groups, K), and
    the number of free parameters. An entry that is its own partner with sign -1 must vanish: it points one
    past the last parameter. Counted in numpy, so that layers are built on any device, "meta" too.
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
    return torch.tensor(order[first]), torch.tensor(np.where(entry == first, 1, sign)), number


def _row_order(rep: Rep) -> list[int]:
    """For a Rep of pairs only: each channel's row, when all first partners come before all second ones."""
    firsts = [c for c, partner in enumerate(rep.partners) if c < partner]
    row_of = {c: row for row, c in enumerate([*firsts, *(rep.partners[c] for c in firsts)])}
    return [row_of[c] for c in range(rep.channels)]


class _Kept(NamedTuple):
    """What was built, its version then, and the values of the parameter that it was built from."""

    parameter: Tensor
    dense: Tensor
    version: int

    def stands_for(self, parameter: Tensor) -> bool:
        """Whether nothing has changed: by values, since versions do not tell of writing to ``.data``."""
        alike = self.parameter.dtype == parameter.dtype and self.parameter.shape == parameter.shape
        return alike and self.dense._version == self.version and torch.equal(self.parameter, parameter)


def _may_keep(parameter: Tensor) -> bool:
    """Whether a parameter is a plain one on the CPU, without gradients, tracing or transforms."""
    return (
        not torch.compiler.is_compiling()
        and type(parameter) is nn.Parameter
        and parameter.is_cpu
        and not (parameter.requires_grad and torch.is_grad_enabled())
        and torch._C._get_tracing_state() is None
        and torch._C._functorch.peek_interpreter_stack() is None
    )


class TiedKernel(RCLayer):
    """A layer with a kernel tied by reverse complement, and a bias.

    The dense kernel has shape (rows, columns / groups, kernel_size); rows are the output's channels and
    columns the input's, or the other way round where ``transposed``. Its free parameters are ``weight`` and
    ``bias`` (one per pair and per trivial channel, zero on sign channels).
    """

    index: Tensor
    sign: Tensor
    order: Tensor | None
    bias_index: Tensor

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
        self._paired_rows = 2 * rows.regular == rows.channels and groups == 1
        if self._paired_rows:
            self._pairs = rows.regular
            number = self._pairs * self._columns.channels * self.kernel_size
            order = _row_order(rows)
            in_order = order == list(range(len(order)))
            self.register_buffer("order", None if in_order else torch.tensor(order), persistent=False)
        else:
            index, sign, number = _orbits(rows, self._columns, self.kernel_size, self.groups)
            self.register_buffer("index", index, persistent=False)
            self.register_buffer("sign", sign, persistent=False)
        self.weight = nn.Parameter(torch.empty(number))
        bias_index, _, bias_number = _orbits(self.rep_out, TRIVIAL, 1, 1)
        self.register_buffer("bias_index", bias_index.flatten(), persistent=False)
        self.bias = nn.Parameter(torch.empty(bias_number)) if bias else None
        self._kept: dict[str, _Kept] = {}
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
        return self._once("kernel", self.weight, self._kernel)

    def _kernel(self) -> Tensor:
        if self._paired_rows:  # every first row of a pair is free, which needs no lookup of single entries
            rows = self.weight.view(self._pairs, self._columns.channels, self.kernel_size)
            return self._in_order(torch.cat([rows, self._columns.act(rows)]))
        return F.pad(self.weight, (0, 1))[self.index] * self.sign.to(self.weight.dtype)

    def _in_order(self, rows: Tensor) -> Tensor:
        """All first rows of pairs, then all second ones, in the order of the channels."""
        return rows if self.order is None else rows.index_select(0, self.order)

    def _once(self, name: str, parameter: Tensor, build: Callable[[], Tensor]) -> Tensor:
        """What is built from a parameter, kept where that cannot be told from building it anew."""
        if not _may_keep(parameter):
            return build()
        kept = self._kept.get(name)
        if kept is None or not kept.stands_for(parameter):
            with torch.inference_mode(False), torch.no_grad():  # it may meet gradients of inputs later
                dense = build()
                kept = self._kept[name] = _Kept(parameter.clone(), dense, dense._version)
        return kept.dense

    def __getstate__(self) -> dict[str, Any]:
        """Copied and pickled without what can be built again."""
        return {**self.__dict__, "_kept": {}}

    def _typed(self, **usual: object) -> str:
        """Reps and kernel, and the settings that are not as usual, as typed."""
        settings = {name: getattr(self, name) for name in usual} | {"bias": self.bias is not None}
        more = [f"{name}={value}" for name, value in settings.items() if value != usual.get(name, True)]
        return ", ".join([f"{self.rep_in} -> {self.rep_out}", f"kernel={self.kernel_size}", *more])

    def dense_bias(self) -> Tensor | None:
        """The bias of every output channel (C_out,): equal within pairs, zero on sign channels."""
        return None if self.bias is None else self._once("bias", self.bias, self._dense_bias)

    def _dense_bias(self) -> Tensor:
        assert self.bias is not None
        if self._paired_rows and not self._transposed:
            return self._in_order(torch.cat([self.bias, self.bias]))
        return F.pad(self.bias, (0, 1))[self.bias_index]
