"""Which bases an answer rests on: four methods, one result, scores (batch, 4, length).

By T10 the scores of an equivariant model move with the sequence, whatever the method. Proof:
``proofs/theorems/t10_gradients.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import torch
from torch import Tensor, nn

from .._arguments import check_choice
from ..family.ensembles import Model
from ..symmetry.rep import DNA
from .deeplift import contributions, hookable
from .target import BoundTarget, Target, bind_target

METHODS = ("saliency", "input-x-gradient", "ism", "deeplift")

Advance = Callable[[int], object]
"""Told how many more sequences are done."""


def attribute(
    model: nn.Module,
    X: Tensor,
    X_ctl: Tensor | None = None,
    *,
    method: str = "deeplift",
    target: Target = None,
    references: int | Tensor = 20,
    seed: int = 0,
    batch_size: int = 64,
    advance: Advance | None = None,
) -> Tensor:
    """Score every base at every position: what the answer owes to it, or would if it were there.

    Returns scores of X's shape on the CPU, in units of the target (logits, log-counts); ``X * scores`` keeps
    the bases present. The methods:

    - ``"saliency"``: the gradient;
    - ``"input-x-gradient"``: the gradient less its mean over the four bases, since a base always takes the
      place of another (Majdandzic et al. 2023);
    - ``"ism"``: the change of the answer when the base is written there, less its mean over the four;
    - ``"deeplift"``: hypothetical contributions of DeepLIFT/SHAP by tangermeme
      (``pip install 'rczoo[explain]'``), averaged over the references.

    Args:
        model: any module of one-hot DNA; a copy is used, in eval mode and, if made by ``build``, in frames.
        X: one-hot (batch, 4, length).
        X_ctl: the control tracks of a model that takes them, (batch, channels, out_length).
        method: one of the above.
        target: a label's number, ``"profile"``, ``"counts"``, or one factor's ``"profile:1"``; see
            :mod:`rczoo.attribution.target`.
        references: of DeepLIFT: a number of dinucleotide shuffles, half of them drawn on each strand, or
            one-hot (batch, references, 4, length).
        seed: of the shuffles.
        batch_size: how many sequences, mutants or references run at once.
        advance: called with the number of sequences done.

    Law: ``attribute(model, R x) = R attribute(model, x)`` to rounding for an equivariant model (T10).
    Raises ValueError, in one line, for shapes, methods and targets that do not fit, and where contributions
    miss the change of the answer because an operation has no DeepLIFT rule.

    >>> from rczoo import build, one_hot
    >>> model = build("motif-cnn", strategy="rcps", length=60)
    >>> attribute(model, one_hot("ACGTTA" * 10), method="ism", target=2).shape
    torch.Size([1, 4, 60])
    """
    check_choice("method", method, METHODS)
    _check(X, X_ctl, references, batch_size)
    reps, model = getattr(model, "rep_out", None), _prepared(model, method, X.shape[2])
    parameter = next(model.parameters(), torch.zeros(0))
    tensors = [X] if X_ctl is None else [X, X_ctl]
    scores = [torch.zeros(0, *X.shape[1:], dtype=parameter.dtype)]
    for rows in torch.split(torch.arange(len(X)), _sequences_at_once(method, references, batch_size)):
        x, *controls = (t[rows].to(parameter.device, parameter.dtype) for t in tensors)
        bound = bind_target(model, x, tuple(controls), target, reps)
        own = references[rows].to(x) if isinstance(references, Tensor) else references
        scores.append(_answer(bound, method, own, seed, batch_size).cpu())
        if advance:
            advance(len(rows))
    return torch.cat(scores)


def gradient(bound: BoundTarget) -> Tensor:
    """The gradient of the number explained: (batch, 4, length)."""
    with torch.enable_grad():
        x = bound.x.detach().clone().requires_grad_()
        return torch.autograd.grad(bound.value(x).sum(), x)[0]


def mutagenesis(bound: BoundTarget, batch_size: int) -> Tensor:
    """The change of the number explained on writing each base at each position: (batch, 4, length)."""
    row, base, position = (bound.x != 1).nonzero(as_tuple=True)
    changes = torch.zeros_like(bound.x)
    with torch.no_grad():
        before = bound.value()
        for r, b, p in zip(*(torch.split(part, batch_size) for part in (row, base, position)), strict=True):
            mutants = bound.x[r]
            each = torch.arange(len(r), device=r.device)
            mutants[each, :, p] = 0
            mutants[each, b, p] = 1
            changes[r, b, p] = bound.value(mutants, r) - before[r]
    return changes


def less_mean(scores: Tensor) -> Tensor:
    """Scores (batch, 4, length) less their mean over the four bases, rounded alike on both strands."""
    pairs = scores + scores[:, list(DNA.partners)]  # in the same order from either end
    return scores - pairs.sum(1, keepdim=True) / 8


def _answer(bound: BoundTarget, method: str, references: int | Tensor, seed: int, batch_size: int) -> Tensor:
    if method == "deeplift":
        return contributions(bound, references, seed, batch_size)
    if method == "ism":
        return less_mean(mutagenesis(bound, batch_size))
    return gradient(bound) if method == "saliency" else less_mean(gradient(bound))


def _sequences_at_once(method: str, references: int | Tensor, batch_size: int) -> int:
    """How many sequences make about ``batch_size`` runs of the model."""
    if method == "ism":
        return 1
    each = references if isinstance(references, int) else references.shape[1]
    return max(1, batch_size // each) if method == "deeplift" else batch_size


def _prepared(model: nn.Module, method: str, length: int) -> nn.Module:
    """A copy in eval mode whose parameters want no gradient, in the execution in which the law is exact."""
    copy = deepcopy(model).eval().requires_grad_(False)
    if isinstance(copy, Model):
        copy.execution = "frames"
    if method != "deeplift":
        return copy
    return hookable(copy, length)


def _check(X: Tensor, X_ctl: Tensor | None, references: int | Tensor, batch_size: int) -> None:
    if X.ndim != 3 or X.shape[1] != DNA.channels:
        hint = ": add a batch axis" if X.ndim == 2 else ""
        raise ValueError(f"attribute: expected (batch, 4, length), got {tuple(X.shape)}{hint}")
    if not (((X == 0) | (X == 1)).all() and (X.sum(1) <= 1).all()):
        raise ValueError("attribute: X is not one-hot: each position is one base, or zeros for N")
    if not len(X):
        raise ValueError("attribute: no sequences given")
    if X_ctl is not None and len(X_ctl) != len(X):
        raise ValueError(f"attribute: {len(X)} sequences but {len(X_ctl)} control tracks: give one each")
    if batch_size < 1:
        raise ValueError(f"attribute: batch_size is {batch_size}, expected a whole number >= 1")
    if isinstance(references, Tensor):
        if references.ndim != 4 or (len(references), *references.shape[2:]) != tuple(X.shape):
            raise ValueError(
                f"attribute: references have shape {tuple(references.shape)}, expected (batch, references, "
                f"4, length) for sequences {tuple(X.shape)}"
            )
    elif references < 2 or references % 2:
        raise ValueError(
            f"attribute: references is {references}: give an even number, as half are drawn on each strand"
        )
