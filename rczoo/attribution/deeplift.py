"""DeepLIFT/SHAP through tangermeme, with references drawn alike on both strands, and checked.

tangermeme replaces the gradients of modules it knows (ReLU, max-pool, ...) by differences from a reference;
each call of a module has its own, so a model that reads both strands needs no change. Whatever is no such
module would be taken as linear: contributions are therefore compared with the change of the answer.

tangermeme's own functions take networks as they are, in the frames execution, which is the usual one. In the
tied execution they are right at a full exchange only, since smaller ones stack both strands as one batch,
half of which a hook takes for references; and they know no rule for the merges max and probability. They
warn of both; :func:`rczoo.attribute` is right for all.

Sources: Shrikumar et al. 2017 (DeepLIFT); Schreiber et al. 2025 (tangermeme).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ..export.fusion import fuse
from ..family.architectures.blocks import SqueezeExcitation
from ..family.ensembles import Ensemble
from ..family.heads import LATE
from ..family.interpolation.member import Interpolated
from ..family.network import Network
from ..nn.layers import RCSequential
from ..symmetry.frames import open_frames
from ..symmetry.rep import DNA
from .target import BoundTarget, outputs_of

TOLERANCE = 0.01
"""The share of the answer's change that contributions may miss on average; 1e-6 is usual."""


def contributions(bound: BoundTarget, references: int | Tensor, seed: int, batch_size: int) -> Tensor:
    """Hypothetical contributions of every base, averaged over references: (batch, 4, length).

    With multipliers m and a reference r, base a contributes ``m[a] - <r, m>`` at each position.
    Raises ValueError where contributions do not sum to the change of the answer.
    """
    from tangermeme.deep_lift_shap import deep_lift_shap

    drawn = references if isinstance(references, Tensor) else draw_references(bound.x, references, seed)
    with _tangermeme_silenced():
        multipliers: Tensor = deep_lift_shap(
            bound.explained,
            bound.x,
            args=(bound.weights, *bound.controls),
            references=drawn,
            raw_outputs=True,
            only_warn=True,  # of N in the sequence, which is meant
            warning_threshold=math.inf,
            batch_size=batch_size,
            device=bound.x.device,
        ).to(bound.x)
    check_convergence(bound, drawn, multipliers, batch_size)
    return (multipliers - (drawn * multipliers).sum(2, keepdim=True)).mean(1)


def draw_references(x: Tensor, number: int, seed: int) -> Tensor:
    """Dinucleotide shuffles of x (batch, 4, length), half of x and half of R x turned back.

    (batch, number, 4, length). Law: the references of R x are R of those of x, in another order.
    """
    from tangermeme.ersatz import dinucleotide_shuffle

    def shuffles(z: Tensor) -> Tensor:
        # one seed for all: a sequence's references do not depend on its place in the batch
        drawn: Tensor = dinucleotide_shuffle(z, n=number // 2, random_state=[seed] * len(z), allow_N=True)
        return drawn

    with _tangermeme_silenced():
        turned = shuffles(DNA.act(x))
        return torch.cat([shuffles(x), DNA.act(turned.flatten(0, 1)).view_as(turned)], 1)


def check_convergence(bound: BoundTarget, references: Tensor, multipliers: Tensor, batch_size: int) -> None:
    """Raise ValueError unless contributions sum to the difference between sequence and reference."""
    batch, number = references.shape[:2]
    rows = torch.arange(batch, device=references.device).repeat_interleave(number)
    with torch.no_grad():
        values = [
            bound.value(some, row)
            for some, row in zip(
                torch.split(references.flatten(0, 1), batch_size), torch.split(rows, batch_size), strict=True
            )
        ]
        own = bound.value()
    change = own[:, None] - torch.cat(values).view(batch, number)
    sums = ((bound.x[:, None] - references) * multipliers).sum((2, 3))
    missed, size = (sums - change).abs().mean().item(), change.abs().mean().item()
    if not missed <= TOLERANCE * size + 1e-4 * own.abs().mean().item():
        raise ValueError(
            f"deeplift: contributions miss {missed:.2g} of a mean change of {size:.2g}, so an operation of "
            "the model has no DeepLIFT rule: use modules of torch.nn such as nn.ReLU, or the method 'ism'"
        )


def hookable(model: nn.Module, length: int) -> nn.Module:
    """The same function, its nonlinear operations as modules that have DeepLIFT rules.

    The members of an ensemble, and gates wherever they are, are replaced in it.
    """
    gates = [(owner, name, gate) for owner in model.modules() for name, gate in owner.named_children()]
    for owner, name, gate in gates:
        if isinstance(gate, SqueezeExcitation):
            setattr(owner, name, GateOfModules(gate))
    if isinstance(model, Interpolated) and model.together:
        raise ValueError(
            "deeplift: an interpolated model runs both strands as one batch, half of which would be taken "
            "for references: use the method 'ism' or 'saliency'"
        )
    if isinstance(model, RCSequential):
        return fuse(model, length)
    if isinstance(model, Network) and model.config.merge in LATE:
        return LateMerge(model)
    if isinstance(model, Ensemble):
        model.members = nn.ModuleList(hookable(member, length) for member in model.members)  # type: ignore[assignment]
    return model


class GateOfModules(nn.Module):
    """A gate whose sigmoid and product are modules. Law: the gate's answers, to the bit.

    The rule of the product gives either factor the change of it times the mean of the other's two values.
    """

    def __init__(self, gate: SqueezeExcitation) -> None:
        from tangermeme.deep_lift_shap import BilinearOp

        super().__init__()
        self.gate, self.sigmoid = gate.gate, nn.Sigmoid()
        self.product = BilinearOp("...,...->...")
        self.train(gate.training)

    def forward(self, z: Tensor) -> Tensor:
        """Each channel times its gate."""
        gated: Tensor = self.product(z, self.sigmoid(self.gate(z.mean(2)))[..., None].expand_as(z))
        return gated


class LateMerge(nn.Module):
    """A network that merges answers by ``max`` or ``probability``, written with modules of one argument.

    max(u, v) = v + relu(u - v), and log(e^u + e^v) = v + softplus(u - v): the rules for these treat u and v
    alike. Law: the network's outputs, to rounding.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network, self.maximum = network, nn.ReLU()
        self.log_sigmoid, self.softplus = nn.LogSigmoid(), nn.Softplus(threshold=40)
        self.train(network.training)

    def forward(self, X: Tensor, X_ctl: Tensor | None = None) -> tuple[Tensor, ...]:
        """The outputs of the network, always as a tuple."""
        network = self.network
        frames = network.trunk(X, 2, False, "frames")
        controls = (None, None) if X_ctl is None else open_frames(X_ctl, network.control)
        one, other = (
            outputs_of(network.head((z,), (control,), "none"))
            for z, control in zip(frames, controls, strict=True)
        )
        turned = (rep.act(v) for rep, v in zip(network.rep_out, other, strict=True))
        merge = self._max if network.config.merge == "max" else self._probability
        return tuple(merge(u, v) for u, v in zip(one, turned, strict=True))

    def _max(self, u: Tensor, v: Tensor) -> Tensor:
        above: Tensor = self.maximum(u - v)
        return v + above

    def _probability(self, u: Tensor, v: Tensor) -> Tensor:
        yes = self._either(self.log_sigmoid(u), self.log_sigmoid(v))
        return yes - self._either(self.log_sigmoid(-u), self.log_sigmoid(-v))

    def _either(self, u: Tensor, v: Tensor) -> Tensor:
        above: Tensor = self.softplus(u - v)
        return v + above


@contextmanager
def _tangermeme_silenced() -> Iterator[None]:
    """Without tangermeme's warnings of N, of shuffles that cannot move, and of what is checked here."""
    from tangermeme.utils import TangermemeWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TangermemeWarning)
        warnings.filterwarnings("ignore", "Convergence deltas", RuntimeWarning)
        yield
