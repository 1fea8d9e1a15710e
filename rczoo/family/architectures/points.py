"""Places in the family: the paper's names, mixings and wraps, as shares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

from ..._arguments import check_choice, is_whole

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

NAMED_SHARES = {"rcps": 1.0, "conjoined": 0.0}
"""Words for the ends of the family."""


def resolve_strategy(
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
    shares: tuple[float, ...] | None = None
    if mixing is not None:
        if isinstance(mixing, str):
            if mixing not in NAMED_SHARES:
                raise ValueError(f"mixing {mixing!r} is no number and no name: use 'rcps' or 'conjoined'")
            mixing = NAMED_SHARES[mixing]
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


def resolve_irreps(
    irreps: float, depth: int, mixing: Any, wrap: Sequence[int] | None, gain: float, batch_statistics: str
) -> Any:
    """The mixing of blocks that carry irreps: 1, since they hold both strands, also where none was given.

    Raises ValueError for another mixing, and for what only blocks of pairs have.
    """
    if isinstance(irreps, bool) or not isinstance(irreps, Real) or not 0 <= float(irreps) <= 1:
        raise ValueError(f"irreps is {irreps!r}, expected a number in [0, 1], the share of trivial channels")
    for name, value, usual in (("gain", gain, 1), ("batch_statistics", batch_statistics, "pooled")):
        if value != usual:
            raise ValueError(f"irreps {irreps} takes no {name} {value!r}, which blocks of pairs have")
    if mixing is None and wrap is None:
        return 1.0
    share = NAMED_SHARES.get(mixing, mixing) if isinstance(mixing, str) else mixing
    shares = [share] if isinstance(share, Real) else resolve_mixing(depth, share, wrap)
    if any(m != 1 for m in shares):
        raise ValueError(
            f"irreps {irreps} holds both strands, as mixing 1 does, but mixing is {[*map(float, shares)]}: "
            "give one of them"
        )
    return mixing


def _check_share(m: float) -> None:
    if not 0 <= m <= 1:
        raise ValueError(f"mixing {m} lies outside [0, 1]: it is the share of the other strand's filters")
