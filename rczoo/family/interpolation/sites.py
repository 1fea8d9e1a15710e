"""Sites: layers that also receive the other strand's features, so that any model has a family.

Both frames run through a model as one batch ``z = cat([z0, z1])``. A map ``(z0, z1) -> (g(z0, z1), g(z1,
z0))`` commutes with the swap of the frames whatever ``g`` is, so every layer may stay as it is, and one
that begins with a linear map of its input may compute ``M(z) + V(other(z)[:k])``: ``other`` exchanges the
frames and reverses the positions, ``k`` is a share of the channels. At V = 0 the layer computes what it
did.

A site is the layer itself, in a subclass of its own class: it keeps its parameters under their names, and
what reads its attributes finds them. V are the parameters whose names begin with ``received_``.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import torch
from torch import _VF, Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence

from ...symmetry._even_odd import even_and_odd, pays, tied_conv1d
from ...symmetry._memory_format import first_channels, join_batches, join_channels, split
from ...symmetry.frames import other_strand, to_halves
from ...symmetry.padding import Padding
from ...symmetry.rep import Rep, flip


class Rows(NamedTuple):
    """The batch under way: how many examples each strand has, and how far both strands' rows go if padded."""

    batch: int
    padding: Padding | None = None
    either_axis: bool = False
    """Whether some layers of the model have the examples as second axis."""


class Receiving(nn.Module):
    """What all sites share; mixed into a layer's class by :func:`receive`."""

    plain: ClassVar[type[nn.Module]]
    """The layer's own class."""
    rows: Rows | None
    """Set while both strands run; outside such a call the layer is what it was."""
    received: int
    """How many channels of the other strand it receives, of each group of channels."""

    def other(
        self, z: Tensor, channels: int, examples: int | None = None, k: int | None = None, groups: int = 1
    ) -> Tensor | None:
        """What is received, by the axes of channels and examples; None outside a call, or if there are no
        examples.

        Law: commutes with the swap of the frames.
        """
        if self.rows is None or z.ndim < 2:
            return None
        channels %= z.ndim
        examples = _axis_of_examples(z, channels, self.rows) if examples is None else examples
        if z.shape[examples] % (2 * self.rows.batch) or not z.shape[examples]:
            return None
        read = _first(z, channels, groups, self.received if k is None else k)
        if self.rows.padding is not None:
            return _other_of_padded(read, self.rows, self.rows.padding, channels, examples)
        return other_strand(read, self.rows.batch, channels, examples)

    def strip(self) -> None:
        """Make it the layer that it was, in place."""
        for name in [n for n, _ in self.named_parameters(recurse=False) if n.startswith("received_")]:
            delattr(self, name)
        for name in ("rows", "received", "channel_axis", "strands"):
            self.__dict__.pop(name, None)
        self.__class__ = type(self).plain  # type: ignore[assignment]

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Copied and pickled by the two classes that this one is made of."""
        state = self.__getstate__()  # type: ignore[no-untyped-call]
        return _blank, (type(self).__bases__[0], type(self).plain), state


def _axis_of_examples(z: Tensor, channels: int, rows: Rows) -> int:
    """The first axis, or the second where the model has layers of that kind and the sizes say so."""
    if not rows.either_axis or z.ndim < 3 or channels == 1 or z.shape[1] != 2 * rows.batch:
        return 0
    if z.shape[0] % z.shape[1] == 0:
        raise ValueError(
            f"interpolate: features of shape {tuple(z.shape)} may have the {z.shape[1]} examples of both on "
            "either axis, as the model has layers with batch_first=False: build it with batch_first=True, or "
            "take another batch size"
        )
    return 1


def _other_of_padded(z: Tensor, rows: Rows, padding: Padding, channels: int, examples: int) -> Tensor:
    """The frames exchanged, each row's positions reversed within its own length."""
    positions = [axis for axis in range(1, z.ndim) if axis != channels and z.shape[axis] > 1]
    rowwise = not examples and z.shape[0] == 2 * rows.batch
    if rowwise and not positions:
        return z.roll(rows.batch, 0)
    if not rowwise or [z.shape[axis] for axis in positions] != [padding.positions]:
        raise ValueError(
            f"interpolate: padded rows have {padding.positions} positions, but a site reads "
            f"{tuple(z.shape)}: choose by at= sites that read whole rows, or give sequences of one length"
        )
    return padding.reverse(z.roll(rows.batch, 0), positions[0])


def _first(z: Tensor, channels: int, groups: int, k: int) -> Tensor:
    """The first ``k`` channels of each group."""
    if groups == 1:
        return first_channels(z, k) if channels == 1 else z.narrow(channels, 0, k)
    parts = torch.unflatten(z, channels, (groups, -1)).narrow(channels + 1, 0, k)
    return parts.flatten(channels, channels + 1)


class ReceivingConvolution(Receiving):
    """``Conv1d`` and ``Conv2d`` of any stride, dilation, groups and padding: channels second."""

    strands: Rep | None = None
    """How R acts on both strands' channels, where a ``Conv1d`` receives all of them; else None."""

    def forward(self: Any, input: Tensor) -> Any:
        """The layer's answer, and its kernel for the other strand's channels; of one group as one kernel."""
        if self._has_one_window(input):
            return self._tied(input)
        other = self.other(input, 1, groups=self.groups)
        if other is None:
            return super().forward(input)
        if self.groups == 1:
            kernel = torch.cat([self.weight, self.received_weight], 1)
            return self._conv_forward(join_channels(input, other), kernel, self.bias)
        return super().forward(input) + self._conv_forward(other, self.received_weight, None)

    def _has_one_window(self: Any, input: Tensor) -> bool:
        """Whether all is received, and the windows of both strands read the same positions (T7)."""
        if self.strands is None or self.rows is None or self.rows.padding is not None:
            return False
        if input.ndim != 3 or input.shape[0] != 2 * self.rows.batch:
            return False
        left, right = self._reversed_padding_repeated_twice
        room = input.shape[2] + left + right - self.dilation[0] * (self.kernel_size[0] - 1) - 1
        return bool(left == right and room >= 0 and room % self.stride[0] == 0)

    def _tied(self: Any, input: Tensor) -> Tensor:
        """The same as one dense tied kernel, to rounding: RCPS as the paper has it, without a copy of what is
        received."""
        kernel, x = torch.cat([self.weight, self.received_weight], 1), to_halves(split(input, 0))
        if self.padding_mode == "zeros" and pays(x, self.in_channels, self.out_channels, self.kernel_size[0]):
            ends = self._reversed_padding_repeated_twice[0]
            y = tied_conv1d(x, even_and_odd(kernel), self.bias, self.dilation[0], self.stride[0], ends)
        else:
            bias = None if self.bias is None else torch.cat([self.bias] * 2)
            y = self._conv_forward(x, torch.cat([kernel, self.strands.act(kernel)]), bias)
        a, b = split(y, 1)
        return join_batches(a, flip(b))


class ReceivingTransposed(Receiving):
    """``ConvTranspose1d``."""

    def forward(self: Any, input: Tensor, output_size: Any = None) -> Any:
        """The layer's answer, and its kernel for the other strand's channels."""
        y, other = super().forward(input, output_size), self.other(input, 1, groups=self.groups)
        if other is None:
            return y
        (s,), (p,), (d,), (K,) = self.stride, self.padding, self.dilation, self.kernel_size
        least = (input.shape[-1] - 1) * s - 2 * p + d * (K - 1) + 1
        added = y.shape[-1] - least
        return y + F.conv_transpose1d(other, self.received_weight, None, s, p, added, self.groups, d)


class ReceivingLinear(Receiving):
    """``Linear``: channels last."""

    def forward(self: Any, input: Tensor) -> Any:
        """The layer's answer, and its matrix for the other strand's channels."""
        y, other = super().forward(input), self.other(input, -1)
        return y if other is None else y + F.linear(other, self.received_weight)


class ReceivingRecurrent(Receiving):
    """``LSTM``, ``GRU`` and ``RNN``: the first layer's input weights, in each direction, are that much
    wider."""

    def forward(self: Any, input: Any, hx: Any = None) -> Any:
        """The layer's outputs and states."""
        if isinstance(input, PackedSequence):
            raise ValueError(
                "interpolate: a recurrent site cannot tell the strands of a packed sequence: give it padded "
                "batches, or leave it out of at="
            )
        other = self.other(input, -1, 0 if self.batch_first else 1) if input.ndim == 3 else None
        if other is None:
            return super().forward(input, hx)
        weights = [
            torch.cat([w, getattr(self, f"received_{name}")], 1) if name.startswith("weight_ih_l0") else w
            for name, w in zip(self._flat_weights_names, self._flat_weights, strict=True)
        ]
        states = self._first_states(input) if hx is None else hx
        how = self.bias, self.num_layers, self.dropout, self.training, self.bidirectional, self.batch_first
        y, *last = getattr(_VF, self.mode.lower())(torch.cat([input, other], -1), states, weights, *how)
        return y, tuple(last) if self.mode == "LSTM" else last[0]

    def _first_states(self: Any, input: Tensor) -> Any:
        """Zeros, as the layer takes them where none are given."""
        directions, examples = 2 if self.bidirectional else 1, input.shape[0 if self.batch_first else 1]
        sizes = self.proj_size or self.hidden_size, self.hidden_size
        h, c = (input.new_zeros(directions * self.num_layers, examples, size) for size in sizes)
        return (h, c) if self.mode == "LSTM" else h


class ReceivingAttention(Receiving):
    """``MultiheadAttention``: query, key and value each receive, before their projections."""

    def forward(self: Any, query: Tensor, key: Tensor, value: Tensor, *args: Any, **kwargs: Any) -> Any:
        """The layer's answer and weights."""
        examples = 0 if self.batch_first else 1
        maps = (self.received_query, self.received_key, self.received_value)
        read = [_adapted(self, x, -1, examples, V) for x, V in zip((query, key, value), maps, strict=True)]
        return super().forward(*read, *args, **kwargs)


class ReceivingEmbedding(Receiving):
    """``Embedding``: what it answers for the ids of the other strand is received."""

    def forward(self: Any, input: Tensor) -> Any:
        """(..., positions) -> (..., positions, channels)."""
        return _adapted(self, super().forward(input), -1, None, self.received_weight)


class Adapted(Receiving):
    """Any other layer: its first argument receives, through a map of width 1, before the layer reads it."""

    channel_axis: int

    def forward(self: Any, *args: Any, **kwargs: Any) -> Any:
        """The layer's own answer for the sum."""
        if args:
            first, args = args[0], args[1:]
            return super().forward(self._adapt(first), *args, **kwargs)
        name = next(iter(kwargs))
        return super().forward(**kwargs | {name: self._adapt(kwargs[name])})

    def _adapt(self: Any, z: Tensor) -> Tensor:
        return _adapted(self, z, self.channel_axis, None, self.received_weight)


def _adapted(site: Receiving, z: Tensor, channels: int, examples: int | None, V: Tensor) -> Tensor:
    """``z`` and a map of width 1 of what it receives."""
    other = site.other(z, channels, examples, V.shape[1])
    if other is None:
        return z
    return z + F.linear(other.movedim(channels, -1), V).movedim(-1, channels)


_CLASSES: dict[tuple[type[Receiving], type[nn.Module]], type[Receiving]] = {}


def site_class(kind: type[Receiving], plain: type[nn.Module]) -> type[Receiving]:
    """The class of a layer that receives, of a kind and its own class; one for each pair of them."""
    if (kind, plain) not in _CLASSES:
        body = {"plain": plain, "__module__": __name__}
        _CLASSES[kind, plain] = type(f"Receiving{plain.__name__}", (kind, plain), body)
    return _CLASSES[kind, plain]


def _blank(kind: type[Receiving], plain: type[nn.Module]) -> Receiving:
    made = site_class(kind, plain)
    return made.__new__(made)
