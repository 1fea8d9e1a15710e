"""Agreement: how much a training asks of the two strands beyond the loss of their mean."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

import torch


def agreement_loss(
    loss: Callable[[Any, Any], torch.Tensor], u0: Any, u1: Any, target: Any, agreement: float = 1.0
) -> torch.Tensor:
    """The loss of the strands' mean, and ``agreement`` times the distance J between the strands.

    Computed as ``(1 - agreement) * loss(m, target) + agreement * (loss(u0, target) + loss(u1, target)) / 2``
    with m the mean of ``u0`` and ``u1``.

    Args:
        loss: ``loss(output, target)`` returns one number.
        u0: the answers for the given strand, as ``Network.strands`` and ``conjoin(model).strands`` give them:
            a tensor, or a tuple of tensors.
        u1: those for the other strand, read in the given one, of the same shapes.
        target: what the answers are compared with, read in the given strand.
        agreement: 0 is conjoining while training, 1 is augmentation with both strands in every batch, and
            more asks the strands to be consistent.

    Law: for a loss of the form ``A(u) - <y, u> + c(y)`` it is ``loss(m, target) + agreement * J`` with
    ``J = (A(u0) + A(u1)) / 2 - A(m)``, which is at least 0, is 0 where the strands agree, and holds no label.
    Of cross-entropy J is ``-log(sqrt(p0 p1) + sqrt((1 - p0) (1 - p1)))``, of a multinomial of N counts
    ``-N log sum sqrt(p0 p1)``, of Poisson rates ``(sqrt(r0) - sqrt(r1))^2 / 2``, of the squared error
    ``(u0 - u1)^2 / 4``. Where the loss is invariant under RC, so is this, exactly.

    Raises ValueError for answers of unequal structure or shape, and for an agreement below 0 or not finite.
    Sources: Zhou et al. 2022, which compares trainings at 0 and at 1; Ma 2025, for more than 1.

    >>> u0, u1, y = torch.tensor([[1.0]]), torch.tensor([[3.0]]), torch.tensor([[0.0]])
    >>> agreement_loss(torch.nn.functional.mse_loss, u0, u1, y, agreement=2)  # 2^2 + 2 * 2^2 / 4
    tensor(6.)
    """
    check_agreement(agreement)
    if _shapes(u0) != _shapes(u1):
        raise ValueError(
            f"agreement_loss: u0 is {_shapes(u0)} and u1 is {_shapes(u1)}: give both strands' answers to the "
            "same input"
        )
    if agreement == 0:
        return loss(_mean(u0, u1), target)
    strands = (loss(u0, target) + loss(u1, target)) / 2
    return strands if agreement == 1 else (1 - agreement) * loss(_mean(u0, u1), target) + agreement * strands


def check_agreement(agreement: object) -> None:
    """Refuse an agreement that is no finite number of at least 0."""
    if not isinstance(agreement, Real) or not 0 <= float(agreement) < math.inf:
        raise ValueError(f"agreement is {agreement!r}, expected a finite number >= 0")


def _mean(u0: Any, u1: Any) -> Any:
    """The mean of two answers, member by member, in their own type of tuple."""
    if isinstance(u0, torch.Tensor):
        return (u0 + u1) / 2
    return getattr(u0, "_make", type(u0))([_mean(u, v) for u, v in zip(u0, u1, strict=True)])


def _shapes(u: Any) -> Any:
    """The shape of a tensor, or a list of those of a tuple's members."""
    if isinstance(u, torch.Tensor):
        return tuple(u.shape)
    if not isinstance(u, list | tuple):
        raise ValueError(
            f"agreement_loss: expected a tensor or a tuple of tensors, got {type(u).__name__}: give what the "
            "loss takes"
        )
    return [_shapes(member) for member in u]
