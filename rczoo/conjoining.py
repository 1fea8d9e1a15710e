"""Conjoin any model: run it on both strands, and merge the two answers.

Equivariant for every deterministic model, by construction; with ``mean`` it is a linear projection onto the
equivariant functions, and conjoining twice equals once. Proof: ``proofs/t03_conjoining.py``.
Source: Zhou et al. 2022, where doing this only after training is *post-hoc conjoining*.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn

from .actions import Spec, act, as_action
from .frames import check_merge_of, combine
from .rep import Rep

Specs = Spec | Sequence[Spec] | Mapping[str, Spec]
Merge = str | Sequence[str] | Mapping[str, str]


def conjoin(
    model: nn.Module, inputs: Specs | None = None, outputs: Specs | None = None, merge: Merge = "mean"
) -> Conjoined:
    """An equivariant model from any model: ``merge(model(x), R model(R x))``, with the same call signature.

    ``inputs``: how RC acts on each input, as one spec, a sequence in the order of ``forward``'s parameters,
    or a mapping from their names; ``outputs``: likewise for one output, a tuple, or a mapping. A spec
    is a Rep or its notation (``"2r:flip"`` or ``"dna"``), a function that applies RC to that tensor, or
    ``None`` for what RC leaves alone. By default the model's own ``rep_in`` (else DNA) and ``rep_out``.
    ``merge``: ``mean``, ``sum``, ``max`` or ``probability``, one for all outputs or one for each.

    Law: ``f(R x) = R f(x)`` exactly in eval mode (``probability``: to rounding). In train mode both strands
    run as one batch, so batch statistics are pooled, and every ``nn.Dropout`` draws one mask per pair.

    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(4 * 10, 1))
    >>> both = conjoin(net, outputs="1t").eval()
    """
    inputs = inputs if inputs is not None else getattr(model, "rep_in", "dna")
    outputs = outputs if outputs is not None else getattr(model, "rep_out", None)
    if outputs is None:
        raise ValueError(
            f"conjoin: {type(model).__name__} declares no rep_out: say how RC acts on its outputs, for "
            "example outputs='1t' for a label's logit or outputs='1r' for two strands"
        )
    return Conjoined(model, inputs, outputs, merge)


class Conjoined(nn.Module):
    """A model run on both strands and merged; made by :func:`conjoin`. The model itself is ``.model``."""

    def __init__(self, model: nn.Module, inputs: Specs, outputs: Specs, merge: Merge) -> None:
        super().__init__()
        self.model, self.rep_in, self.rep_out, self.merge = model, inputs, outputs, merge
        if isinstance(model, Conjoined):  # its signature is *args
            self._names: list[str] = model._names
        else:
            self._names = list(inspect.signature(model.forward).parameters)
        self._hows = _merge_of_each(merge, outputs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The same inputs as the model's, and the same structure of outputs."""
        turned = [self._turn(n, None, value) for n, value in enumerate(args)]
        turned_named = {name: self._turn(None, name, value) for name, value in kwargs.items()}
        if self.training:
            first, second = self._one_batch(args, kwargs, turned, turned_named)
        else:
            first, second = self.model(*args, **kwargs), self.model(*turned, **turned_named)
        return self._merge(first, act(self.rep_out, second))

    def _turn(self, position: int | None, name: str | None, value: Any) -> Any:
        """Reverse complement of one input, found by its position or its name."""
        if value is None:
            return None
        if isinstance(self.rep_in, Mapping):
            key = name if name is not None else self._names[position or 0]
            if key not in self.rep_in:
                raise ValueError(f"conjoin: no spec for input {key!r}: add it to inputs, or map it to None")
            return as_action(self.rep_in[key])(value)
        specs = list(self.rep_in) if isinstance(self.rep_in, list | tuple) else [cast(Spec, self.rep_in)]
        index = position if position is not None else self._names.index(str(name))
        if index >= len(specs):
            raise ValueError(
                f"conjoin: input {index + 1} given, but inputs has {len(specs)} spec(s): name one for each "
                "(None for what RC leaves alone)"
            )
        return as_action(specs[index])(value)

    def _one_batch(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], turned: Sequence[Any], named: Mapping[str, Any]
    ) -> tuple[Any, Any]:
        """Both strands in one call, so that they share batch statistics and dropout masks."""
        batch = next(len(v) for v in [*args, *kwargs.values()] if isinstance(v, Tensor) and v.ndim)

        def join(u: Any, v: Any) -> Any:
            return torch.cat([u, v]) if isinstance(u, Tensor) and u.ndim and len(u) == batch else u

        with _paired_dropout(self.model, batch):
            both = self.model(
                *map(join, args, turned), **{name: join(kwargs[name], named[name]) for name in kwargs}
            )
        return _each(both, lambda y: y[:batch]), _each(both, lambda y: y[batch:])

    def _merge(self, first: Any, second: Any) -> Any:
        """Merge outputs of one structure; a mapping keeps the entries that ``outputs`` names."""
        if isinstance(second, Mapping):
            return {name: combine(first[name], second[name], self._hows[name]) for name in second}
        if isinstance(second, tuple):
            pairs = zip(first, second, strict=True)
            return tuple(combine(u, v, self._hows[n]) for n, (u, v) in enumerate(pairs))
        return combine(first, second, self._hows[0])

    def extra_repr(self) -> str:
        """Specs and merge, as typed."""
        return f"{self.rep_in} -> {self.rep_out}, merge={self.merge!r}"


def _keyed(given: Any) -> dict[Any, Any]:
    """A value for each output by its name, or its position; a single one is at position 0."""
    if isinstance(given, Mapping):
        return dict(given)
    return dict(enumerate(given)) if isinstance(given, list | tuple) else {0: given}


def _merge_of_each(merge: Merge, outputs: Specs) -> dict[Any, str]:
    """The merge of each output; refuses merges that are unknown, not equivariant, or not one for each."""
    specs = _keyed(outputs)
    hows = dict.fromkeys(specs, merge) if isinstance(merge, str) else _keyed(merge)
    for key, how in hows.items():
        check_merge_of(getattr(as_action(specs.get(key)), "rep", Rep()), how)
    if set(hows) != set(specs):
        if isinstance(merge, Mapping) or isinstance(outputs, Mapping):
            names = [", ".join(map(str, keys)) for keys in (hows, specs)]
            raise ValueError(
                f"conjoin: merge names {names[0]}, but outputs names {names[1]}: "
                "give one merge for each output"
            )
        raise ValueError(
            f"conjoin: {len(hows)} merge(s) for {len(specs)} output(s): give one word, or one for each output"
        )
    return hows


def _each(outputs: Any, function: Callable[[Tensor], Tensor]) -> Any:
    """Apply a function to every tensor of one output, a sequence or a mapping."""
    if isinstance(outputs, Mapping):
        return {name: function(y) for name, y in outputs.items() if isinstance(y, Tensor)}
    if isinstance(outputs, list | tuple):
        return tuple(function(y) for y in outputs)
    return function(outputs)


@contextmanager
def _paired_dropout(model: nn.Module, batch: int) -> Iterator[None]:
    """While it lasts, every dropout layer gives both halves of its batch the same mask."""
    layers = [m for m in model.modules() if isinstance(m, nn.Dropout | nn.Dropout1d | nn.Dropout2d)]
    for layer in layers:
        layer.forward = partial(_same_mask, layer, batch)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


def _same_mask(layer: nn.Module, batch: int, x: Tensor) -> Tensor:
    if len(x) != 2 * batch:  # no batch axis, as of positional features: both strands share it already
        return type(layer).forward(layer, x)
    mask = type(layer).forward(layer, torch.ones_like(x[: len(x) // 2]))
    return x * torch.cat([mask, mask])
