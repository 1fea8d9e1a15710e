"""The same function elsewhere in the family: embedding (T4), change of merge (T11) and of gain (T12).

Proofs: ``t04_family.py``, ``t11_function_classes.py``, ``t12_gain.py`` and ``t15_shares.py`` in
``proofs/theorems``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import torch

from .._arguments import check_choice
from .architectures import rebuild
from .config import NetworkConfig
from .heads import LINEAR, LabelHead
from .network import Network
from .trunk import BlockShape


def embed(
    network: Network, mixing: float | str | Sequence[float] = "rcps", merge: str | None = None
) -> Network:
    """The member at a larger ``mixing`` that computes the same function, as a start for further training.

    The new filters of the other strand start with weight zero, so a conjoined or post-hoc solution becomes,
    say, an RCPS network. ``merge`` may also change between ``sum`` and ``mean``. Law: equal outputs to
    rounding (T4). Raises ValueError where a share would shrink, for a one-strand network, and for a change
    of merge from or to ``max`` or ``probability``, which other merges cannot represent.
    """
    config = network.config
    if config.merge == "none":
        raise ValueError("embed: a one-strand network is no member of the family: use remerge('mean') first")
    larger = rebuild(network, mixing=mixing)
    for n, (old, new) in enumerate(zip(network.trunk.blocks, larger.trunk.blocks, strict=True), start=1):
        if new.exchanged < old.exchanged:
            raise ValueError(
                f"embed: block {n} receives {old.exchanged} filters of the other strand, but mixing "
                f"{mixing} leaves {new.exchanged}: a function can be kept only at the same or a larger mixing"
            )
    state = larger.state_dict()
    for name, value in network.state_dict().items():
        state[name] = torch.zeros_like(state[name], dtype=value.dtype, device=value.device)
        # The exchanged channels come last, so the old kernel fills the first ones.
        state[name][tuple(slice(n) for n in value.shape)] = value
    first = next(network.parameters())
    larger.to(first.device, first.dtype).load_state_dict(state)
    larger.execution = network.execution
    larger.train(network.training)
    return larger if merge is None or merge == config.merge else change_merge(larger, merge)


def change_merge(network: Network, merge: str) -> Network:
    """The same function with the other linear merge: from ``sum`` to ``mean`` the head doubles.

    Law: equal outputs, exactly but for overflow (T11). Raises ValueError for any other merge.
    """
    old = network.config.merge
    check_choice("merge", merge, list(LINEAR))
    if old not in LINEAR:
        raise ValueError(
            f"merge {old!r} cannot be changed to {merge!r} with the same function: only sum and mean can be "
            "traded for one another (T11)"
        )
    other = network.remerge(merge)
    factor = LINEAR[old] / LINEAR[merge]
    head = other.head
    with torch.no_grad():
        if isinstance(head, LabelHead):
            head.dense.weight.mul_(factor)  # its bias is added once, after the merge
            return other
        for parameter in [*head.join.parameters(), *(head.counts.parameters() if head.counts else ())]:
            parameter.mul_(factor)
    return other


def fold_gain(network: Network) -> Network:
    """The same function with gain 1: every kernel multiplied by the gain (T12).

    Law: equal outputs to rounding. Training differs: a gain also multiplies the steps that a kernel takes.
    """
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


def same_function_class(a: Network, b: Network) -> FunctionClasses:
    """Whether two networks can represent the same functions (in eval mode), as far as T11, T12 and T15 tell.

    Two members are one class where they exchange equally many filters before every block, whatever share
    was asked for, and differ at most in sum against mean merge (T11) and in gain (T12). They are different
    classes of functions of real inputs where the first kernel spans the input of K positions, there are
    F <= 2K filters and no skips, and they exchange unequally many before the second block, the one with fewer
    none later (T15). The architectures of :func:`rczoo.build` read longer inputs, of which T15 says nothing.

    >>> from rczoo import build
    >>> same_function_class(build("motif-cnn", mixing="rcps"), build("motif-cnn", mixing="conjoined"))
    FunctionClasses(verdict='equal', theorems=('T11',))
    """
    (mine, my_shares), (theirs, their_shares) = _class(a), _class(b)
    if mine != theirs:
        return FunctionClasses("unknown", ())
    if my_shares != their_shares:
        different = _no_share_is_redundant(a, b)
        return FunctionClasses("different", ("T15",)) if different else FunctionClasses("unknown", ())
    differ = {"T11": a.config.merge != b.config.merge, "T12": a.config.gain != b.config.gain}
    return FunctionClasses("equal", tuple(theorem for theorem, used in differ.items() if used))


def _class(network: Network) -> tuple[tuple[NetworkConfig, list[BlockShape]], list[int]]:
    """What decides the function class, without what the theorems say is immaterial, and what is exchanged."""
    merge = "linear" if network.config.merge in LINEAR else network.config.merge
    config = replace(network.config, merge=merge, mixing=(), gain=1.0, batch_statistics="")
    blocks = network.trunk.blocks
    shapes = [block.shape._replace(frozen=False) for block in blocks]
    return (config, shapes), [block.exchanged for block in blocks]


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
