"""The same function elsewhere in the family: embedding (T4), change of merge (T11) and of gain (T12).

Proofs: ``t04_family.py``, ``t11_function_classes.py``, ``t12_gain.py`` and ``t15_shares.py`` in
``proofs/theorems``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import torch
from torch import nn

from .._arguments import check_choice
from .architectures import rebuild
from .architectures.points import NAMED_SHARES
from .heads import LINEAR, LabelHead
from .interpolated import AnyNetwork, InterpolatedNetwork
from .interpolation.member import Interpolated, interpolate
from .irreps import IrrepsBlock
from .network import Network
from .trunk import Block

Member = TypeVar("Member", bound=Network | Interpolated)


def embed(
    network: Member,
    mixing: float | str | Sequence[float] | Mapping[str, float] = "rcps",
    merge: str | None = None,
) -> Member:
    """The member at a larger ``mixing`` that computes the same function, as a start for further training.

    The new filters of the other strand start with weight zero, so a conjoined or post-hoc solution becomes,
    say, an RCPS network. Law: equal outputs to rounding (T4, T14). Raises ValueError where a share would
    shrink, for a one-strand network, and for a change of merge from or to ``max`` or ``probability``, which
    other merges cannot represent.

    Args:
        network: one that ``build`` made, or any interpolated model.
        mixing: the shares, as ``build`` or :func:`rczoo.interpolate` takes them.
        merge: ``sum`` or ``mean``; by default that of ``network``.
    """
    if isinstance(network, AnyNetwork):
        larger: Any = _rebuilt(network, mixing)
    elif isinstance(network, Interpolated):
        share: Any = NAMED_SHARES.get(mixing, mixing) if isinstance(mixing, str) else mixing
        larger = interpolate(network, mixing=share)
    else:
        raise ValueError(
            f"embed: {type(network).__name__} is no member of a family: rczoo.interpolate(model) makes one"
        )
    made: Member = larger
    return made if merge is None or merge == _merge(network) else change_merge(made, merge)


def _rebuilt(network: AnyNetwork, mixing: Any) -> AnyNetwork:
    """A network that ``build`` made, at a larger mixing, what is new of weight zero."""
    if network.config.merge == "none":
        raise ValueError("embed: a one-strand network is no member of the family: use remerge('mean') first")
    larger = rebuild(network, mixing=mixing)
    for (name, old), (_, new) in zip(_received(network).items(), _received(larger).items(), strict=True):
        if new < old:
            raise ValueError(
                f"embed: {name} receives {old} filters of the other strand, but mixing {mixing} leaves "
                f"{new}: a function can be kept only at the same or a larger mixing"
            )
    first = next(network.parameters())
    larger.to(first.device, first.dtype)
    state = {name: torch.zeros_like(value) for name, value in larger.state_dict().items()}
    for name, value in network.state_dict().items():
        # The exchanged channels come last, so the old kernel fills the first ones.
        state[name][tuple(slice(n) for n in value.shape)] = value
    larger.load_state_dict(state)
    larger.execution = network.execution
    larger.train(network.training)
    return larger


def _received(network: AnyNetwork) -> dict[str, int]:
    """How many channels of the other strand each block or site reads."""
    if isinstance(network, InterpolatedNetwork):
        return {site.name: site.received for site in network.sites().rows}
    blocks: Sequence[Block | IrrepsBlock] = network.trunk.blocks
    return {f"block {n}": block.exchanged for n, block in enumerate(blocks, start=1)}


def _merge(network: Any) -> Any:
    return network.config.merge if isinstance(network, AnyNetwork) else network.merge


def change_merge(network: Member, merge: str) -> Member:
    """The same function with the other linear merge: from ``sum`` to ``mean`` the head doubles.

    Law: equal outputs, exactly but for overflow (T11). Raises ValueError for any other merge, and for models
    that ``build`` did not make, whose linear heads are not known.

    Args:
        network: one that ``build`` made.
        merge: ``sum`` or ``mean``.
    """
    if not isinstance(network, AnyNetwork):
        raise _not_built("change_merge", network)
    old = network.config.merge
    check_choice("merge", merge, list(LINEAR))
    if old not in LINEAR:
        raise ValueError(
            f"merge {old!r} cannot be changed to {merge!r} with the same function: only sum and mean can be "
            "traded for one another (T11)"
        )
    other: Any = network.remerge(merge)
    with torch.no_grad():
        for parameter in _linear(other):
            parameter.mul_(LINEAR[old] / LINEAR[merge])
    changed: Member = other
    return changed


def _linear(network: AnyNetwork) -> list[nn.Parameter]:
    """The parameters in which what is merged is linear."""
    if isinstance(network, InterpolatedNetwork):
        return [p for name, p in network.model.named_parameters() if name.startswith("head")]
    head = network.head
    if isinstance(head, LabelHead):
        return [head.dense.get_parameter("weight")]  # its bias is added once, after the merge
    return [*head.join.parameters(), *(head.counts.parameters() if head.counts else ())]


def _not_built(caller: str, network: Any) -> ValueError:
    return ValueError(
        f"{caller}: {type(network).__name__} was not made by rczoo.build, so its parts are not known"
    )


def fold_gain(network: Network) -> Network:
    """The same function with gain 1: every kernel multiplied by the gain (T12).

    Law: equal outputs to rounding. Training differs: a gain also multiplies the steps that a kernel takes.

    Args:
        network: one of the paper's three architectures; others have no gain, and raise ValueError.
    """
    if not isinstance(network, Network):
        raise ValueError(
            f"fold_gain: {type(network).__name__} has no gain: only the paper's three networks have"
        )
    gain = network.config.gain
    other = rebuild(network, gain=1.0, execution=network.execution)
    first = next(network.parameters())
    other.to(first.device, first.dtype).load_state_dict(network.state_dict())
    with torch.no_grad():
        for name, parameter in other.named_parameters():
            if name.endswith((".conv.weight", ".join.weight")):
                parameter.mul_(gain)
    return other.train(network.training)


class FunctionClasses(NamedTuple):
    """``verdict`` is ``"equal"``, ``"different"`` or ``"unknown"``; ``theorems`` says which were used."""

    verdict: str
    theorems: tuple[str, ...]


def same_function_class(a: AnyNetwork, b: AnyNetwork) -> FunctionClasses:
    """Whether two networks can represent the same functions (in eval mode), as far as T11, T12 and T15 tell.

    Two members are one class where they exchange equally many filters before every block, whatever share
    was asked for, and differ at most in sum against mean merge (T11) and in gain (T12). They are different
    classes of functions of real inputs where the first kernel spans the input of K positions, there are
    F <= 2K filters and no skips, and they exchange unequally many before the second block, the one with fewer
    none later (T15). The architectures of :func:`rczoo.build` read longer inputs, of which T15 says nothing.

    Args:
        a: one that ``build`` made; others raise ValueError.
        b: the other, likewise.

    >>> from rczoo import build
    >>> same_function_class(build("motif-cnn", mixing="rcps"), build("motif-cnn", mixing="conjoined"))
    FunctionClasses(verdict='equal', theorems=('T11',))
    """
    for network in (a, b):
        if not isinstance(network, AnyNetwork):
            raise _not_built("same_function_class", network)
    (mine, my_shares), (theirs, their_shares) = _class(a), _class(b)
    if mine != theirs:
        return FunctionClasses("unknown", ())
    if my_shares != their_shares:
        different = isinstance(a, Network) and isinstance(b, Network) and _no_share_is_redundant(a, b)
        return FunctionClasses("different", ("T15",)) if different else FunctionClasses("unknown", ())
    differ = {"T11": a.config.merge != b.config.merge, "T12": _gain(a) != _gain(b)}
    return FunctionClasses("equal", tuple(theorem for theorem, used in differ.items() if used))


def _gain(network: AnyNetwork) -> float:
    return network.config.gain if isinstance(network, Network) else 1.0


def _class(network: AnyNetwork) -> tuple[Any, dict[str, int]]:
    """What decides the function class, without what the theorems say is immaterial, and what is exchanged."""
    merge = "linear" if network.config.merge in LINEAR else network.config.merge
    if isinstance(network, InterpolatedNetwork):
        return replace(network.config, merge=merge, mixing=()), _received(network)
    config = replace(network.config, merge=merge, mixing=(), gain=1.0, batch_statistics="")
    shapes = [block.shape._replace(frozen=False) for block in network.trunk.blocks]
    return (config, shapes), _received(network)


def _no_share_is_redundant(a: Network, b: Network) -> bool:
    """Whether T15 tells apart two networks that differ in what they exchange, and by it in nothing else."""
    fewer, more = sorted((a, b), key=lambda network: network.trunk.blocks[1].exchanged)
    _, second, *later = (block.exchanged for block in fewer.trunk.blocks)
    config, shapes = fewer.config, [block.shape for block in fewer.trunk.blocks]
    applies = (
        shapes[0].kernel_size == config.length
        and config.filters <= 2 * config.length
        and config.merge in LINEAR
        and not any(shape.residual for shape in shapes)
    )
    return applies and second < more.trunk.blocks[1].exchanged and not any(later)
