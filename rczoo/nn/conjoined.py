"""Conjoin any model: run it on both strands, and merge the two answers.

Equivariant for every deterministic model, by construction; with ``mean`` it is a linear projection onto the
equivariant functions, and conjoining twice equals once. Proof: ``proofs/theorems/t03_conjoining.py``.
Source: Zhou et al. 2022, where doing this only after training is *post-hoc conjoining*.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from torch import Tensor, nn
from torch.compiler import is_compiling

from ..symmetry._memory_format import ChannelsInnermost
from ..symmetry.actions import Spec, Specs, act, argument_names, as_action, one_for_each, undrawn
from ..symmetry.frames import check_merge_of, combine
from ..symmetry.padding import Padding, fixed
from ..symmetry.rep import Rep
from ._calls import Inputs, is_flag, one_batch, padding_of, rows_of
from .canonical import CANONICAL, choose
from .paired_draws import PairedDraws, breaks_graphs, uncompiled

Merge = str | Sequence[str] | Mapping[str, str]


def conjoin(
    model: nn.Module, inputs: Specs | None = None, outputs: Specs | None = None, merge: Merge = "mean"
) -> Conjoined:
    """An equivariant model from any model: ``merge(model(x), R model(R x))``, with the same call signature.

    A spec says how RC acts: a Rep or its notation (``"2r:flip"`` or ``"dna"``), a function that applies RC to
    that tensor, or ``None`` for what RC leaves alone; :class:`rczoo.Input` stands for its action. Numbers,
    words, true and false pass through, and so does None among outputs, which may be mappings of mappings.

    Args:
        model: any module whose batch is the first axis of what RC acts on, in and out.
        inputs: one spec, a sequence in the order of ``forward``'s parameters, or a mapping from their names;
            by default the model's ``rep_in``, else DNA. Rows that are padded on the right are reversed within
            their own length, if an input has the spec ``"mask"`` (batch, positions), 1 on the sequence, or
            ``"lengths"`` (batch,). An input of spec ``None`` that is as long as the batch is taken to hold a
            row for each example.
        outputs: likewise for one output, a tuple, or a mapping; by default the model's ``rep_out``.
        merge: ``mean``, ``sum``, ``max`` or ``probability``, one for all outputs or one for each.
            ``"canonical"`` runs the model once, on the strand of each example that comes first in a fixed
            order, and turns the answer back (``rczoo.nn.canonical``): half the time, as equivariant, and
            without what averaging gains in accuracy. A change of one base may change the strand that is read;
            :func:`rczoo.score_variants` reads both alleles from that of the reference.

    Law: ``f(R x) = R f(x)`` exactly in eval mode (``probability``: to rounding). In train mode both strands
    run as one batch, so batch statistics are pooled, and dropout draws one mask per pair. What a layer draws
    for features whose first axis is not the batch is not paired, but for attention and recurrent layers. A
    model that recomputes its activations (``torch.utils.checkpoint``) must do so without dropout: the second
    pass would draw other masks.

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
        self.examples_alike = 1  # how many consecutive examples are read from the strand of the first of them
        self.merge_by(merge)
        self.either_axis = any(getattr(part, "batch_first", True) is False for part in model.modules())
        self.breaks_graphs = breaks_graphs(model)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The same inputs as the model's, and its outputs: of a mapping those that ``outputs`` names."""
        if self.merge == CANONICAL:
            return self._canonical(self._prepared(args, kwargs))
        outputs, first, second = self._answers(args, kwargs)
        return _like(outputs, _joined(_combined, self._hows, first, second))

    def _canonical(self, inputs: Inputs) -> Any:
        """What the model answers for one strand of each example, turned back; the same in train mode."""
        acted = [key for key, spec in inputs.specs.items() if not fixed(spec)]
        choice = choose((inputs.values[key], inputs.turned[key]) for key in acted)
        choice = choice.shared_by(self.examples_alike)
        read = {key: choice.read(inputs.values[key], inputs.turned[key]) for key in acted}
        outputs = self._run(*inputs.call({**inputs.values, **read}), 0, inputs.padding)
        turned = act(inputs.within(self.rep_out), outputs)
        return _like(
            outputs, _joined(lambda how, u, v: choice.turned_back(u, v), self._hows, outputs, turned)
        )

    def merge_by(self, merge: Merge) -> None:
        """Merge in this way from now on; refused where it is unknown, or not equivariant."""
        self.merge, self._hows = merge, _merge_of_each(merge, self.rep_out)

    def strands(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """What the model answers for each strand, both read in the given strand: ``(u0, u1)``, not merged.

        Inputs, passes and the structure of either answer are those of ``forward``, which merges the two.
        Law: RC of the inputs swaps them and acts on both by ``rep_out``. For :func:`rczoo.agreement_loss`.
        Raises ValueError for the merge that reads one strand.
        """
        if self.merge == CANONICAL:
            raise ValueError("strands: merge 'canonical' reads one strand: conjoin with 'mean' to have both")
        outputs, first, second = self._answers(args, kwargs)
        named = _joined(lambda how, u, v: u, self._hows, first, second)
        return _like(outputs, named), _like(outputs, second)

    def _answers(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any, Any]:
        """An output in the model's own type, then both strands' answers, read in the given strand."""
        inputs = self._prepared(args, kwargs)

        def run(given: Mapping[Any, Any], batch: int = 0) -> Any:
            call = inputs.call(given)
            if not batch or (is_compiling() and not self.training):  # modes outlive no break of the graph
                return self._run(*call, batch, inputs.padding)
            run_paired = uncompiled(self._run_paired) if self.breaks_graphs else self._run_paired
            return run_paired(*call, batch, inputs.padding)

        if self.together:
            batch, outputs = one_batch(run, inputs.specs, inputs.values, inputs.turned)
            first, second = (act(rows_of(self.rep_out, batch, strand), outputs) for strand in (0, 1))
        else:
            outputs = first = run(inputs.values)
            second = run(inputs.turned)
        return outputs, first, act(inputs.within(self.rep_out), second)

    def _run_paired(self, *call: Any) -> Any:
        """Both strands as one batch, whose draws are shared and whose features lie as for one strand."""
        with PairedDraws(call[2], self.either_axis), ChannelsInnermost():
            return self._run(*call)

    def _prepared(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Inputs:
        """The inputs by position and name, and what RC makes of them."""
        values = dict(enumerate(args)) | kwargs
        specs = {key: None if is_flag(value) else self._spec(key) for key, value in values.items()}
        inputs = Inputs(values, values, specs, padding_of(specs, values))
        within = inputs.within(specs)
        return inputs._replace(turned={key: as_action(within[key])(v) for key, v in values.items()})

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

    def extra_repr(self) -> str:
        """Specs and merge, as typed."""
        return f"{self.rep_in} -> {self.rep_out}, merge={self.merge!r}"


def _combined(how: str, u: Any, v: Any) -> Any:
    """One output of both strands; what is no tensor is the first strand's."""
    return combine(u, v, how) if isinstance(v, Tensor) else u


def _keyed(given: Any) -> dict[Any, Any]:
    """A value for each output by its name, or its position; a single one is at position 0."""
    if isinstance(given, Mapping):
        return dict(given)
    return dict(enumerate(given)) if isinstance(given, list | tuple) else {0: given}


def _several(spec: Any) -> bool:
    """Whether it stands for outputs within an output."""
    return isinstance(spec, Mapping | list | tuple)


def _merge_of_each(merge: Merge, outputs: Specs) -> dict[Any, Any]:
    """The merge of each output; refuses merges that are unknown, not equivariant, or not one for each."""
    specs = _keyed(outputs)
    if merge == CANONICAL:
        return {n: _merge_of_each(merge, spec) if _several(spec) else merge for n, spec in specs.items()}
    hows: dict[Any, Any] = dict.fromkeys(specs, merge) if isinstance(merge, str) else _keyed(merge)
    if CANONICAL in hows.values():
        raise ValueError(
            f"conjoin: merge 'canonical' reads one strand for all outputs, but merge is {merge!r}: give "
            "merge='canonical', or another merge for each"
        )
    for key, how in hows.items():
        if _several(specs.get(key)):
            hows[key] = _merge_of_each(how, specs[key])
        else:
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


def _joined(join: Callable[[Any, Any, Any], Any], hows: Any, first: Any, second: Any) -> Any:
    """``join(how, u, v)`` of each output of both strands; of mappings the outputs that the second has."""
    if isinstance(second, dict):
        return {name: _joined(join, hows[name], first[name], v) for name, v in second.items()}
    if isinstance(second, tuple):
        each = one_for_each(list(hows.values()), second) or []
        return tuple(_joined(join, how, u, v) for how, u, v in zip(each, first, second, strict=True))
    return join(hows[0] if isinstance(hows, dict) else hows, first, second)


def _like(outputs: Any, merged: Any) -> Any:
    """What was merged, in the model's own types of sequences and mappings."""
    if isinstance(merged, tuple):
        made = tuple(map(_like, outputs, merged))
        return getattr(outputs, "_make", type(outputs))(made)
    if isinstance(merged, dict):
        named = {name: _like(outputs[name], value) for name, value in merged.items()}
        return named if type(outputs) is dict else type(outputs)(**named)
    return merged
