"""How a tied convolution and a network compare with plain ones as sizes grow: a picture, ``growth.png``.

``pytest tests/benchmarks/bench_growth.py --results`` measures and draws; without ``--results`` it prints the
rows. Each point is the median ratio of interleaved pairs in seconds of processor, forward and backward, one
core. The layers of equirc and rcps-pytorch are beside ours where they are installed.
"""

import statistics
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import nn

from rczoo import build
from rczoo._plotting import GREY, new_figure, save
from rczoo.nn import RCConv1d
from rczoo.symmetry.rep import Rep
from tests.benchmarks.bench_speed import Ordinary, dna, step

PICTURE = Path(__file__).with_name("growth.png")
PAIRS = 7
KERNEL = 9
SIZES = {
    "length": [200, 800, 3200, 12800, 64000],
    "channels": [8, 32, 128, 512],
    "batch": [1, 4, 16, 64, 256],
}
PEERS = {"equirc": ("equirc.pytorch_rclayers", "RegToRegConv"), "rcps-pytorch": ("rcps.core", "RCPS")}
LABELS = {"length": "length, bases", "channels": "channels", "batch": "sequences in a batch"}
USUAL = {"length": 1000, "channels": 64, "batch": 8}
LESS = {
    ("length", 12800): {"batch": 1},
    ("length", 64000): {"batch": 1},
    ("channels", 512): {"length": 400, "batch": 2},
    ("batch", 64): {"length": 400},
    ("batch", 256): {"length": 400, "channels": 32},
}
"""What stays smaller where one size is large, so that a point takes seconds."""


def sizes_of(axis, value):
    """Length, channels and batch, where ``axis`` has ``value``, and the others less where it has much."""
    return {**USUAL, **LESS.get((axis, value), {}), axis: value}


def ratio(ours, other):
    """Processor time of ours by that of the other, the median of interleaved pairs."""
    times = []
    for _ in range(PAIRS + 1):
        pair = []
        for run in (ours, other):
            start = time.process_time()
            run()
            pair.append(time.process_time() - start)
        times.append(pair[0] / pair[1])
    return statistics.median(times[1:])


def layers(length, channels, batch):
    """A step of each layer with as many channels, by that of ``nn.Conv1d``."""
    x = torch.randn(batch, channels, length)
    rep = Rep(f"{channels // 2}r:halves")
    ours = {"RCConv1d": RCConv1d(rep, rep, KERNEL)}
    for name, (module, layer) in PEERS.items():
        if find_spec(module.partition(".")[0]) is not None:
            ours[name] = getattr(import_module(module), layer)(channels // 2, channels // 2, KERNEL)
    plain = nn.Conv1d(channels, channels, KERNEL)
    return {name: ratio(step(layer, x), step(plain, x)) for name, layer in ours.items()}


def networks(length, channels, batch):
    """A step of bpnet at mixing 1, and at 0, by that of a plain one with as many channels."""
    x = dna(batch, max(length, 400))  # bpnet loses 346
    plain = Ordinary(channels)
    found = {}
    for mixing in (0.0, 1.0):
        ours = build("bpnet", mixing=mixing, filters=channels // 2, length=x.shape[2])
        ours.execution = "tied"
        found[f"bpnet, mixing {mixing:.0f}"] = ratio(step(ours, x), step(plain, x))
    return found


def draw(rows):
    """Panels by what grows, a line for each."""
    figure, axes = new_figure(1, len(SIZES), 10, 3.6, shared=True)
    for panel, (axis, values) in zip(axes[0], SIZES.items(), strict=True):
        for name in rows[axis][values[0]]:
            panel.plot(values, [rows[axis][v][name] for v in values], marker="o", markersize=3, label=name)
        panel.axhline(1, color=GREY, linewidth=0.8)
        panel.set(xscale="log", xlabel=LABELS[axis])
        panel.set_xticks(values, [f"{value:,}" for value in values], minor=False)
        panel.minorticks_off()
    axes[0, 0].set_ylabel("a step, by that of a plain one\n(processor time)")
    axes[0, 0].set_ylim(bottom=0)
    axes[0, -1].legend(frameon=False, fontsize=8)
    save(figure, PICTURE)


def measured(axis, value):
    """One point of every line."""
    sizes = sizes_of(axis, value)
    found = {**layers(**sizes), **networks(**sizes)}
    print(axis, sizes, {name: round(r, 2) for name, r in found.items()}, flush=True)
    return found


def test_growth(request):
    torch.manual_seed(0)
    rows = {axis: {value: measured(axis, value) for value in values} for axis, values in SIZES.items()}
    if request.config.getoption("--results"):
        draw(rows)
