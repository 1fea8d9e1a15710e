"""Conjoin any model: run it on both strands, and merge the two answers.

Equivariant for every deterministic model, by construction; with ``mean`` it is a linear projection onto the
equivariant functions, and conjoining twice equals once. Proof: ``proofs/theorems/t03_conjoining.py``.
Source: Zhou et al. 2022, where doing this only after training is *post-hoc conjoining*.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn

from ..symmetry._memory_format import ChannelsInnermost
from ..symmetry.actions import Spec, Specs, act, argument_names, as_action, undrawn
from ..symmetry.frames import check_merge_of, combine
from ..symmetry.padding import Padding, fixed, position_axis
from ..symmetry.rep import Rep
from .paired_draws import PairedDraws

Merge = str | Sequence[str] | Mapping[str, str]


def conjoin(
    model: nn.Module, inputs: Specs | None = None, outputs: Specs | None = None, merge: Merge = "mean"
) -> Conjoined:
    """An equivariant model from any model: ``merge(model(x), R model(R x))``, with the same call signature.

    ``inputs``: how RC acts on each input, as one spec, a sequence in the order of ``forward``'s parameters,
    or a mapping from their names; ``outputs``: likewise for one output, a tuple, or a mapping. A spec is a
    Rep or its notation (``"2r:flip"`` or ``"dna"``), a function that applies RC to that tensor, or ``None``
    for what RC leaves alone; :class:`rczoo.Input` stands for its action. Numbers, words, true and false pass
    through. By default the model's own ``rep_in`` (else DNA) and ``rep_out``. Rows that are padded on the
    right are reversed within their own length, if an input has the spec ``"mask"`` (batch, positions), 1 on
    the sequence, or ``"lengths"`` (batch,). ``merge``: ``mean``, ``sum``, ``max`` or ``probability``, one for
    all outputs or one for each.

    Law: ``f(R x) = R f(x)`` exactly in eval mode (``probability``: to rounding). In train mode both strands
    run as one batch, so batch statistics are pooled, and dropout draws one mask per pair. Hence the batch
    must be the first axis of what RC acts on, in and out. An input of spec ``None`` that is as long as the
    batch is taken to hold a row for each example. What a layer draws for features whose first axis is not
    the batch is not paired, but for attention and recurrent layers. A model that recomputes its activations
    (``torch.utils.checkpoint``) must do so without dropout: the second pass would draw other masks.

    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(4 * 10, 1))
    >>> both = conjoin(net, outputs="1t").eval()
    """
    return Conjoined(model, *declared(model, inputs, outputs, "conjoin"), merge)


def declared(
    model: nn.Module, inputs: Specs | None, outputs: Specs | None, caller: str
) -> tuple[Specs, Specs]:
    """How RC acts on inputs and outputs: as given, else as the model declares it."""
    inputs = undrawn(inputs if inputs is not None else getattr(model, "rep_in", "dna"))
    outputs = outputs if outputs is not None else getattr(model, "rep_out", None)
    if outputs is None:
        raise ValueError(
            f"{caller}: {type(model).__name__} declares no rep_out: say how RC acts on its outputs, for "
            "example outputs='1t' for a label's logit or outputs='1r' for two strands"
        )
    return inputs, outputs


class Conjoined(nn.Module):
    """A model run on both strands and merged; made by :func:`conjoin`. The model itself is ``.model``."""

    framed = True
    """It reads each strand from its own 5' end, so its windows need not coincide on both strands (T7)."""

    def __init__(self, model: nn.Module, inputs: Specs, outputs: Specs, merge: Merge) -> None:
        super().__init__()
        self.model, self.rep_in, self.rep_out = model, inputs, outputs
        self.argument_names = argument_names(model)
        self.merge_by(merge)
        self.either_axis = any(getattr(part, "batch_first", True) is False for part in model.modules())

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The same inputs as the model's, and its outputs: of a mapping those that ``outputs`` names."""
        outputs, first, second = self._answers(args, kwargs)
        return _like(outputs, _joined(self._combine, first, second))

    def merge_by(self, merge: Merge) -> None:
        """Merge in this way from now on; refused where it is unknown, or not equivariant."""
        self.merge, self._hows = merge, _merge_of_each(merge, self.rep_out)

    def strands(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """What the model answers for each strand, both read in the given strand: ``(u0, u1)``, not merged.

        Inputs, passes and the structure of either answer are those of ``forward``, which merges the two.
        Law: RC of the inputs swaps them and acts on both by ``rep_out``. For :func:`rczoo.agreement_loss`.
        """
        outputs, first, second = self._answers(args, kwargs)
        named = _joined(lambda key, u, v: u, first, second)
        return _like(outputs, named), _like(outputs, second)

    def _answers(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any, Any]:
        """An output in the model's own type, then both strands' answers, read in the given strand."""
        values = dict(enumerate(args)) | kwargs
        specs = {key: None if _is_flag(value) else self._spec(key) for key, value in values.items()}
        padding = _padding(specs, values)
        within = {key: padding.within(spec) for key, spec in specs.items()} if padding else specs
        turned = {key: as_action(within[key])(value) for key, value in values.items()}

        def run(given: Mapping[Any, Any], batch: int = 0) -> Any:
            call = [given[n] for n in range(len(args))], {name: given[name] for name in kwargs}
            if not batch:
                return self._run(*call, batch, padding)
            with PairedDraws(batch, self.either_axis), ChannelsInnermost():
                return self._run(*call, batch, padding)

        if self.together:
            batch, outputs = one_batch(run, specs, values, turned)
            first, second = (act(rows_of(self.rep_out, batch, strand), outputs) for strand in (0, 1))
        else:
            outputs = first = run(values)
            second = run(turned)
        return outputs, first, act(padding.within(self.rep_out) if padding else self.rep_out, second)

    @property
    def together(self) -> bool:
        """Whether both strands run as one batch, one after the other."""
        return self.training

    def _run(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], batch: int, padding: Padding | None
    ) -> Any:
        """The model's answer for one strand, or for ``batch`` examples of either."""
        return self.model(*args, **kwargs)

    def _spec(self, key: int | str) -> Spec:
        """How RC acts on one input, found by its position or its name."""
        if isinstance(self.rep_in, Mapping):
            if isinstance(key, int) and key >= len(self.argument_names):
                raise ValueError(
                    f"conjoin: input {key + 1} has no name in the model's forward: give it by its name, or "
                    "inputs as a sequence"
                )
            name = self.argument_names[key] if isinstance(key, int) else key
            if name not in self.rep_in:
                raise ValueError(f"conjoin: no spec for input {name!r}: add it to inputs, or map it to None")
            return self.rep_in[name]
        specs = list(self.rep_in) if isinstance(self.rep_in, list | tuple) else [cast(Spec, self.rep_in)]
        if isinstance(key, str) and key not in self.argument_names:
            raise ValueError(
                f"conjoin: input {key!r} has no place among the parameters of the model's forward "
                f"({', '.join(self.argument_names) or 'none is named'}): give inputs as a mapping from names"
            )
        index = self.argument_names.index(key) if isinstance(key, str) else key
        if index >= len(specs):
            raise ValueError(
                f"conjoin: input {index + 1} given, but inputs has {len(specs)} spec(s): name one for each "
                "(None for what RC leaves alone)"
            )
        return specs[index]

    def _combine(self, key: int | str, u: Any, v: Any) -> Any:
        """Merge one output; what is no tensor is the first strand's."""
        return combine(u, v, self._hows[key]) if isinstance(v, Tensor) else u

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


def _joined(join: Callable[[Any, Any, Any], Any], first: Any, second: Any) -> Any:
    """``join(key, u, v)`` of each output of both strands; of mappings the outputs that the second has."""
    if isinstance(second, dict):
        return {name: join(name, first[name], v) for name, v in second.items()}
    if isinstance(second, tuple):
        return tuple(join(n, u, v) for n, (u, v) in enumerate(zip(first, second, strict=True)))
    return join(0, first, second)


def _like(outputs: Any, merged: Any) -> Any:
    """What was merged, in the model's own type of sequence or mapping."""
    if isinstance(merged, tuple):
        return getattr(outputs, "_make", type(outputs))(merged)
    return type(outputs)(**merged) if isinstance(merged, dict) and type(outputs) is not dict else merged


def one_batch(
    run: Callable[[Any, int], Any],
    specs: Mapping[Any, Spec],
    values: Mapping[Any, Any],
    turned: Mapping[Any, Any],
) -> tuple[int, Any]:
    """How many examples there are, and what ``run`` gives for their strands, one after the other.

    ``specs`` say how RC acts on each of ``values``, and ``turned`` holds the results. Joined are those that
    RC acts on, which must be tensors with the examples as first axis, and others that are as long.
    """
    sizes = [_size(values[key]) for key, spec in specs.items() if not fixed(spec)]
    if not sizes or sizes[0] is None or set(sizes) != {sizes[0]}:
        raise ValueError(
            "conjoin: both strands run as one batch, so the inputs that RC acts on must be "
            f"tensors with the examples as first axis, but the sizes of that axis are {sizes}"
        )
    batch = sizes[0]
    both = {key: torch.cat([v, turned[key]]) if _size(v) == batch else v for key, v in values.items()}
    return batch, run(both, batch)


def _is_flag(value: Any) -> bool:
    """Whether an argument is one that RC cannot touch, such as ``return_dict=True``."""
    return value is None or isinstance(value, bool | int | float | str)


def _padding(specs: Mapping[Any, Spec], values: Mapping[Any, Any]) -> Padding | None:
    """How far each row goes, from the input that says it."""
    for key, spec in specs.items():
        if spec == "mask":
            return Padding.of_mask(values[key])
        if spec == "lengths":
            acted = next((k for k, s in specs.items() if not fixed(s)), key)
            axis = position_axis(as_action(specs[acted]), values[acted], 0)
            return Padding(values[key], values[acted].shape[-1 if axis is None else axis])
    return None


def _size(value: Any) -> int | None:
    """The length of a tensor's first axis."""
    return len(value) if isinstance(value, Tensor) and value.ndim else None


def rows_of(specs: Any, batch: int, strand: int) -> Any:
    """For each output, the function that takes the rows of one strand from those of both."""

    def rows(spec: Spec, y: Any) -> Any:
        if _size(y) == 2 * batch:
            return y[strand * batch : (strand + 1) * batch]
        if fixed(spec):
            return y
        found = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
        raise ValueError(
            f"conjoin: where both strands run as one batch, an output must have the {2 * batch} examples of "
            f"both as its first axis, got {found}: conjoin after training, or give it the spec None"
        )

    if isinstance(specs, Mapping):
        return {name: partial(rows, spec) for name, spec in specs.items()}
    return [partial(rows, s) for s in specs] if isinstance(specs, list | tuple) else partial(rows, specs)
