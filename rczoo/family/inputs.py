"""Inputs that fit a network of the family: their shapes, and the control tracks that it was built with."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..symmetry.rep import DNA


def check_inputs(network: Any, X: Tensor, X_ctl: Tensor | None) -> None:
    """Refuse inputs of a shape that a network of the family does not read."""
    name, length = network.config.architecture, network.config.length
    if X.ndim != 3 or X.shape[1] != DNA.channels:
        hint = ""
        if X.ndim == 2:
            hint = ": add a batch axis"
        elif X.ndim == 3 and X.shape[2] == DNA.channels:
            hint = ": transpose (batch, length, 4)"
        raise ValueError(f"{name}: expected (batch, 4, length), got {tuple(X.shape)}{hint}")
    if not network.any_length:
        if X.shape[2] != length:
            raise ValueError(
                f"{name}: built for length {length}, got {X.shape[2]}: crop or pad the sequences, or "
                f"build with length={X.shape[2]}"
            )
    elif network.output_length(X.shape[2]) < 1:
        raise ValueError(
            f"{name}: length {X.shape[2]} is shorter than the receptive field {1 - network.output_length(0)}"
        )
    if (X_ctl is None) != (network.control.channels == 0):
        state, remedy = ("missing", "give the tracks") if X_ctl is None else ("given", "build with control=")
        raise ValueError(f"{name}: built with control {network.control}, but X_ctl is {state}: {remedy}")
    if X_ctl is not None:
        expected = (X.shape[0], network.control.channels, network.output_length(X.shape[2]))
        if tuple(X_ctl.shape) != expected:
            raise ValueError(
                f"{name}: expected control tracks {expected} (batch, channels of {network.control}, output "
                f"length), got {tuple(X_ctl.shape)}"
            )
