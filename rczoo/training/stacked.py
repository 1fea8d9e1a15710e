"""Many trainings of one network at once: their parameters stacked, and each operation done for all of them.

A small network leaves most of a GPU idle, and its operations cost more to begin than to do. Trainings whose
networks are alike but for their weights, such as those of several seeds and agreements, share these costs.
Each sees the batches and the rates, and ends at the epoch, that it would alone, and computes the same to
rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.utils._pytree import tree_map

from ..data.batches import Epoch, Plain
from ..evaluation.agreement import agreement_loss
from ..evaluation.losses import Loss, Output, in_bins
from ..family.heads import LINEAR
from ..family.interpolated import AnyNetwork
from ..hardware import choose_device, full_precision, hardware
from .module import EPSILON, TrainingModule, joined
from .resume import Snapshot
from .schedule import learning_rate
from .trainer import Planned

Named = dict[str, Tensor]
BETAS = 0.9, 0.999
"""How much Adam keeps of its moments at a step: PyTorch's and Keras's defaults."""


def kind_of(training: Planned) -> tuple[Any, ...]:
    """What trainings have in common that can be stacked: data, network, recipe, and how batches are made."""
    about = training.about
    return (
        *(repr(about[k]) for k in ("task", "files", "data", "trained_as", "training", "epochs")),
        training.augment,
    )


def train_stacked(trainings: Mapping[Path, Planned], device: str = "cuda") -> Iterator[Path]:
    """Train all at once; gives each folder when its checkpoint is saved, which is as its training ends.

    A kill loses what has not ended: these trainings begin again. ``seconds`` in a checkpoint are those from
    the beginning of all to the end of this one, and ``hardware`` says how many there were.
    Raises ValueError for trainings not of one :func:`kind_of`, as :func:`rczoo.train` does, and, when
    the others have ended, for those that never had a finite score.
    """
    if len({kind_of(training) for training in trainings.values()}) > 1:
        raise ValueError("trainings of different data, networks or recipes do not stack: group them by kind")
    failed: list[str] = []
    where = choose_device(device)
    machine = hardware(where.type) + (f", {len(trainings)} trainings at once" if len(trainings) > 1 else "")
    with ExitStack() as held:
        for out, training in trainings.items():
            held.enter_context(training.alone_in(out))
        members = [_Member(training, out) for out, training in trainings.items()]
        with full_precision(search=True):
            for member in _Stack(members, where).run():
                member.state.write_history()
                try:
                    member.training.saved(member.state, machine)
                except ValueError as error:
                    failed.append(f"{error} (seed {member.training.about['seed']})")
                else:
                    yield member.state.path.parent
    if failed:
        raise ValueError("; ".join(failed))


class _Member:
    """One of the trainings."""

    def __init__(self, training: Planned, out: Path) -> None:
        training.state(out).forget()  # what a killed one has left
        self.training, self.network, self.state = training, training.network, training.state(out)
        self.recipe, self.epochs = training.task.training, int(training.about["epochs"])
        self.agreement = float(training.about.get("agreement", 0))
        self.module = TrainingModule(
            self.network, training.task, training.augment, training.about["seed"], agreement=self.agreement
        )

    def rate(self) -> float:
        """The learning rate of the next epoch."""
        return learning_rate(self.recipe, self.epochs, self.state.scores)

    def batches(self) -> Epoch:
        """Those of the next epoch."""
        module = self.module
        number = len(self.state.history)
        return Epoch(module.training_examples, self.recipe, module.augment, module.seed, number)

    def record(self, entry: dict[str, Any], rate: float, weights: Named) -> bool:
        """Add an epoch; whether it was the last, by their number or as early stopping has it."""
        entry |= {"epoch": len(self.state.history) + 1, "learning_rate": rate}
        self.state.record(entry, Snapshot(weights, {}, torch.empty(0), {}), stopped=False, write=False)
        done, patience = len(self.state.history), self.recipe.patience
        waited = done - (self.state.best_epoch or 0)
        return done >= self.epochs or bool(patience and waited >= patience)


class _Loss(nn.Module):
    """What a step of one training lowers, and what its network answers in eval mode."""

    def __init__(self, network: AnyNetwork, loss: Loss) -> None:
        super().__init__()
        self.network, self.loss = network, loss

    def forward(
        self, X: Tensor, control: Tensor | None, target: Tensor | None = None, agreement: Tensor | None = None
    ) -> Any:
        """The loss where there is a target, else the answer."""
        given = (X,) if control is None else (X, control)
        if target is None or agreement is None:
            output: Output = self.network(*given)
            return output if target is None else self.loss(output, target)
        strands = self.network.strands(*given)
        apart, merged = (agreement_loss(self.loss, *strands, target, share) for share in (1, 0))
        return (1 - agreement) * merged + agreement * apart


class _Stack:
    """The trainings that have not ended, on a device, their parameters along a first axis."""

    def __init__(self, members: Sequence[_Member], where: torch.device) -> None:
        self.members, self.where = list(members), where
        network = deepcopy(members[0].network)
        self.asked = _Loss(network, members[0].module.loss).to(where)
        states = [member.network.state_dict() for member in members]
        stacked = {k: torch.stack([state[k] for state in states]).to(where) for k in states[0]}
        learnt = dict(network.named_parameters())
        self.buffers = {k: v for k, v in stacked.items() if k not in learnt}
        self._lay_out({k: v for k, v in stacked.items() if k in learnt})
        self.first, self.second = torch.zeros_like(self.flat), torch.zeros_like(self.flat)
        self.steps = 0
        self.agreement: Tensor | None = None
        if network.config.merge in LINEAR:
            self.agreement = torch.tensor([member.agreement for member in members], device=where)

    def _lay_out(self, parameters: Named) -> None:
        """Keep all in one row of numbers, so that a step is a few operations, not some for each of them."""
        self.flat = torch.cat([v.detach().flatten() for v in parameters.values()])
        parts = _parts(self.flat, parameters)
        self.parameters = {k: v.detach().requires_grad_() for k, v in parts.items()}

    def _flat(self, each: Tensor) -> Tensor:
        """A number of each training, as one of each parameter."""
        return torch.cat([each.repeat_interleave(v[0].numel()) for v in self.parameters.values()])

    def run(self) -> Iterator[_Member]:
        """Epoch by epoch; gives a member when it ends, and goes on without it."""
        while self.members:
            rates = [member.rate() for member in self.members]
            losses = self._train(torch.tensor(rates, device=self.where))
            ended = self._validate(losses, rates)
            yield from (member for member, last in zip(self.members, ended, strict=True) if last)
            self._keep([k for k, last in enumerate(ended) if not last])

    def _train(self, rates: Tensor) -> Tensor:
        """One epoch; the mean loss of its steps."""
        self.asked.train()
        epochs = {member.module.seed: member.batches() for member in self.members}
        order = {seed: n for n, seed in enumerate(epochs)}  # trainings of one seed see the same batches
        chosen = torch.tensor([order[member.module.seed] for member in self.members], device=self.where)
        losses, rates = [], self._flat(rates)
        for batches in zip(*epochs.values(), strict=True):
            X, control, target = (self._stacked(part, chosen) for part in zip(*batches, strict=True))
            assert target is not None
            loss = self._call(0, X, control, in_bins(target, self.asked.network.resolution), self.agreement)
            gradients = torch.autograd.grad(loss.sum(), list(self.parameters.values()), allow_unused=True)
            self._step(gradients, rates)
            losses.append(loss.detach())
        return torch.stack(losses).mean(0)

    def _stacked(self, batches: Sequence[Tensor | None], chosen: Tensor) -> Tensor | None:
        """A part of a batch, one for each seed, as every training takes it."""
        if batches[0] is None:
            return None
        return torch.stack([part for part in batches if part is not None]).to(self.where)[chosen]

    def _call(self, axis: int | None, *given: Tensor | None) -> Any:
        """What every training answers, or loses: each its own part of what is given, or all of it."""

        def one(parameters: Named, buffers: Named, *inputs: Tensor | None) -> Any:
            state = {f"network.{k}": v for k, v in (parameters | buffers).items()}
            return functional_call(self.asked, state, inputs)

        axes = [None if x is None else axis for x in given]
        return vmap(one, (0, 0, *axes), randomness="different")(self.parameters, self.buffers, *given)

    @torch.no_grad()
    def _step(self, gradients: Sequence[Tensor | None], rates: Tensor) -> None:
        """Adam, as ``torch.optim`` has it, which knows one rate for all; ``rates`` of each parameter.

        What the loss does not read, such as a head of counts, has no gradient and stays as it is.
        """
        self.steps += 1
        named = zip(gradients, self.parameters.values(), strict=True)
        gradient = torch.cat([(torch.zeros_like(v) if g is None else g).flatten() for g, v in named])
        self.first.lerp_(gradient, 1 - BETAS[0])
        self.second.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
        size = self.second.sqrt().mul_((1 - BETAS[1] ** self.steps) ** -0.5).add_(EPSILON)
        self.flat.addcdiv_(self.first * rates, size, value=-1 / (1 - BETAS[0] ** self.steps))

    @torch.no_grad()
    def _validate(self, losses: Tensor, rates: Sequence[float]) -> list[bool]:
        """Record the epoch of each training; which of them end with it."""
        self.asked.eval()
        module = self.members[0].module
        answers, targets = [], []
        for X, control, target in Plain(module.validation_examples, self.members[0].recipe.batch_size):
            given = (None if x is None else x.to(self.where) for x in (X, control))
            answers.append(self._call(None, *given))
            targets.append(in_bins(target.to(self.where), self.asked.network.resolution))
        target = torch.cat(targets)
        ended = []
        for k, member in enumerate(self.members):
            output = joined([tree_map(lambda u: u[k], answer) for answer in answers])  # noqa: B023
            entry = member.module.entry_of(losses[k], output, target)
            weights = {name: v[k] for name, v in (self.parameters | self.buffers).items()}
            ended.append(member.record(entry, rates[k], weights))
        return ended

    def _keep(self, which: Sequence[int]) -> None:
        """Go on with some of the trainings."""
        if len(which) == len(self.members):
            return
        self.members = [self.members[k] for k in which]
        self.buffers = {k: v[which] for k, v in self.buffers.items()}
        self.first, self.second = (
            torch.cat([v[which].flatten() for v in _parts(moments, self.parameters).values()])
            for moments in (self.first, self.second)
        )
        self._lay_out({k: v[which] for k, v in self.parameters.items()})
        self.agreement = None if self.agreement is None else self.agreement[which]


def _parts(flat: Tensor, like: Named) -> Named:
    """A row of numbers in the shapes of parameters."""
    rows = torch.split(flat, [v.numel() for v in like.values()])
    return {name: row.view(v.shape) for row, (name, v) in zip(rows, like.items(), strict=True)}
