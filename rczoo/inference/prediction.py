"""A trained model's answers, batch by batch: for the given strand, for the other one, or for both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ..hardware import choose_device, full_precision
from ..symmetry import dna
from ..symmetry.actions import act

STRAND_CHOICES = ("given", "other", "both")
Answer = tuple[Tensor, ...]
"""All outputs of a model for a batch."""


class BothStrands(NamedTuple):
    """``given`` is f(x), ``other`` is R f(R x): the other strand's answer, put back so that they compare."""

    given: Any
    other: Any


def predict(
    model: nn.Module,
    X: str | Sequence[str] | np.ndarray | Tensor,
    X_ctl: np.ndarray | Tensor | None = None,
    *,
    batch_size: int = 64,
    device: str | None = None,
    strand: str = "given",
) -> Any:
    """What the model answers for sequences, on the CPU, in eval mode, without gradients.

    Args:
        model: any module of one-hot DNA.
        X: strings of one length, base codes (n, length), or one-hot (n, 4, length) of any dtype.
        X_ctl: the control tracks (n, channels, out_length) of models that read them.
        batch_size: sequences in one pass.
        device: ``"cpu"``, ``"cuda"`` or ``"auto"``, to which the model is moved; by default it stays where it
            is.
        strand: ``"given"`` is f(x) as the model returns it (a tensor, or a tuple of them); ``"other"`` is
            R f(R x), the other strand's answer put back on the given one; ``"both"`` is :class:`BothStrands`.

    Law: an equivariant model has equal answers. Raises ValueError for no sequences, control tracks that the
    model does not read or lacks, an unknown strand or device, and a model that does not say how RC acts on
    its outputs (``rep_out``) where that is needed.
    """
    check_strand(strand)
    if device is not None:
        model.to(choose_device(device))
    if batch_size < 1:
        raise ValueError(f"batch_size {batch_size}: give at least 1")
    ready = isinstance(X, Tensor) or (isinstance(X, np.ndarray) and X.ndim == 3)
    X = torch.as_tensor(X) if ready else dna.one_hot(X)
    inputs = [X] if X_ctl is None else [X, torch.as_tensor(X_ctl)]
    if not len(X):
        raise ValueError("predict: no sequences given")
    if len(inputs[-1]) != len(X):
        raise ValueError(f"X_ctl has {len(inputs[-1])} rows for {len(X)} sequences: give one for each")
    wanted = sides(strand)
    parts: list[list[Answer]] = [[] for _ in wanted]
    for first in range(0, len(X), batch_size):
        batch = [x[first : first + batch_size] for x in inputs]
        for found, other in zip(parts, wanted, strict=True):
            found.append(answer(model, batch, np.full(len(batch[0]), other)))
    joined = [tuple(torch.cat(column) for column in zip(*part, strict=True)) for part in parts]
    plain = [y[0] if len(y) == 1 else y for y in joined]
    return BothStrands(*plain) if strand == "both" else plain[0]


def answer(model: nn.Module, inputs: Sequence[Tensor], turned: np.ndarray) -> Answer:
    """The outputs for one batch, in eval mode, on the CPU.

    Inputs (batch, channels, length) take the dtype of the model's parameters. Where ``turned`` (batch,) is
    true the model reads the reverse complement, and its answer is put back. Raises ValueError as
    :func:`predict` does.
    """
    rep_in = listed(getattr(model, "rep_in", ("dna", None)[: len(inputs)]))
    rep_out = getattr(model, "rep_out", None)
    if len(inputs) != len(rep_in):
        raise ValueError(
            f"{type(model).__name__} reads {len(rep_in)} inputs ({', '.join(map(str, rep_in))}), got "
            f"{len(inputs)}: " + ("leave X_ctl out" if len(inputs) > len(rep_in) else "give control tracks")
        )
    rows = torch.from_numpy(np.flatnonzero(turned))
    if len(rows) and rep_out is None:
        raise ValueError(
            f"{type(model).__name__} declares no rep_out, so its answer for the other strand cannot be put "
            "back: conjoin it, or set model.rep_out, for example (rczoo.Rep('1t'),) for a label"
        )
    like = next(model.parameters(), torch.empty(0))
    typed = [x.to(like.dtype) if x.ndim == 3 else x for x in inputs]
    given = [_turn(x, spec, rows) for x, spec in zip(typed, rep_in, strict=True)]
    with evaluating(model), torch.no_grad(), full_precision():
        outputs = model(*(x.to(like.device) for x in given))
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    return tuple(
        _turn(y.cpu(), spec, rows) for y, spec in zip(outputs, listed(rep_out, len(outputs)), strict=True)
    )


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """The model in eval mode, as it was afterwards."""
    before = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for part, training in before:
            part.training = training


def check_strand(strand: str) -> None:
    """Refuse an unknown strand."""
    if strand not in STRAND_CHOICES:
        raise ValueError(f"strand {strand!r}: choose one of {', '.join(STRAND_CHOICES)}")


def sides(strand: str) -> tuple[bool, ...]:
    """For each answer that is wanted, whether it is the other strand's."""
    return (False, True) if strand == "both" else (strand == "other",)


def listed(specs: Any, number: int = 1) -> list[Any]:
    """One spec for each input or output."""
    return list(specs) if isinstance(specs, tuple | list) else [specs] * number


def _turn(x: Tensor, spec: Any, rows: Tensor) -> Tensor:
    """Reverse complement of some rows."""
    if not len(rows):
        return x
    turned = x.clone()
    turned[rows] = act(spec, x[rows])
    return turned
