"""What training minimises. Each loss obeys l(R u, R y) = l(u, y), the hypothesis of theorem T5.

All are means over the batch and convex in the logits, so merging the two strands' logits by their mean
never raises the RC-averaged loss. A NaN in the target means *not measured*: it contributes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional

Output = torch.Tensor | tuple[torch.Tensor, torch.Tensor]
Loss = Callable[[Output, torch.Tensor], torch.Tensor]


def binary_cross_entropy(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean over examples and labels of the negative log-likelihood in nats: two (batch, labels) -> ().

    Law: invariant, as labels have no strand. Source: Zhou et al. 2022, binary and simulated tasks.
    """
    _same_shape("binary_cross_entropy", logits, target)
    measured, target = _measured(target)
    terms = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (terms * measured).sum() / measured.sum().clamp(min=1)


def multinomial_nll(logits: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Negative log-likelihood in nats of each strand's positions, summed over strands.

    Two (batch, channels, length) -> (). A channel's softmax runs over its positions. The multinomial
    coefficient is left out: no model changes it.
    Law: invariant, as a sum over channels and positions. Source: Zhou et al. 2022, profile tasks.
    """
    _same_shape("multinomial_nll", logits, counts)
    measured, counts = _measured(counts)
    return -(functional.log_softmax(logits, dim=-1) * counts * measured).sum() / len(counts)


def log_count_error(log_counts: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Mean squared error of log(1 + counts) per channel: (batch, c) and (batch, c, l) -> ().

    Law: invariant, as a mean over channels.
    """
    _same_shape("log_count_error", log_counts, counts[..., 0])
    present, counts = _measured(counts)
    measured = present[..., 0]
    error = (log_counts - counts.sum(dim=-1).log1p()) ** 2
    return (error * measured).sum() / measured.sum().clamp(min=1)


def loss_of(kind: str, counts_weight: float = 0.0) -> Loss:
    """The loss of a kind of task: ``"labels"``, or ``"profile"`` with ``counts_weight`` of the count error.

    With weight 0 a count head, if there is one, is not trained. Raises ValueError on another kind.
    """
    if kind == "labels":
        return lambda output, target: binary_cross_entropy(first(output), target)
    if kind != "profile":
        raise ValueError(f"no loss for tasks of kind {kind!r}: write kind = 'labels' or 'profile'")

    def profile(output: Output, target: torch.Tensor) -> torch.Tensor:
        loss = multinomial_nll(first(output), target)
        if not counts_weight:
            return loss
        if isinstance(output, torch.Tensor):
            raise ValueError(
                f"counts_weight is {counts_weight} but the model has no count head: "
                "build it with count_head=True"
            )
        return loss + counts_weight * log_count_error(output[1], target)

    return profile


def in_bins(counts: torch.Tensor, resolution: int) -> torch.Tensor:
    """The counts (batch, channels, length) summed over bins of ``resolution`` bases; labels as they are.

    Law: commutes with RC, as the bins fill the length.
    """
    return counts if resolution == 1 else torch.unflatten(counts, -1, (-1, resolution)).sum(-1)


def first(output: Output) -> torch.Tensor:
    """The logits of a model: its only output, or the first of several."""
    return output if isinstance(output, torch.Tensor) else output[0]


def _measured(target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """1 where measured (a channel with any NaN position is not), and the target with NaN replaced by 0."""
    missing = target.isnan()
    if target.ndim == 3:
        missing = missing.any(dim=-1, keepdim=True)
    return (~missing).to(target.dtype), target.nan_to_num(nan=0.0)


def _same_shape(name: str, output: torch.Tensor, target: torch.Tensor) -> None:
    if output.shape != target.shape:
        raise ValueError(
            f"{name}: the model gives {tuple(output.shape)} and the target is {tuple(target.shape)}: "
            "check the task's outputs and lengths"
        )
