"""A model under test: how its inputs are drawn, how RC acts on them, and what its outputs are called."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter

from ..hardware import choose_device
from ..symmetry.actions import Action, RepAction, Spec, as_action, tokens
from ..symmetry.dna import UNKNOWN, complement_codes, decode
from ..symmetry.padding import PADDED, Padding
from ..symmetry.rep import Rep
from .calls.inputs import Input, Problem, explain, input_maker, padding_input, row_lengths
from .calls.meter import Meter, Seen, SpentError
from .calls.outputs import Both, flattened, largest_error, named_outputs
from .calls.precision import KeepPrecision, KeepPrecisionWithin, Kept, rounds_more
from .calls.state import State, random_states

__all__ = ["Encode", "Input", "Problem", "TestedModel", "describe"]

Encode = Callable[[list[str]], Any]
"""From strings to the model's inputs: a tensor, a tuple of them, or a mapping from argument names."""


@dataclass(frozen=True)
class TestedModel:
    """A model with its inputs and outputs by name; ``keywords`` says that inputs are passed by name.

    ``arguments`` are what is passed beside the inputs, and RC cannot touch. ``remembers``: a call leaves the
    model in whatever state it brings it to. ``mask``: the number type of masks, see :meth:`accepting`.
    ``declared``: the specs of the outputs as they were given. ``seen``: what its first pass showed.
    """

    model: nn.Module
    inputs: dict[str, Input]
    outputs: dict[str, Action]
    keywords: bool = False
    encode: Encode | None = None
    layout: str = "NCL"
    dtype: torch.dtype = torch.float32
    device: str = "cpu"
    around: list[Callable[[nn.Module], Any]] = field(default_factory=list)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    remembers: bool = False
    mask: torch.dtype = torch.int64
    declared: Any = None
    meter: Meter = field(default_factory=Meter)
    seen: Seen = field(default_factory=Seen)

    @property
    def sequence(self) -> str:
        """The name of the input that is drawn as the sequence: the first that can be one, else the first."""
        for name, spec in self.inputs.items():
            action = as_action(spec.action)
            if isinstance(action, tokens) or (
                isinstance(action, RepAction) and action.rep.channels in (4, 5)
            ):
                return name
        return next(iter(self.inputs))

    @property
    def computes(self) -> torch.dtype:
        """The type that rounds most of those in which its first pass computed; before it, its own."""
        seen = self.seen.narrowest
        return seen if seen is not None and rounds_more(seen, self.dtype) else self.dtype

    def at(self, dtype: torch.dtype, train: bool = False) -> TestedModel:
        """The same, on a copy of its model, in another number type; in eval mode unless ``train``.

        Raises :class:`Problem` where the model cannot be copied, or not in this number type.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                model = copy.deepcopy(self.model).to(device=self.device, dtype=dtype)
            except Exception as error:
                raise Problem(f"cannot be copied, as every check needs: {explain(error)}") from error
        return replace(self, model=model.train(train), dtype=dtype, seen=Seen())

    def accepting(self, codes: np.ndarray) -> TestedModel:
        """The same, with its masks in a type that the model takes: whole numbers, truth values or floats."""
        if "mask" not in [spec.action for spec in self.inputs.values() if isinstance(spec.action, str)]:
            return self
        for mask in (torch.int64, torch.bool, torch.float32):
            other = replace(self, mask=mask)
            with suppress(Problem, SpentError), torch.no_grad(), self.meter.free():
                other(other.pair(codes)[0])
                return other
        return self

    def under(self, *around: Callable[[nn.Module], Any]) -> TestedModel:
        """The same, whose every call runs inside these context managers, each made of its model."""
        return replace(self, around=[*self.around, *around])

    def keeping(self, kept: Kept, how: type[KeepPrecision | KeepPrecisionWithin]) -> TestedModel:
        """The same, whose casts to floats that round more than its own are not made."""
        return replace(self, around=[*self.around, lambda model: how(kept)], seen=Seen())

    def pair(self, codes: np.ndarray, seed: int = 0) -> tuple[Any, Any]:
        """The inputs for these base codes (batch, length), and their reverse complement.

        Raises :class:`Problem` where they cannot be made.
        """
        try:
            if self.encode is not None:
                return self._encoded(codes), self._encoded(complement_codes(codes))
            generator = torch.Generator().manual_seed(seed)
            if (padding := self.padding(codes)) is not None:
                after = np.arange(codes.shape[1]) >= padding.lengths.cpu().numpy()[:, None]
                codes = np.where(after, UNKNOWN, codes)
            made = {name: self.draw(name, codes, generator) for name in self.inputs}
            actions = {name: spec.action for name, spec in self.inputs.items()}
            within = actions if padding is None else padding.within(actions)
            turned = {name: as_action(within[name])(x) for name, x in made.items()}
        except Problem:
            raise
        except Exception as error:  # an encode=, make= or action of the user's
            raise Problem(f"its inputs cannot be made: {explain(error)}") from error
        return self._pack(made), self._pack(turned)

    def __call__(self, inputs: Any, seed: int = 0) -> dict[str, torch.Tensor]:
        """Every output by name, for inputs as :meth:`pair` gives them. Raises :class:`Problem`.

        The model is left in the state in which it was, unless ``remembers``.
        """
        args, kwargs = ((), inputs) if isinstance(inputs, Mapping) else (inputs, {})
        with self.meter.forward(self.seen):
            state = None if self.remembers else State(self.model)
            try:
                raw = self._run(args, {**self.arguments, **kwargs}, seed)
            except Exception as error:
                raise Problem(explain(error)) from error
            finally:
                if state is not None:
                    state.restore()
        return named_outputs(raw, list(self.outputs))

    def twice(self, inputs: Any) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor], list[str]]:
        """Two answers, the second in the state that the first call left, by other chance; and what moved."""
        state, remembering = State(self.model), replace(self, remembers=True)
        try:
            answer, again = remembering(inputs), remembering(inputs, seed=1)
            return answer, again, state.moved()
        finally:
            state.restore()

    def _run(self, args: Any, kwargs: Mapping[str, Any], seed: int) -> Any:
        """What the model returns, its random numbers drawn from ``seed``."""
        with torch.random.fork_rng(devices=[]), self.surroundings():
            torch.default_generator.manual_seed(seed)  # torch.manual_seed takes 20 ms where there is no GPU
            if self.device != "cpu":
                torch.manual_seed(seed)
            before = random_states()
            try:
                return self.model(*args, **kwargs)
            finally:
                self.meter.drew = random_states() != before

    @contextmanager
    def surroundings(self) -> Iterator[None]:
        """In what every call runs, and what calls a part of the model again."""
        default = torch.get_default_dtype()
        with warnings.catch_warnings(), ExitStack() as stack:
            warnings.simplefilter("ignore")
            torch.set_default_dtype(self.dtype)  # so that tensors a model makes for itself are no narrower
            stack.callback(torch.set_default_dtype, default)
            for mend in self.around:
                stack.enter_context(mend(self.model))
            yield

    def both(self, codes: np.ndarray, seed: int = 0) -> Both:
        """For each output, what came out for ``R x`` and what the law demands: ``R f(x)``."""
        x, turned = self.pair(codes, seed)
        with torch.no_grad():
            return self.compare(self(turned, seed), self(x, seed), codes)

    def compare(
        self, got: dict[str, torch.Tensor], answer: dict[str, torch.Tensor], codes: np.ndarray
    ) -> Both:
        """For each output, what came out for ``R x``, and RC of the answer for x, the sequences ``codes``."""
        padding = self.padding(codes)
        return {name: (got[name], self.act(name, y, padding)) for name, y in answer.items()}

    def padding(self, codes: np.ndarray) -> Padding | None:
        """How far each of these rows goes, where an input of the model says it."""
        if not any(padding_input(spec.action) for spec in self.inputs.values()):
            return None
        return Padding(row_lengths(*codes.shape).to(self.device), codes.shape[1])

    def error(self, codes: np.ndarray, seed: int = 0) -> float:
        """The relative error of the law, the largest over outputs."""
        return largest_error(self.both(codes, seed))

    def act(self, name: str, output: torch.Tensor, padding: Padding | None = None) -> torch.Tensor:
        """RC of an output, of padded rows within them; a Rep that does not fit it is a :class:`Problem`."""
        try:
            action = self.outputs[name]
            turned: torch.Tensor = (action if padding is None else padding.within(action))(output)
            return turned
        except Exception as error:
            raise Problem(f"output {name!r} does not fit what was declared: {explain(error)}") from error

    def draw(self, name: str, codes: np.ndarray, generator: torch.Generator) -> torch.Tensor:
        """One input as a tensor, floats in its type."""
        spec = self.inputs[name]
        first = name == self.sequence
        made = (spec.make or input_maker(spec, self.layout, first, self.model))(codes, generator)
        if isinstance(spec.action, str) and spec.action == "mask" and not spec.make:
            made = made.to(self.mask)
        return made.to(device=self.device, dtype=self.dtype if made.is_floating_point() else None)

    def _encoded(self, codes: np.ndarray) -> Any:
        """The inputs that ``encode`` makes of these sequences."""
        assert self.encode is not None
        made = self.encode([decode(row) for row in codes])
        if isinstance(made, Mapping):
            return {name: value.to(self.device) for name, value in made.items()}
        return tuple(value.to(self.device) for value in (made if isinstance(made, list | tuple) else (made,)))

    def _pack(self, made: dict[str, torch.Tensor]) -> Any:
        return made if self.keywords else tuple(made.values())


def describe(
    model: Any,
    inputs: Any = None,
    outputs: Any = None,
    layout: str = "NCL",
    encode: Encode | None = None,
    device: str = "cpu",
    arguments: Mapping[str, Any] | None = None,
    meter: Meter | None = None,
) -> TestedModel:
    """A :class:`TestedModel` from specs as :func:`rczoo.conjoin` takes them.

    Raises :class:`Problem` for a model that cannot be tested so, ValueError for a device that is not here.
    """
    place = choose_device(device).type
    if not isinstance(model, nn.Module):
        raise Problem(f"a torch.nn.Module is needed, got {type(model).__name__}: give a model, or a factory")
    if any(isinstance(p, UninitializedParameter) for p in model.parameters()):
        raise Problem("its lazy layers have no sizes yet: call it once on an input of its own")
    inputs = inputs if inputs is not None else getattr(model, "rep_in", "dna")
    outputs = outputs if outputs is not None else getattr(model, "rep_out", None)
    if outputs is None:
        raise Problem("say how RC acts on the outputs, for example '1t' for a logit or '1r' for two strands")
    try:
        named_in = {n: _input(spec, layout) for n, spec in flattened(inputs, "input").items()}
        named_out = {n: _last(spec, layout) for n, spec in flattened(outputs, "output").items()}
    except ValueError as error:
        raise Problem(str(error)) from error
    tested = TestedModel(
        model,
        named_in,
        named_out,
        isinstance(inputs, Mapping),
        encode,
        layout,
        device=place,
        arguments=arguments or {},
        meter=meter or Meter(),
        declared=outputs,
    )
    return tested.at(torch.float32)


def _input(spec: Any, layout: str) -> Input:
    typed: Input = spec if isinstance(spec, Input) else Input(spec)
    return replace(typed, action=_last(typed.action, layout))


def _last(spec: Spec, layout: str) -> Any:
    """The action of a spec, where a Rep under layout NLC acts on (batch, length, channels).

    What says how far rows go stays as it is.
    """
    if isinstance(spec, str) and spec in PADDED:
        return spec
    action = as_action(spec)
    if isinstance(action, RepAction) and layout == "NLC":
        return RepAction(Rep(action.rep), last=True)
    return action
