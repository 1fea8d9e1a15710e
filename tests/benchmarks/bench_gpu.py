"""On a GPU: ``pytest tests/benchmarks/bench_gpu.py --results`` writes a table of its own into RESULTS.md.

Without a GPU all is skipped; with ``--small`` it runs on the CPU, small and once, to see that it works; no
result of that is kept.
"""

from contextlib import nullcontext
from functools import partial

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, stack_module_state, vmap
from torch.nn import functional as F

from rczoo import build, interpolate, predict
from rczoo.family.trunk import Block, BlockShape
from rczoo.nn import RCConv1d
from rczoo.symmetry._even_odd import even_and_odd, in_one_piece
from rczoo.symmetry.frames import exchange_stacked
from rczoo.symmetry.rep import Rep
from tests.benchmarks.bench_speed import Ordinary, PlainBPNet, answer, dna, step

pytestmark = pytest.mark.filterwarnings(  # torch.compile of PyTorch 2.13 imports what warns
    "ignore:.torch.jit.script_method. is deprecated:DeprecationWarning"
)
FILTERS, WIDTH, DILATION = 64, 3, 16
SEEDS = 10


@pytest.fixture
def device(request):
    if request.config.getoption("--small"):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        pytest.skip("no GPU: --small runs on the CPU")
    return torch.device("cuda")


@pytest.fixture
def size(device):
    """Sequences in a batch, which fill a large GPU."""
    return 256 if device.type == "cuda" else 2


@pytest.fixture(params=["float32", "TF32", "bfloat16"])
def precision(request, device):
    """How products are rounded; TF32 is what a GPU may do to float32."""
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("high" if request.param == "TF32" else "highest")
    torch.backends.cudnn.allow_tf32 = request.param == "TF32"
    half = torch.autocast(device.type, torch.bfloat16)
    with half if request.param == "bfloat16" else nullcontext():
        yield request.param
    torch.set_float32_matmul_precision(before[0])
    torch.backends.cudnn.allow_tf32 = before[1]


@pytest.fixture(params=[False, True], ids=["eager", "compiled"])
def form(request):
    """Its name, and what a module is made before it is timed."""
    torch.compiler.reset()
    return ("compiled", torch.compile) if request.param else ("eager", lambda module: module)


class Residual(nn.Module):
    """The block of bpnet for one strand."""

    def __init__(self, filters):
        super().__init__()
        self.conv = nn.Conv1d(filters, filters, WIDTH, dilation=DILATION)

    def forward(self, x):
        return x[..., DILATION:-DILATION] + F.relu(self.conv(x))


class Stacked(nn.Module):
    """A block of the family on both frames as one batch."""

    def __init__(self, share):
        super().__init__()
        self.exchanged = round(share * FILTERS)
        self.block = Block(BlockShape(WIDTH, DILATION, residual=True), FILTERS, FILTERS, self.exchanged, 1.0)

    def forward(self, z):
        return self.block(exchange_stacked(z, self.exchanged))


class Dense(Stacked):
    """The same on both strands as channels, by one tied kernel."""

    def forward(self, x):
        return self.block.tied(x, Rep(f"{FILTERS}r:halves"))


@pytest.mark.parametrize("kind", ["tied", "frames, mixing 0", "frames, mixing 0.5", "frames, mixing 1"])
def test_blocks(compare, device, size, precision, form, kind):
    """A step of a block of 64 pairs by that of a plain one of 128 channels."""
    how, made = form
    x = torch.randn(size, 2 * FILTERS, 1200, device=device, requires_grad=True)
    if kind == "tied":
        block, z = Dense(1), x
    else:
        block, z = Stacked(float(kind.split()[-1])), torch.randn_like(x.view(2 * size, FILTERS, 1200))
    ours, plain = (made(each.to(device)) for each in (block, Residual(2 * FILTERS)))
    what = f"block of 64 pairs, {kind}, {precision}, {how} / plain, 128 channels"
    compare(what, step(ours, z.requires_grad_()), step(plain, x))


@pytest.mark.parametrize("mixing", [0.5, 1.0])
def test_interpolated(compare, device, size, precision, form, mixing):
    """A step of a plain network of 64 filters interpolated, by that of one of 128."""
    how, made = form
    member = interpolate(
        PlainBPNet(FILTERS), outputs="1r", mixing=mixing, at="blocks.*", start="fresh"
    ).train()
    ours, plain = (made(each.to(device)) for each in (member, PlainBPNet(2 * FILTERS)))
    x = dna(size, 1346).to(device)
    what = f"bpnet of 64 filters interpolated, mixing {mixing}, {precision}, {how} / plain, 128"
    compare(what, step(ours, x), step(plain, x))


def test_seeds_at_once(compare, device, size):
    """A step of ten networks as one, their parameters stacked, by ten steps one after the other."""
    networks = [build("tf-cnn", mixing=1, merge="mean", execution="tied").to(device) for _ in range(SEEDS)]
    x = dna(size, networks[0].config.length).to(device)

    def loss(parameters, buffers):
        return functional_call(networks[0], (parameters, buffers), (x,)).square().mean()

    def at_once():
        vmap(grad(loss))(*stack_module_state(networks))

    def in_turn():
        for network in networks:
            grad(loss)(dict(network.named_parameters()), dict(network.named_buffers()))

    compare(f"a step of {SEEDS} seeds of tf-cnn at once / in turn", at_once, in_turn, 0.2)


class EvenAndOdd(nn.Module):
    """A tied convolution of halves by half of its multiplications, as operations that can be compiled."""

    def __init__(self, tied):
        super().__init__()
        self.tied = tied

    def forward(self, x):
        kernel = self.tied.kernel()
        return in_one_piece(x, even_and_odd(kernel[: len(kernel) // 2]))


@pytest.mark.parametrize("training", [False, True], ids=["inference", "a step"])
@pytest.mark.parametrize("channels", [128, 256, 512])
def test_half_of_the_multiplications(compare, device, size, precision, channels, training):
    """Even and odd filters, compiled, by the vendor's dense convolution, each in its own memory format."""
    rep = Rep(f"{channels // 2}r:halves")
    tied = RCConv1d(rep, rep, WIDTH, bias=False).to(device)
    x = torch.randn(size, channels, 1000, device=device, requires_grad=training)
    halved = EvenAndOdd(tied)
    tolerance = 1e-4 if precision == "float32" else 0.05
    torch.testing.assert_close(halved(x), tied(x), rtol=tolerance, atol=tolerance)
    run = step if training else answer
    kind = "a step" if training else "inference"
    what = f"tied convolution of {channels} channels by even and odd filters, {precision}, {kind} / dense"
    inner = x.detach().mT.contiguous().mT.requires_grad_(training)
    compare(what, run(torch.compile(halved), inner), run(tied, x))


@pytest.mark.parametrize("peer", ["tangermeme", "bpnet-lite"])
def test_bases_a_second(compare, device, size, peer):
    """Windows of a chromosome that follow each other, one-hot in memory: 1,000 bases of answers each."""
    tangermeme = pytest.importorskip("tangermeme.predict")
    model = build("bpnet", mixing=1).eval().to(device)
    other, windows = model, 16 * size
    if peer == "bpnet-lite":
        lite = pytest.importorskip("bpnetlite")
        other = lite.BPNet(n_filters=64, n_layers=6, n_control_tracks=0, trimming=173, verbose=False)
    X = dna(windows, 1346)
    theirs = partial(tangermeme.predict, other, X, batch_size=size, device=device.type)
    ours = partial(predict, model, X, batch_size=size)
    compare(f"bpnet rcps, {windows * 1000:,} bases by predict / {peer}", ours, theirs)


def test_plain_networks(compare, device, size, precision, form):
    """A step of bpnet at mixing 1 by the hand-written one of as many channels."""
    how, made = form
    ours = build("bpnet", strategy="rcps", execution="tied")
    x = dna(size, 1346).to(device)
    ours, plain = (made(each.to(device)) for each in (ours, Ordinary(128)))
    compare(
        f"bpnet rcps 64 pairs, {precision}, {how} / hand-written, 128", step(ours, x), step(plain, x), 1.10
    )
