"""``build``: a member of the family of any architecture that the package knows, by a parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

from ..._arguments import check_choice, check_whole
from ...symmetry.rep import Rep
from ..config import InterpolatedConfig
from ..interpolated import AnyNetwork, InterpolatedNetwork, check_interpolated_merge
from ..interpolation.choice import shares_of
from .catalogue import DESIGNS, Design, sites_of
from .paper import PAPER, Architecture, build_network
from .points import NAMED_SHARES, resolve_strategy

ARCHITECTURES: dict[str, Architecture | Design] = {**PAPER, **DESIGNS}
"""Every architecture that :func:`build` knows, by its name."""

Built = TypeVar("Built", bound=AnyNetwork)


def is_cropped(architecture: str) -> bool:
    """Whether an architecture's profile has any length that is asked for, as ``out_length``."""
    return architecture in DESIGNS and DESIGNS[architecture].margin is not None


def build(
    architecture: str,
    *,
    mixing: float | str | Sequence[float] | Mapping[str, float] | None = None,
    wrap: Sequence[int] | None = None,
    strategy: str | None = None,
    merge: str | None = None,
    filters: int | None = None,
    gain: float = 1.0,
    outputs: int | str | Rep | None = None,
    length: int | None = None,
    out_length: int | None = None,
    pool: Sequence[int] | str | None = None,
    control: Rep | str | None = None,
    count_head: bool = True,
    position: str | None = None,
    batch_statistics: str = "pooled",
    execution: str = "frames",
    irreps: float | None = None,
) -> AnyNetwork:
    """Build a member of the family, untrained.

    ``"motif-cnn"``, ``"tf-cnn"`` and ``"bpnet"`` are a :class:`Network`, the field's others an
    :class:`InterpolatedNetwork`. Say where in the family by one of ``mixing``, ``wrap``, ``strategy`` and
    ``irreps``; the field's others take the first and the third. :func:`rebuild` builds a network's like
    again.

    Args:
        architecture: a name in :data:`rczoo.family.ARCHITECTURES`.
        mixing: shares in [0, 1] of the other strand's filters: a number, one per block after the first,
            ``"rcps"`` or ``"conjoined"``; of the field's others one per site, or a mapping from patterns of
            names.
        wrap: sizes of the groups of blocks that are wrapped as one conjoined sub-model each.
        strategy: a name in :data:`NAMED_POINTS`; ``"standard"`` is an ordinary one-strand network.
        merge: of the strands: ``sum``, ``mean``, ``max``, ``probability`` or ``none``; by default ``mean`` at
            mixing 0, else ``sum``, and ``mean`` for the field's others.
        filters: the width, on each strand.
        gain: every convolution computes ``gain * conv + bias``.
        outputs: labels, or factors of a profile (two strands each); of the field's others also the Rep of
            tracks, ``"1r+1t"``.
        length: of the input, in bases.
        out_length: the bases that a profile of the field's others answers for, in the middle of the input; by
            default as many as it can.
        pool: of the label networks, width and stride, or ``"global"``: all positions at once.
        control: the Rep of control tracks; by default there are none.
        count_head: whether a profile comes with its log-counts.
        position: ``"tied"``, for profiles of centred events: a log-profile that is its own RC is learnt for
            the network's length and added to every answer.
        batch_statistics: of BatchNorm: ``"pooled"`` over strands, ``"separate"``, or ``"frozen"`` at mean 0
            and variance 1, in training too.
        execution: ``"frames"``, both strands run, exact; or ``"tied"``, by tied kernels, equal to rounding.
        irreps: mixing 1, but blocks carry 2 * filters channels that are no pairs, this share of them trivial,
            the rest sign channels (Mallet and Vert 2021).

    Raises ValueError on an unknown name, a share outside [0, 1], a wrap that does not sum to the depth, and
    geometry that does not fit.

    >>> build("tf-cnn", wrap=(2, 1)).config.mixing
    (0.0, 1.0)
    >>> build("tf-cnn", irreps=0.75).trunk.rep
    Rep("24t+8s")
    """
    check_choice("architecture", architecture, list(ARCHITECTURES))
    places: dict[str, Any] = {
        "mixing": mixing,
        "strategy": strategy,
        "merge": merge,
        "filters": filters,
        "length": length,
        "outputs": outputs,
        "control": control,
    }
    only_paper: dict[str, tuple[Any, Any]] = {
        "wrap": (wrap, None),
        "gain": (gain, 1.0),
        "pool": (pool, None),
        "count_head": (count_head, True),
        "position": (position, None),
        "batch_statistics": (batch_statistics, "pooled"),
        "execution": (execution, "frames"),
        "irreps": (irreps, None),
    }
    if architecture in PAPER:
        if out_length is not None:
            raise ValueError(f"{architecture} takes no out_length: its convolutions decide it")
        options = {name: value for name, (value, _) in only_paper.items()}
        return build_network(architecture, **places, **options)
    for name, (value, usual) in only_paper.items():
        if value != usual:
            raise ValueError(f"{architecture} takes no {name}: only {', '.join(PAPER)} do")
    return _interpolated(architecture, **places, out_length=out_length)


def _interpolated(
    architecture: str,
    mixing: Any,
    strategy: str | None,
    merge: str | None,
    filters: int | None,
    length: int | None,
    outputs: int | str | Rep | None,
    control: Rep | str | None,
    out_length: int | None,
) -> InterpolatedNetwork:
    """One of the field's architectures, its arguments checked and the rest chosen."""
    design = DESIGNS[architecture]
    sizes = {"filters": filters, "length": length, "out_length": out_length}
    if not isinstance(outputs, str | Rep):
        sizes["outputs"] = outputs
    check_whole("build", **{name: (value, 1) for name, value in sizes.items() if value is not None})
    filters = int(filters or design.filters)
    if strategy is not None:
        mixing, merge, filters = resolve_strategy(strategy, mixing, None, merge, filters)
    config = InterpolatedConfig(
        architecture=architecture,
        mixing=(),
        merge=merge or "mean",
        filters=filters,
        outputs=_outputs(architecture, design, outputs),
        length=int(length or design.length),
        out_length=_out_length(architecture, design, int(length or design.length), out_length),
        control=_control(architecture, design, control),
    )
    plain = design.plain(config)
    config = replace(config, mixing=_shares(mixing, sites_of(plain)))
    check_interpolated_merge(config.merge, config)
    return InterpolatedNetwork(plain, config)


def _shares(mixing: Any, sites: Sequence[str]) -> tuple[float, ...]:
    """A share for each site."""
    if mixing is None:
        raise ValueError("give mixing (for example 0.5) or strategy")
    if isinstance(mixing, str):
        check_choice("mixing", mixing, list(NAMED_SHARES))
        mixing = NAMED_SHARES[mixing]
    return tuple(float(share) for share in shares_of(mixing, sites).values())


def _outputs(architecture: str, design: Design, outputs: int | str | Rep | None) -> int | str:
    """A number of outputs, or the text of the Rep of tracks."""
    if not isinstance(outputs, str | Rep):
        return int(outputs or design.outputs)
    if design.margin is None:
        raise ValueError(f"{architecture} has labels, so outputs is {outputs!r}: give their number")
    return str(Rep(outputs))


def _out_length(architecture: str, design: Design, length: int, out_length: int | None) -> int | None:
    """How many bases the profile answers for; None for labels."""
    if design.margin is None:
        if out_length is not None:
            raise ValueError(f"{architecture} has labels, so it takes no out_length")
    elif out_length is None:
        out_length = length - 2 * design.margin
    design.check_lengths(architecture, length, out_length)
    return out_length


def _control(architecture: str, design: Design, control: Rep | str | None) -> str | None:
    """The text of the Rep of control tracks."""
    if control is None:
        return None
    if not design.control:
        able = ["bpnet", *(name for name, other in DESIGNS.items() if other.control)]
        raise ValueError(f"{architecture} takes no control tracks: only {', '.join(able)} do")
    return str(Rep(control))


def rebuild(network: Built, **changes: Any) -> Built:
    """A network of the same configuration, untrained, but for the arguments of :func:`build` that change.

    >>> rebuild(build("tf-cnn", wrap=(2, 1)), filters=8).config.mixing
    (0.0, 1.0)
    """
    return cast(Built, build(**{**network.config.keywords(), **changes}))
