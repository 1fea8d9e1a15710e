"""A model under test: how its inputs are drawn, how RC acts on them, and what its outputs are called."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from ..hardware import choose_device
from ..symmetry.actions import Action, RepAction, Spec, as_action, tokens, typed
from ..symmetry.dna import complement_codes, decode, one_hot
from ..symmetry.equivariance import relative_error
from ..symmetry.rep import Rep, flip

Make = Callable[[np.ndarray, torch.Generator], torch.Tensor]


class Problem(Exception):  # noqa: N818 - a verdict on a model, not a fault of ours
    """A verdict on a model that cannot be tested as asked: one line, with the remedy."""


@dataclass(frozen=True)
class Input:
    """One input of a model: how RC acts on it, and how to draw it.

    ``make(codes, generator)`` gives the tensor for base codes (batch, length) of ``rczoo.symmetry.dna``; by
    default the first input is one-hot DNA and any other Rep is uniform noise. ``length`` is that of a control
    track when it is not the sequence's: a number, or a function of the sequence's length.
    """

    action: Spec
    make: Make | None = None
    length: int | Callable[[int], int] | None = None


def input_maker(spec: Input, layout: str, first: bool, model: nn.Module) -> Make:
    """How to draw an input of which only the action is known."""
    action = as_action(spec.action)
    length = spec.length if spec.length is not None or first else getattr(model, "output_length", None)
    if action is flip:  # "positions": a mask of all that is there
        return lambda codes, generator: torch.ones(codes.shape, dtype=torch.int64)
    if isinstance(action, tokens):
        return lambda codes, generator: action.ids(codes)
    if not isinstance(action, RepAction):
        asked = typed(spec.action)
        raise Problem(f"cannot draw an input for {asked}: give rczoo.Input({asked}, make=...)")
    channels, last = action.rep.channels, action.last or layout == "NLC"

    def make(codes: np.ndarray, generator: torch.Generator) -> torch.Tensor:
        batch_size, size = codes.shape
        if first and channels in (4, 5):
            x = one_hot(codes)
            x = torch.cat([x, 1 - x.sum(1, keepdim=True)], dim=1) if channels == 5 else x
        else:
            size = length(size) if callable(length) else length or size
            x = torch.rand(batch_size, channels, size, generator=generator)
        return x.transpose(1, 2).contiguous() if last else x

    return make


Encode = Callable[[list[str]], Any]
"""From strings to the model's inputs: a tensor, a tuple of them, or a mapping from argument names."""


@dataclass(frozen=True)
class TestedModel:
    """A model with its inputs and outputs by name; ``keywords`` says that inputs are passed by name."""

    model: nn.Module
    inputs: dict[str, Input]
    outputs: dict[str, Action]
    keywords: bool = False
    encode: Encode | None = None
    layout: str = "NCL"
    dtype: torch.dtype = torch.float32
    device: str = "cpu"
    around: list[Callable[[nn.Module], Any]] = field(default_factory=list)

    def at(self, dtype: torch.dtype, train: bool = False) -> TestedModel:
        """The same, on a copy of its model, in another number type; in eval mode unless ``train``.

        Raises :class:`Problem` where the model cannot be copied, or not in this number type.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                model = copy.deepcopy(self.model).to(device=self.device, dtype=dtype)
            except Exception as error:
                raise Problem(f"cannot be copied, as every check needs: {_explain(error)}") from error
        return replace(self, model=model.train(train), dtype=dtype)

    def under(self, *around: Callable[[nn.Module], Any]) -> TestedModel:
        """The same, whose every call runs inside these context managers, each made of its model."""
        return replace(self, around=[*self.around, *around])

    def pair(self, codes: np.ndarray, seed: int = 0) -> tuple[Any, Any]:
        """The inputs for these base codes (batch, length), and their reverse complement."""
        if self.encode is not None:
            both = [self._encoded(c) for c in (codes, complement_codes(codes))]
            return both[0], both[1]
        generator = torch.Generator().manual_seed(seed)
        made = {name: self.draw(name, codes, generator) for name in self.inputs}
        turned = {name: as_action(spec.action)(made[name]) for name, spec in self.inputs.items()}
        return self._pack(made), self._pack(turned)

    def __call__(self, inputs: Any, seed: int = 0) -> dict[str, torch.Tensor]:
        """Every output by name, for inputs as :meth:`pair` gives them. Raises :class:`Problem`."""
        args, kwargs = ((), inputs) if isinstance(inputs, Mapping) else (inputs, {})
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.manual_seed(seed)
            default = torch.get_default_dtype()
            torch.set_default_dtype(self.dtype)  # so that tensors a model makes for itself are no narrower
            try:
                with ExitStack() as stack:
                    for mend in self.around:
                        stack.enter_context(mend(self.model))
                    raw = self.model(*args, **kwargs)
            except Exception as error:
                raise Problem(_explain(error)) from error
            finally:
                torch.set_default_dtype(default)
        return self._named(raw)

    def both(self, codes: np.ndarray, seed: int = 0) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
        """For each output, what came out for ``R x`` and what the law demands: ``R f(x)``."""
        x, turned = self.pair(codes, seed)
        with torch.no_grad():
            direct, got = self(x, seed), self(turned, seed)
        return {name: (got[name], self.act(name, direct[name])) for name in direct}

    def error(self, codes: np.ndarray, seed: int = 0) -> float:
        """The relative error of the law, the largest over outputs."""
        return max((relative_error(got, want) for got, want in self.both(codes, seed).values()), default=0.0)

    def act(self, name: str, output: torch.Tensor) -> torch.Tensor:
        """RC of an output; a Rep that does not fit it is a :class:`Problem`."""
        try:
            return self.outputs[name](output)
        except Exception as error:
            raise Problem(f"output {name!r} does not fit what was declared: {_explain(error)}") from error

    def draw(self, name: str, codes: np.ndarray, generator: torch.Generator) -> torch.Tensor:
        """One input as a tensor, floats in its type."""
        spec = self.inputs[name]
        first = name == next(iter(self.inputs))
        made = (spec.make or input_maker(spec, self.layout, first, self.model))(codes, generator)
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

    def _named(self, raw: Any) -> dict[str, torch.Tensor]:
        """Outputs by name: a tensor, a sequence in the order declared, a mapping or an object."""
        if isinstance(raw, torch.Tensor):
            raw = (raw,)
        if isinstance(raw, list | tuple) and not hasattr(raw, "_fields"):
            if len(raw) != len(self.outputs):
                raise Problem(
                    f"the model returns {len(raw)} outputs, {len(self.outputs)} declared: name each"
                )
            return dict(zip(self.outputs, raw, strict=True))
        found: dict[str, Any] = {
            n: raw.get(n) if isinstance(raw, Mapping) else getattr(raw, n, None) for n in self.outputs
        }
        for name, value in found.items():
            if not isinstance(value, torch.Tensor):
                have = ", ".join(map(str, raw)) if isinstance(raw, Mapping) else type(raw).__name__
                raise Problem(
                    f"no output {name!r} in what the model returns ({have}): name outputs as it does"
                )
        return found


def _explain(error: Exception) -> str:
    """An exception in one line, with the remedy where it is known."""
    text = str(error).strip().splitlines()
    line = f"{type(error).__name__}: {text[0][:300]}" if text else type(error).__name__
    if any(word in str(error) for word in ("CUDA", "NVIDIA", "cuda", "same device")):
        return f"needs a GPU ({line}): make it run on the CPU, or give device='cuda' where there is one"
    return line


def describe(
    model: Any,
    inputs: Any = None,
    outputs: Any = None,
    layout: str = "NCL",
    encode: Encode | None = None,
    device: str = "cpu",
) -> TestedModel:
    """A :class:`TestedModel` from specs as :func:`rczoo.conjoin` takes them.

    Raises :class:`Problem` for a model that cannot be tested so, ValueError for a device that is not here.
    """
    place = choose_device(device).type
    if not isinstance(model, nn.Module):
        raise Problem(f"a torch.nn.Module is needed, got {type(model).__name__}: give a model, or a factory")
    inputs = inputs if inputs is not None else getattr(model, "rep_in", "dna")
    outputs = outputs if outputs is not None else getattr(model, "rep_out", None)
    if outputs is None:
        raise Problem("say how RC acts on the outputs, for example '1t' for a logit or '1r' for two strands")
    try:
        named_in = {n: _input(spec, layout) for n, spec in _by_name(inputs, "input").items()}
        named_out = {n: _last(spec, layout) for n, spec in _by_name(outputs, "output").items()}
    except ValueError as error:
        raise Problem(str(error)) from error
    tested = TestedModel(
        model, named_in, named_out, isinstance(inputs, Mapping), encode, layout, device=place
    )
    return tested.at(torch.float32)


def _by_name(specs: Any, what: str) -> dict[str, Any]:
    if isinstance(specs, Mapping):
        return dict(specs)
    if isinstance(specs, list | tuple):
        return {what if len(specs) == 1 else f"{what} {n}": spec for n, spec in enumerate(specs)}
    return {what: specs}


def _input(spec: Any, layout: str) -> Input:
    typed: Input = spec if isinstance(spec, Input) else Input(spec)
    return replace(typed, action=_last(typed.action, layout))


def _last(spec: Spec, layout: str) -> Action:
    """The action of a spec, where a Rep under layout NLC acts on (batch, length, channels)."""
    action = as_action(spec)
    if isinstance(action, RepAction) and layout == "NLC":
        return RepAction(Rep(action.rep), last=True)
    return action
