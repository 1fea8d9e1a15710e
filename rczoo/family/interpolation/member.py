"""The family of any network: its layers receive a share of the other strand's features.

:func:`interpolate` takes any model and one parameter. At mixing 0 the result is the conjoined model; at 1
every layer reads both strands, as in RCPS; it is equivariant at every mixing, since whatever is done alike
in both frames commutes with their swap. Proof: ``proofs/theorems/t14_any_block.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import torch
from torch import nn

from ...nn.canonical import CANONICAL
from ...nn.conjoined import Conjoined, Merge, declared
from ...symmetry.actions import Specs
from ...symmetry.padding import Padding
from .choice import Mixing, refuse_causal, shares_of, site_names
from .kinds import features_of, kind_of, receive
from .sites import Adapted, Receiving, Rows


def interpolate(
    model: nn.Module,
    *,
    inputs: Specs | None = None,
    outputs: Specs | None = None,
    mixing: Mixing = 0.5,
    at: str | Sequence[str] | None = None,
    merge: Merge | None = None,
    start: str = "open",
) -> Interpolated:
    """A member of the family of any model: ``conjoin(model)`` at mixing 0, RCPS at 1, equivariant at each.

    The model is copied, and both strands run through it as one batch. At a *site*, a layer that begins with
    a linear map of features, it also reads ``round(mixing * channels)`` channels of the other strand,
    reversed along the positions. A convolution in groups reads so many of each group: a depthwise one, whose
    groups have one channel, reads none up to mixing .5 and all above it.

    Args:
        model: any module whose examples are the first axis of inputs and outputs; an interpolated one opens
            further, with its own sites and merge unless others are given.
        inputs: how RC acts on each, as for :func:`rczoo.conjoin`.
        outputs: likewise.
        mixing: a share in [0, 1] for all sites, a sequence of one for each, or a mapping from patterns of
            names (``"blocks.*"``), of which the last that matches counts; sites that none matches receive
            nothing.
        at: patterns of the names of the sites. By default every ``Conv1d``, ``Conv2d``, ``ConvTranspose1d``,
            ``Linear``, ``LSTM``, ``GRU``, ``RNN`` and ``MultiheadAttention`` but the first layer that reads
            the sequence, where both strands hold the same bases. By its full name any other layer can be a
            site: a map of width 1 of what is received is added to its input, or to what an ``Embedding``
            answers.
        merge: of the strands, as for :func:`rczoo.conjoin`; by default ``mean``.
        start: ``"open"`` keeps the model's function exactly, as what is received has weight 0; ``"fresh"``
            draws each site anew, as one layer that reads as many channels.

    Law: ``f(R x) = R f(x)`` to the rounding of one batch, in train mode, too: batch statistics are pooled
    and random masks are drawn once for a pair. Nested in ``mixing``. Parameters keep their names within
    ``.model``; those that are received are called ``received_...``.

    Raises ValueError for shares outside [0, 1], patterns that match nothing, layers that cannot receive,
    and models that predict the next position: what is left of it on one strand is right of it on the other.

    >>> net = nn.Sequential(nn.Conv1d(4, 8, 5), nn.ReLU(), nn.Conv1d(8, 2, 3))
    >>> member = interpolate(net, outputs="1r", mixing=0.25)
    >>> [(site.name, site.received) for site in member.sites().rows]
    [('2', 2)]
    """
    if start not in ("open", "fresh"):
        raise ValueError(f"interpolate: start is {start!r}, expected 'open' or 'fresh'")
    inputs, outputs = declared(model, inputs, outputs, "interpolate")
    smaller = model if isinstance(model, Interpolated) else None
    if smaller:
        model, at, merge = smaller.plain(), at or smaller.site_names, merge or smaller.merge
    else:
        model = deepcopy(model)
    refuse_causal(model)
    names = site_names(model, at)
    for name, share in shares_of(mixing, names).items():
        if share:
            receive(model.get_submodule(name), share, start == "fresh")
    _read_every_weight(model)
    member = Interpolated(model, inputs, outputs, merge or "mean", names)
    return _opened(member, smaller) if smaller and start == "open" else member


class Site(NamedTuple):
    """One site: its layer, the channels that it reads of each strand, its parameters and its cost.

    ``groups``: of a convolution, each of which receives ``round(share * channels / groups)``.
    ``multiply_adds``: for each position that it answers, both strands together.
    """

    name: str
    kind: str
    channels: int
    received: int
    parameters: int
    multiply_adds: int
    groups: int = 1

    @property
    def share(self) -> float:
        """The share of the other strand's channels that is received."""
        return self.received / self.channels


class Sites(NamedTuple):
    """What :meth:`Interpolated.sites` returns; printing it shows a table."""

    rows: tuple[Site, ...]
    parameters: int
    """Of the whole model."""

    def __str__(self) -> str:
        kinds = [row.kind + (f", {row.groups} groups" if row.groups > 1 else "") for row in self.rows]
        wide = max([4, *(len(row.name) for row in self.rows)])
        kind = max([4, *map(len, kinds)])
        head = f"{'site':<{wide}} {'kind':<{kind}} {'received':>9} {'share':>6} {'parameters':>11}"
        head += f" {'multiply-adds':>14}"
        lines = [
            f"{row.name:<{wide}} {text:<{kind}} {f'{row.received}/{row.channels}':>9} {row.share:>6.2f} "
            f"{row.parameters:>11,} {row.multiply_adds:>14,}"
            for row, text in zip(self.rows, kinds, strict=True)
        ]
        return "\n".join([head, *lines, f"the whole model has {self.parameters:,} parameters"])


class Interpolated(Conjoined):
    """A member of a model's family; made by :func:`interpolate`. The model with its sites is ``.model``."""

    def __init__(
        self, model: nn.Module, inputs: Specs, outputs: Specs, merge: Merge, names: Sequence[str]
    ) -> None:
        super().__init__(model, inputs, outputs, merge)
        self.site_names = tuple(names)

    @property
    def together(self) -> bool:
        """Whether both strands run as one batch: where a site receives, also in eval mode."""
        return self.training or any(True for _ in self._receiving())

    def merge_by(self, merge: Merge) -> None:
        """Merge in this way from now on; refused as :func:`rczoo.conjoin` does, and "canonical"."""
        if merge == CANONICAL:
            raise ValueError(
                "interpolate: merge 'canonical' reads one strand, so there is nothing to exchange: take "
                "conjoin(member, merge='canonical'), which makes a member of merge 'mean' exact bit for bit"
            )
        super().merge_by(merge)

    def _run(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], batch: int, padding: Padding | None
    ) -> Any:
        twice = None if padding is None else Padding(torch.cat([padding.lengths] * 2), padding.positions)
        rows = Rows(batch, twice, self.either_axis) if batch else None
        for site in self._receiving():
            site.rows = rows
        try:
            return self.model(*args, **kwargs)
        finally:
            for site in self._receiving():
                site.rows = None

    def _receiving(self) -> Iterator[Receiving]:
        return (m for m in self.model.modules() if isinstance(m, Receiving))

    def sites(self) -> Sites:
        """Each site with what it receives, its parameters and its cost."""
        rows = (_row(name, self.model.get_submodule(name)) for name in self.site_names)
        return Sites(tuple(rows), sum(p.numel() for p in self.parameters()))

    def plain(self) -> nn.Module:
        """A copy of the model without what its sites receive: the ordinary network of one strand."""
        model = deepcopy(self.model)
        for site in [part for part in model.modules() if isinstance(part, Receiving)]:
            site.strip()
        return model


def _row(name: str, layer: nn.Module) -> Site:
    features = features_of(layer)
    assert features is not None, "interpolate refuses a layer that says no channels"
    received, plain = 0, type(layer)
    if isinstance(layer, Receiving):
        plain = type(layer).plain
        received = layer.received * (1 if isinstance(layer, Adapted) else features.groups)
    numbers = [p.numel() for p in layer.parameters()]
    weights = [p.numel() for p in layer.parameters() if p.ndim > 1]
    adapter = ", adapter" if kind_of(layer, plain) is Adapted else ""
    costs = sum(numbers), 2 * sum(weights)
    return Site(name, plain.__name__ + adapter, features.channels, received, *costs, features.groups)


def _opened(larger: Interpolated, smaller: Interpolated) -> Interpolated:
    """Give a member what a smaller one receives. Raises ValueError where a share would shrink."""
    state = larger.state_dict()
    for name, value in smaller.state_dict().items():
        if name not in state or any(a < b for a, b in zip(state[name].shape, value.shape, strict=True)):
            raise ValueError(
                f"interpolate: {name.removeprefix('model.')} has shape {tuple(value.shape)}, more than this "
                "mixing leaves: a function can be kept only at the same or a larger mixing"
            )
        if "received_" in name:
            state[name][tuple(map(slice, value.shape))] = value
    larger.load_state_dict(state)
    return larger.train(smaller.training)


def _read_every_weight(model: nn.Module) -> None:
    """Keep PyTorch's transformer layers from the fast path, which reads weights past the layers that hold
    them."""
    for part in model.modules():
        if isinstance(part, nn.TransformerEncoderLayer):
            part.activation_relu_or_gelu = (
                0  # the value for other activations, for which there is no fast path
            )
        if isinstance(part, nn.TransformerEncoder):
            part.enable_nested_tensor = part.use_nested_tensor = False
