"""What hypothesis draws: Reps, geometries, places in the family, networks, sequences and seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

from ..family.architectures import build
from ..family.network import Network
from ..symmetry.dna import reverse_complement
from ..symmetry.rep import Rep
from .tensors import randomise

LAYOUTS = ("", ":flip", ":halves")
DEPTHS = {"motif-cnn": 1, "tf-cnn": 3, "bpnet": 7}
LENGTHS = {"motif-cnn": 61, "tf-cnn": 71, "bpnet": 353}
"""Short inputs on which every architecture still gives several windows or positions."""


def seeds() -> st.SearchStrategy[int]:
    """Seeds of random generators; :mod:`rczoo.testing.tensors` makes tensors of them."""
    return st.integers(0, 2**31 - 1)


@st.composite
def reps(draw: st.DrawFn, max_orbits: int = 4, min_orbits: int = 1, kinds: str = "rts") -> Rep:
    """Any Rep of so many orbits: the three layouts, sums of terms, and channels in any order at all.

    ``kinds``: ``r`` a pair of strands, ``t`` unchanged, ``s`` changing sign. ``act`` twice is the identity.
    """
    orbits = draw(st.lists(st.sampled_from(kinds), min_size=min_orbits, max_size=max_orbits))
    channels = sum(1 + (kind == "r") for kind in orbits)
    if draw(st.booleans()):
        return _listed(orbits, draw(st.permutations(range(channels))))
    layout = draw(st.sampled_from(LAYOUTS))
    counts = [(orbits.count(kind), kind) for kind in draw(st.permutations(kinds))]
    return Rep("+".join(f"{n}{k}{layout if k == 'r' else ''}" for n, k in counts if n) or "0t")


def _listed(kinds: Iterable[str], order: Sequence[int]) -> Rep:
    """The Rep with these kinds of orbits, whose channels are renamed by ``order``."""
    partners, signs = [0] * len(order), [1] * len(order)
    place = iter(order)
    for kind in kinds:
        first = next(place)
        second = next(place) if kind == "r" else first
        partners[first], partners[second] = second, first
        signs[first] = -1 if kind == "s" else 1
    return Rep.from_partners(partners, signs)


class Geometry(NamedTuple):
    """A window moved over a length. ``remainder``: how many positions the last stride does not reach."""

    length: int
    kernel_size: int
    stride: int
    dilation: int
    padding: int

    @property
    def remainder(self) -> int:
        """0 where reversed windows are windows, so that a convolution or a pooling can be equivariant."""
        return (self.length + 2 * self.padding - self.dilation * (self.kernel_size - 1) - 1) % self.stride


@st.composite
def geometries(
    draw: st.DrawFn,
    fitting: bool = True,
    max_kernel: int = 5,
    max_stride: int = 4,
    paddings: Sequence[int] = (0, 1, 2),
) -> Geometry:
    """Windows over a length, padded by half a kernel at most; their remainder is 0 only if ``fitting``."""
    kernel, dilation = draw(st.integers(1, max_kernel)), draw(st.integers(1, 3))
    stride = draw(st.integers(1 if fitting else 2, max_stride))
    padding = draw(st.sampled_from([p for p in paddings if p <= kernel // 2] or [0]))
    left = 0 if fitting else draw(st.integers(1, stride - 1))
    length = dilation * (kernel - 1) + 1 - 2 * padding + stride * draw(st.integers(0, 3)) + left
    while length < 1:
        length += stride
    return Geometry(length, kernel, stride, dilation, padding)


@st.composite
def wraps(draw: st.DrawFn, depth: int) -> tuple[int, ...]:
    """How a trunk of ``depth`` blocks is conjoined in groups: positive numbers whose sum is ``depth``."""
    cuts = draw(st.lists(st.booleans(), min_size=depth - 1, max_size=depth - 1))
    groups = [1]
    for cut in cuts:
        if cut:
            groups.append(1)
        else:
            groups[-1] += 1
    return tuple(groups)


def mixings(depth: int) -> st.SearchStrategy[tuple[float, ...]]:
    """The share exchanged before each block but the first: ends, fractions, and others at other depths."""
    share = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]) | st.floats(0, 1)
    return st.lists(share, min_size=depth - 1, max_size=depth - 1).map(tuple)


def merges(linear: bool = False) -> st.SearchStrategy[str]:
    """How the answers of two strands are merged; ``linear`` leaves out the maximum and the probability."""
    return st.sampled_from(["sum", "mean"] if linear else ["sum", "mean", "max", "probability"])


@st.composite
def networks(
    draw: st.DrawFn,
    /,
    architectures: Sequence[str] = tuple(DEPTHS),
    merge: st.SearchStrategy[str] | None = None,
    **fixed: Any,
) -> Network:
    """A small network of the family, anywhere between conjoined and RCPS, in float64 and eval mode.

    Every parameter and running statistic is drawn. ``merge``: what to draw the merge from; ``fixed``: options
    of :func:`rczoo.build` that are not drawn. Law: ``rczoo.assert_equivariant`` on :func:`inputs_of` holds.
    """
    name = draw(st.sampled_from(architectures))
    options = {"filters": draw(st.integers(1, 4)), "outputs": draw(st.integers(1, 2))} | fixed
    how = draw(merges() if merge is None else merge)
    if name == "bpnet":
        how = "mean" if how == "probability" else how
        options["count_head"] = draw(st.booleans())
        options.setdefault("position", draw(st.sampled_from([None, "tied"])))
        options.setdefault("control", draw(st.sampled_from([None, "2t", "1r", "1r+1t+1s"])))
        options["outputs"] = 1
    if name == "tf-cnn":
        options["pool"] = (8, 3)
    network: Any = build(name, length=LENGTHS[name], merge=how, **_place(draw, DEPTHS[name]), **options)
    drawn: Network = randomise(network.double().eval(), draw(seeds()))
    return drawn


def _place(draw: st.DrawFn, depth: int) -> dict[str, Any]:
    """Where in the family: a mixing, or now and then a wrap."""
    if depth == 1:
        return {"mixing": draw(st.sampled_from(["rcps", "conjoined"]))}
    mixing = draw(mixings(depth))
    return {"wrap": draw(wraps(depth))} if draw(st.integers(0, 3)) == 0 else {"mixing": mixing}


def sequences(min_size: int = 1, max_size: int = 30) -> st.SearchStrategy[str]:
    """Strings of bases with N and lower case."""
    return st.text("ACGTNacgtn", min_size=min_size, max_size=max_size)


@st.composite
def palindromes(draw: st.DrawFn, max_half: int = 15) -> str:
    """A string that is its own reverse complement, of an even length or with N in the middle."""
    half = draw(sequences(max_size=max_half)).upper()
    return half + draw(st.sampled_from(["", "N"])) + reverse_complement(half)
