"""Which layers of a model are sites, with which shares, and which models have no family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

import torch
from torch import nn

from .kinds import features_of, is_linear

Mixing = float | Sequence[float] | Mapping[str, float]


def site_names(model: nn.Module, at: str | Sequence[str] | None) -> list[str]:
    """The names of the sites, in the order in which the model registered its layers."""
    layers = dict(model.named_modules())
    inside = [n for n, m in layers.items() if isinstance(m, nn.MultiheadAttention)]
    candidates = {
        name: layer
        for name, layer in layers.items()
        if name and not any(name.startswith(f"{parent}.") for parent in inside)
    }
    linear = [name for name, layer in candidates.items() if is_linear(layer)]
    if at is None:
        reads = [
            name for name, layer in candidates.items() if is_linear(layer) or isinstance(layer, nn.Embedding)
        ]
        names = [name for name in linear if name != reads[0]] if reads else []
    else:
        patterns = [at] if isinstance(at, str) else list(at)
        chosen = {n for p in patterns for n in _matching(p, list(candidates), linear)}
        names = [name for name in candidates if name in chosen]
    if not names:
        raise ValueError(
            f"interpolate: {type(model).__name__} has no linear layer but the first: name layers by at=, or "
            "conjoin it"
        )
    for name in names:
        _refuse_layer(name, layers[name])
    return names


def _matching(pattern: str, names: Sequence[str], linear: Sequence[str]) -> list[str]:
    """The linear layers that a pattern matches, or any one layer by its full name."""
    if pattern in names:
        return [pattern]
    found = [name for name in linear if fnmatchcase(name, pattern)]
    if not found:
        near = get_close_matches(pattern, names, 3, 0.5) or linear[:3]
        raise ValueError(
            f"interpolate: no linear layer is called {pattern!r}: there are {', '.join(near)}, ..."
        )
    return found


def shares_of(mixing: Mixing, names: Sequence[str]) -> dict[str, float]:
    """The share of each site."""
    if isinstance(mixing, Mapping):
        shares = dict.fromkeys(names, 0.0)
        for pattern, share in mixing.items():
            shares |= dict.fromkeys(_matching(pattern, names, names), share)
    elif isinstance(mixing, Sequence):
        if len(mixing) != len(names):
            raise ValueError(
                f"interpolate: mixing has {len(mixing)} shares for {len(names)} sites ({', '.join(names)}): "
                "give one for each, one number, or a mapping from names"
            )
        shares = dict(zip(names, mixing, strict=True))
    else:
        shares = dict.fromkeys(names, mixing)
    for name, share in shares.items():
        if isinstance(share, bool) or not 0 <= share <= 1:
            raise ValueError(
                f"interpolate: mixing {share} of {name} lies outside [0, 1]: it is the share of the other "
                "strand's channels"
            )
    return shares


def _refuse_layer(name: str, layer: nn.Module) -> None:
    """Refuse what cannot receive."""
    reason = None
    if isinstance(layer, torch.jit.ScriptModule):
        reason = "is scripted, and cannot be changed: interpolate the model that it was made from"
    elif isinstance(layer, nn.modules.lazy.LazyModuleMixin):
        reason = "has no weights yet: run the model once before"
    elif features_of(layer) is None:
        reason = "does not say how many channels it reads: choose the layer before or after it"
    if reason:
        raise ValueError(f"interpolate: {name} ({type(layer).__name__}) {reason}")


def refuse_causal(model: nn.Module) -> None:
    """Refuse models that say that they are causal."""
    config = getattr(model, "config", None)
    for name, part in [("", model), *model.named_modules()]:
        if getattr(part, "is_causal", False) is True or getattr(config, "is_decoder", False) is True:
            raise ValueError(
                f"interpolate: {name or type(model).__name__} is causal: position i sees its left on one "
                "strand and its right on the other, so no feature can pass between them; score whole "
                "sequences on both strands and average"
            )
