"""A network of the family: trunk, head and merge behind the field's calling convention."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from .._arguments import check_choice
from ..symmetry.frames import MERGES, Frames, open_frames
from ..symmetry.rep import DNA, Rep
from .config import NetworkConfig
from .heads import LabelHead, ProfileHead, check_linear
from .inputs import check_inputs
from .irreps import IrrepsTrunk
from .trunk import BlockShape, Trunk


def check_merge(merge: str, config: NetworkConfig) -> None:
    """Refuse a merge that is unknown, or that a network of this configuration cannot have."""
    check_choice("merge", merge, ["none", *MERGES])
    if merge == "none" and any(config.mixing):
        raise ValueError(
            f"merge 'none' reads one strand, so there is nothing to exchange at mixing {list(config.mixing)}"
        )
    if merge == "none" and config.irreps is not None:
        raise ValueError(f"merge 'none' reads one strand, but irreps {config.irreps} are of both: use 'mean'")
    if merge == "probability" and not config.pool:
        raise ValueError(
            f"merge 'probability' averages the sigmoids of labels, but {config.architecture} predicts "
            "profiles: use 'mean'"
        )


class Network(nn.Module):
    """A member of the family: ``forward(X, X_ctl=None)``, an ordinary module of the field's convention.

    X is one-hot DNA (batch, 4, length); X_ctl, for networks built with ``control``, the control tracks at the
    output's length. Labels: logits (batch, outputs). bpnet: profile logits (batch, 2 * outputs, out_length),
    and log-counts (batch, 2 * outputs) where there is a count head.
    Law: ``network(R x) = R network(x)`` with the Reps ``rep_in`` and ``rep_out``, unless ``merge`` is
    ``"none"``. ``execution`` is ``"frames"`` (exact in eval mode) or ``"tied"`` (faster, equal to rounding).
    """

    framed = True
    """It reads each strand from its own 5' end, so its windows need not coincide on both strands (T7)."""

    resolution = 1
    """How many bases one position of the profile stands for."""

    def __init__(self, blocks: Sequence[BlockShape], config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.control = Rep(config.control or "0t")
        self.trunk: Trunk | IrrepsTrunk
        if config.irreps is None:
            self.trunk = Trunk(blocks, config.filters, config.mixing, config.gain)
        else:
            self.trunk = IrrepsTrunk(blocks, config.filters, config.irreps)
        channels = self.trunk.filters
        left = config.length - self.trunk.shrinkage
        self.head: LabelHead | ProfileHead
        if config.pool:
            self.head = LabelHead(channels, left, config.pool, config.outputs)
        else:
            self.head = ProfileHead(
                channels,
                config.outputs,
                self.control,
                config.count_head,
                config.merge,
                config.gain,
                left if config.position else 0,
            )
        self.rep_in = (DNA, self.control) if self.control.channels else (DNA,)
        self.rep_out = self.head.rep_out
        self.execution = "frames"

    @property
    def execution(self) -> str:
        """``"frames"`` or ``"tied"``: two ways to compute the same function."""
        return self._execution

    @execution.setter
    def execution(self, execution: str) -> None:
        if execution not in ("frames", "tied"):
            raise ValueError(f"execution {execution!r}: choose 'frames' (exact) or 'tied' (fast)")
        if execution == "tied" and self.config.batch_statistics == "separate":
            raise ValueError(
                "execution 'tied' pools batch statistics over strands: use 'frames' with 'separate'"
            )
        self._execution = execution

    @property
    def executions(self) -> tuple[str, ...]:
        """The executions that it has: separate batch statistics leave it only the frames."""
        return ("frames",) if self.config.batch_statistics == "separate" else ("frames", "tied")

    @property
    def equivariant(self) -> bool:
        """Whether the law holds by construction: not for a network of one strand."""
        return self.config.merge != "none"

    @property
    def positions(self) -> int:
        """Positions of the profile for an input of the configured length; 0 for labels."""
        return 0 if self.config.pool else self.output_length(self.config.length)

    @property
    def any_length(self) -> bool:
        """Whether it reads other lengths than the configured: for profiles, where no position is learnt."""
        return not (self.config.pool or self.config.position)

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        return f"{self.config.architecture}, merge {self.config.merge}"

    def output_length(self, length: int) -> int:
        """Positions of the profile for an input of ``length`` (bpnet only)."""
        return length - self.trunk.shrinkage - ProfileHead.WIDTH + 1

    def forward(self, X: Tensor, X_ctl: Tensor | None = None) -> Any:
        """Logits, or a tuple (profile logits, log-counts); see the class."""
        strands = 1 if self.config.merge == "none" else 2
        return self.head(*self._frames(X, X_ctl, strands), self.config.merge)

    def strands(self, X: Tensor, X_ctl: Tensor | None = None) -> tuple[Any, Any]:
        """Both frames' answers before the merge, read in the given strand: ``(u0, u1)``, in one pass.

        Each is shaped as ``forward``'s answer, which is their mean (for ``"sum"``, each of them is twice what
        the frame adds: T11). Law: RC of the inputs swaps the two and acts on both by ``rep_out``. They are
        what :func:`rczoo.agreement_loss` takes. Raises ValueError for a merge that is no mean.
        """
        check_linear(self.config.merge)
        given, other = self.head.strands(*self._frames(X, X_ctl, 2), self.config.merge)
        return given, other

    def _frames(
        self, X: Tensor, X_ctl: Tensor | None, strands: int
    ) -> tuple[Frames, tuple[Tensor | None, ...]]:
        """The trunk's frames of checked inputs, and each frame's control tracks."""
        check_inputs(self, X, X_ctl)
        stack = self.training and self.config.batch_statistics != "separate"
        frames = self.trunk(X, strands, stack, self._execution)
        controls: tuple[Tensor | None, ...] = (None,) * strands
        if X_ctl is not None:
            controls = open_frames(X_ctl, self.control, strands)
        return frames, controls

    def remerge(self, merge: str) -> Network:
        """A copy with the same parameters and another merge.

        From ``"none"`` to ``"mean"``, after training one strand, this is post-hoc conjoining.
        """
        check_merge(merge, self.config)
        other = deepcopy(self)
        other.config = replace(self.config, merge=merge)
        return other
