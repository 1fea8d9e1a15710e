"""The architectures of the field that ``build`` knows, each an ordinary network of one strand.

In every one of them the answer is linear in the layers called ``head...``, and in no other layer; they are
no sites, since with a linear merge what a linear head receives gains no function (T11).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import nn

from ...symmetry.rep import REGULAR, TRIVIAL, Rep
from ..config import InterpolatedConfig
from ..interpolation.choice import site_names
from .basenji import Basenji
from .caduceus import Caduceus
from .chrombpnet import LOST, ChromBPNet
from .danq import DanQ
from .deepsea import Basset, DeepSEA
from .deepstarr import DeepSTARR
from .enformer import Enformer
from .legnet import LegNet
from .unet import UNet


class Design(NamedTuple):
    """One architecture: its network, its default sizes, and the lengths that it takes.

    ``margin``: how many input bases its answer lacks at either end, at least; None for labels.
    ``resolution``: how many bases one position of a profile stands for. Any ``length`` from ``shortest`` on
    is taken that is a multiple of the resolution. ``counts``: whether log-counts are a second output;
    ``control``: whether it can read control tracks.
    """

    network: Callable[..., nn.Module]
    filters: int
    outputs: int
    length: int
    shortest: int
    margin: int | None = None
    resolution: int = 1
    counts: bool = False
    control: bool = False

    def plain(self, config: InterpolatedConfig) -> nn.Module:
        """The network of one strand, untrained."""
        channels = self.rep_out(config.outputs)[0].channels
        if config.out_length is None:
            return self.network(config.length, channels, config.filters)
        sizes = channels, config.filters, (config.length - config.out_length) // 2
        control = (Rep(config.control or "0t").channels,) if self.control else ()
        return self.network(*sizes, *control)

    def rep_out(self, outputs: int | str) -> tuple[Rep, ...]:
        """How RC acts on each output: labels, or tracks and perhaps their log-counts."""
        if isinstance(outputs, str):
            return (Rep(outputs),) * (1 + self.counts)
        return (outputs * (TRIVIAL if self.margin is None else REGULAR),) * (1 + self.counts)

    def check_lengths(self, name: str, length: int, out_length: int | None) -> None:
        """Refuse an input too short, or no whole number of positions, and an output that is no crop."""
        step = self.resolution
        if length < self.shortest or length % step:
            of = f", a multiple of {step}" if step > 1 else ""
            raise ValueError(f"{name}: length is {length}, expected at least {self.shortest}{of}")
        if out_length is None or self.margin is None:
            return
        most = length - 2 * self.margin
        if not 0 < out_length <= most or (length - out_length) % (2 * step):
            raise ValueError(
                f"{name}: out_length is {out_length}, expected {length} less a multiple of {2 * step}, at "
                f"most {most}, so that both ends lose as much"
            )


def sites_of(model: nn.Module) -> list[str]:
    """The layers that can receive the other strand's features."""
    return [name for name in site_names(model, None) if not name.startswith("head")]


DESIGNS = {
    "deepsea": Design(DeepSEA, 16, 1, length=1000, shortest=171),
    "basset": Design(Basset, 16, 1, length=600, shortest=174),
    "danq": Design(DanQ, 32, 1, length=1000, shortest=38),
    "deepstarr": Design(DeepSTARR, 16, 2, length=249, shortest=16),
    "legnet": Design(LegNet, 32, 1, length=230, shortest=4),
    "basenji": Design(Basenji, 32, 1, length=4096, shortest=32, margin=0, resolution=32),
    "enformer": Design(Enformer, 32, 1, length=4096, shortest=32, margin=0, resolution=32),
    "chrombpnet": Design(
        ChromBPNet, 32, 1, length=1346, shortest=2 * LOST + 1, margin=LOST, counts=True, control=True
    ),
    "unet": Design(UNet, 16, 1, length=512, shortest=64, margin=32, counts=True, control=True),
    "caduceus": Design(Caduceus, 16, 1, length=512, shortest=1, margin=0),
}
