"""How reverse complement acts on any tensor of a model: channels first or last, tokens, masks, mappings.

An *action* is a function from a tensor to the reverse-complemented tensor. A *spec* names one: a
:class:`rczoo.Rep` or its notation, ``"dna"``, ``"positions"``, any function, or ``None`` for a tensor
that reverse complement leaves as it is (a cell-type number, say).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from .rep import Rep, flip

Action = Callable[[torch.Tensor], torch.Tensor]
Spec = Rep | str | Action | None
Specs = Spec | Sequence[Spec] | Mapping[str, Spec]
"""One spec, one for each input or output in order, or a mapping from their names."""


_UNCHANGED = ("none", "mask", "lengths")


def as_action(spec: Spec) -> Action:
    """The function that a spec stands for.

    A Rep acts on (batch, channels, length) or (batch, channels); with one channel also on (batch,), or on one
    number, as a loss is.
    ``"dna"`` is ``Rep.dna()``; ``"positions"`` reverses (batch, length), as an attention mask or a
    per-position output needs; ``"none"`` or ``None`` changes nothing, nor do ``"mask"`` and ``"lengths"``,
    which say how far each row of a right-padded batch goes (``rczoo.symmetry.padding``). A function is
    returned unchanged.

    Law: an action is its own inverse. Raises ValueError on anything else.
    """
    if spec is None or (isinstance(spec, str) and spec in _UNCHANGED):
        return _identity
    if spec == "positions":
        return flip
    if isinstance(spec, str):
        return RepAction(Rep.dna() if spec == "dna" else Rep(spec))
    if isinstance(spec, Rep):
        return RepAction(spec)
    if callable(spec):
        return spec
    raise ValueError(f"{spec!r} is no action: give a Rep, its notation, a function of a tensor, or None")


def undrawn(specs: Any) -> Any:
    """Specs in which the action stands for whatever else is known of an input, as how to draw it."""
    if isinstance(specs, Mapping):
        return {name: undrawn(spec) for name, spec in specs.items()}
    if isinstance(specs, list | tuple):
        return tuple(undrawn(spec) for spec in specs)
    return getattr(specs, "action", specs)


def channels_last(rep: Rep | str) -> RepAction:
    """The action of ``rep`` on (batch, length, channels).

    Args:
        rep: a Rep, its notation, or ``"dna"``.

    >>> channels_last("1r")(torch.tensor([[[1, 2], [3, 4], [5, 6]]])).tolist()
    [[[6, 5], [4, 3], [2, 1]]]
    """
    return RepAction(Rep.dna() if rep == "dna" else Rep(rep), last=True)


class RepAction:
    """A Rep as a function of a tensor; ``last`` says that channels are the last axis."""

    def __init__(self, rep: Rep, last: bool = False) -> None:
        self.rep, self.last = rep, last

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Reverse complement of ``x``."""
        if x.ndim < 2 and self.rep.channels == 1:
            return self.rep.act(x.reshape(-1, 1)).reshape(x.shape)
        if self.last and x.ndim == 3:
            return self.rep.act(x.transpose(1, 2)).transpose(1, 2)
        return self.rep.act(x)

    def __repr__(self) -> str:
        return f"{self.rep}, channels last" if self.last else str(self.rep)


class tokens:  # noqa: N801 - used as a function
    """The action on token ids (batch, length): reverse the positions and complement each base.

    Args:
        complement: from each base's id to its complement's: a mapping ``{7: 10, 10: 7, ...}``, or a sequence
            indexed by id. Ids without an entry (N, mask, padding) stay as they are.
        keep: how many positions at the start and at the end do not move, such as a class and a separator
            token.
        unknown: the id of N.

    Raises ValueError when ``complement`` is not its own inverse.

    >>> tokens({0: 3, 1: 2, 2: 1, 3: 0})(torch.tensor([[0, 0, 1, 4]])).tolist()
    [[4, 2, 3, 3]]
    """

    def __init__(
        self,
        complement: Mapping[int, int] | Sequence[int],
        keep: tuple[int, int] = (0, 0),
        unknown: int | None = None,
    ) -> None:
        pairs = complement if isinstance(complement, Mapping) else dict(enumerate(complement))
        self.complement = {int(a): int(b) for a, b in pairs.items()}
        self.keep, self.unknown = keep, unknown
        for a, b in self.complement.items():
            if self.complement.get(b) != a:
                raise ValueError(
                    f"tokens: the complement of {a} is {b}, but that of {b} is {self.complement.get(b)}: "
                    "complements must point at each other"
                )

    def ids(self, codes: np.ndarray) -> torch.Tensor:
        """Token ids (batch, length): the first two pairs of ids stand for A-T and C-G.

        Args:
            codes: base codes (batch, length) of ``rczoo.symmetry.dna``, A C G T N as 0 1 2 3 4.
        """
        firsts = [a for a, b in self.complement.items() if a < b][:2]
        forward = [*firsts, *(self.complement[a] for a in reversed(firsts))]
        table = np.array([*forward, self.unknown if self.unknown is not None else forward[0]])
        return torch.from_numpy(table[codes])

    def __call__(self, ids: torch.Tensor) -> torch.Tensor:
        """Reverse complement of ``ids``."""
        first, last = self.keep
        inner = ids[..., first : ids.shape[-1] - last]
        turned = flip(inner)
        result = turned.clone()
        for a, b in self.complement.items():
            result[turned == a] = b
        return torch.cat([ids[..., :first], result, ids[..., ids.shape[-1] - last :]], dim=-1)

    def __repr__(self) -> str:
        keep = f", keep={self.keep}" if any(self.keep) else ""
        unknown = f", unknown={self.unknown}" if self.unknown is not None else ""
        return f"tokens({self.complement}{keep}{unknown})"


def act(specs: Any, values: Any, what: str = "output") -> Any:
    """Apply specs to values of the same structure: one tensor, a sequence of them, or a mapping.

    Either may hold others. Of a mapping only the entries that ``specs`` names are returned; None stays None,
    and in a sequence needs no spec. Raises ValueError where the structures differ.
    """
    if isinstance(specs, Mapping):
        missing = [name for name in specs if not isinstance(values, Mapping) or name not in values]
        if missing:
            have = ", ".join(map(str, values)) if isinstance(values, Mapping) else type(values).__name__
            raise ValueError(f"no {what} named {missing[0]!r} among: {have}")
        return {name: _act_within(spec, values[name], what) for name, spec in specs.items()}
    if isinstance(specs, list | tuple) and len(specs) == 1 and isinstance(values, torch.Tensor):
        specs = specs[0]  # a model that declares its one output as a tuple of one
    if isinstance(values, list | tuple) and sum(v is not None for v in values) == 1 < len(values):
        specs = specs if isinstance(specs, list | tuple) else [specs]
    if isinstance(specs, list | tuple):
        each = one_for_each(specs, values) if isinstance(values, list | tuple) else None
        if each is None:
            given = f"{len(values)}" if isinstance(values, list | tuple) else f"one {type(values).__name__}"
            raise ValueError(f"{len(specs)} {what} specs but {given} given: name one spec for each {what}")
        return tuple(_act_within(spec, value, what) for spec, value in zip(each, values, strict=True))
    if not isinstance(values, torch.Tensor):
        raise ValueError(
            f"one {what} spec but a {type(values).__name__} given: give one spec for each {what}"
        )
    return as_action(specs)(values)


def one_for_each(specs: Sequence[Any], values: Sequence[Any]) -> list[Any] | None:
    """A spec for each of the values, if need be for those alone that are not None; None if none fit.

    >>> one_for_each(["1r", "1t"], ["profile", None, "counts"])
    ['1r', None, '1t']
    """
    if len(specs) == len(values):
        return list(specs)
    if len(specs) != sum(value is not None for value in values):
        return None
    left = iter(specs)
    return [None if value is None else next(left) for value in values]


def _act_within(spec: Any, value: Any, what: str) -> Any:
    """Of one value among several, which may be None, no tensor, or several others."""
    if value is None:
        return None
    return act(spec, value, what) if isinstance(spec, Mapping | list | tuple) else as_action(spec)(value)


def argument_names(model: Callable[..., Any]) -> list[str]:
    """The names of what a model is called with, in order; what a conjoined model holds takes the same."""
    if (names := getattr(model, "argument_names", None)) is not None:
        return list(names)
    forward = getattr(model, "forward", model)
    if isinstance(forward, torch.ScriptMethod):
        return [argument.name for argument in forward.schema.arguments[1:]]  # the first is the module itself
    parameters = inspect.signature(forward).parameters.values()
    return [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def typed(specs: Any) -> str:
    """Specs as they are typed after ``import rczoo``: one, several, or a mapping of them.

    A function appears by its name; one that has none as ``...``, to be filled in.

    >>> print(typed({"ids": tokens([3, 2, 1, 0], keep=(1, 1)), "mask": "positions", "cell": None}))
    {'ids': rczoo.tokens({0: 3, 1: 2, 2: 1, 3: 0}, keep=(1, 1)), 'mask': "positions", 'cell': None}
    """
    if isinstance(specs, Mapping):
        return "{" + ", ".join(f"{name!r}: {typed(spec)}" for name, spec in specs.items()) + "}"
    if isinstance(specs, list | tuple):
        return f"({typed(specs[0])},)" if len(specs) == 1 else f"({', '.join(map(typed, specs))})"
    if specs in ("mask", "lengths"):
        return f'"{specs}"'
    action = as_action(specs)
    if action is _identity:
        return "None"
    if action is flip:
        return '"positions"'
    if isinstance(action, tokens):
        return f"rczoo.{action}"
    if isinstance(action, RepAction):
        notation = "dna" if action.rep == Rep.dna() else str(action.rep)
        return f'rczoo.channels_last("{notation}")' if action.last else f'"{notation}"'
    name = getattr(action, "__name__", repr(action))
    return "..." if name == "<lambda>" else name


def _identity(x: torch.Tensor) -> torch.Tensor:
    return x
