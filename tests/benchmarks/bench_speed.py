"""Networks against plain PyTorch, speed and memory: ``pytest tests/benchmarks/bench_speed.py --results``.

With ``-k`` only some rows are measured anew. The layers are in ``bench_layers.py``.
"""

import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from rczoo import build, conjoin, interpolate, predict
from rczoo._memory import memory_kept
from rczoo.export import fuse
from rczoo.family.trunk import Block, BlockShape, is_dense
from rczoo.symmetry._even_odd import pays
from rczoo.symmetry.frames import exchange_stacked
from rczoo.symmetry.rep import Rep


def step(module, *inputs):
    """Forward and backward, as a training step without its optimiser."""

    def run():
        outputs = module(*inputs)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        torch.autograd.backward(outputs, [torch.ones_like(y) for y in outputs])

    return run


def answer(module, *inputs):
    def run():
        with torch.inference_mode():
            module(*inputs)

    return run


def dna(batch, length):
    return F.one_hot(torch.randint(4, (batch, length)), 4).mT.float().contiguous()


class Ordinary(nn.Module):
    """bpnet as anyone would write it, for one strand."""

    def __init__(self, filters):
        super().__init__()
        self.first = nn.Conv1d(4, filters, 21)
        self.rest = nn.ModuleList(nn.Conv1d(filters, filters, 3, dilation=2**n) for n in range(1, 7))
        self.profile, self.counts = nn.Conv1d(filters, 2, 75), nn.Linear(filters, 2)

    def forward(self, X):
        x = F.relu(self.first(X))
        for conv in self.rest:
            d = conv.dilation[0]
            x = F.relu(conv(x)) + x[..., d:-d]
        return self.profile(x), self.counts(x.mean(2))


class PlainBPNet(nn.Module):
    """bpnet without counts, as anybody writes it."""

    def __init__(self, filters):
        super().__init__()
        self.stem, self.head = nn.Conv1d(4, filters, 21), nn.Conv1d(filters, 2, 75)
        self.blocks = nn.ModuleList(nn.Conv1d(filters, filters, 3, dilation=2**n) for n in range(1, 7))

    def forward(self, x):
        z = self.stem(x).relu()
        for n, block in enumerate(self.blocks, start=1):
            z = z[..., 2**n : -(2**n)] + block(z).relu()
        return self.head(z)


def plain_tf_cnn(filters, length):
    """tf-cnn as anybody writes it."""
    layers = []
    for channels, width in ((4, 15), (filters, 14), (filters, 14)):
        layers += [nn.Conv1d(channels, filters, width), nn.BatchNorm1d(filters), nn.ReLU()]
    left = (length - 40 - 40) // 20 + 1
    return nn.Sequential(*layers, nn.MaxPool1d(40, 20), nn.Flatten(), nn.Linear(filters * left, 1))


@pytest.mark.parametrize("mixing", [0.5, 1.0])
@pytest.mark.parametrize("execution", ["frames", "tied"])
@pytest.mark.parametrize("name", ["tf-cnn", "bpnet"])
def test_interpolation(compare, name, execution, mixing):
    if name == "tf-cnn":
        plain, sizes, X, where = plain_tf_cnn(16, 1000), {"filters": 16}, dna(32, 1000), ["3", "6"]
    else:
        plain, sizes = PlainBPNet(32), {"filters": 32, "length": 445, "count_head": False}
        X, where = dna(32, 445), "blocks.*"
    outputs = "1t" if name == "tf-cnn" else "1r"
    member = interpolate(plain, outputs=outputs, mixing=mixing, at=where, start="fresh").train()
    built = build(name, mixing=mixing, merge="mean", execution=execution, **sizes).train()
    what = f"{name} interpolated, mixing {mixing} / build, {execution}"
    compare(what, step(member, X), step(built, X), 1.15)


def test_canonical(compare):
    X, one = dna(4, 1346), build("bpnet", strategy="standard").eval()
    canonical = answer(conjoin(one, merge="canonical").eval(), X)
    compare("bpnet conjoined by the canonical strand, inference / one pass", canonical, answer(one, X), 1.10)


@pytest.mark.parametrize("share", [0, 0.25, 0.5])
@pytest.mark.parametrize(
    ("shape", "filters", "batch", "length"),
    [
        (BlockShape(3, 16, residual=True), 64, 8, 1200),
        (BlockShape(21), 64, 4, 620),
        (BlockShape(14, norm=True), 16, 16, 986),
    ],
    ids=["bpnet 3", "bpnet 21", "tf-cnn"],
)
def test_block_by_mixing(compare, share, shape, filters, batch, length):
    k, rep = round(share * filters), Rep(f"{filters}r:halves")
    part = Block(shape, filters, filters, k, 1.0)
    full = Block(shape, filters, filters, filters, 1.0)
    halves = torch.randn(batch, length, 2 * filters).mT.requires_grad_()
    frames = torch.randn(2 * batch, length, filters).mT.requires_grad_()
    what = f"block of {filters} filters, width {shape.kernel_size}: mixing {share} / mixing 1"
    compare(
        what,
        step(lambda x: part.tied(x, rep), halves)
        if is_dense(filters, k, shape.kernel_size, pays(halves, filters, filters, shape.kernel_size))
        else step(lambda z: part(exchange_stacked(z, k)), frames),
        step(lambda x: full.tied(x, rep), halves),
        1.02,  # full mixing by even and odd parts multiplies no more often than none
    )


@pytest.mark.parametrize("pairs", [64, 256])
def test_whole_networks(compare, pairs):
    X = dna(4 if pairs == 64 else 2, 1346)
    ours, plain = _trained("rcps", X, filters=pairs), step(Ordinary(2 * pairs), X)
    compare(f"bpnet rcps {pairs} pairs / hand-written, {2 * pairs}", ours, plain, 1.10)


def test_wide_network(compare):
    X = dna(2, 1346)
    ours, plain = _trained("rcps", X, filters=256), _trained("standard", X, filters=512)
    compare("bpnet rcps 256 pairs / standard with as many channels", ours, plain, 1.10)


def _trained(strategy, X, architecture="bpnet", execution="tied", **more):
    return step(build(architecture, strategy=strategy, execution=execution, **more), X)


@pytest.mark.parametrize(("architecture", "batch", "length"), [("bpnet", 4, 1346), ("tf-cnn", 16, 1000)])
class TestNetworks:
    """Members against ordinary networks of this package, which share the same fast convolutions."""

    def test_rcps(self, compare, architecture, batch, length):
        X, filters = dna(batch, length), 128 if architecture == "bpnet" else 32
        ordinary = _trained("standard", X, architecture, filters=filters)
        what = f"{architecture} rcps / standard with as many channels"
        compare(what, _trained("rcps", X, architecture), ordinary, 1.10)

    def test_conjoined(self, compare, architecture, batch, length):
        X = dna(batch, length)
        one = _trained("standard", X, architecture)
        both = _trained("conjoined", X, architecture)
        compare(f"{architecture} conjoined / two passes of standard", both, lambda: (one(), one()), 1.10)

    def test_post_hoc(self, compare, architecture, batch, length):
        X, one = dna(batch, length), build(architecture, strategy="standard").eval()
        both = answer(one.remerge("mean"), X)
        compare(f"{architecture} post-hoc inference / one pass", both, answer(one, X), 2.10)

    def test_frames(self, compare, architecture, batch, length):
        X = dna(batch, length)
        frames = _trained("rcps", X, architecture, "frames")
        compare(f"{architecture} rcps frames / tied", frames, _trained("rcps", X, architecture), 1.30)


def test_conjoined_against_plain(compare):
    X, one = dna(4, 1346), Ordinary(64)
    plain = step(one, X)
    compare(
        "bpnet conjoined / two passes, hand-written",
        _trained("conjoined", X),
        lambda: (plain(), plain()),
        1.10,
    )


@pytest.mark.parametrize("filters", [16, 64])
@pytest.mark.parametrize("strategy", ["rcps", "conjoined"])
def test_fused_against_tied(compare, strategy, filters):
    network, X = build("bpnet", strategy=strategy, filters=filters, execution="tied").eval(), dna(8, 1346)
    what = f"bpnet {strategy} of {filters} filters, fused / tied, inference"
    compare(what, answer(fuse(network), X), answer(network, X), 1.0)


@pytest.mark.parametrize("strategy", ["rcps", "conjoined"])
def test_fused_inference(compare, strategy):
    X, fused = dna(8, 1346), fuse(build("bpnet", strategy=strategy))
    groups = 2 if strategy == "conjoined" else 1
    plain = Ordinary(128).eval()
    plain.rest = nn.ModuleList(
        nn.Conv1d(128, 128, 3, dilation=c.dilation[0], groups=groups) for c in plain.rest
    )
    compare(f"bpnet {strategy} fused inference / the same by hand", answer(fused, X), answer(plain, X), 1.05)


def test_bpnet_lite(compare):
    bpnetlite = pytest.importorskip("bpnetlite")
    other = bpnetlite.BPNet(n_filters=64, n_layers=6, n_control_tracks=0, trimming=173, verbose=False)
    X = dna(4, 1346)
    compare("bpnet standard / bpnet-lite 64 filters, 6 layers", _trained("standard", X), step(other, X))


@pytest.mark.parametrize("name", ["tf-cnn", "bpnet"])
def test_prediction(compare, name):
    """The answers for 64 one-hot sequences, in batches of 32."""
    tangermeme = pytest.importorskip("tangermeme.predict")
    model = build(name, mixing=1, filters=16).eval()
    X = dna(64, model.config.length)
    other = partial(tangermeme.predict, model, X, batch_size=32, device="cpu")
    compare(f"{name} rcps, predict / tangermeme's", partial(predict, model, X, batch_size=32), other, 1.3)


def test_memory_kept(compare):
    once = _trained("rcps", dna(250, 1000), "motif-cnn", length=1000)

    def five():
        for _ in range(5):
            once()

    compare("five steps of motif-cnn, memory kept / given back", memory_kept()(five), five)


PEAK = """
import sys
sys.path.insert(0, {folder!r})
import bench_speed as b

def status(key):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024

b.torch.set_num_threads(2)
X = b.dna(16, 1346)
run = {run}
before = status("VmRSS")
run()
run()
print(status("VmHWM") - before)
"""


def _elsewhere(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def test_peak_memory(recorded):
    folder = str(Path(__file__).parent)
    peak = {
        name: statistics.median(_elsewhere(PEAK.format(folder=folder, run=run)) for _ in range(3))
        for name, run in {"ours": "b._trained('rcps', X)", "other": "b.step(b.Ordinary(128), X)"}.items()
    }
    recorded("peak memory of a step of bpnet rcps / hand-written, 128", peak["ours"] / peak["other"], 1.10)


def _seconds(*command):
    start = time.perf_counter()
    subprocess.run([sys.executable, *command], capture_output=True, check=True)
    return time.perf_counter() - start


def test_start(recorded):
    pairs = [(_seconds("-c", "import torch, rczoo"), _seconds("-c", "import torch")) for _ in range(5)]
    added = statistics.median(u - v for u, v in pairs)
    recorded("import rczoo after import torch", added, 0.5, unit=" s")
    helped = [
        _seconds("-c", "from rczoo.cli.main import app; app(['--help'], standalone_mode=False)")
        for _ in range(5)
    ]
    recorded("rczoo --help", statistics.median(helped), 1.0, unit=" s")
