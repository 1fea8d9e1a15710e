"""How well a model does on a split of a task, and how exactly it obeys reverse complement there."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import nn

from ..data.batches import Plain
from ..data.preparation import load_examples
from ..data.task import Task
from ..family.ensembles import Model
from ..symmetry.equivariance import equivariance_error
from .losses import first, in_bins, loss_of
from .metrics import label_metrics, profile_metrics

PROBED = 64
"""Examples on which the equivariance error is measured."""


def evaluate(model: nn.Module, task: Task, split: str = "test", batch_size: int = 256) -> dict[str, Any]:
    """The metrics of a model on a split: those of the task's kind, ``loss`` and the equivariance error.

    ``equivariance_error`` is measured in the model's own execution and, for a network or ensemble that reads
    both strands, as ``equivariance_error_tied`` with tied kernels; on the first examples, in eval mode.

    Args:
        model: one that reads and answers as the task's models do.
        task: what it is scored on, from :func:`rczoo.load_task`.
        split: ``"train"``, ``"validation"`` or ``"test"``, or a part that the task names.
        batch_size: sequences in one pass.
    """
    require_metrics(task)
    examples = load_examples(task, split)
    if not len(examples):
        raise ValueError(f"task {task.name} has no {split} examples: look at [data] splits")
    logits, target = predict(model, Plain(examples, batch_size), task.name)
    loss = loss_of(task.kind)(logits, target).item()
    found = {**scores(task, logits, target), "loss": loss}
    probe = examples.batch(np.arange(min(PROBED, len(examples))))
    return {**found, **errors(model, *(x for x in probe[:2] if x is not None))}


def require_metrics(task: Task) -> None:
    """Import what the metrics need, so that its absence is told before the work and not after it."""
    import_module("sklearn" if task.kind == "labels" else "scipy")


def predict(model: nn.Module, batches: Plain, name: str = "the task") -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and targets of all batches, on the CPU, the model in eval mode."""
    device = next(model.parameters()).device
    model.eval()
    logits, targets = [], []
    with torch.no_grad():
        for X, control, target in batches:
            inputs = [x.to(device) for x in (X, control) if x is not None]
            logits.append(first(model(*inputs)).cpu())
            targets.append(in_bins(target, getattr(model, "resolution", 1)))
            if logits[-1].shape != targets[-1].shape:
                raise ValueError(
                    f"the model gives {tuple(logits[-1].shape[1:])} per example, {name} has "
                    f"{tuple(targets[-1].shape[1:])}: evaluate it on the task it was trained for"
                )
    return torch.cat(logits), torch.cat(targets)


def scores(task: Task, logits: torch.Tensor, target: torch.Tensor) -> dict[str, Any]:
    """The metrics of the task's kind."""
    if task.kind == "labels":
        return dict(label_metrics(target.numpy(), logits.numpy()))
    return dict(profile_metrics(target.numpy(), logits.softmax(dim=-1).numpy(), task.rep_out[0]))


def errors(model: nn.Module, *inputs: torch.Tensor) -> dict[str, float]:
    """The equivariance error of a model in eval mode, and with tied kernels where it has them."""
    model.eval()
    device = next(model.parameters()).device
    inputs = tuple(x.to(device) for x in inputs)
    found = {"equivariance_error": equivariance_error(model, *inputs)}
    if not isinstance(model, Model) or not model.equivariant or "tied" not in model.executions:
        return found
    before = model.execution
    try:
        model.execution = "tied"
        found["equivariance_error_tied"] = equivariance_error(model, *inputs)
    finally:
        model.execution = before
    return found
