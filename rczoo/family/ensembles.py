"""Several models as one: the mean of what they answer.

A mean is a linear combination, so it obeys every linear law that its members obey. A prediction costs as many
passes as there are members, times the strands that each reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import reduce
from typing import Any, cast

import torch
from torch import Tensor, nn

from .config import InterpolatedConfig, NetworkConfig
from .interpolated import AnyNetwork


@dataclass(frozen=True)
class EnsembleConfig:
    """The configurations of an ensemble's members, in order."""

    members: tuple[NetworkConfig | InterpolatedConfig, ...]

    @property
    def length(self) -> int:
        """The input length, which is one for all."""
        return self.members[0].length

    @property
    def merge(self) -> str:
        """How the members merge the strands; ``"mixed"`` where they differ."""
        merges = {member.merge for member in self.members}
        return merges.pop() if len(merges) == 1 else "mixed"

    def keywords(self) -> dict[str, Any]:
        """What a checkpoint keeps as JSON: for each member what to give to ``build``."""
        return {"ensemble": [member.keywords() for member in self.members]}


class Ensemble(nn.Module):
    """The mean of the outputs of networks with the same Reps and lengths: called as each of them is.

    Labels: the mean of the logits. Log-counts: their mean. Profiles: the mean of the profile logits, whose
    softmax is that of the mean of the members' log-probabilities (their normalised geometric mean), since a
    log-softmax takes from a channel's logits no more than a constant; left in, the mean stays exact.
    Law: ``ensemble(R x) = R ensemble(x)`` if every member obeys it, exactly where they do (a mean of
    equivariant functions is equivariant). ``execution`` is that of all members.
    """

    def __init__(self, members: Sequence[AnyNetwork]) -> None:
        super().__init__()
        _check(members)
        self.members = cast(Sequence[AnyNetwork], nn.ModuleList(members))
        self.config = EnsembleConfig(tuple(member.config for member in members))
        self.rep_in, self.rep_out = members[0].rep_in, members[0].rep_out
        self.execution = "frames"

    @property
    def execution(self) -> str:
        """``"frames"`` or ``"tied"``: two ways to compute the same function."""
        return self.members[0].execution

    @execution.setter
    def execution(self, execution: str) -> None:
        for member in self.members:
            member.execution = execution

    @property
    def executions(self) -> tuple[str, ...]:
        """The executions that every member has."""
        return tuple(e for e in self.members[0].executions if all(e in m.executions for m in self.members))

    @property
    def equivariant(self) -> bool:
        """Whether the law holds by construction: where it does for every member."""
        return all(member.equivariant for member in self.members)

    @property
    def positions(self) -> int:
        """Positions of the profile for an input of the configured length; 0 for labels."""
        return self.members[0].positions

    @property
    def any_length(self) -> bool:
        """Whether it reads other lengths than the configured: where every member does."""
        return all(member.any_length for member in self.members)

    @property
    def resolution(self) -> int:
        """How many bases one position of the profile stands for."""
        return self.members[0].resolution

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        kinds = dict.fromkeys(member.title for member in self.members)
        return f"ensemble of {len(self.members)}: {'; '.join(kinds)}"

    def output_length(self, length: int) -> int:
        """Positions of the profile for an input of ``length``."""
        return self.members[0].output_length(length)

    def forward(self, X: Tensor, X_ctl: Tensor | None = None) -> Any:
        """Logits, or a tuple (profile logits, log-counts); see the class."""
        return mean_of([member(X, X_ctl) for member in self.members])

    def strands(self, X: Tensor, X_ctl: Tensor | None = None) -> tuple[Any, Any]:
        """The means of the members' answers for either strand, as :meth:`Network.strands` gives them."""
        given, other = zip(*(member.strands(X, X_ctl) for member in self.members), strict=True)
        return mean_of(given), mean_of(other)


Model = AnyNetwork | Ensemble
"""What a checkpoint holds: a network, or several as one."""


def ensemble(models: Iterable[Model]) -> Ensemble:
    """One model that answers with the mean of several: seeds of one training, or whatever reads and answers
    alike.

    Returns an :class:`Ensemble` of copies, in eval mode, which predicts, explains, exports, saves and is
    checked as a network is.

    Args:
        models: made by ``build``, or loaded; an ensemble among them gives its members.

    Raises ValueError for no models, and for models that differ in Reps, length, positions, number type or
    device.

    >>> from rczoo import build
    >>> ensemble(build("motif-cnn", strategy=name, length=60) for name in ("rcps", "conjoined")).title
    'ensemble of 2: motif-cnn, merge sum; motif-cnn, merge mean'
    """
    return Ensemble([deepcopy(member) for model in models for member in _members(model)]).eval()


def mean_of(answers: Sequence[Any]) -> Any:
    """The mean of answers of one kind: of tensors, or of each place of tuples of them."""
    listed = [answer if isinstance(answer, tuple) else (answer,) for answer in answers]
    means = tuple(reduce(torch.add, column) / len(listed) for column in zip(*listed, strict=True))
    return means if len(means) > 1 else means[0]


def _members(model: Any) -> Sequence[AnyNetwork]:
    if isinstance(model, Ensemble):
        return model.members
    if not isinstance(model, AnyNetwork):
        raise ValueError(
            f"ensemble: {type(model).__name__} is no model of the family: give a list of models that build "
            "made or rczoo.load loaded"
        )
    return [model]


def _check(members: Sequence[AnyNetwork]) -> None:
    """Refuse members that do not read and answer alike."""
    if not members:
        raise ValueError("ensemble: no models given: give at least one")
    first = _traits(members[0])
    for number, member in enumerate(members[1:], start=2):
        for name, value in _traits(member).items():
            if value != first[name]:
                raise ValueError(
                    f"ensemble: {name} of model 1 is {first[name]}, of model {number} {value}: give models "
                    "that agree"
                )


def _traits(network: AnyNetwork) -> dict[str, str]:
    """What all members must have in common."""
    first = next(network.parameters())
    return {
        "rep_in": ", ".join(map(str, network.rep_in)),
        "rep_out": ", ".join(map(str, network.rep_out)),
        "input length": str(network.config.length),
        "output positions": str(network.positions),
        "resolution": str(network.resolution),
        "number type": str(first.dtype).removeprefix("torch."),
        "device": str(first.device),
    }
