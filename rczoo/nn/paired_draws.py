"""One random draw for both strands: dropout, noise and hidden masks of a batch that holds a pair of frames.

In train mode a model sees ``cat([x, R x])`` as one batch. What it draws at random for a sequence it must draw
for the reverse complement too, or the two answers differ by more than the law allows.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


class PairedDraws(TorchFunctionMode):
    """Inside it, what is drawn for a batch of one strand, then the other, is the same for both.

    ``batch``: how many examples each strand has. A dropout's mask is drawn for one strand and used for
    both; a tensor filled at random gets its first half twice; a layer that hides its draws (attention, a
    recurrent layer) runs once for each strand, from the same state of the generator. Paired is what has the
    examples as its first axis; in a model with layers that have them second (``either_axis``) that, too.
    Where the sizes do not tell which it is, the draws are alike along both.
    """

    def __init__(self, batch: int, either_axis: bool = False) -> None:
        super().__init__()
        self.batch, self.either_axis = batch, either_axis

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """One operation, its draws paired."""
        kwargs = kwargs or {}
        if function in _MASKS:
            return self._masked(function, *args, **kwargs)
        name = getattr(function, "__name__", "")
        if name in _HIDDEN:
            return self._replayed(name, function, args, kwargs)
        result = function(*args, **kwargs)
        if name in _FILLS and isinstance(result, Tensor) and not isinstance(result, nn.Parameter):
            for axis in self._axes(result):
                half = result.shape[axis] // 2
                result.narrow(axis, half, half).copy_(result.narrow(axis, 0, half))
        return result

    def _masked(
        self, dropout: Any, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
    ) -> Tensor:
        """Dropout with a mask drawn for one strand."""
        axes = self._axes(input) if training else ()
        if not axes:
            dropped: Tensor = dropout(input, p, training, inplace)
            return dropped
        one_strand = input
        for axis in axes:
            one_strand = one_strand.narrow(axis, 0, one_strand.shape[axis] // 2)
        masks = dropout(torch.ones_like(one_strand), p, training)
        for axis in axes:
            masks = torch.cat([masks, masks], axis)
        return input.mul_(masks) if inplace else input * masks

    def _replayed(self, name: str, function: Any, args: Any, kwargs: Any) -> Any:
        """A function that hides its draws, run for each strand from the same state of the generator."""
        call = _arguments(function, args, kwargs)
        axes = _HIDDEN[name](call)
        if axes is None:
            return function(*args, **kwargs)
        first, axis = next(iter(axes.inputs.items()))
        if not self._paired(call[first], axis):
            return function(*args, **kwargs)
        device = call[first].device
        with torch.random.fork_rng([] if device.type == "cpu" else [device], device_type=device.type):
            given = _run(function, call, axes.inputs, 0)
        return _joined(given, _run(function, call, axes.inputs, 1), axes.outputs)

    def _axes(self, x: Tensor) -> list[int]:
        """The axes that may hold both strands' examples."""
        second = self.either_axis and x.ndim > 2 and x.shape[1] == 2 * self.batch
        return [axis for axis in (0, 1) if (second if axis else self._paired(x, 0))]

    def _paired(self, x: Tensor, axis: int) -> bool:
        """Whether an axis has the size of both strands' examples, or of several rows of each (heads,
        windows)."""
        return x.ndim > axis and x.shape[axis] > 0 and x.shape[axis] % (2 * self.batch) == 0


Run = TypeVar("Run", bound=Callable[..., Any])


def uncompiled(run: Run) -> Run:
    """The same function, which ``torch.compile`` leaves as it is.

    It goes on wrongly where a graph breaks inside a mode.
    """
    if not torch.compiler.is_compiling():
        return run
    return cast(Run, torch.compiler.disable(run))  # type: ignore[no-untyped-call]


def breaks_graphs(model: nn.Module) -> bool:
    """Whether PyTorch compiles no single graph of the model under a mode: recurrent layers, its attention."""
    return any(isinstance(part, nn.RNNBase | nn.MultiheadAttention) for part in model.modules())


Call = dict[Any, Any]
"""The arguments of a call: of a Python function by their names, else by their positions, or as they were
named."""


class Axes(NamedTuple):
    """Where the examples are: the axis of each argument, the one to be asked first, and of each result."""

    inputs: dict[Any, int]
    outputs: tuple[int, ...] = (0,)


def _arguments(function: Callable[..., Any], args: Any, kwargs: Any) -> Call:
    if inspect.isbuiltin(function):
        return {**dict(enumerate(args)), **kwargs}
    call = inspect.signature(function).bind(*args, **kwargs)
    call.apply_defaults()
    return dict(call.arguments)


def _of_one_tensor(call: Call) -> Axes | None:
    """Functions of one tensor, some of which draw in training only."""
    return Axes({next(iter(call)): 0}) if call.get("training", True) else None


def _dot_product_attention(call: Call) -> Axes | None:
    """``scaled_dot_product_attention(query, key, value, attn_mask, dropout_p)``."""
    query, key, value, mask, dropout = (
        name if name in call else n
        for n, name in enumerate(("query", "key", "value", "attn_mask", "dropout_p"))
    )
    if not call.get(dropout):
        return None
    masks = call.get(mask) is not None and call[mask].shape[:1] == call[query].shape[:1]
    masks = masks and call[mask].ndim == call[query].ndim
    return Axes(dict.fromkeys((query, key, value, mask) if masks else (query, key, value), 0))


def _multi_head_attention(call: Call) -> Axes | None:
    """``multi_head_attention_forward``: the examples are second, but first in masks and in the weights."""
    if not (call["training"] and call["dropout_p"]) or call["query"].ndim == 2:
        return None
    masks = [
        n for n, ndim in (("key_padding_mask", 2), ("attn_mask", 3)) if getattr(call[n], "ndim", 0) == ndim
    ]
    return Axes(dict.fromkeys(("query", "key", "value"), 1) | dict.fromkeys(masks, 0), (1, 0))


def _recurrent(call: Call) -> Axes | None:
    """``lstm(input, states, weights, bias, layers, dropout, training, bidirectional, batch_first)`` and its
    like.

    Of a packed sequence, ``(data, batch sizes, states, weights, bias, layers, dropout, training, ...)``.
    """
    packed = isinstance(call[1], Tensor) and call[1].dtype == torch.int64
    if packed and call[6] and call[7]:
        raise ValueError(
            "conjoin: a recurrent layer drops out of a packed sequence, which does not say whose a row is: "
            "give it padded batches, or dropout=0"
        )
    if packed or not (call[5] and call[6]):
        return None
    batch = 0 if call[8] else 1
    return Axes({0: batch, 1: 1}, (batch, 1, 1))


_MASKS = (F.dropout, F.dropout1d, F.dropout2d, F.dropout3d)
_HIDDEN: dict[str, Callable[[Call], Axes | None]] = {
    **dict.fromkeys(("alpha_dropout", "feature_alpha_dropout", "rrelu", "gumbel_softmax"), _of_one_tensor),
    "scaled_dot_product_attention": _dot_product_attention,
    "multi_head_attention_forward": _multi_head_attention,
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), _recurrent),
}
"""Functions that draw within: of a call, where the examples are, or None where nothing is drawn."""

_FILLS = {"rand", "randn", "randint", "normal", "bernoulli", "rand_like", "randn_like", "randint_like"}
_FILLS |= {
    "bernoulli_",
    "uniform_",
    "normal_",
    "exponential_",
    "random_",
    "cauchy_",
    "log_normal_",
    "geometric_",
}
"""Functions and methods that fill a tensor at random, as stochastic depth and noise use them."""


def _run(function: Callable[..., Any], call: Call, axes: dict[Any, int], strand: int) -> Any:
    """The function of one strand's half of its arguments; an argument given twice stays one tensor."""
    halves: dict[int, Tensor] = {}

    def half(value: Any, axis: int) -> Any:
        if isinstance(value, tuple):
            return tuple(half(v, axis) for v in value)
        return halves.setdefault(id(value), value.chunk(2, axis)[strand])

    given = {key: half(value, axes[key]) if key in axes else value for key, value in call.items()}
    positional = [given[n] for n in range(len(given)) if n in given]
    return function(*positional, **{name: value for name, value in given.items() if isinstance(name, str)})


def _joined(given: Any, other: Any, axes: tuple[int, ...]) -> Any:
    """Both strands' results as one batch."""
    if isinstance(given, Tensor):
        return torch.cat([given, other], axes[0])
    results = zip(given, other, axes, strict=False)  # a GRU has one state, an LSTM two
    return tuple(None if u is None else torch.cat([u, v], axis) for u, v, axis in results)
