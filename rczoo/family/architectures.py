"""The three networks of Zhou et al. 2022 as members of the family: motif-cnn, tf-cnn and bpnet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any, NamedTuple

from .._arguments import check_choice, check_whole, is_whole
from ..symmetry.rep import Rep
from .config import NetworkConfig
from .heads import ProfileHead
from .network import Network, check_merge
from .trunk import BlockShape


class Architecture(NamedTuple):
    """The shapes of one network; ``pool`` is (width, stride) for labels, None for profiles."""

    blocks: tuple[BlockShape, ...]
    filters: int
    outputs: int
    length: int
    pool: tuple[int, int] | None = None


ARCHITECTURES = {
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

NAMED_POINTS: dict[str, tuple[float, str]] = {
    "standard": (0.0, "none"),
    "conjoined": (0.0, "mean"),
    "conjoined-sum": (0.0, "sum"),
    "conjoined-max": (0.0, "max"),
    "conjoined-probability": (0.0, "probability"),
    "rcps": (1.0, "sum"),
    "rcps-mean": (1.0, "mean"),
    "rcps-half": (1.0, "sum"),
}
"""The paper's names as points (mixing, merge); ``rcps-half`` has half as many filters."""


def build(
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
) -> Network:
    """Build a member of the family, untrained.

    ``architecture``: ``"motif-cnn"``, ``"tf-cnn"`` or ``"bpnet"``.
    Say where in the family by one of ``mixing`` (a number, one per block after the first, ``"rcps"`` or
    ``"conjoined"``), ``wrap`` (sizes of the groups) or ``strategy`` (a name in :data:`NAMED_POINTS`;
    ``"standard"`` is an ordinary one-strand network).
    ``merge`` closes it: ``sum``, ``mean``, ``max``, ``probability`` or ``none``; by default ``mean`` at
    mixing 0, else ``sum``. ``outputs``: labels, or factors of a profile (two strands each).
    ``length`` and ``pool`` (width and stride, or ``"global"``: all positions at once) shape the label
    networks. ``control``: the Rep of control tracks.
    ``position="tied"``, for profiles of centred events: a log-profile that is its own RC is learnt for the
    network's length and added to every answer.
    ``gain``: every convolution computes ``gain * conv + bias``. ``batch_statistics`` of BatchNorm:
    ``"pooled"`` over strands, ``"separate"``, or ``"frozen"`` at mean 0 and variance 1, in training too.
    :func:`rebuild` builds a network's like again.

    Raises ValueError on an unknown name, a share outside [0, 1], a wrap that does not sum to the depth, and
    geometry that does not fit.

    >>> build("tf-cnn", wrap=(2, 1)).config.mixing
    (0.0, 1.0)
    """
    check_choice("architecture", architecture, list(ARCHITECTURES))
    shapes = ARCHITECTURES[architecture]
    filters = shapes.filters if filters is None else filters
    sizes = {"filters": filters, "outputs": outputs, "length": length}
    check_whole("build", **{name: (value, 1) for name, value in sizes.items() if value is not None})
    if strategy is not None:
        mixing, merge, filters = _resolve_strategy(strategy, mixing, wrap, merge, filters)
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
    )
    check_merge(merge, config)
    _check_length(config, shapes)
    frozen = batch_statistics == "frozen"
    network = Network([shape._replace(frozen=frozen) for shape in shapes.blocks], config)
    network.execution = execution
    return network


def rebuild(network: Network, **changes: Any) -> Network:
    """A network of the same configuration, untrained, but for the arguments of :func:`build` that change.

    >>> rebuild(build("tf-cnn", wrap=(2, 1)), filters=8).config.mixing
    (0.0, 1.0)
    """
    return build(**{**network.config.keywords(), **changes})


def _resolve_strategy(
    strategy: str, mixing: object, wrap: object, merge: str | None, filters: int
) -> tuple[float, str, int]:
    """Mixing, merge and filters of one of the paper's names."""
    if strategy in ("standard+aug", "posthoc", "posthoc-noaug"):
        raise ValueError(
            f"strategy {strategy!r} is a way of training, not an architecture: train 'standard', then "
            "remerge('mean')"
        )
    check_choice("strategy", strategy, list(NAMED_POINTS))
    if mixing is not None or wrap is not None:
        raise ValueError(
            f"strategy {strategy!r} already fixes the mixing: give one of strategy, mixing and wrap"
        )
    share, usual = NAMED_POINTS[strategy]
    if strategy == "rcps-half":
        if filters % 2:
            raise ValueError(f"rcps-half halves the filters, but {filters} is odd")
        filters //= 2
    return share, merge or usual, filters


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


def resolve_mixing(
    depth: int, mixing: float | str | Sequence[float] | None = None, wrap: Sequence[int] | None = None
) -> tuple[float, ...]:
    """The shares (m_2, ..., m_depth) that a mixing or a wrap names.

    ``mixing``: one number in [0, 1] for all blocks, a sequence of depth - 1 numbers, ``"rcps"`` (1) or
    ``"conjoined"`` (0). ``wrap``: a composition of the depth; blocks in one group are conjoined (share 0),
    groups exchange fully (share 1). Raises ValueError where neither, or both and they differ, are given.

    >>> resolve_mixing(3, wrap=(2, 1))
    (0.0, 1.0)
    >>> resolve_mixing(3, 0.5)
    (0.5, 0.5)
    """
    named = {"rcps": 1.0, "conjoined": 0.0}
    shares: tuple[float, ...] | None = None
    if mixing is not None:
        if isinstance(mixing, str):
            if mixing not in named:
                raise ValueError(f"mixing {mixing!r} is no number and no name: use 'rcps' or 'conjoined'")
            mixing = named[mixing]
        if isinstance(mixing, Real):
            _check_share(float(mixing))
            if depth == 1 and mixing not in (0, 1):
                raise ValueError(
                    f"mixing {mixing} at depth 1: there is no second block to mix, so use 'rcps' or "
                    "'conjoined', which differ only in the merge"
                )
            mixing = [float(mixing)] * (depth - 1)
        if not isinstance(mixing, Iterable):
            raise ValueError(f"mixing {mixing!r} is no number, no sequence of numbers and no name")
        shares = tuple(float(m) for m in mixing)
        if len(shares) != depth - 1:
            raise ValueError(
                f"mixing has {len(shares)} shares, but depth {depth} has {depth - 1} exchanges: "
                "give one for every block after the first"
            )
        for m in shares:
            _check_share(m)
    if wrap is None:
        if shares is None:
            raise ValueError("give mixing (for example 0.5), wrap (for example (2, 1)) or strategy")
        return shares
    remedy = f"give whole group sizes of at least 1 that sum to {depth}"
    if not isinstance(wrap, Iterable) or not all(map(is_whole, wrap)):
        raise ValueError(f"wrap is {wrap!r}: {remedy}")
    groups = tuple(map(int, wrap))
    if sum(groups) != depth:
        raise ValueError(f"wrap {groups} sums to {sum(groups)}, but the trunk has {depth} blocks: {remedy}")
    starts = {sum(groups[:n]) for n in range(1, len(groups))}
    wrapped = tuple(float(block in starts) for block in range(1, depth))
    if shares is not None and shares != wrapped:
        raise ValueError(f"wrap {groups} means mixing {wrapped}, but mixing is {shares}: give one of them")
    return wrapped


def _check_share(m: float) -> None:
    if not 0 <= m <= 1:
        raise ValueError(f"mixing {m} lies outside [0, 1]: it is the share of the other strand's filters")
