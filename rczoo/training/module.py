"""One training as Lightning runs it: the loss of a step, the validation of an epoch, Adam as Keras has it."""

from __future__ import annotations

import math
from typing import Any

import lightning
import numpy as np
import torch

from ..data.batches import Batch, Epoch, Plain
from ..data.preparation import load_examples
from ..data.task import Task
from ..evaluation.agreement import agreement_loss
from ..evaluation.losses import Output, first, in_bins, loss_of
from ..evaluation.metrics import label_metrics
from ..family.heads import ProfileHead
from ..family.interpolated import AnyNetwork
from ..nn.processes import mean_over_processes, of_all_processes, place

EPSILON = 1e-7
"""What Keras's Adam adds to the root of the second moment."""


class TrainingModule(lightning.LightningModule):
    """A network learning a task; ``augment`` as :class:`rczoo.data.batches.Epoch` takes it.

    ``agreement`` as :func:`rczoo.agreement_loss` takes it; at 0 the loss is that of the merged answer alone.
    ``first_epoch`` counts the whole epochs before an interruption; ``entry`` is the history's, made by an
    epoch's validation.
    """

    def __init__(
        self,
        network: AnyNetwork,
        task: Task,
        augment: str,
        seed: int = 0,
        first_epoch: int = 0,
        agreement: float = 0.0,
    ) -> None:
        super().__init__()
        self.network, self.task, self.augment = network, task, augment
        self.seed, self.first_epoch, self.agreement = seed, first_epoch, agreement
        self.entry: dict[str, Any] = {}
        self.loss = loss_of(task.kind, task.training.counts_weight)
        examples = load_examples(task, "train")
        self.training_examples = examples.part(task.training.subset) if task.training.subset else examples
        self.validation_examples = load_examples(task, "validation")
        self._check_examples()
        self._start_at_the_mean_profile()
        self._losses: list[torch.Tensor] = []
        self._outputs: list[tuple[Output, torch.Tensor]] = []

    def _check_examples(self) -> None:
        """Refuse, before a training and not after it, splits that cannot train or choose a model."""
        splits = {"training": self.training_examples, "validation": self.validation_examples}
        for split, examples in splits.items():
            if not len(examples):
                raise ValueError(f"task {self.task.name} has no {split} examples: look at [data] splits")
            if self.task.kind == "labels" and len(np.unique(examples.target)) == 1:
                raise ValueError(f"task {self.task.name}: all {split} labels are alike: give both classes")

    def _start_at_the_mean_profile(self) -> None:
        """Where the network learns a profile of positions, begin it at the mean of the training profiles."""
        head = getattr(self.network, "head", None)
        if isinstance(head, ProfileHead) and head.plus is not None:
            profiles = np.asarray(self.training_examples.unshifted_target, dtype=np.float64)
            measured = np.maximum((~np.isnan(profiles)).sum(axis=0), 1)
            head.start_at(torch.from_numpy(np.nansum(profiles, axis=0) / measured))

    @property
    def epoch(self) -> int:
        """Whole epochs since the training began, those before an interruption included."""
        return self.first_epoch + self.current_epoch

    def train_dataloader(self) -> Epoch:
        """The batches of the current epoch: this process's part of each."""
        return Epoch(self.training_examples, self.task.training, self.augment, self.seed, self.epoch, place())

    def val_dataloader(self) -> Plain:
        """The validation examples of this process."""
        return Plain(self.validation_examples, self.task.training.batch_size, place())

    def training_step(self, batch: Batch, index: int) -> torch.Tensor:
        """The loss of a batch."""
        loss = self._strands_loss(batch) if self.agreement else self._merged_loss(batch)
        self._losses.append(loss.detach())
        return loss

    def validation_step(self, batch: Batch, index: int) -> None:
        """Collect outputs: loss and auROC are of the whole split."""
        self._outputs.append((self._forward(batch), self._target(batch)))

    def on_validation_epoch_end(self) -> None:
        """Make the epoch's entry of the history, and show its criterion to early stopping."""
        outputs = of_all_processes(self._outputs)
        target = torch.cat([y for _, y in outputs])
        output = joined([u for u, _ in outputs])
        self.entry = self.entry_of(mean_over_processes(torch.stack(self._losses).mean()), output, target)
        self.log("criterion", self.entry[self.task.training.criterion], logger=False)
        self._losses.clear()
        self._outputs.clear()

    def entry_of(self, train_loss: torch.Tensor, output: Output, target: torch.Tensor) -> dict[str, Any]:
        """An epoch of the history: the mean loss of its steps, and what the validation split then gives."""
        loss = self.loss(output, target)
        entry: dict[str, Any] = {
            "epoch": self.epoch + 1,
            "train_loss": train_loss.item(),
            "loss": loss.item(),
        }
        if self.task.kind == "labels":
            entry["auroc"] = math.nan
            if loss.isfinite():
                score = first(output).cpu().numpy()
                entry["auroc"] = label_metrics(target.cpu().numpy(), score)["auroc"]
        return entry

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam with Keras's epsilon; the rate is set anew for every epoch."""
        rate = self.task.training.learning_rate
        return torch.optim.Adam(self.network.parameters(), lr=rate, eps=EPSILON)

    def _strands_loss(self, batch: Batch) -> torch.Tensor:
        X, control, _ = batch
        strands = self.network.strands(X, control)
        return agreement_loss(self.loss, *strands, self._target(batch), self.agreement)

    def _merged_loss(self, batch: Batch) -> torch.Tensor:
        return self.loss(self._forward(batch), self._target(batch))

    def _target(self, batch: Batch) -> torch.Tensor:
        return in_bins(batch[2], self.network.resolution)

    def _forward(self, batch: Batch) -> Output:
        X, control, _ = batch
        output: Output = self.network(X) if control is None else self.network(X, control)
        return output


def joined(outputs: list[Output]) -> Output:
    """The outputs of all batches as one."""
    if isinstance(outputs[0], torch.Tensor):
        return torch.cat([first(u) for u in outputs])
    return torch.cat([u[0] for u in outputs]), torch.cat([u[1] for u in outputs])
