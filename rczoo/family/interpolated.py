"""A network of the field as a member of its family: what ``interpolate`` makes, with what ``build`` knows."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from .._arguments import check_choice
from ..symmetry.frames import MERGES
from ..symmetry.rep import DNA, Rep
from .architectures.catalogue import DESIGNS, sites_of
from .config import InterpolatedConfig
from .heads import LINEAR, check_linear
from .inputs import check_inputs
from .interpolation.member import Interpolated, interpolate
from .network import Network


def check_interpolated_merge(merge: str, config: InterpolatedConfig) -> None:
    """Refuse a merge that is unknown, or that a network of this configuration cannot have."""
    check_choice("merge", merge, ["none", *MERGES])
    if merge == "none" and any(config.mixing):
        raise ValueError(
            f"merge 'none' reads one strand, so there is nothing to exchange at mixing {list(config.mixing)}"
        )
    if merge == "probability" and config.out_length is not None:
        raise ValueError(
            f"merge 'probability' averages the sigmoids of labels, but {config.architecture} predicts "
            "profiles: use 'mean'"
        )


class InterpolatedNetwork(Interpolated):
    """A member of the family of one of the field's architectures: ``forward(X, X_ctl=None)``.

    Called, saved, trained and explained as :class:`rczoo.family.Network` is; ``.model`` is the network of one
    strand, with its sites. Labels: logits (batch, outputs). Profiles: logits (batch, channels, positions),
    and log-counts (batch, channels) where the architecture has them.
    Law: ``network(R x) = R network(x)`` to rounding, unless ``merge`` is ``"none"``.
    """

    executions = ("frames",)
    """The ways in which it can compute its function: any network has frames, not all have tied kernels."""

    rep_in: tuple[Rep, ...]
    rep_out: tuple[Rep, ...]

    def __init__(self, plain: nn.Module, config: InterpolatedConfig) -> None:
        design = DESIGNS[config.architecture]
        control = Rep(config.control or "0t")
        member = interpolate(
            plain,
            inputs=(DNA, control) if control.channels else (DNA,),
            outputs=design.rep_out(config.outputs),
            mixing=config.mixing,
            at=sites_of(plain),
            merge="mean" if config.merge == "none" else config.merge,
            start="fresh",
        )
        super().__init__(member.model, member.rep_in, member.rep_out, member.merge, member.site_names)
        self.config, self.control = config, control
        self.resolution = design.resolution

    @property
    def execution(self) -> str:
        """``"frames"``, always: its layers are not tied."""
        return "frames"

    @execution.setter
    def execution(self, execution: str) -> None:
        if execution != "frames":
            raise ValueError(
                f"execution {execution!r}: {self.config.architecture} has no tied kernels: use 'frames'"
            )

    @property
    def equivariant(self) -> bool:
        """Whether the law holds by construction: not for a network of one strand."""
        return self.config.merge != "none"

    @property
    def positions(self) -> int:
        """Positions of the profile for an input of the configured length; 0 for labels."""
        return self.output_length(self.config.length) if self.any_length else 0

    @property
    def any_length(self) -> bool:
        """Whether it reads other lengths than the configured: for profiles."""
        return self.config.out_length is not None

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        return f"{self.config.architecture}, merge {self.config.merge}"

    def output_length(self, length: int) -> int:
        """Positions of the profile for an input of ``length``, each of ``resolution`` bases."""
        lost = self.config.length - (self.config.out_length or 0)
        return (length - lost) // self.resolution

    def forward(self, X: Tensor, X_ctl: Tensor | None = None) -> Any:
        """Logits, or a tuple (profile logits, log-counts); see the class."""
        inputs = self._checked(X, X_ctl)
        return super().forward(*inputs) if self.equivariant else self.model(*inputs)

    def strands(self, X: Tensor, X_ctl: Tensor | None = None) -> tuple[Any, Any]:
        """Both frames' answers before the merge, read in the given strand: as :meth:`Network.strands`.

        Raises ValueError for a merge that is no mean.
        """
        check_linear(self.config.merge)
        times = LINEAR[self.config.merge]
        one, other = super().strands(*self._checked(X, X_ctl))
        return _scaled(one, times), _scaled(other, times)

    def remerge(self, merge: str) -> InterpolatedNetwork:
        """A copy with the same parameters and another merge, as :meth:`Network.remerge`."""
        check_interpolated_merge(merge, self.config)
        other = deepcopy(self)
        other.config = replace(self.config, merge=merge)
        other.merge_by("mean" if merge == "none" else merge)
        return other

    def _checked(self, X: Tensor, X_ctl: Tensor | None) -> tuple[Tensor, ...]:
        check_inputs(self, X, X_ctl)
        DESIGNS[self.config.architecture].check_lengths(self.config.architecture, X.shape[2], None)
        return (X,) if X_ctl is None else (X, X_ctl)


AnyNetwork = Network | InterpolatedNetwork
"""What ``build`` makes."""


def _scaled(answer: Any, times: int) -> Any:
    return tuple(times * y for y in answer) if isinstance(answer, tuple) else times * answer
