"""What hypothesis draws: Reps, geometries, places in the family, networks, sequences and numbers."""

from typing import NamedTuple

import torch
from hypothesis import strategies as st

from rczoo import Rep, build, one_hot, reverse_complement

seeds = st.integers(0, 2**31 - 1)


def listed_rep(kinds, order):
    """The Rep with these kinds of orbits (``r``, ``t``, ``s``), whose channels are renamed by ``order``."""
    partners, signs = [0] * len(order), [1] * len(order)
    place = iter(order)
    for kind in kinds:
        first = next(place)
        second = next(place) if kind == "r" else first
        partners[first], partners[second] = second, first
        signs[first] = -1 if kind == "s" else 1
    return Rep.from_partners(partners, signs)


@st.composite
def reps(draw, max_orbits=4, min_orbits=1, kinds="rts"):
    """Any Rep: the three layouts, sums of terms, and channels in any order at all."""
    orbits = draw(st.lists(st.sampled_from(kinds), min_size=min_orbits, max_size=max_orbits))
    channels = sum(1 + (kind == "r") for kind in orbits)
    if draw(st.booleans()):
        return listed_rep(orbits, draw(st.permutations(range(channels))))
    layout = draw(st.sampled_from(["", ":flip", ":halves"]))
    counts = [(orbits.count(kind), kind) for kind in draw(st.permutations(kinds))]
    return Rep("+".join(f"{n}{k}{layout if k == 'r' else ''}" for n, k in counts if n) or "0t")


unsigned_reps = reps(kinds="rt")
label_reps = st.integers(1, 3).map(lambda n: Rep(f"{n}t"))


class Geometry(NamedTuple):
    length: int
    kernel_size: int
    stride: int
    dilation: int
    padding: int

    @property
    def remainder(self):
        return (self.length + 2 * self.padding - self.dilation * (self.kernel_size - 1) - 1) % self.stride


@st.composite
def geometries(draw, fitting=True, max_kernel=5, max_stride=4, paddings=(0, 1, 2)):
    """Windows over a length; ``fitting`` says whether they leave no remainder over the stride."""
    kernel, dilation = draw(st.integers(1, max_kernel)), draw(st.integers(1, 3))
    stride = draw(st.integers(1 if fitting else 2, max_stride))
    padding = draw(st.sampled_from([p for p in paddings if p <= kernel // 2] or [0]))
    left = 0 if fitting else draw(st.integers(1, stride - 1))
    length = dilation * (kernel - 1) + 1 - 2 * padding + stride * draw(st.integers(0, 3)) + left
    while length < 1:
        length += stride
    return Geometry(length, kernel, stride, dilation, padding)


@st.composite
def wraps(draw, depth):
    """A composition of the depth."""
    cuts = draw(st.lists(st.booleans(), min_size=depth - 1, max_size=depth - 1))
    groups = [1]
    for cut in cuts:
        if cut:
            groups.append(1)
        else:
            groups[-1] += 1
    return tuple(groups)


def mixings(depth):
    """One share per exchange: ends, fractions, and different shares at different depths."""
    share = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]) | st.floats(0, 1)
    return st.lists(share, min_size=depth - 1, max_size=depth - 1).map(tuple)


merges = st.sampled_from(["sum", "mean", "max", "probability"])
linear_merges = st.sampled_from(["sum", "mean"])
DEPTHS = {"motif-cnn": 1, "tf-cnn": 3, "bpnet": 7}
LENGTHS = {"motif-cnn": 61, "tf-cnn": 71, "bpnet": 353}
"""Short inputs on which every architecture still gives several windows or positions."""


@st.composite
def networks(draw, architectures=tuple(DEPTHS), merge=None, **fixed):
    """A small member of the family, every parameter and running statistic drawn, in float64 and eval mode."""
    name = draw(st.sampled_from(architectures))
    options = {"filters": draw(st.integers(1, 4)), "outputs": draw(st.integers(1, 2))} | fixed
    how = draw(merges if merge is None else merge)
    if name == "bpnet":
        how = "mean" if how == "probability" else how
        options["count_head"] = draw(st.booleans())
        options.setdefault("control", draw(st.sampled_from([None, "2t", "1r", "1r+1t+1s"])))
        options["outputs"] = 1
    if name == "tf-cnn":
        options["pool"] = (8, 3)
    if DEPTHS[name] > 1:
        where = {"mixing": draw(mixings(DEPTHS[name]))}
        if draw(st.integers(0, 3)) == 0:
            where = {"wrap": draw(wraps(DEPTHS[name]))}
    else:
        where = {"mixing": draw(st.sampled_from(["rcps", "conjoined"]))}
    network = build(name, length=LENGTHS[name], merge=how, **where, **options)
    return randomise(network.double().eval(), draw(seeds))


def randomise(module, seed):
    """Draw every parameter, and every running statistic away from its initial value."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            # small shifts, so that a network is seldom dead
            scale = 1.5 * parameter[0].numel() ** -0.5 if parameter.ndim > 1 else 0.5
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale)
        for name, buffer in module.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(torch.randn(buffer.shape, generator=generator) * 0.5)
            if name.endswith("running_var"):
                buffer.copy_(torch.rand(buffer.shape, generator=generator) + 0.5)
    return module


def integers(seed, *shape, low=-3, high=3):
    """Small whole numbers in float64, so that sums and products are exact in any order."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(low, high + 1, shape, generator=generator).double()


def fill_with_integers(module, seed):
    """Small whole numbers as parameters."""
    with torch.no_grad():
        for n, parameter in enumerate(module.parameters()):
            parameter.copy_(integers(seed + n, *parameter.shape))
    return module


def normal(seed, *shape):
    """Standard normal float64 numbers."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def inputs_of(network, batch, seed, dtype=torch.float64):
    """One-hot DNA with some N, and control counts where the network takes them."""
    generator = torch.Generator().manual_seed(seed)
    length = network.config.length
    codes = torch.randint(0, 5, (batch, length), generator=generator)
    X = one_hot(codes.numpy().astype("uint8"), dtype)
    if not network.control.channels:
        return (X,)
    shape = (batch, network.control.channels, network.output_length(length))
    return X, torch.randint(0, 5, shape, generator=generator).to(dtype)


@st.composite
def sequences(draw, min_size=1, max_size=30):
    """A string of bases with N and lower case."""
    return draw(st.text("ACGTNacgtn", min_size=min_size, max_size=max_size))


@st.composite
def palindromes(draw, max_half=15):
    """A string that is its own reverse complement: x = R x."""
    half = draw(sequences(max_size=max_half)).upper()
    return half + draw(st.sampled_from(["", "N"])) + reverse_complement(half)


def outputs_of(result):
    """The outputs of a network as a tuple."""
    return result if isinstance(result, tuple) else (result,)
