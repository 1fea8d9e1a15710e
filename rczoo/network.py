"""A network of the family: trunk, head and merge behind the field's calling convention."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from .family import DNA, BlockShape, Trunk
from .frames import MERGES, open_frames
from .heads import LabelHead, ProfileHead
from .rep import Rep


def choose(kind: str, name: str, names: Sequence[str]) -> None:
    """Raise ValueError naming the nearest of ``names`` unless ``name`` is among them."""
    if name not in names:
        near = get_close_matches(str(name), names, 1)
        raise ValueError(
            f"unknown {kind} {name!r}{f' (did you mean {near[0]!r}?)' if near else ''}: "
            f"choose one of {', '.join(names)}"
        )


def check_merge(merge: str, config: dict[str, Any]) -> None:
    """Refuse a merge that is unknown, or that a network of this configuration cannot have."""
    choose("merge", merge, ["none", *MERGES])
    if merge == "none" and any(config["mixing"]):
        raise ValueError(
            f"merge 'none' reads one strand, so there is nothing to exchange at mixing {config['mixing']}"
        )
    if merge == "probability" and not config["pool"]:
        raise ValueError(
            f"merge 'probability' averages the sigmoids of labels, but {config['architecture']} predicts "
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

    def __init__(self, blocks: Sequence[BlockShape], config: dict[str, Any]) -> None:
        super().__init__()
        self.config = config
        self.control = Rep(config["control"] or "0t")
        self.trunk = Trunk(blocks, config["filters"], config["mixing"], config["gain"])
        left = config["length"] - self.trunk.shrinkage
        self.head: LabelHead | ProfileHead
        if config["pool"]:
            self.head = LabelHead(config["filters"], left, tuple(config["pool"]), config["outputs"])
        else:
            self.head = ProfileHead(
                config["filters"],
                config["outputs"],
                self.control,
                config["count_head"],
                config["merge"],
                config["gain"],
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
        if execution == "tied" and self.config["batch_statistics"] == "separate":
            raise ValueError(
                "execution 'tied' pools batch statistics over strands: use 'frames' with 'separate'"
            )
        self._execution = execution

    def output_length(self, length: int) -> int:
        """Positions of the profile for an input of ``length`` (bpnet only)."""
        return length - self.trunk.shrinkage - ProfileHead.WIDTH + 1

    def forward(self, X: Tensor, X_ctl: Tensor | None = None) -> Any:
        """Logits, or a tuple (profile logits, log-counts); see the class."""
        self._check(X, X_ctl)
        how = self.config["merge"]
        strands = 1 if how == "none" else 2
        stack = self.training and self.config["batch_statistics"] != "separate"
        frames = self.trunk(X, strands, stack, self._execution)
        controls: tuple[Tensor | None, ...] = (None,) * strands
        if X_ctl is not None:
            controls = open_frames(X_ctl, self.control, strands)
        return self.head(frames, controls, how)

    def remerge(self, merge: str) -> Network:
        """A copy with the same parameters and another merge.

        From ``"none"`` to ``"mean"``, after training one strand, this is post-hoc conjoining.
        """
        check_merge(merge, self.config)
        other = deepcopy(self)
        other.config["merge"] = merge
        return other

    def save_pretrained(self, folder: str | Path, **options: Any) -> str | None:
        """Write a checkpoint with a card, as huggingface_hub's mixin does (extra ``hub``)."""
        from .pretrained import save_pretrained

        return save_pretrained(self, folder, **options)

    def push_to_hub(self, repo_id: str, **options: Any) -> str:
        """Push to a Hugging Face repository ``org/name``; returns the URL of the commit."""
        from .pretrained import push_to_hub

        return push_to_hub(self, repo_id, **options)

    @staticmethod
    def from_pretrained(name: str | Path, **options: Any) -> Network:
        """The network in a folder or a Hugging Face repository, in eval mode; never unpickled."""
        from .pretrained import from_pretrained

        return from_pretrained(name, **options)

    def _check(self, X: Tensor, X_ctl: Tensor | None) -> None:
        name, length = self.config["architecture"], self.config["length"]
        if X.ndim != 3 or X.shape[1] != DNA.channels:
            hint = ""
            if X.ndim == 2:
                hint = ": add a batch axis"
            elif X.ndim == 3 and X.shape[2] == DNA.channels:
                hint = ": transpose (batch, length, 4)"
            raise ValueError(f"{name}: expected (batch, 4, length), got {tuple(X.shape)}{hint}")
        if isinstance(self.head, LabelHead):
            if X.shape[2] != length:
                raise ValueError(
                    f"{name}: built for length {length}, got {X.shape[2]}: crop or pad the sequences, or "
                    f"build with length={X.shape[2]}"
                )
        elif self.output_length(X.shape[2]) < 1:
            raise ValueError(
                f"{name}: length {X.shape[2]} is shorter than the receptive field {1 - self.output_length(0)}"
            )
        if (X_ctl is None) != (self.control.channels == 0):
            state, remedy = (
                ("missing", "give the tracks") if X_ctl is None else ("given", "build with control=")
            )
            raise ValueError(f"{name}: built with control {self.control}, but X_ctl is {state}: {remedy}")
        if X_ctl is not None:
            expected = (X.shape[0], self.control.channels, self.output_length(X.shape[2]))
            if tuple(X_ctl.shape) != expected:
                raise ValueError(
                    f"{name}: expected control tracks {expected} (batch, channels of {self.control}, output "
                    f"length), got {tuple(X_ctl.shape)}"
                )
