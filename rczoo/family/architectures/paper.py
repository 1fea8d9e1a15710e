"""The three networks of Zhou et al. 2022 as members of the family: motif-cnn, tf-cnn and bpnet."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import NamedTuple

from ..._arguments import check_choice, check_whole, is_whole
from ...symmetry.rep import Rep
from ..config import NetworkConfig
from ..heads import ProfileHead
from ..network import Network, check_merge
from ..trunk import BlockShape
from .points import resolve_irreps, resolve_mixing, resolve_strategy


class Architecture(NamedTuple):
    """The shapes of one network; ``pool`` is (width, stride) for labels, None for profiles."""

    blocks: tuple[BlockShape, ...]
    filters: int
    outputs: int
    length: int
    pool: tuple[int, int] | None = None


PAPER = {
    "motif-cnn": Architecture((BlockShape(21, norm=True),), 20, 3, 200, (20, 20)),
    "tf-cnn": Architecture(
        (BlockShape(15, norm=True), BlockShape(14, norm=True), BlockShape(14, norm=True)),
        16,
        1,
        1000,
        (40, 20),
    ),
    "bpnet": Architecture(
        (BlockShape(21), *(BlockShape(3, 2**n, residual=True) for n in range(1, 7))), 64, 1, 1346
    ),
}


def build_network(
    architecture: str,
    *,
    mixing: float | str | Sequence[float] | None = None,
    wrap: Sequence[int] | None = None,
    strategy: str | None = None,
    merge: str | None = None,
    filters: int | None = None,
    gain: float = 1.0,
    outputs: int | None = None,
    length: int | None = None,
    pool: Sequence[int] | str | None = None,
    control: Rep | str | None = None,
    count_head: bool = True,
    position: str | None = None,
    batch_statistics: str = "pooled",
    execution: str = "frames",
    irreps: float | None = None,
) -> Network:
    """As :func:`rczoo.build`, of one of these three."""
    shapes = PAPER[architecture]
    filters = shapes.filters if filters is None else filters
    sizes = {"filters": filters, "outputs": outputs, "length": length}
    check_whole("build", **{name: (value, 1) for name, value in sizes.items() if value is not None})
    if strategy is not None:
        mixing, merge, filters = resolve_strategy(strategy, mixing, wrap, merge, filters)
    if irreps is not None:
        mixing = resolve_irreps(irreps, len(shapes.blocks), mixing, wrap, gain, batch_statistics)
    shares = resolve_mixing(len(shapes.blocks), mixing, wrap)
    if merge is None:
        # At depth 1 there are no shares, and the two names differ only here.
        conjoined = not any(shares) if shares else mixing in (0, "conjoined")
        merge = "mean" if conjoined else "sum"
    check_choice("batch_statistics", batch_statistics, ["pooled", "separate", "frozen"])
    if control is not None and shapes.pool is not None:
        raise ValueError(f"{architecture} takes no control tracks: only bpnet does")
    if position is not None:
        check_choice("position", position, ["tied"])
        if shapes.pool is not None:
            raise ValueError(f"{architecture} has no positions to learn: only bpnet does")
    if pool is not None:
        _check_pool(architecture, pool, shapes)
    if not isinstance(gain, Real) or not 0 < gain < float("inf"):
        raise ValueError(f"gain is {gain!r}, expected a positive number")
    length = int(length or shapes.length)
    width, stride = _global_pool(length, shapes) if pool == "global" else pool or shapes.pool or (0, 0)
    config = NetworkConfig(
        architecture=architecture,
        mixing=shares,
        merge=merge,
        filters=int(filters),
        gain=float(gain),
        outputs=int(outputs or shapes.outputs),
        length=length,
        pool=(int(width), int(stride)) if shapes.pool else None,
        control=None if control is None else str(Rep(control)),
        count_head=bool(count_head) and shapes.pool is None,
        position=position,
        batch_statistics=batch_statistics,
        irreps=None if irreps is None else float(irreps),
    )
    check_merge(merge, config)
    _check_length(config, shapes)
    frozen = batch_statistics == "frozen"
    network = Network([shape._replace(frozen=frozen) for shape in shapes.blocks], config)
    network.execution = execution
    return network


def _check_pool(architecture: str, pool: Sequence[int] | str, shapes: Architecture) -> None:
    """Refuse a pool that is neither global nor two whole numbers, or that there is no place for."""
    if shapes.pool is None:
        raise ValueError(f"{architecture} has no pool to shape: only the label networks do")
    pair = isinstance(pool, Sequence) and not isinstance(pool, str) and len(pool) == 2
    if pool != "global" and not (pair and all(map(is_whole, pool))):
        raise ValueError(f"pool is {pool!r}, expected (width, stride), whole numbers >= 1, or 'global'")


def _global_pool(length: int, shapes: Architecture) -> tuple[int, int]:
    """The pool over all positions that the blocks leave of a length."""
    left = max(1, length - _shrinkage(shapes))
    return left, left


def _shrinkage(shapes: Architecture) -> int:
    """By how many positions the blocks shorten what they read."""
    return sum(s.dilation * (s.kernel_size - 1) for s in shapes.blocks)


def _check_length(config: NetworkConfig, shapes: Architecture) -> None:
    """Refuse a length at which not one position is left."""
    last = config.pool[0] if config.pool else ProfileHead.WIDTH
    field = _shrinkage(shapes) + last
    if config.length < field:
        raise ValueError(
            f"{config.architecture}: length {config.length} is shorter than the receptive field {field}"
            + (f" with a pool of width {last}: give a longer input or a narrower pool" if shapes.pool else "")
        )
