"""Layers against plain PyTorch and other libraries: ``pytest tests/benchmarks/bench_layers.py --results``.

Peers, which no extra of this package has: equirc 1.0.0, rcps-pytorch 0.0.2.
"""

import pytest
import torch
from torch import nn

from rczoo.nn import RCBatchNorm1d, RCConv1d, RCLinear
from rczoo.nn.tied import kernel
from rczoo.nn.tied.kernel import TiedKernel
from rczoo.symmetry import _even_odd
from rczoo.symmetry.rep import Rep
from tests.benchmarks.bench_speed import answer, step


@pytest.mark.parametrize(
    ("channels", "width", "dilation", "batch", "length"),
    [
        ("64r:halves", 3, 2, 8, 1326),
        ("64r:halves", 21, 1, 4, 620),
        ("2r:flip", 21, 1, 8, 1346),
        ("16r:halves", 14, 1, 16, 986),
        ("128r:halves", 3, 1, 4, 1000),
        ("256r:halves", 3, 1, 2, 1000),
    ],
)
def test_tied_convolution(compare, channels, width, dilation, batch, length):
    out = Rep("64r:halves" if channels == "2r:flip" else channels)
    tied = RCConv1d(channels, out, width, dilation=dilation)
    plain = nn.Conv1d(tied.rep_in.channels, out.channels, width, dilation=dilation)
    x = torch.randn(batch, tied.rep_in.channels, length, requires_grad=channels != "2r:flip")
    what = f"RCConv1d {channels} to {out}, width {width}, dilation {dilation} / nn.Conv1d"
    compare(what, step(tied, x), step(plain, x), 1.05)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("pairs", [32, 64, 128, 256])
def test_even_and_odd_parts(compare, monkeypatch, pairs, threads):
    """Wherever they would be used or not: from how many pairs on they are the faster form."""
    torch.set_num_threads(threads)
    monkeypatch.setattr(_even_odd, "FEWEST", 0)
    monkeypatch.setattr(kernel, "FEWEST", 0)
    monkeypatch.setattr(TiedKernel, "looked_up", 0)
    by_parts, dense = (RCConv1d(f"{pairs}r:halves", f"{pairs}r:halves", 9) for _ in range(2))
    dense._splits = False
    x = torch.randn(8 if pairs < 128 else 2, 2 * pairs, 1000, requires_grad=True)
    what = f"even and odd parts of {pairs} pairs, width 9, {threads} threads, a step / dense kernel"
    compare(what, step(by_parts, x), step(dense, x))


def many(run, times):
    def repeated():
        for _ in range(times):
            run()

    return repeated


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    ("channels", "batch", "length", "width"),
    [(8, 2, 200, 21), (16, 2, 200, 21), (256, 2, 200, 21), (8, 1, 200, 21), (256, 1, 20, 3)],
)
def test_small_work(compare, channels, batch, length, width, training):
    rep = Rep(f"{channels // 2}r:halves")
    tied, plain = RCConv1d(rep, rep, width), nn.Conv1d(channels, channels, width)
    x, times = torch.randn(batch, channels, length), 1 if channels * length > 10**4 else 30
    ours, other = ((step if training else answer)(conv.train(training), x) for conv in (tied, plain))
    what = f"RCConv1d of {channels} channels, width {width}, {batch} x {length}, "
    what += f"{'a step' if training else 'inference'} / nn.Conv1d"
    compare(what, many(ours, times), many(other, times), 1.15 if training else 1.10)


@pytest.mark.parametrize("batch", [8, 64])
@pytest.mark.parametrize("channels", [256, 512, 1024])
def test_linear(compare, channels, batch):
    tied, plain = RCLinear(f"{channels // 2}r", f"{channels // 2}r"), nn.Linear(channels, channels)
    x = torch.randn(batch, channels, requires_grad=True)
    what = f"RCLinear of {channels} features, batches of {batch}, a step / nn.Linear"
    compare(what, many(step(tied, x), 10), many(step(plain, x), 10), 1.15)


@pytest.mark.parametrize("rep", ["64r:halves", "64r", "64r:flip"])
def test_batch_norm(compare, rep):
    x = torch.randn(8, 128, 1000, requires_grad=True)
    what = f"RCBatchNorm1d {rep}, 8 x 1000, a step / nn.BatchNorm1d"
    compare(what, step(RCBatchNorm1d(rep), x), step(nn.BatchNorm1d(128), x), 1.15)


def test_convolution_norm_and_relu(compare):
    x = torch.randn(8, 128, 1000, requires_grad=True)
    rep = Rep("64r:halves")
    tied = nn.Sequential(RCConv1d(rep, rep, 3), RCBatchNorm1d(rep), nn.ReLU())
    plain = nn.Sequential(nn.Conv1d(128, 128, 3), nn.BatchNorm1d(128), nn.ReLU())
    compare("convolution, batch norm and ReLU of 64 pairs / plain, 128", step(tied, x), step(plain, x), 1.05)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("pairs", [32, 256])
@pytest.mark.parametrize("peer", ["equirc", "rcps-pytorch"])
def test_peers(compare, peer, pairs, training):
    """Each with the Rep that it has; that of rcps-pytorch reads each strand alone: half of the work."""
    x = torch.randn(8 if pairs == 32 else 1, 2 * pairs, 1000)
    if peer == "equirc":
        rep, other = "flip", pytest.importorskip("equirc.pytorch_rclayers").RegToRegConv(pairs, pairs, 9)
    else:
        rep, other = "halves", pytest.importorskip("rcps.core").RCPS(pairs, pairs, 9)
    ours = RCConv1d(f"{pairs}r:{rep}", f"{pairs}r:{rep}", 9)
    kind = "a step" if training else "inference"
    run = step if training else answer
    what = f"RCConv1d of {pairs} pairs, width 9, {kind} / {peer}'s layer"
    compare(what, run(ours.train(training), x), run(other.train(training), x))
